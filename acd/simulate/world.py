"""The production engine on a virtual clock: events in, commands done, as Asterisk, callers and agents would.

The table `_DONE_BY` says how each command of the engine is done; one that is not there raises, so that a new
one cannot be passed over in silence. The simulation knows what a telephone knows (who has called, which
phone rings, who talks), and leaves every decision to the engine.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol

from acd.core import commands, events
from acd.core.agents import AgentState
from acd.core.calls import Call
from acd.core.engine import Engine
from acd.core.facts import AgentInterval, CallKind, EndedBy, OfferFailure
from acd.core.plan import Plan
from acd.core.requirement import ANYBODY, Requirement
from acd.core.work_rules import WrapUpMode
from acd.errors import RequestRefused
from acd.simulate.callers import Caller, callers
from acd.simulate.chance import stream
from acd.simulate.crew import duties
from acd.simulate.scenario import Duty, Scenario, Turn

PROGRESS_EVERY = 2000  # events
HOUR_S = 3600.0
_FIRST_DAY = date(2026, 1, 5)  # any would do
_REFUSED_BY_LIMITS = frozenset({"resting", "day-limit"})


class Observer(Protocol):
    """Who keeps account of what happens."""

    def blocked(self, caller: Caller) -> None:
        """The caller found all lines taken."""

    def call_over(self, call: Call) -> None:
        """The call is finished, its wrap-up included."""

    def interval_over(self, interval: AgentInterval) -> None:
        """An agent left a state."""


@dataclass(slots=True)
class _Line:
    """A caller who is on the telephone. `ring` counts the phones that have rung, 0 while none rings."""

    caller: Caller
    rings: int = 0
    ringing: str = ""
    agent: str = ""
    talks: bool = False


class World:
    """One run of a scenario. `run` may be called once."""

    def __init__(self, plan: Plan, scenario: Scenario, observer: Observer) -> None:
        self.engine = Engine(plan)
        self._plan = plan
        self._scenario = scenario
        self._observer = observer
        self._now = 0.0
        self._agenda: list[tuple[float, int, Callable[[Any], None], Any]] = []
        self._entries = 0
        self._on_line: dict[str, _Line] = {}
        self._callers = {group: callers(scenario, group) for group in scenario.traffic}
        self._later_rings = stream(scenario.seed, "later rings")
        self._there: set[str] = set()
        self._pausing: set[str] = set()
        modes = {group.wrap_up.mode for group in plan.groups.values()}
        self._open_wrap_ups = WrapUpMode.UNTIL_RELEASED in modes
        self._break_reason = next(iter(plan.reasons), "")
        self._done_by = {kind: getattr(self, name) if name else None for kind, name in _DONE_BY.items()}

    def run(self, progress: Callable[[float], None] = lambda _share: None) -> None:
        """From 0 to the scenario's length; `progress` is told the share that is done."""
        self._strike(self._scenario.opens_s // HOUR_S)
        for duty in duties(self._scenario, list(self._plan.agents)):
            self._at(duty.at, self._take_turn, duty)
        for group in self._callers:
            self._expect_caller(group)
        length_s, steps = self._scenario.length_s, 0
        agenda, engine = self._agenda, self.engine
        while True:
            at = agenda[0][0] if agenda else length_s
            deadline = engine.next_deadline()
            if deadline is not None and deadline <= at and deadline < length_s:
                self._now = deadline
                self._do(engine.handle_timer(deadline))
                continue
            if at >= length_s:
                break
            self._now, _, action, subject = heapq.heappop(agenda)
            action(subject)
            steps += 1
            if steps % PROGRESS_EVERY == 0:
                progress(at / length_s)
        self._close(length_s)
        progress(1.0)

    def _close(self, at: float) -> None:
        """The end of the run is not the end of the world: whatever goes on is accounted for as it is."""
        for call in self.engine.floor.calls.values():
            self._observer.call_over(call)
        for agent in self.engine.floor.agents.values():
            if agent.logged_in:
                interval = AgentInterval(agent.id, agent.state.value, agent.reason, agent.since, at)
                self._observer.interval_over(interval)

    def _strike(self, hours: float) -> None:
        """The clock, which counts from the first midnight: policies look at the hour, limits at the date."""
        day, hour = divmod(int(hours), 24)
        if hour == 0 or self._now == 0.0:
            self._tell(events.DayBegan((_FIRST_DAY + timedelta(days=day)).isoformat()))
        self._tell(events.HourBegan(hour))
        self._at((hours + 1) * HOUR_S - self._scenario.opens_s, self._strike, hours + 1)

    def _at(self, at: float, action: Callable[[Any], None], subject: Any) -> None:
        self._entries += 1  # what was put down first happens first
        heapq.heappush(self._agenda, (at, self._entries, action, subject))

    def _tell(self, event: events.Event) -> None:
        self._do(self.engine.handle(event, self._now))

    def _do(self, todo: list[commands.Command]) -> None:
        for command in todo:
            try:
                done = self._done_by[type(command)]
            except KeyError:
                name = type(command).__name__
                raise NotImplementedError(f"the simulation does not know the command {name}") from None
            if done is not None:
                done(command)

    # --- callers ------------------------------------------------------------------------------
    def _expect_caller(self, group: str) -> None:
        caller = next(self._callers[group], None)
        if caller is not None:
            self._at(caller.at, self._arrive, caller)

    def _arrive(self, caller: Caller) -> None:
        self._expect_caller(caller.group)
        lines = self._scenario.lines
        if lines is not None and len(self._on_line) >= lines:
            self._observer.blocked(caller)
            return
        self._on_line[caller.id] = _Line(caller)
        customer = caller.customer
        wanted = ANYBODY if customer is None else Requirement.kept(customer.requirement)
        self._tell(events.CallArrived(caller.id, CallKind.INBOUND, "", "", "", customer))
        self._tell(
            events.CallQueued(
                caller.id, caller.group, caller.priority, caller.max_wait_s, caller.exits, wanted
            )
        )
        if caller.patience_s != float("inf"):
            self._at(self._now + caller.patience_s, self._lose_patience, caller.id)

    def _lose_patience(self, call_id: str) -> None:
        line = self._on_line.get(call_id)
        if line is not None and not line.talks:
            self._hang_up(call_id, EndedBy.CALLER)

    def _hang_up(self, call_id: str, by: EndedBy = EndedBy.CALLER) -> None:
        line = self._on_line.pop(call_id)
        self._tell(events.CallEnded(call_id, by))
        if line.talks and self._open_wrap_ups:
            self._at(self._now + line.caller.work_s, self._finish_work, (line.agent, call_id))

    def _leave_line(self, command: commands.LeaveLine) -> None:
        self._hang_up(command.call_id, EndedBy.SYSTEM)

    # --- phones -------------------------------------------------------------------------------
    def _ring(self, command: commands.Offer) -> None:
        line = self._on_line[command.call_id]
        habits = self._scenario.habits
        line.rings += 1
        line.ringing, line.agent = command.phone, command.agent
        luck, answer_s = line.caller.luck, line.caller.answer_s
        if line.rings > 1:
            luck, answer_s = self._later_rings.random(), habits.answer.draw(self._later_rings)
        self._tell(events.OfferAlerting(command.call_id, command.phone))
        ring = (command.call_id, line.rings)
        if luck < habits.unanswered or answer_s >= command.ring_timeout_s:
            self._at(self._now + command.ring_timeout_s, self._ring_out, ring)
        elif answer_s > 0:
            self._at(self._now + answer_s, self._answer, ring)
        else:
            self._answer(ring)

    def _ringing(self, ring: tuple[str, int]) -> _Line | None:
        """The line whose ring this is, if it still rings."""
        line = self._on_line.get(ring[0])
        return line if line is not None and line.ringing and line.rings == ring[1] else None

    def _answer(self, ring: tuple[str, int]) -> None:
        line = self._ringing(ring)
        if line is None:
            return
        phone, line.ringing, line.talks = line.ringing, "", True
        self._tell(events.OfferAnswered(ring[0], phone))
        self._at(self._now + line.caller.talk_s, self._hang_up, ring[0])

    def _ring_out(self, ring: tuple[str, int]) -> None:
        line = self._ringing(ring)
        if line is None:
            return
        line.ringing = ""
        self._at(self._now + self._scenario.habits.back_after_s, self._come_back, line.agent)
        self._tell(events.OfferEnded(ring[0], OfferFailure.NO_ANSWER))

    def _stop_ringing(self, command: commands.CancelOffer) -> None:
        line = self._on_line.get(command.call_id)
        if line is not None and line.ringing:
            line.ringing = ""
            self._tell(events.OfferEnded(command.call_id, OfferFailure.WITHDRAWN))

    # --- agents -------------------------------------------------------------------------------
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

    def _come_back(self, agent: str) -> None:
        """After a ring that was missed, if that has made the agent not ready and nothing else keeps him."""
        missed = {rule.reason for rule in self._plan.missed_rings.values()}
        if agent in self._there and self.engine.floor.agents[agent].reason in missed:
            self._go_ready(agent)

    def _finish_work(self, work: tuple[str, str]) -> None:
        """The agent is through with a wrap-up that nothing else ends, if it is still that call's."""
        agent, call_id = work
        at_work = self.engine.floor.agents[agent]
        if at_work.state is not AgentState.WRAP_UP or at_work.wrap_up_call_id != call_id:
            return
        if self._plan.groups[at_work.wrap_up_group or ""].wrap_up.mode is WrapUpMode.UNTIL_RELEASED:
            self._tell(events.WrapUpDone(agent))

    # --- what is over -------------------------------------------------------------------------
    def _store_call(self, command: commands.StoreCall) -> None:
        if command.call.finished:
            self._observer.call_over(command.call)

    def _store_interval(self, command: commands.StoreInterval) -> None:
        self._observer.interval_over(command.interval)


_DONE_BY: Mapping[type[commands.Command], str] = {
    commands.Offer: "_ring",
    commands.CancelOffer: "_stop_ringing",
    commands.LeaveLine: "_leave_line",
    commands.StoreCall: "_store_call",
    commands.StoreInterval: "_store_interval",
    # Music, announcements, and mirrors of what is live: nobody here listens.
    commands.HoldInLine: "",
    commands.AnnounceInLine: "",
    commands.CallChanged: "",
    commands.AgentChanged: "",
    commands.AgentForgotten: "",
}
