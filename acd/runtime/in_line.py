"""Callers in line whose session is open: they hear the group's announcements, and can be led out at once."""

from __future__ import annotations

from collections.abc import Callable

from acd.core import policy
from acd.core.calls import Call, CallState
from acd.core.commands import AnnounceInLine
from acd.core.facts import LanguageChosen
from acd.core.plan import Plan
from acd.ivr.ports import CallerLine
from acd.ivr.talk import JoinQueue, QueueKey
from acd.runtime.line_announcements import LineAnnouncements
from acd.runtime.queue_wait import QueueWait
from acd.runtime.shell import Shell
from acd.runtime.world import GroupViews


class InLine:
    """`current_id(call_id, line)`: the call that a line belongs to by now."""

    def __init__(
        self,
        shell: Shell,
        groups: GroupViews,
        announcements: LineAnnouncements,
        current_id: Callable[[str, CallerLine], str],
    ) -> None:
        self._shell = shell
        self._groups = groups
        self._announcements = announcements
        self._current_id = current_id
        self._waiting: dict[str, CallerLine] = {}
        shell.on_announce = self._announce

    async def wait(
        self, call: Call, order: JoinQueue, line: CallerLine, is_over: Callable[[str], bool]
    ) -> QueueKey | None:
        """Until the caller leaves the line: by which key, if by one; or until `is_over` (of a call's id)."""
        self._waiting[call.id] = line
        try:
            wait = QueueWait(self._shell, self._groups, self._announcements, order, line)
            return await wait.until_left(call, lambda: is_over(self._current_id(call.id, line)))
        finally:
            for call_id in [c for c, waiting in self._waiting.items() if waiting is line]:
                del self._waiting[call_id]

    def order_without_flow(self, call: Call) -> JoinQueue | None:
        """Of a caller for whom no flow has planned anything; None where nothing can happen to such a one."""
        if (
            call.state is not CallState.WAITING
            or call.group is None
            or not _leads(self._shell.engine.floor.plan)
        ):
            return None
        return JoinQueue(call.group, call.priority, _language(call))

    def nudge(self, call_id: str) -> None:
        """Something has happened to this caller."""
        line = self._waiting.get(call_id)
        if line is not None:
            line.nudge()

    def merged(self, call_id: str, consult_id: str) -> None:
        """The caller has the consultation's place."""
        self._announcements.move(consult_id, call_id)
        line = self._waiting.pop(consult_id, None)
        if line is not None:
            self._waiting[call_id] = line

    def forget(self, call_id: str) -> None:
        """The call has ended."""
        self._announcements.forget(call_id)

    def _announce(self, command: AnnounceInLine) -> None:
        self._announcements.add(command)
        self.nudge(command.call_id)


def _language(call: Call) -> str:
    """The one that the caller has heard so far, else the customer's; '' for nobody knows."""
    chosen = (f.language for f in reversed(call.facts) if isinstance(f, LanguageChosen))
    return next(chosen, "" if call.customer is None else call.customer.language)


def _leads(plan: Plan) -> bool:
    """Whether policies speak to waiting callers or lead them out: then everybody in line is watched over."""
    operations = (op for group in plan.groups.values() for step in group.steps for op in step.operations)
    return any(
        isinstance(op, policy.Announce) or (isinstance(op, policy.LeaveBy) and policy.leads_out(op.exit))
        for op in operations
    )
