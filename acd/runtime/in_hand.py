"""What becomes of callers in hand: those whom nobody could take."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from acd.core import events
from acd.core.calls import Call
from acd.core.commands import RefuseDirect
from acd.core.facts import OfferFailure
from acd.core.ports import Refusal, Switch
from acd.runtime.joining import Joining
from acd.runtime.shell import Shell
from acd.settings.centre_now import CentreView

REFUSALS: Mapping[OfferFailure, Refusal] = {
    OfferFailure.BUSY: Refusal.BUSY,
    OfferFailure.DECLINED: Refusal.BUSY,
    OfferFailure.UNAVAILABLE: Refusal.NO_ANSWER,
    OfferFailure.NO_ANSWER: Refusal.NO_ANSWER,
}


class InHand:
    """Answers the engine's questions, and takes customers back; `into_flow` leads a call into a flow."""

    def __init__(
        self,
        centre: CentreView,
        shell: Shell,
        switch: Switch,
        joining: Joining,
        into_flow: Callable[[str, str], None],
    ) -> None:
        self._into_flow = into_flow
        self._centre = centre
        self._shell = shell
        self._switch = switch
        self._joining = joining

    def refused(self, command: RefuseDirect) -> None:
        """A named agent cannot take the call: a colleague hears so, a customer goes back in line."""
        call = self._shell.engine.floor.calls.get(command.call_id)
        if call is None:
            return
        if call.is_customers:
            self.take_back(call, f"{command.agent}: {command.failure.value}")
        else:
            self._switch.hang_up(call.id, REFUSALS.get(command.failure, Refusal.NO_ANSWER))

    def take_back(self, call: Call, reason: str) -> None:
        """A customer whose transfer failed: to the group that had the call, at the head of its line.

        A caller who came through no group goes to `transfer_fallback_group`, or else to the first group; one
        whose group has been removed, where the configuration says.
        """
        plan = self._centre.plan
        flow = plan.heir_flow(call.group) if call.group is not None else ""
        if flow:
            self._into_flow(call.id, flow)
            return
        group = plan.heir(call.group) or self._centre.system.transfer_fallback_group
        if group is None:
            group = next(iter(plan.groups), None)
        if group is None:
            self._switch.hang_up(call.id, Refusal.NORMAL)  # a centre without any group
            return
        self._shell.feed(events.CallTakenBack(call.id, reason))
        in_line = self._joining.by_number if call.group is None else self._joining.again
        self._shell.feed(in_line(call, group))
