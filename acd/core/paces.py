"""The pace of each group, learnt from what agents and callers do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mypy_extensions import mypyc_attr

from acd.core.agents import BUSY_STATES, Agent, AgentState
from acd.core.arrivals import Arrivals
from acd.core.calls import Call, CallState
from acd.core.expected_wait import Habit
from acd.core.facts import CallKind
from acd.core.floor import Floor
from acd.core.pace import DEFAULT_HANDLE_TIME_S, Pace


@dataclass(slots=True)
class _Work:
    """An agent with a call of a group; `since` in engine seconds, `talked`: it has come to a talk."""

    group: str
    call_id: str
    since: float
    talking: bool
    talked: bool


@mypyc_attr(allow_interpreted_subclasses=True)
class Paces:
    """Told of each agent and each call that has changed. The time is that of the change, `floor.now`.

    `learnt(group, pace)` is called with what is worth keeping.
    """

    def __init__(
        self, floor: Floor, learnt: Callable[[str, Pace], None] = lambda _group, _pace: None
    ) -> None:
        self._floor = floor
        self._learnt = learnt
        self._paces: dict[str, Pace] = {}
        self._work: dict[str, _Work] = {}  # by agent
        self._in_line: dict[str, str] = {}  # call → group
        self._came: dict[str, str] = {}  # likewise, of all who are here
        self.arrivals = Arrivals()

    def know(self, group: str, pace: Pace) -> None:
        """Begin with what was known before."""
        self._paces[group] = pace

    def habit(self, group: str, now: float) -> Habit:
        """What to expect of this group."""
        return self._pace(group).habit(now)

    def busy_with(self, agent: str) -> str | None:
        """The group whose call the agent has, from the ring to the end of the wrap-up."""
        work = self._work.get(agent)
        return None if work is None else work.group

    def _pace(self, group: str) -> Pace:
        """What is usual is the configuration's, which a reload may have changed."""
        pace = self._paces.get(group)
        if pace is None:
            pace = self._paces[group] = Pace()
        policy = self._floor.group(group)
        pace.usual_handle_time_s = DEFAULT_HANDLE_TIME_S if policy is None else policy.aht_s
        return pace

    # --- news ---------------------------------------------------------------------------------
    def agent_changed(self, agent: Agent) -> None:
        """As the agent is now. A wrap-up, and a talk that is handed on to an agent, is the same work."""
        before, work = self._work.get(agent.id), self._work_of(agent)
        if before is not None and work is not None and _goes_on(before, work):
            before.call_id, before.talking = work.call_id, work.talking
            before.talked |= work.talked
            return
        if before is not None:
            self._finish(before)
            del self._work[agent.id]
        if work is not None and agent.state is not AgentState.WRAP_UP:
            self._work[agent.id] = work
            self._pace(work.group).taken(self._floor.now)

    def call_changed(self, call: Call) -> None:
        """As the call is now, also when it has just ended."""
        self._count_arrival(call)
        group = self._in_line.get(call.id)
        if call.state is CallState.WAITING and call.group is not None:
            if group not in (None, call.group):
                self._leave(call.id, gave_up=False)
            self._in_line[call.id] = call.group
            self._look_at(call.group)
        elif call.state is CallState.RINGING and group is not None:
            self._look_at(group)  # may come back into the line
        elif group is not None:
            self._leave(call.id, gave_up=call.state in (CallState.ENDED, CallState.IVR))

    def call_merged(self, call_id: str) -> None:
        """The call lives on in another, which has its place."""
        self._came.pop(call_id, None)
        if call_id in self._in_line:
            self._leave(call_id, gave_up=False)

    def _count_arrival(self, call: Call) -> None:
        """Once for each group. A callback's caller has been counted when calling."""
        if call.state is CallState.ENDED:
            self._came.pop(call.id, None)
        elif (
            call.group is not None and call.kind is CallKind.INBOUND and self._came.get(call.id) != call.group
        ):
            self._came[call.id] = call.group
            self.arrivals.came(call.group, call.priority, self._floor.now)

    def _leave(self, call_id: str, *, gave_up: bool) -> None:
        self._look_at(self._in_line.pop(call_id), gave_up=int(gave_up))

    def _look_at(self, group: str, gave_up: int = 0) -> None:
        line = self._floor.router.lines.get(group)
        if line is not None:  # else the group is no longer configured
            self._pace(group).line(self._floor.now, len(line), gave_up)

    def _work_of(self, agent: Agent) -> _Work | None:
        """What a line gave the agent; a call for the agent by name is none of a line's."""
        call_id = agent.call_id or agent.wrap_up_call_id
        call = self._floor.calls.get(call_id or "")
        if call is None or call.group is None or call.direct or agent.state not in BUSY_STATES:
            return None
        talking = agent.state is AgentState.TALKING
        return _Work(call.group, call.id, agent.since, talking, agent.state is not AgentState.RINGING)

    def _finish(self, work: _Work) -> None:
        now, pace = self._floor.now, self._pace(work.group)
        pace.free(now, now - work.since if work.talked else None)
        if work.talked:
            self._learnt(work.group, pace)


def _goes_on(before: _Work, now: _Work) -> bool:
    same_talk = before.call_id == now.call_id or (before.talking and now.talking)
    return same_talk and before.group == now.group
