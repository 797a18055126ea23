"""The engine in random worlds: in one events come as they can, in the other anything at any time."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from acd.core import callback_events, events, outside_events
from acd.core.agents import BUSY_STATES, AgentState
from acd.core.calls import Call, CallState, Channel
from acd.core.commands import CallBack, CancelOffer, Command, ContinueCall, LeaveLine, Offer, RefuseDirect
from acd.core.events import Event
from acd.core.facts import CallKind, EndedBy, LeftBy, OfferFailure, Scored, SoundKept, SoundPurpose, StepTaken
from acd.core.outside_facts import DialFailure
from acd.core.plan import Plan
from acd.core.requirement import Requirement
from tests.core.bookkeeper import Bookkeeper
from tests.core.centre import EVERYTHING, MOVED, PHONES, PLAN, SMALLER, STRICT

AGENTS = st.sampled_from(list(EVERYTHING.agents))
GROUPS = st.sampled_from(list(EVERYTHING.groups))
PHONE = st.sampled_from(PHONES)
FAILURES = st.sampled_from(list(OfferFailure))
EXITS = st.frozensets(st.sampled_from(["no_agents", "full", "closed", "callback"]))
MAX_WAITS_S = st.none() | st.sampled_from([0.0, 3.0, 20.0])
SOUND = SoundKept(0.0, "m1", 3.0, SoundPurpose.VOICEMAIL, "sales")
NOTES = st.sampled_from(
    [StepTaken(0.0, "main", "v1", "a", "next", "b"), Scored(0.0, "main/survey", "friendly", 5), SOUND]
)
REASONS = st.sampled_from(["lunch", "training", "rona", "nonsense"])
DURATIONS_S = st.sampled_from([0.0, 0.5, 1.0, 3.0, 5.0, 7.5, 20.0, 25.0])
LONG = bool(os.environ.get("ACD_TEST_ALL"))


def examples(number: int) -> int:
    """So many in the long run, a tenth otherwise."""
    return number if LONG else number // 10


SETTINGS = settings(
    max_examples=examples(160),
    stateful_step_count=60,
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=list(HealthCheck),
)

Wishes: TypeAlias = tuple[Callable[[str], Event], ...]
_lunch = partial(events.AgentWentNotReady, reason="lunch")
WISHES: st.SearchStrategy[Wishes] = st.sampled_from(
    [
        (),
        (events.WrapUpWanted,),
        (events.WrapUpWanted, events.WrapUpDone),
        (events.WrapUpExtended,),
        (events.WrapUpExtended, events.WrapUpExtended, events.WrapUpDone),
        (_lunch,),
        (_lunch, events.PendingRevoked),
        (events.AgentLoggedOut, events.PendingRevoked),
        (events.AgentLoggedOut, _lunch, events.AgentWentReady),
    ]
)
AGENT_REQUESTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(events.AgentLoggedIn, AGENTS, PHONE),
    st.builds(events.AgentLoggedOut, AGENTS),
    st.builds(events.AgentWentReady, AGENTS),
    st.builds(events.AgentWentReady, AGENTS),
    st.builds(events.AgentWentNotReady, AGENTS, REASONS),
    st.builds(events.WrapUpDone, AGENTS),
    st.builds(events.WrapUpExtended, AGENTS),
    st.builds(events.WrapUpWanted, AGENTS),
    st.builds(events.PendingRevoked, AGENTS),
)
QUEUEINGS: st.SearchStrategy[Event] = st.builds(
    events.CallQueued,
    st.just(""),
    st.sampled_from(["wide", "wide", "wide", "plain", "plain", "urgent", "stepwise", "short", "sales"]),
    st.sampled_from([0, 5]),
    st.none() | MAX_WAITS_S,
    EXITS,
    requirement=st.sampled_from([Requirement.parse(t) for t in ("", "sales >= 5", "support", "vip")]),
    alone=st.sampled_from([False, False, False, True]),
    prefer=st.none() | st.none() | AGENTS,
    prefer_wait_s=st.sampled_from([0.0, 5.0, 30.0]),
    last_agent=st.none() | AGENTS,
    last_agent_at=st.sampled_from([0.0, 999.0]),
)
DAY: st.SearchStrategy[Event] = st.one_of(
    st.builds(events.GroupClosed, GROUPS), st.builds(events.HourBegan, st.sampled_from([8, 22]))
)
LIVE = frozenset(set(CallState) - {CallState.ENDED})


class Centre(RuleBasedStateMachine):
    """What both worlds have: agents who come to work, phones, passing time, and the books."""

    plan = EVERYTHING

    def __init__(self) -> None:
        super().__init__()
        self.books = Bookkeeper(self.plan)

    @initialize(at_work=st.lists(AGENTS, unique=True), ready=st.sets(AGENTS))
    def morning(self, at_work: list[str], ready: set[str]) -> None:
        for phone in PHONES:
            self.feed(events.PhoneChanged(phone, reachable=True, in_use=False))
        for agent, phone in zip(at_work, PHONES, strict=False):
            self.feed(events.AgentLoggedIn(agent, phone))
            if agent in ready:
                self.feed(events.AgentWentReady(agent))

    def feed(self, event: Event) -> list[Command]:
        return self.books.feed(event)

    @property
    def suspended(self) -> bool:
        return self.books.engine.floor.suspended

    def calls(self, *states: CallState) -> list[Call]:
        calls = self.books.engine.floor.calls.values()
        found = [c for c in calls if c.state in (states or LIVE) and c.kind is not CallKind.CALLBACK]
        return sorted(found, key=lambda call: call.id)

    @rule(request=AGENT_REQUESTS)
    def agent_asks(self, request: Event) -> None:
        self.feed(request)

    @rule(phone=PHONE, reachable=st.booleans(), in_use=st.booleans())
    def phone_changes(self, phone: str, reachable: bool, in_use: bool) -> None:
        self.feed(events.PhoneChanged(phone, reachable, in_use))

    @rule(agent=AGENTS, is_open=st.booleans())
    def desktop_comes_or_goes(self, agent: str, is_open: bool) -> None:
        self.feed(events.DesktopOpened(agent) if is_open else events.DesktopClosed(agent))

    @rule(event=DAY)
    def day_goes_on(self, event: Event) -> None:
        self.feed(event)

    @rule(duration_s=DURATIONS_S)
    def time_passes(self, duration_s: float) -> None:
        self.books.advance(duration_s)

    @rule(day=st.sampled_from(["2026-12-23", "2026-12-24"]))
    def day_begins(self, day: str) -> None:
        self.feed(events.DayBegan(day))

    @precondition(lambda self: not self.suspended)
    @rule()
    def asterisk_goes_away(self) -> None:
        self.feed(events.DispatchSuspended())

    @precondition(lambda self: self.suspended)
    @rule()
    def floor_is_known(self) -> None:
        self.feed(events.DispatchResumed())

    @invariant()
    def books_agree(self) -> None:
        self.books.check()


def dialed_outside(call_id: str) -> outside_events.OutsideDialed:
    """An outside number is to be dialled."""
    return outside_events.OutsideDialed(call_id, "+4930123", "main", "anna", "+4930100", "030123", "030100")


class LongWaits(Centre):
    """Few agents, every wish a call can have, and time: rings widen, steps are taken, reserves are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = 0

    @rule(wishes=st.lists(QUEUEINGS, min_size=1, max_size=4))
    def customers_call(self, wishes: list[Event]) -> None:
        for wish in wishes:
            assert isinstance(wish, events.CallQueued)
            self.arrived += 1
            call_id = f"c{self.arrived:03}"
            self.feed(events.CallArrived(call_id, CallKind.INBOUND, "0301", "", "8000"))
            self.feed(replace(wish, call_id=call_id))
            self.books.check()

    # Of the rules of every world these come so often that nobody waits for long.
    def asterisk_goes_away(self) -> None: ...
    def phone_changes(self) -> None: ...
    def agent_asks(self) -> None: ...
    def day_goes_on(self) -> None: ...

    @rule(
        agent=AGENTS,
        goes_home=st.booleans(),
        hour=st.sampled_from([None, None, 8, 22]),
    )
    def something_else(self, agent: str, goes_home: bool, hour: int | None) -> None:
        self.feed(events.AgentLoggedOut(agent) if goes_home else events.WrapUpDone(agent))
        if hour is not None:
            self.feed(events.HourBegan(hour))

    @rule(steps=st.lists(st.sampled_from([1.0, 5.0, 9.5, 20.0]), min_size=1, max_size=6))
    def a_long_time_passes(self, steps: list[float]) -> None:
        for duration_s in steps:
            self.books.advance(duration_s)
            self.books.check()

    @rule(outcome=st.sampled_from([*OfferFailure, None, None]))
    def rings_end(self, outcome: OfferFailure | None) -> None:
        for call in self.calls(CallState.RINGING)[:1]:
            answered = events.OfferAnswered(call.id)
            self.feed(answered if outcome is None else events.OfferEnded(call.id, outcome))

    @rule()
    def two_hang_up(self) -> None:
        for call in self.calls(CallState.TALKING, CallState.IVR)[:2]:
            self.feed(events.CallEnded(call.id))

    @rule(agent=AGENTS, phone=PHONE)
    def comes_to_work(self, agent: str, phone: str) -> None:
        self.feed(events.PhoneChanged(phone, reachable=True, in_use=False))
        self.feed(events.AgentLoggedIn(agent, phone))
        self.feed(events.AgentWentReady(agent))


