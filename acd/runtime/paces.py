"""The pace of each group, learnt from what agents and callers do, and kept over a restart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from acd.core.agents import BUSY_STATES, Agent, AgentState
from acd.core.calls import Call, CallState
from acd.core.expected_wait import Habit
from acd.core.floor import Floor
from acd.core.pace import Pace
from acd.core.ports import Mirror

log = structlog.get_logger(__name__)

KEY = "pace:"


@dataclass(slots=True)
class _Work:
    """An agent with a call of a group; `since` in engine seconds, `talked`: it has come to a talk."""

    group: str
    call_id: str
    since: float
    talking: bool
    talked: bool


class Paces:
    """Told of each agent and each call that has changed. The time is that of the change, `floor.now`."""

    def __init__(self, floor: Floor, mirror: Mirror) -> None:
        self._floor = floor
        self._mirror = mirror
        self._paces: defaultdict[str, Pace] = defaultdict(Pace)
        self._work: dict[str, _Work] = {}  # by agent
        self._in_line: dict[str, str] = {}  # call → group

    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Begin with what was known before a restart; what is unreadable, or has no group now, is dropped."""
        for key, value in kept.items():
            if not key.startswith(KEY):
                continue
            try:
                self._paces[key.removeprefix(KEY)] = self._read(key, value)
            except (KeyError, TypeError, ValueError) as error:
                log.warning("what was learnt of a group is dropped", key=key, reason=repr(error))
                self._mirror.drop(key)

    def _read(self, key: str, value: Mapping[str, Any]) -> Pace:
        if key.removeprefix(KEY) not in self._floor.plan.groups:
            raise KeyError("there is no such group")
        return Pace.from_dict(value)

    def habit(self, group: str, now: float) -> Habit:
        """What to expect of this group."""
        return self._paces[group].habit(now)

    def busy_with(self, agent: str) -> str | None:
        """The group whose call the agent has, from the ring to the end of the wrap-up."""
        work = self._work.get(agent)
        return None if work is None else work.group

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
            self._paces[work.group].taken(self._floor.now)

    def call_changed(self, call: Call) -> None:
        """As the call is now, also when it has just ended."""
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
        if call_id in self._in_line:
            self._leave(call_id, gave_up=False)

    def _leave(self, call_id: str, *, gave_up: bool) -> None:
        self._look_at(self._in_line.pop(call_id), gave_up=int(gave_up))

    def _look_at(self, group: str, gave_up: int = 0) -> None:
        line = self._floor.router.lines.get(group)
        if line is not None:  # else the group is no longer configured
            self._paces[group].line(self._floor.now, len(line), gave_up)

    def _work_of(self, agent: Agent) -> _Work | None:
        """What a line gave the agent; a call for the agent by name is none of a line's."""
        call_id = agent.call_id or agent.wrap_up_call_id
        call = self._floor.calls.get(call_id or "")
        if call is None or call.group is None or call.direct or agent.state not in BUSY_STATES:
            return None
        talking = agent.state is AgentState.TALKING
        return _Work(call.group, call.id, agent.since, talking, agent.state is not AgentState.RINGING)

    def _finish(self, work: _Work) -> None:
        now, pace = self._floor.now, self._paces[work.group]
        pace.free(now, now - work.since if work.talked else None)
        if work.talked:
            self._mirror.put(KEY + work.group, pace.to_dict())


def _goes_on(before: _Work, now: _Work) -> bool:
    same_talk = before.call_id == now.call_id or (before.talking and now.talking)
    return same_talk and before.group == now.group
