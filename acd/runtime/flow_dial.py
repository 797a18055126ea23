"""Transfers of flows: to an agent through the engine, to the outside by dial strings.

A caller who has been put through to the outside is in the engine's eyes still in the flow: nobody of ours
is busy with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acd.core import events
from acd.core.calls import Call
from acd.core.ports import Switch
from acd.ivr.flow import TransferKind
from acd.ivr.ports import OutsideDialer
from acd.ivr.talk import Dial
from acd.runtime.shell import Shell

ROLE = "flow"


class NoOutside:
    """No way outside for flows."""

    def plan(self, _number: str, _role: str) -> Sequence[str] | str:
        """Refused."""
        return "no trunk for calls to the outside"


class FlowDialer:
    """`sip_addresses`: the only SIP addresses that flows may call, by name."""

    def __init__(
        self, shell: Shell, switch: Switch, outside: OutsideDialer, sip_addresses: Mapping[str, str]
    ) -> None:
        self._shell = shell
        self._switch = switch
        self._outside = outside
        self._sip_addresses = sip_addresses
        self._left_to_try: dict[str, list[str]] = {}

    def begin(self, call: Call, order: Dial) -> str | None:
        """Ring the target; or why that cannot be done."""
        if order.kind is TransferKind.AGENT:
            if order.target not in self._shell.engine.floor.agents:
                return "no such agent"
            self._shell.feed(events.CallDirected(call.id, order.target, order.timeout_s))
            return None
        found = self._targets(order)
        if isinstance(found, str):
            return found
        self._left_to_try[call.id] = list(found)
        return None if self.next_target(call, order) else "nothing to dial"

    def next_target(self, call: Call, order: Dial) -> bool:
        """Ring the next of the ways to the target, if there is one left."""
        targets = self._left_to_try.get(call.id)
        if not targets:
            self._left_to_try.pop(call.id, None)
            return False
        self._switch.dial_outside(call.id, targets.pop(0), order.timeout_s, call.group or "")
        return True

    def _targets(self, order: Dial) -> Sequence[str] | str:
        if order.kind is TransferKind.NUMBER:
            return self._outside.plan(order.target, ROLE)
        address = self._sip_addresses.get(order.target)
        return "a SIP address that is not configured" if address is None else (address,)

    def forget(self, call_id: str) -> None:
        """The call has ended."""
        self._left_to_try.pop(call_id, None)
