"""Transfers of flows: to an agent and to outside numbers through the engine, to SIP addresses without it.

A caller who has been put through to a SIP address is in the engine's eyes still in the flow: nobody of ours
is busy with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.core import events
from acd.core.calls import Call
from acd.core.outside_facts import FLOW
from acd.core.ports import Switch
from acd.ivr.flow import TransferKind
from acd.ivr.talk import Dial
from acd.runtime.outbound import OutboundDesk, Sender
from acd.runtime.shell import Shell


class FlowDialer:
    """`sip_addresses`: dial strings of the only SIP addresses that flows may call, by name.

    `outside` is the way to outside numbers; set before the first call.
    """

    outside: OutboundDesk | None = None

    def __init__(self, shell: Shell, switch: Switch, sip_addresses: Mapping[str, str]) -> None:
        self._shell = shell
        self._switch = switch
        self.sip_addresses = sip_addresses

    def begin(self, call: Call, order: Dial) -> str | None:
        """Ring the target; or why that cannot be done."""
        match order.kind:
            case TransferKind.AGENT:
                return self._ring_agent(call, order)
            case TransferKind.NUMBER:
                if self.outside is None:
                    return "no way outside"
                return self.outside.begin(call.id, order.target, Sender(FLOW), order.timeout_s)
            case TransferKind.SIP:
                return self._ring_address(call, order)

    def _ring_agent(self, call: Call, order: Dial) -> str | None:
        if order.target not in self._shell.engine.floor.agents:
            return "no such agent"
        self._shell.feed(events.CallDirected(call.id, order.target, order.timeout_s))
        return None

    def _ring_address(self, call: Call, order: Dial) -> str | None:
        address = self.sip_addresses.get(order.target)
        if address is None:
            return "a SIP address that is not configured"
        self._switch.dial_address(call.id, address, order.timeout_s, call.group or "")
        return None