def next_of_callback(call: Call) -> list[Event]:
    """What can be told of a callback that stands where it does."""
    answered, ended = events.OfferAnswered(call.id), events.CallEnded(call.id)
    failed = outside_events.OutsideFailed(call.id, DialFailure.BUSY)
    match call.channel, call.state:
        case Channel.NONE, CallState.RINGING:
            return [
                events.OfferAlerting(call.id),
                answered,
                answered,
                events.OfferEnded(call.id, OfferFailure.BUSY),
            ]
        case Channel.NONE, CallState.DIALING_OUT:
            reached = callback_events.CallbackReached(call.id)
            return [outside_events.OutsideAlerting(call.id), reached, reached, failed]
        case Channel.AGENT, CallState.DIALING_OUT:
            joined = outside_events.OutsideAnswered(call.id)
            return [outside_events.OutsideAlerting(call.id), joined, joined, failed, ended]
        case Channel.CALLER, CallState.RINGING:
            return [answered, answered, events.OfferEnded(call.id, OfferFailure.NO_ANSWER), ended]
        case ((Channel.AGENT | Channel.CALLER), CallState.TALKING):
            return [events.AgentHungUp(call.id), ended]
        case Channel.NONE, _:
            return []
        case _:
            return [ended]


class PossibleWorld(Centre):
    """Callers, phones and transfers as Asterisk can report them; the controller may be killed at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived = 0
        self.dialled = 0

    def feed(self, event: Event) -> list[Command]:
        commands = super().feed(event)
        for command in commands:
            match command:
                case RefuseDirect(call_id):
                    self.refused(call_id)
                case ContinueCall(call_id) if (
                    self.books.engine.floor.calls[call_id].kind is CallKind.CALLBACK
                ):
                    pass
                case CallBack(call_id):
                    self.calls_back(call_id)
                case ContinueCall(call_id):
                    call = self.books.engine.floor.calls[call_id]
                    own = call.kind is not CallKind.INBOUND
                    assert call.state in ((CallState.TALKING, CallState.OUTSIDE) if own else (CallState.IVR,))
                case LeaveLine(call_id):
                    assert self.books.engine.floor.calls[call_id].state is CallState.IVR
                case Offer(call_id, agent, phone):
                    assert agent in self.books.plan.agents, "an offer to one who is to go home"
                    assert phone in PHONES
                case CancelOffer():
                    raise AssertionError("an offer is only called off by time")
        return commands

    def calls_back(self, call_id: str) -> None:
        """The customer is dialled; now and then every line is in use."""
        self.dialled += 1
        full = callback_events.CallbackNotReached(call_id, "trunks-full", counts=False)
        self.feed(full if self.dialled % 5 == 0 else dialed_outside(call_id))

    @rule(data=st.data(), group=st.sampled_from(["back", "ahead"]))
    def wants_to_be_called_back(self, data: st.DataObject, group: str) -> None:
        self.arrived += 1
        of = self.pick(data) or "nobody"
        event = callback_events.CallbackPlaced(f"k{self.arrived:03}", of, group, "+4930123", "en")
        self.feed(event)
        origin = self.books.engine.floor.calls.get(of)
        entry = self.books.engine.floor.calls.get(event.call_id)
        if entry is None:  # the configuration has no such group now
            assert group not in self.books.engine.floor.plan.groups
            return
        if origin is not None and origin.group == group and origin.waiting_since is not None:
            assert (entry.waiting_since, entry.priority) == (origin.waiting_since, origin.priority)

    @rule(data=st.data())
    def callback_goes_on(self, data: st.DataObject) -> None:
        """What Asterisk can say next of one of them."""
        calls = self.books.engine.floor.calls.values()
        callbacks = [c for c in calls if c.kind is CallKind.CALLBACK and c.state is not CallState.ENDED]
        possible = [(c.id, event) for c in callbacks for event in next_of_callback(c)]
        if possible:
            call_id, event = data.draw(st.sampled_from(possible))
            self.feed(event)
            if isinstance(event, outside_events.OutsideFailed):
                again = data.draw(st.booleans())
                not_reached = callback_events.CallbackNotReached(call_id, "busy")
                self.feed(dialed_outside(call_id) if again else not_reached)

    @rule(group=st.sampled_from(["back", "ahead"]), is_open=st.booleans())
    def hours_of_callbacks(self, group: str, is_open: bool) -> None:
        self.feed(callback_events.CallbackHours(group, is_open))

    def refused(self, call_id: str) -> None:
        """A customer goes back in line, a colleague hears the busy tone."""
        call = self.books.engine.floor.calls.get(call_id)
        if call is None or call.state is not CallState.IVR:
            return
        if call.kind is not CallKind.INBOUND:
            self.feed(events.CallEnded(call_id, EndedBy.SYSTEM))
            return
        self.feed(events.CallTakenBack(call_id, "refused"))
        plan = self.books.plan
        self.feed(events.CallQueued(call_id, plan.heir(call.group) or next(iter(plan.groups))))
        assert call.waiting_since == call.arrived_at, "lost the place that arrival gives"

    def is_at_work(self, agent: str) -> bool:
        found = self.books.engine.floor.agents.get(agent)
        return found is not None and found.logged_in

    def pick(self, data: st.DataObject, *states: CallState) -> str | None:
        calls = self.calls(*states)
        return data.draw(st.sampled_from([c.id for c in calls])) if calls else None

    @rule(group=GROUPS, priority=st.sampled_from([0, 0, 0, 5]), through_flow=st.booleans())
    def customer_calls(self, group: str, priority: int, through_flow: bool) -> None:
        self.arrived += 1
        call_id = f"c{self.arrived:03}"
        self.feed(events.CallArrived(call_id, CallKind.INBOUND, "0301", "", "8000"))
        self.feed(events.FlowStarted(call_id, "main"))
        if not through_flow:
            self.feed(events.CallQueued(call_id, group, priority))

    @rule(agent=AGENTS, group=GROUPS, callee=AGENTS, direct=st.booleans())
    def agent_dials(self, agent: str, group: str, callee: str, direct: bool) -> None:
        if not self.is_at_work(agent):
            return
        self.arrived += 1
        call_id = f"c{self.arrived:03}"
        arrived = events.CallArrived(call_id, CallKind.INTERNAL, "1001", "", "8000", None, agent)
        self.feed(arrived)
        assert self.books.engine.floor.agents[agent].state in BUSY_STATES
        self.feed(events.CallDirected(call_id, callee) if direct else events.CallQueued(call_id, group))

    @rule(agent=AGENTS)
    def agent_dials_outside(self, agent: str) -> None:
        if not self.is_at_work(agent):
            return
        self.arrived += 1
        call_id = f"c{self.arrived:03}"
        self.feed(events.CallArrived(call_id, CallKind.OUTBOUND, "1001", "", "030", None, agent))
        self.feed(dialed_outside(call_id))
        assert self.books.engine.floor.calls[call_id].state is CallState.DIALING_OUT
        assert self.books.engine.floor.agents[agent].state in BUSY_STATES

    @rule(data=st.data())
    def sent_outside(self, data: st.DataObject) -> None:
        if call_id := self.pick(data, CallState.TALKING):
            self.feed(events.CallBlindTransferred(call_id, "030"))
            self.feed(dialed_outside(call_id))

    @rule(data=st.data(), rings=st.booleans())
    def trunk_takes_the_call(self, data: st.DataObject, rings: bool) -> None:
        if call_id := self.pick(data, CallState.DIALING_OUT):
            self.feed(outside_events.OutsideAlerting(call_id, rings))

    @rule(data=st.data())
    def answered_outside(self, data: st.DataObject) -> None:
        if call_id := self.pick(data, CallState.DIALING_OUT):
            self.feed(outside_events.OutsideAnswered(call_id))
            assert self.books.engine.floor.calls[call_id].state is CallState.OUTSIDE

    @rule(data=st.data(), failure=st.sampled_from(DialFailure), again=st.booleans())
    def not_reached_outside(self, data: st.DataObject, failure: DialFailure, again: bool) -> None:
        if call_id := self.pick(data, CallState.DIALING_OUT):
            self.feed(outside_events.OutsideFailed(call_id, failure, "SIP 503"))
            self.feed(dialed_outside(call_id) if again else events.CallEnded(call_id, EndedBy.SYSTEM))

    @rule(data=st.data())
    def hangs_up_outside(self, data: st.DataObject) -> None:
        if call_id := self.pick(data, CallState.OUTSIDE):
            assert ContinueCall(call_id) in self.feed(outside_events.OutsideLeft(call_id))
            self.feed(events.CallEnded(call_id, EndedBy.SYSTEM))

    @rule(data=st.data(), group=GROUPS, max_wait_s=MAX_WAITS_S, staffed=st.booleans())
    def flow_ends_in_line(
        self, data: st.DataObject, group: str, max_wait_s: float | None, staffed: bool
    ) -> None:
        if call_id := self.pick(data, CallState.IVR):
            exits = frozenset({"no_agents"} if staffed else ())
            self.feed(events.CallQueued(call_id, group, 0, max_wait_s, exits))

    @rule(data=st.data(), wish=QUEUEINGS)
    def queues_with_wishes(self, data: st.DataObject, wish: Event) -> None:
        if call_id := self.pick(data, CallState.IVR):
            assert isinstance(wish, events.CallQueued)
            self.feed(replace(wish, call_id=call_id))

    @rule(data=st.data())
    def key_leads_out_of_the_line(self, data: st.DataObject) -> None:
        if call_id := self.pick(data, CallState.WAITING):
            call = self.books.engine.floor.calls[call_id]
            there = call.present
            self.feed(events.CallLeftLine(call_id))
            assert call.state is (CallState.IVR if there else CallState.WAITING)

    @rule(data=st.data(), note=NOTES)
    def flow_goes_on(self, data: st.DataObject, note: events.FlowNote) -> None:
        if call_id := self.pick(data, CallState.IVR):
            self.feed(events.FlowNoted(call_id, note))

    @rule(data=st.data(), kept=st.booleans(), hangs_up=st.booleans())
    def leaves_a_message(self, data: st.DataObject, kept: bool, hangs_up: bool) -> None:
        if call_id := self.pick(data, CallState.IVR):
            call = self.books.engine.floor.calls[call_id]
            self.feed(events.RecordingStarted(call_id, "m1"))
            if hangs_up:
                self.feed(events.CallEnded(call_id))
                assert call_id in self.books.live
            self.feed(events.FlowNoted(call_id, SOUND) if kept else events.RecordingDropped(call_id))
            assert any(isinstance(fact, SoundKept) for fact in call.facts[-2:]) or not kept

    @rule(data=st.data(), agent=AGENTS)
    def number_of_an_agent(self, data: st.DataObject, agent: str) -> None:
        if call_id := self.pick(data, CallState.IVR):
            self.feed(events.CallDirected(call_id, agent))

    @rule(data=st.data())
    def phone_rings(self, data: st.DataObject) -> None:
        if call_id := self.pick(data, CallState.RINGING):
            self.feed(events.OfferAlerting(call_id))

    @rule(data=st.data())
    def agent_answers(self, data: st.DataObject) -> None:
        if call_id := self.pick(data, CallState.RINGING):
            self.feed(events.OfferAnswered(call_id))

    @rule(data=st.data(), failure=FAILURES)
    def ring_fails(self, data: st.DataObject, failure: OfferFailure) -> None:
        if call_id := self.pick(data, CallState.RINGING):
            self.feed(events.OfferEnded(call_id, failure))

    @rule(data=st.data())
    def caller_hangs_up(self, data: st.DataObject) -> None:
        if call_id := self.pick(data):
            self.feed(events.CallEnded(call_id))
            assert call_id in self.books.stored

    @rule(data=st.data(), goes=st.booleans())
    def agent_hangs_up(self, data: st.DataObject, goes: bool) -> None:
        if call_id := self.pick(data, CallState.TALKING):
            assert ContinueCall(call_id) in self.feed(events.AgentHungUp(call_id))
            if goes:
                self.feed(events.CallEnded(call_id))

    @rule(data=st.data(), phone=PHONE)
    def phone_hangs_up(self, data: st.DataObject, phone: str) -> None:
        if call_id := self.pick(data, CallState.TALKING):
            self.feed(events.AgentDisconnected(call_id, phone))

    @rule(data=st.data(), resumed=st.booleans())
    def hold(self, data: st.DataObject, resumed: bool) -> None:
        if call_id := self.pick(data, CallState.TALKING):
            self.feed(events.CallResumed(call_id) if resumed else events.CallHeld(call_id))

    @rule(data=st.data(), group=GROUPS, agent=st.none() | AGENTS)
    def blind_transfer(self, data: st.DataObject, group: str, agent: str | None) -> None:
        if call_id := self.pick(data, CallState.TALKING):
            self.feed(events.CallBlindTransferred(call_id, "8001"))
            queued = events.CallQueued(call_id, group)
            self.feed(queued if agent is None else events.CallDirected(call_id, agent))

    @rule(data=st.data())
    def attended_transfer(self, data: st.DataObject) -> None:
        consults = [c for c in self.calls() if c.kind is not CallKind.INBOUND]
        pairs = [
            (c.id, consult.id)
            for c in self.calls(CallState.TALKING)
            for consult in consults
            if c is not consult and consult.origin_agent == c.agent
        ]
        if pairs:
            call_id, consult_id = data.draw(st.sampled_from(pairs))
            state = self.books.engine.floor.calls[consult_id].state
            self.feed(events.CallAttendedTransferred(call_id, consult_id))
            assert consult_id not in self.books.engine.floor.calls
            for place in (CallState.TALKING, CallState.DIALING_OUT, CallState.OUTSIDE):
                assert state is not place or call_id in [c.id for c in self.calls(place)]

    @rule(data=st.data())
    def own_calls_joined(self, data: st.DataObject) -> None:
        own = [c for c in self.calls() if c.kind is CallKind.INTERNAL and c.origin_agent is not None]
        pairs = [
            (c.id, other.id)
            for c in own
            for other in own
            if c is not other and other.state is CallState.TALKING and c.origin_agent == other.origin_agent
        ]
        if pairs:
            call_id, other_id = data.draw(st.sampled_from(pairs))
            floor = self.books.engine.floor
            state, colleague = floor.calls[call_id].state, floor.calls[other_id].agent
            phone = floor.agents[colleague or ""].phone
            assert phone is not None
            if data.draw(st.booleans()):  # the way out of the other call may be told first
                self.feed(events.AgentHungUp(other_id))
            self.feed(events.OwnCallsJoined(call_id, other_id, phone))
            assert other_id not in [c.id for c in self.calls()]
            assert (floor.calls[call_id].state, floor.calls[call_id].origin_agent) == (state, colleague)
            assert floor.agents[colleague or ""].state in BUSY_STATES

    @rule()
    def controller_is_killed(self) -> None:
        self.books.restart()
        for phone in PHONES:
            self.feed(events.PhoneChanged(phone, reachable=True, in_use=False))

    @precondition(lambda self: self.suspended)
    @rule(data=st.data())
    def channel_asks_again(self, data: st.DataObject) -> None:
        if call_id := self.pick(data):
            self.feed(events.CallerReturned(call_id))

    @precondition(lambda self: self.suspended)
    @rule(data=st.data(), phone=PHONE)
    def found_talking(self, data: st.DataObject, phone: str) -> None:
        if call_id := self.pick(data):
            self.feed(events.ConversationFound(call_id, phone))

    @precondition(lambda self: self.suspended)
    @rule(data=st.data())
    def some_are_gone(self, data: st.DataObject) -> None:
        ids = [c.id for c in self.calls()]
        alive = data.draw(st.sets(st.sampled_from(ids))) if ids else set()
        ended_at = dict.fromkeys(ids[:2], self.books.now - 2.0)
        self.feed(events.FloorSeen(frozenset(alive), ended_at))
        assert {c.id for c in self.calls()} == alive


IDS = st.sampled_from([*(f"c{i}" for i in range(6)), "k6", "k7"])
CALLBACK_EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(
        callback_events.CallbackPlaced,
        st.sampled_from(["k6", "k7"]),
        IDS,
        st.sampled_from(["back", "ahead"]),
        st.just("+4930123"),
        st.just("en"),
    ),
    st.builds(callback_events.CallbackReached, IDS),
    st.builds(callback_events.CallbackNotReached, IDS, st.just("busy"), st.booleans(), st.booleans()),
    st.builds(callback_events.CallbackWithdrawn, IDS),
    st.builds(callback_events.CallbackHours, st.sampled_from(["back", "ahead"]), st.booleans()),
)
OUTSIDE_EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(dialed_outside, IDS),
    st.builds(dialed_outside, IDS),
    st.builds(outside_events.OutsideAlerting, IDS, st.booleans()),
    st.builds(outside_events.OutsideAnswered, IDS),
    st.builds(outside_events.OutsideFailed, IDS, st.sampled_from(DialFailure)),
    st.builds(outside_events.OutsideLeft, IDS),
    st.builds(outside_events.OutsideRefused, IDS, st.just("+4930"), AGENTS, st.just("not-allowed")),
)
CALL_EVENTS: st.SearchStrategy[Event] = st.one_of(
    OUTSIDE_EVENTS,
    CALLBACK_EVENTS,
    CALLBACK_EVENTS,
    st.builds(events.FlowStarted, IDS, st.just("main")),
    st.builds(events.CallQueued, IDS, GROUPS, st.sampled_from([0, 5])),
    st.builds(events.CallQueued, IDS, GROUPS),
    st.builds(events.CallQueued, IDS, GROUPS, st.just(0), MAX_WAITS_S, EXITS),
    st.builds(lambda wish, call_id: replace(wish, call_id=call_id), QUEUEINGS, IDS),
    st.builds(events.CallLeftLine, IDS, st.sampled_from(list(LeftBy))),
    st.builds(events.FlowNoted, IDS, NOTES),
    st.builds(events.RecordingStarted, IDS, st.just("m1")),
    st.builds(events.RecordingDropped, IDS),
    st.builds(events.CallDirected, IDS, AGENTS),
    st.builds(events.CallerReturned, IDS),
    st.builds(events.CallerAway, IDS),
    st.builds(events.FallbackServed, IDS, st.none() | AGENTS, st.none() | DURATIONS_S, over=st.booleans()),
    st.builds(events.CallEnded, IDS, st.sampled_from(list(EndedBy)), st.just(""), st.none() | st.just(990.0)),
    st.builds(events.OfferAlerting, IDS, st.none() | st.sampled_from(PHONES)),
    st.builds(events.OfferAnswered, IDS),
    st.builds(events.OfferAnswered, IDS, st.none() | st.sampled_from(PHONES)),
    st.builds(events.OfferEnded, IDS, FAILURES),
    st.builds(events.AgentHungUp, IDS),
    st.builds(events.AgentDisconnected, IDS, PHONE),
    st.builds(events.CallHeld, IDS),
    st.builds(events.CallResumed, IDS),
    st.builds(events.CallBlindTransferred, IDS, st.just("8001")),
    st.builds(events.CallAttendedTransferred, IDS, IDS),
    st.builds(events.CallAttendedTransferred, IDS, IDS),
    st.builds(events.OwnCallsJoined, IDS, IDS, PHONE),
    st.builds(events.CallTakenBack, IDS, st.just("refused")),
    st.builds(events.ConversationFound, IDS, PHONE, st.none() | DURATIONS_S),
    st.builds(
        events.FloorSeen,
        st.frozensets(IDS, min_size=3),
        st.dictionaries(IDS, st.just(995.0)),
        st.frozensets(IDS),
    ),
)
ARRIVALS = st.one_of(
    st.builds(
        events.CallArrived, IDS, st.just(CallKind.INBOUND), st.just("0301"), st.just(""), st.just("8000")
    ),
    st.builds(
        events.CallArrived,
        IDS,
        st.sampled_from([CallKind.INTERNAL, CallKind.OUTBOUND]),
        st.just("1001"),
        st.just(""),
        st.just("8001"),
        st.none(),
        st.none() | AGENTS,
    ),
)


class LateNews(Centre):
    """Any event about any call at any time: late, stale, twice. Nothing may raise but a refused request."""

    @rule(event=ARRIVALS)
    def arrival(self, event: Event) -> None:
        self.feed(event)

    @rule(event=CALL_EVENTS)
    def news(self, event: Event) -> None:
        self.feed(event)

    @rule(event=CALL_EVENTS)
    def news_twice(self, event: Event) -> None:
        self.feed(event)
        self.feed(event)

    @rule(alive=st.frozensets(IDS), again=st.none() | ARRIVALS)
    def node_counts_as_dead(self, alive: frozenset[str], again: Event | None) -> None:
        """All its calls are lost but these; perhaps one is found again."""
        self.feed(events.FloorSeen(alive, lost=True))
        if again is not None:
            self.feed(again)

    @rule(event=CALL_EVENTS, kept=st.integers(0, 6))
    def killed_while_writing(self, event: Event, kept: int) -> None:
        """Only the first few of the changes that an event made have reached the mirror."""
        before = dict(self.books.mirror)
        self.feed(event)
        after = self.books.mirror
        changed = [k for k in {**before, **after} if before.get(k) != after.get(k)]
        for key in changed[:kept]:
            if key in after:
                before[key] = after[key]
            else:
                del before[key]
        self.books.restart(before)


class StrictWorld(PossibleWorld):
    """The possible world by unusual rules: wrap-up of every mode, back-offs, limits; and more work."""

    plan = STRICT

    @initialize()
    def everybody_is_ready(self) -> None:
        for agent, phone in zip(STRICT.agents, PHONES, strict=True):
            self.feed(events.PhoneChanged(phone, reachable=True, in_use=False))
            self.feed(events.AgentLoggedIn(agent, phone))
            self.feed(events.AgentWentReady(agent))

    @rule(
        group=st.sampled_from(list(STRICT.groups)),
        failures=st.lists(FAILURES, max_size=3),
        wishes=WISHES,
        talk_s=DURATIONS_S,
        afterwards=WISHES,
        then_s=DURATIONS_S,
        times=st.sampled_from([1, 1, 3]),
    )
    def calls_from_begin_to_end(
        self,
        group: str,
        failures: list[OfferFailure],
        wishes: Wishes,
        talk_s: float,
        afterwards: Wishes,
        then_s: float,
        times: int,
    ) -> None:
        for _ in range(times):
            self.call_from_begin_to_end(group, failures, wishes, talk_s)
            self.wrap_up(afterwards, then_s)

    def call_from_begin_to_end(
        self, group: str, failures: list[OfferFailure], wishes: Wishes, talk_s: float
    ) -> None:
        self.arrived += 1
        call_id = f"c{self.arrived:03}"
        self.feed(events.CallArrived(call_id, CallKind.INBOUND, "0301", "", "8000"))
        self.feed(events.CallQueued(call_id, group))
        call = self.books.engine.floor.calls[call_id]
        for failure in failures:
            missed_by = call.agent
            if missed_by is None:
                break
            self.feed(events.OfferEnded(call_id, failure))
            agent = self.books.engine.floor.agents[missed_by]
            assert agent.logged_in or agent.phone is None, "a missed ring never logs out"
            assert call.agent != missed_by or failure is OfferFailure.WITHDRAWN, (
                "the same agent again at once"
            )
        for wish in wishes if call.agent is not None else ():
            self.feed(wish(call.agent or ""))
        self.feed(events.OfferAnswered(call_id))
        self.books.advance(talk_s)
        self.feed(events.CallEnded(call_id))

    def wrap_up(self, afterwards: Wishes, then_s: float) -> None:
        """Who is in wrap-up asks for this and that, and time passes."""
        agents = self.books.engine.floor.agents.values()
        for agent in [a for a in agents if a.state is AgentState.WRAP_UP]:
            for wish in afterwards:
                self.feed(wish(agent.id))
                self.books.advance(then_s)

    @rule()
    def controller_is_killed(self) -> None:
        super().controller_is_killed()
        self.feed(events.DispatchResumed())  # or most of what follows would find nobody who is rung

    @rule(agent=AGENTS)
    def nobody_is_barred_for_ever(self, agent: str) -> None:
        """Whatever was missed: with a phone that is there, and time, whoever asks for calls gets them."""
        floor = self.books.engine.floor
        phone = floor.agents[agent].phone
        if phone is None or floor.agents[agent].own_call_id is not None:
            return
        self.feed(events.PhoneChanged(phone, reachable=True, in_use=False))
        self.feed(events.DayBegan(f"2027-{self.arrived:04}"))
        self.feed(events.AgentWentReady(agent))
        self.books.advance(20.0)  # the longest rest
        assert floor.agents[agent].state not in (AgentState.NOT_READY, AgentState.LOGGED_OUT)


class StrictLateNews(LateNews):
    """Late news by unusual rules."""

    plan = STRICT


PLANS = st.sampled_from([EVERYTHING, PLAN, SMALLER, MOVED])


class ChangingWorld(PossibleWorld):
    """The possible world, while the configuration changes again and again."""

    @rule(plan=PLANS)
    def plan_changes(self, plan: Plan) -> None:
        floor = self.books.engine.floor
        waiting = {c.id: (c.waiting_since, c.joined) for c in self.calls(CallState.WAITING)}
        talks = {c.id: c.agent for c in self.calls(CallState.TALKING)}
        rings = {c.id: c.agent for c in self.calls(CallState.RINGING)}
        agents = {
            a.id: (a.state, a.since, a.phone, a.calls_taken) for a in floor.agents.values() if a.logged_in
        }
        self.feed(events.PlanChanged(plan))
        for call in floor.calls.values():
            assert call.id not in talks or (call.state, call.agent) == (CallState.TALKING, talks[call.id])
            assert call.id not in rings or (call.state, call.agent) == (CallState.RINGING, rings[call.id])
            if call.id in waiting and call.state is CallState.WAITING:
                assert (call.waiting_since, call.joined) == waiting[call.id], "lost the place in line"
        for agent in floor.agents.values():
            if agent.id in agents and agent.state in (AgentState.TALKING, AgentState.WRAP_UP):
                assert (agent.state, agent.since, agent.phone, agent.calls_taken) == agents[agent.id]

    @rule(plan=PLANS, group=GROUPS, wait_s=DURATIONS_S, outcome=st.none() | FAILURES)
    def changes_during_a_ring(
        self, plan: Plan, group: str, wait_s: float, outcome: OfferFailure | None
    ) -> None:
        self.arrived += 1
        call_id = f"c{self.arrived:03}"
        self.feed(events.CallArrived(call_id, CallKind.INBOUND, "0301", "", "8000"))
        self.feed(events.CallQueued(call_id, group))
        self.books.advance(wait_s)
        self.feed(events.PlanChanged(plan))
        self.feed(events.OfferAnswered(call_id) if outcome is None else events.OfferEnded(call_id, outcome))


class ChangingLongWaits(LongWaits):
    """Long waits, while the configuration changes again and again."""

    @rule(plan=PLANS)
    def plan_changes(self, plan: Plan) -> None:
        self.feed(events.PlanChanged(plan))


class ChangingLateNews(LateNews):
    """Late news, of groups and agents that are gone, too."""

    @rule(plan=PLANS)
    def plan_changes(self, plan: Plan) -> None:
        self.feed(events.PlanChanged(plan))


TestPossibleWorld = PossibleWorld.TestCase
TestPossibleWorld.settings = SETTINGS
TestLateNews = LateNews.TestCase
TestLateNews.settings = SETTINGS
TestLongWaits = LongWaits.TestCase
TestLongWaits.settings = settings(SETTINGS, max_examples=examples(150))
TestStrictWorld = StrictWorld.TestCase
TestStrictWorld.settings = settings(SETTINGS, max_examples=examples(250))
TestStrictLateNews = StrictLateNews.TestCase
TestStrictLateNews.settings = SETTINGS
TestChangingWorld = ChangingWorld.TestCase
TestChangingWorld.settings = settings(SETTINGS, max_examples=examples(200))
TestChangingLongWaits = ChangingLongWaits.TestCase
TestChangingLongWaits.settings = settings(SETTINGS, max_examples=examples(100))
TestChangingLateNews = ChangingLateNews.TestCase
TestChangingLateNews.settings = settings(SETTINGS, max_examples=examples(150))
