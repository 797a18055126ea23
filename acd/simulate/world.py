"""The production engine on a virtual clock: events in, commands done, as Asterisk, callers and agents would.

The table `_DONE_BY` says how each command of the engine is done; one that is not there raises, so that a new
one cannot be passed over in silence. The simulation knows what a telephone knows (who has called, which
phone rings, who talks), and leaves every decision to the engine.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping
from operator import attrgetter

from acd.core import commands, events
from acd.core.calls import Call
from acd.core.engine import Engine
from acd.core.facts import AgentInterval, CallKind, EndedBy, OfferFailure
from acd.core.forecast import Forecast
from acd.core.paces import Paces
from acd.core.plan import GroupPolicy, Plan
from acd.core.requirement import ANYBODY, Requirement
from acd.simulate.agenda import Agenda
from acd.simulate.callers import Caller, callers
from acd.simulate.calling_back import CallingBack
from acd.simulate.chance import stream
from acd.simulate.crew import duties
from acd.simulate.observer import Observer
from acd.simulate.opening import ALWAYS_OPEN, Opening
from acd.simulate.past import Past
from acd.simulate.scenario import Scenario
from acd.simulate.staff import Staff
from acd.simulate.switchboard import Line, Switchboard
from acd.simulate.time_of_day import TimeOfDay

PROGRESS_EVERY = 2000  # events
KEY_AGAIN_S = 5.0


class World:
    """One run of a scenario. `run` may be called once."""

    def __init__(
        self, plan: Plan, scenario: Scenario, observer: Observer, opening: Opening = ALWAYS_OPEN
    ) -> None:
        self.engine = Engine(plan)
        self._scenario = scenario
        self._observer = observer
        self._agenda = Agenda()
        self._time_of_day = TimeOfDay(scenario, opening, self._agenda, self._tell)
        self._board = Switchboard(scenario.lines)
        self._callers = {group: callers(scenario, group) for group in scenario.traffic}
        self._later_rings = stream(scenario.seed, "later rings")
        floor = self.engine.floor
        self._past = Past(plan, floor.router, scenario)
        self._staff = Staff(plan, floor, self._agenda, self._tell)
        self._calling_back = CallingBack(
            scenario, floor, self._agenda, self._board, self._tell, self._talk, observer.callback_over
        )
        self._paces: Paces | None = None
        self._done_by = {kind: attrgetter(name)(self) if name else None for kind, name in _DONE_BY.items()}
        floor.is_mirrored = False
        if any(map(_asks_for_wait, plan.groups.values())):
            self.learn()

    def learn(self) -> Forecast:
        """From the beginning on, as the running product does: what waits are to be expected."""
        floor = self.engine.floor
        floor.is_mirrored = True
        self._paces = Paces(floor)
        forecast = Forecast(floor, self._paces)
        floor.estimate_wait_s = forecast.p50_s
        calls, agents = self._paces.call_changed, self._paces.agent_changed

        def call_changed(call_id: str) -> None:
            call = floor.calls.get(call_id)  # perhaps it has ended since, while this was being done
            if call is not None:
                calls(call)

        self._done_by[commands.CallChanged] = lambda command: call_changed(command.call_id)
        self._done_by[commands.AgentChanged] = lambda command: agents(floor.agents[command.agent])
        return forecast

    def run(self, progress: Callable[[float], None] = lambda _share: None) -> None:
        """From 0 to the scenario's length; `progress` is told the share that is done."""
        self._time_of_day.begin()
        self._staff.work_by(duties(self._scenario, list(self.engine.floor.plan.agents)))
        for group in self._callers:
            self._expect_caller(group)
        length_s, steps = self._scenario.length_s, 0
        agenda, heap, engine = self._agenda, self._agenda.heap, self.engine
        next_deadline = engine.next_deadline
        while True:
            at = heap[0][0] if heap else length_s
            deadline = next_deadline()
            if deadline is not None and deadline <= at and deadline < length_s:
                agenda.now = deadline
                self._do(engine.handle_timer(deadline))
                continue
            if at >= length_s:
                break
            agenda.now, _, action, subject = heapq.heappop(heap)
            action(subject)
            steps += 1
            if steps % PROGRESS_EVERY == 0:
                progress(at / length_s)
        self._close(length_s)
        progress(1.0)

    def _close(self, at: float) -> None:
        """The end of the run is not the end of the world: whatever goes on is accounted for as it is."""
        for call in self.engine.floor.calls.values():
            self._account(call)
        for agent in self.engine.floor.agents.values():
            if agent.logged_in:
                interval = AgentInterval(agent.id, agent.state.value, agent.reason, agent.since, at)
                self._observer.interval_over(interval)

    def _tell(self, event: events.Event) -> None:
        self._do(self.engine.handle(event, self._agenda.now))

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
            self._agenda.at(caller.at, self._arrive, caller)

    def _arrive(self, caller: Caller) -> None:
        self._expect_caller(caller.group)
        if not self._board.has_room:
            self._observer.blocked(caller)
            return
        if self._time_of_day.is_closed(caller.group) and not caller.let_in:
            self._observer.turned_away(caller)
            return
        self._board.lines[caller.id] = Line(caller)
        self._tell(events.CallArrived(caller.id, CallKind.INBOUND, caller.number, "", "", caller.customer))
        self._queue(caller, caller.group)
        line = self._board.lines.get(caller.id)
        is_served = line is None or line.talks  # at once, as most are: their patience is never asked for
        if not is_served and caller.patience_s != math.inf:
            self._agenda.after(caller.patience_s, self._lose_patience, caller.id)

    def _queue(self, caller: Caller, group: str) -> None:
        customer = caller.customer
        wanted = ANYBODY if customer is None else Requirement.kept(customer.requirement)
        agent, at = self._past.last_talk(caller, group)
        self._tell(
            events.CallQueued(
                caller.id,
                group,
                caller.priority,
                caller.max_wait_s,
                caller.exits,
                wanted,
                caller.alone,
                caller.prefer or None,
                caller.prefer_wait_s,
                agent,
                at,
            )
        )

    def _lose_patience(self, call_id: str) -> None:
        line = self._board.lines.get(call_id)
        if line is None or line.talks:
            return
        if not line.caller.asks_for_callback:
            self._hang_up(call_id, EndedBy.CALLER)
        elif line.ringing:  # too late for a key, and perhaps an agent comes
            self._agenda.after(KEY_AGAIN_S, self._lose_patience, call_id)
        else:
            self._tell(events.CallLeftLine(call_id))
            self._calling_back.asked(line.caller)
            self._hang_up(call_id, EndedBy.SYSTEM)

    def _hang_up(self, call_id: str, by: EndedBy = EndedBy.CALLER) -> None:
        line = self._board.lines.pop(call_id)
        self._tell(events.CallEnded(call_id, by))
        if line.talks:
            self._staff.talk_over(line.agent, call_id, line.caller.work_s)

    def _leave_line(self, command: commands.LeaveLine) -> None:
        line = self._board.lines[command.call_id]
        if self._calling_back.declined(line, command):
            group = self.engine.floor.calls[command.call_id].group
            self._queue(line.caller, group or line.caller.group)
        else:
            self._hang_up(command.call_id, EndedBy.SYSTEM)

    # --- phones -------------------------------------------------------------------------------
    def _ring(self, command: commands.Offer) -> None:
        line = self._board.lines[command.call_id]
        habits = self._scenario.habits
        line.rings += 1
        line.ringing, line.agent = command.phone, command.agent
        luck, answer_s = line.caller.luck, line.caller.answer_s
        if line.rings > 1:
            luck, answer_s = self._later_rings.random(), habits.answer.draw(self._later_rings)
        self._tell(events.OfferAlerting(command.call_id, command.phone))
        ring = (command.call_id, line.rings)
        if luck < habits.unanswered or answer_s >= command.ring_timeout_s:
            self._agenda.after(command.ring_timeout_s, self._ring_out, ring)
        elif answer_s > 0 or self._paces is not None:  # to be seen to ring, also where that takes no time
            self._agenda.after(answer_s, self._answer, ring)
        else:
            self._answer(ring)

    def _ringing(self, ring: tuple[str, int]) -> Line | None:
        """The line whose ring this is, if it still rings."""
        line = self._board.lines.get(ring[0])
        return line if line is not None and line.ringing and line.rings == ring[1] else None

    def _answer(self, ring: tuple[str, int]) -> None:
        line = self._ringing(ring)
        if line is None:
            return
        phone, line.ringing, line.talks = line.ringing, "", line.there
        self._tell(events.OfferAnswered(ring[0], phone))
        if line.there:
            self._agenda.after(line.caller.talk_s, self._hang_up, ring[0])

    def _talk(self, call_id: str) -> None:
        """The customer of a callback, whose agent waits on the line, has answered."""
        line = self._board.lines[call_id]
        line.talks = True
        self._agenda.after(line.caller.talk_s, self._hang_up, call_id)

    def _ring_out(self, ring: tuple[str, int]) -> None:
        line = self._ringing(ring)
        if line is None:
            return
        line.ringing = ""
        self._staff.missed(line.agent, self._scenario.habits.back_after_s)
        self._tell(events.OfferEnded(ring[0], OfferFailure.NO_ANSWER))

    def _stop_ringing(self, command: commands.CancelOffer) -> None:
        line = self._board.lines.get(command.call_id)
        if line is None:
            return
        if line.ringing:
            line.ringing = ""
            self._tell(events.OfferEnded(command.call_id, OfferFailure.WITHDRAWN))
        elif line.dialled:
            self._calling_back.cancel(command.call_id)

    # --- what is over -------------------------------------------------------------------------
    def _store_call(self, command: commands.StoreCall) -> None:
        self._past.call_over(command.call)
        if self._paces is not None:
            self._paces.call_changed(command.call)
        if command.call.finished:
            self._account(command.call)

    def _account(self, call: Call) -> None:
        if call.kind is CallKind.CALLBACK:
            self._calling_back.account(call)
        else:
            self._observer.call_over(call)

    def _store_interval(self, command: commands.StoreInterval) -> None:
        self._observer.interval_over(command.interval)


def _asks_for_wait(group: GroupPolicy) -> bool:
    return any("expected_wait_s" in step.condition.names for step in group.steps)


_DONE_BY: Mapping[type[commands.Command], str] = {
    commands.Offer: "_ring",
    commands.CancelOffer: "_stop_ringing",
    commands.LeaveLine: "_leave_line",
    commands.CallBack: "_calling_back.begin",
    commands.DialOut: "_calling_back.dial",
    commands.NoteCallback: "_calling_back.note",
    commands.StoreCall: "_store_call",
    commands.StoreInterval: "_store_interval",
    # Music, announcements, and mirrors of what is live: nobody here listens.
    commands.HoldInLine: "",
    commands.AnnounceInLine: "",
    commands.CallChanged: "",
    commands.LostCallChanged: "",
    commands.LostCallForgotten: "",
    commands.AgentChanged: "",
    commands.AgentForgotten: "",
}
