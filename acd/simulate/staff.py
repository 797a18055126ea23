"""Agents come, pause, go, and work on after talks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from acd.core import events
from acd.core.agents import AgentState
from acd.core.floor import Floor
from acd.core.plan import Plan
from acd.core.work_rules import WrapUpMode
from acd.errors import RequestRefused
from acd.simulate.agenda import Agenda
from acd.simulate.scenario import Duty, Turn

_REFUSED_BY_LIMITS = frozenset({"resting", "day-limit"})


class Staff:
    """All agents of a plan. `tell`: the engine."""

    def __init__(
        self, plan: Plan, floor: Floor, agenda: Agenda, tell: Callable[[events.Event], None]
    ) -> None:
        self._plan = plan
        self._floor = floor
        self._agenda = agenda
        self._tell = tell
        self._there: set[str] = set()
        self._pausing: set[str] = set()
        self._break_reason = next(iter(plan.reasons), "")
        modes = {group.wrap_up.mode for group in plan.groups.values()}
        self._open_wrap_ups = WrapUpMode.UNTIL_RELEASED in modes

    def work_by(self, duties: Iterable[Duty]) -> None:
        """Each at its time."""
        for duty in duties:
            self._agenda.at(duty.at, self._take_turn, duty)

    def _take_turn(self, duty: Duty) -> None:
        agent = duty.agent
        match duty.turn:
            case Turn.COME:
                phone = self._plan.agents[agent].extension
                self._there.add(agent)
                self._tell(events.PhoneChanged(phone, reachable=True, in_use=False))
                self._tell(events.AgentLoggedIn(agent, phone))
                self._go_ready(agent)
            case Turn.GO if agent in self._there:
                self._there.discard(agent)
                self._pausing.discard(agent)
                self._tell(events.AgentLoggedOut(agent))
            case Turn.PAUSE if agent in self._there:
                self._pausing.add(agent)
                self._tell(events.AgentWentNotReady(agent, self._break_reason))
            case Turn.RETURN if agent in self._pausing:
                self._pausing.discard(agent)
                self._go_ready(agent)

    def _go_ready(self, agent: str) -> None:
        """As far as limits of work allow; the engine makes the agent ready when they no longer stand."""
        try:
            self._tell(events.AgentWentReady(agent))
        except RequestRefused as error:
            if error.code not in _REFUSED_BY_LIMITS:
                raise

    def missed(self, agent: str, back_after_s: float) -> None:
        """The agent has let a phone ring, and is back so much later."""
        self._agenda.after(back_after_s, self._come_back, agent)

    def _come_back(self, agent: str) -> None:
        """If the ring that was missed has made the agent not ready and nothing else keeps him."""
        missed = {rule.reason for rule in self._plan.missed_rings.values()}
        if agent in self._there and self._floor.agents[agent].reason in missed:
            self._go_ready(agent)

    def talk_over(self, agent: str, call_id: str, work_s: float) -> None:
        """The agent works on for so long, where nothing else ends that."""
        if self._open_wrap_ups:
            self._agenda.after(work_s, self._finish_work, (agent, call_id))

    def _finish_work(self, work: tuple[str, str]) -> None:
        """The agent is through with a wrap-up that nothing else ends, if it is still that call's."""
        agent, call_id = work
        at_work = self._floor.agents[agent]
        if at_work.state is not AgentState.WRAP_UP or at_work.wrap_up_call_id != call_id:
            return
        if self._plan.groups[at_work.wrap_up_group or ""].wrap_up.mode is WrapUpMode.UNTIL_RELEASED:
            self._tell(events.WrapUpDone(agent))
