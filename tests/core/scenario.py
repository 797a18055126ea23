"""Scenarios as text with a clock: what happens, and what the engine makes of it.

    == Nobody answers
    00:00  on shift: anna 1001, ben 1002
    00:05  c1 arrives
    00:05  c1 queues for sales      → HoldInLine c1 sales; Offer c1 anna; anna ringing
    00:08  timer                    → CancelOffer c1

A line without an arrow sets the scene. With an arrow, the commands must be exactly those named, in
this order (mirroring is not shown), and everything said of agents (`anna not_ready(rona)`), calls
(`c1 waiting`, `c1 2nd in sales`, `c1 with anna`, `c1 ended by agent`, `c1 forgotten`, `c1 has 2 done by
steps`: operations of its group's policy) and deadlines (`next 00:20`) must hold afterwards. `refused
phone-taken` is a refused request. A deadline that passes without a `timer` line of its own must change
nothing (unless the player is `lenient`: then it is only met). All times are minutes:seconds.
`the plan becomes SMALLER` names a plan of `centre.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acd.core import callback_events, commands, events, outside_events
from acd.core.calls import CallState
from acd.core.commands import Command
from acd.core.engine import Engine
from acd.core.events import Event
from acd.core.facts import (
    CallKind,
    Ended,
    EndedBy,
    OfferFailure,
    PolicyApplied,
    SoundKept,
    SoundPurpose,
    StepTaken,
)
from acd.core.outside_facts import DialFailure
from acd.core.plan import Plan
from acd.core.requirement import Requirement
from acd.errors import RequestRefused
from tests.core.bookkeeper import Bookkeeper
from tests.core.centre import BY_NAME

START = 1_000_000.0
ORDINALS = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4}


@dataclass(frozen=True, slots=True)
class Step:
    """One line: when, what happens, what is expected (None: nothing is said)."""

    text: str
    at_s: float
    happens: str
    expected: tuple[str, ...] | None


def read(path: Path) -> dict[str, list[Step]]:
    """The scenarios of a file by title."""
    return parsed(path.read_text(encoding="utf-8"))


def parsed(text: str) -> dict[str, list[Step]]:
    """The scenarios of a text by title."""
    scenarios: dict[str, list[Step]] = {}
    steps: list[Step] = []
    for line in text.splitlines():
        if line.startswith("=="):
            steps = scenarios.setdefault(line.removeprefix("==").strip(), [])
        elif line.strip() and not line.startswith("#"):
            steps.append(_step(line))
    return scenarios


def _step(line: str) -> Step:
    what, arrow, expected = line.partition("→")
    clock, _, happens = what.strip().partition(" ")
    parts = tuple(part.strip() for part in expected.split(";") if part.strip())
    return Step(line, _seconds(clock), happens.strip(), parts if arrow else None)


def _seconds(clock: str) -> float:
    minutes, _, seconds = clock.partition(":")
    return int(minutes) * 60 + float(seconds)


def _arrived(call_id: str) -> Event:
    return events.CallArrived(call_id, CallKind.INBOUND, "0301234", "", "8000")


def _dialled(agent: str, call_id: str) -> Event:
    return events.CallArrived(call_id, CallKind.INTERNAL, "1001", agent, "8000", None, agent)


def _step_taken(step: str) -> StepTaken:
    return StepTaken(0.0, "main", "v1", step, "next", "other")


def _sound(name: str) -> SoundKept:
    return SoundKept(0.0, name, 4.0, SoundPurpose.VOICEMAIL, "sales")


def _dials_outside(agent: str, call_id: str) -> Event:
    return events.CallArrived(call_id, CallKind.OUTBOUND, "1001", agent, "030123", None, agent)


def _dials_out(call_id: str, trunk: str, agent: str) -> Event:
    return outside_events.OutsideDialed(call_id, "+4930123", trunk, agent, "+4930100", "030123", "030100")


def _queues(call_id: str, group: str, wishes: str) -> Event:
    """`c1 queues for sales, priority 5, at most 30 s, ways out full closed, asking for english >= 5`."""
    values: dict[str, Any] = {}
    for wish in wishes.split(", "):
        for pattern, read_wish in _WISHES:
            if match := re.fullmatch(pattern, wish):
                values |= read_wish(*match.groups())
                break
        else:
            raise ValueError(f"no such wish: {wish!r}")
    return events.CallQueued(call_id, group, **values)


_WISHES: Sequence[tuple[str, Callable[..., dict[str, Any]]]] = (
    (r"priority (\d+)", lambda p: {"priority": int(p)}),
    (r"at most ([\d.]+) s", lambda s: {"max_wait_s": float(s)}),
    (r"ways out ([\w ]+)", lambda ways: {"exits": frozenset(ways.split())}),
    (r"asking for (.+)", lambda text: {"requirement": Requirement.parse(text)}),
    (r"asking only for (.+)", lambda text: {"requirement": Requirement.parse(text), "alone": True}),
    (r"preferring (\w+) for ([\d.]+) s", lambda a, s: {"prefer": a, "prefer_wait_s": float(s)}),
    (
        r"last with (\w+) (\d+) days ago",
        lambda a, days: {"last_agent": a, "last_agent_at": START - int(days) * 86400.0},
    ),
)


def _callback(call_id: str, group: str, entry: str) -> Event:
    return callback_events.CallbackPlaced(entry, call_id, group, "+4930123", "en")


def _promised(entry: str, group: str, call_id: str, clock: str) -> Event:
    due_at = START + _seconds(clock)
    return callback_events.CallbackPlaced(entry, call_id, group, "+4930123", "en", due_at=due_at)


# What a line says → the event. The groups of the pattern are the arguments.
LANGUAGE: Sequence[tuple[str, Callable[..., Event]]] = (
    (r"(c\d+) arrives", _arrived),
    (r"(\w+) dials (c\d+)", _dialled),
    (r"(\w+) dials (c\d+) outside", _dials_outside),
    (r"(c\d+) enters flow (\w+)", events.FlowStarted),
    (r"(c\d+) queues for (\w+)", events.CallQueued),
    (r"(c\d+) queues for (\w+) with priority (\d+)", lambda c, g, p: events.CallQueued(c, g, int(p))),
    (
        r"(c\d+) queues for (\w+) for at most (\d+) s",
        lambda c, g, s: events.CallQueued(c, g, max_wait_s=float(s)),
    ),
    (
        r"(c\d+) queues for (\w+) while it is staffed",
        lambda c, g: events.CallQueued(c, g, exits=frozenset({"no_agents"})),
    ),
    (
        r"(c\d+) queues for (\w+) unless it is full",
        lambda c, g: events.CallQueued(c, g, exits=frozenset({"full"})),
    ),
    (
        r"(c\d+) queues for (\w+) until it closes",
        lambda c, g: events.CallQueued(c, g, exits=frozenset({"closed"})),
    ),
    (
        r"(c\d+) queues for (\w+) with a way out by (\w+)",
        lambda c, g, way: events.CallQueued(c, g, exits=frozenset({way})),
    ),
    (
        r"(c\d+) queues for (\w+) asking for (.+)",
        lambda c, g, text: events.CallQueued(c, g, requirement=Requirement.parse(text)),
    ),
    (
        r"(c\d+) queues for (\w+) asking only for (.+)",
        lambda c, g, text: events.CallQueued(c, g, requirement=Requirement.parse(text), alone=True),
    ),
    (
        r"(c\d+) queues for (\w+) preferring (\w+) for (\d+) s",
        lambda c, g, a, s: events.CallQueued(c, g, prefer=a, prefer_wait_s=float(s)),
    ),
    (
        r"(c\d+), who talked to (\w+) (\d+) days ago, queues for (\w+)",
        lambda c, a, days, g: events.CallQueued(
            c, g, last_agent=a, last_agent_at=START - int(days) * 86400.0
        ),
    ),
    (r"(c\d+) queues for (\w+), (.+)", _queues),
    (r"(c\d+) is to be called back for (\w+) by (c\d+)", _callback),
    (r"(c\d+) is promised to be called back for (\w+) by (c\d+) at ([\d:]+)", _promised),
    (r"(c\d+) reaches its customer", callback_events.CallbackReached),
    (r"(c\d+) does not reach its customer", lambda c: callback_events.CallbackNotReached(c, "busy")),
    (
        r"(c\d+) finds no free line",
        lambda c: callback_events.CallbackNotReached(c, "trunks-full", counts=False),
    ),
    (
        r"(c\d+) must not be dialled",
        lambda c: callback_events.CallbackNotReached(c, "not-allowed", counts=False, final=True),
    ),
    (r"(c\d+) is withdrawn", callback_events.CallbackWithdrawn),
    (r"(\w+) may be called", lambda group: callback_events.CallbackHours(group, open=True)),
    (r"(\w+) may not be called", lambda group: callback_events.CallbackHours(group, open=False)),
    (r"(\w+) closes", events.GroupClosed),
    (r"it is (\d+) o'clock", lambda hour: events.HourBegan(int(hour))),
    (r"(c\d+) leaves the line by key", events.CallLeftLine),
    (r"(c\d+) takes step (\w+)", lambda c, step: events.FlowNoted(c, _step_taken(step))),
    (r"(c\d+) is recorded as (\w+)", events.RecordingStarted),
    (r"(\w+) of (c\d+) is kept", lambda name, c: events.FlowNoted(c, _sound(name))),
    (r"nothing of (c\d+) is kept", events.RecordingDropped),
    (r"(c\d+) is for (\w+)", events.CallDirected),
    (r"(c\d+) hangs up", events.CallEnded),
    (r"(c\d+) is hung up by us", lambda c: events.CallEnded(c, EndedBy.SYSTEM)),
    (r"(c\d+) rings", events.OfferAlerting),
    (r"(c\d+) is answered", events.OfferAnswered),
    (r"(c\d+) is not taken: (\w+)", lambda c, why: events.OfferEnded(c, OfferFailure(why))),
    (r"(c\d+) loses its agent", events.AgentHungUp),
    (r"(c\d+) is left by (\d+)", events.AgentDisconnected),
    (r"(c\d+) is held", events.CallHeld),
    (r"(c\d+) is resumed", events.CallResumed),
    (r"(c\d+) is held on (\d+)", events.CallHeld),
    (r"(c\d+) is resumed on (\d+)", events.CallResumed),
    (r"(c\d+) is sent to (\d+)", events.CallBlindTransferred),
    (r"(c\d+) is joined with (c\d+)", events.CallAttendedTransferred),
    (r"(c\d+) takes over from (c\d+) who is on (\d+)", events.OwnCallsJoined),
    (r"(c\d+) is taken back", lambda c: events.CallTakenBack(c, "refused")),
    (r"(c\d+) asks again", events.CallerReturned),
    (r"(c\d+) asks no more", events.CallerAway),
    (r"(c\d+) was in the fallback queue", events.FallbackServed),
    (r"(c\d+) was connected with (\w+) by the fallback queue", events.FallbackServed),
    (r"(c\d+) has been served by the fallback queue", lambda c: events.FallbackServed(c, over=True)),
    (r"(c\d+) dials out over (\w+) for (\w+)", _dials_out),
    (r"(c\d+) is taken by the trunk", lambda c: outside_events.OutsideAlerting(c, rings=False)),
    (r"(c\d+) rings outside", outside_events.OutsideAlerting),
    (r"(c\d+) is answered outside", outside_events.OutsideAnswered),
    (r"(c\d+) fails outside: (\w+)", lambda c, why: outside_events.OutsideFailed(c, DialFailure(why))),
    (r"(c\d+) is left outside", outside_events.OutsideLeft),
    (r"(c\d+) is found talking on (\d+)", events.ConversationFound),
    (r"(w?\d+) is idle", lambda p: events.PhoneChanged(p, reachable=True, in_use=False)),
    (r"(\d+) is in use", lambda p: events.PhoneChanged(p, reachable=True, in_use=True)),
    (r"(w?\d+) is gone", lambda p: events.PhoneChanged(p, reachable=False, in_use=False)),
    (r"(\w+) logs in on (\d+)", events.AgentLoggedIn),
    (r"(\w+) logs out", events.AgentLoggedOut),
    (r"(\w+) opens a desktop", events.DesktopOpened),
    (r"the desktop of (\w+) is gone", events.DesktopClosed),
    (r"(\w+) goes ready", events.AgentWentReady),
    (r"(\w+) goes not ready: (\S+)", events.AgentWentNotReady),
    (r"(\w+) takes it back", events.PendingRevoked),
    (r"(\w+) wants wrap-up", events.WrapUpWanted),
    (r"(\w+) extends the wrap-up", events.WrapUpExtended),
    (r"(\w+) ends the wrap-up", events.WrapUpDone),
    (r"(\w+) is made to end the wrap-up", lambda agent: events.WrapUpDone(agent, forced=True)),
    (r"(\w+) is made ready", lambda agent: events.AgentWentReady(agent, forced=True)),
    (r"(\w+) records (\w+) for (c\d+)", lambda agent, code, c: events.CallDisposed(c, agent, code)),
    (r"(c\d+) is moved to (\w+) by (\w+)", events.CallMoved),
    (r"(c\d+) gets priority (\d+) from (\w+)", lambda c, p, by: events.CallPrioritised(c, int(p), by)),
    (r"it is ([\d-]+)", events.DayBegan),
    (r"asterisk is away", events.DispatchSuspended),
    (r"the floor is known", events.DispatchResumed),
    (r"still there:(.*)", lambda ids: events.FloorSeen(frozenset(ids.split()))),
)


def event_of(text: str) -> Event:
    """The event that a line speaks of. Raises ValueError for an unknown sentence."""
    for pattern, make in LANGUAGE:
        if match := re.fullmatch(pattern, text):
            return make(*match.groups())
    raise ValueError(f"no such sentence: {text!r}")


def show(command: Command) -> str | None:
    """A command as a scenario names it; None for those not shown."""
    match command:
        case commands.HoldInLine(call_id, group):
            return f"HoldInLine {call_id} {group}"
        case commands.LeaveLine(call_id, how, way):
            return f"LeaveLine {call_id} {how}" + (f" {way}" if way else "")
        case commands.AnnounceInLine(call_id, _, name):
            return f"AnnounceInLine {call_id} {name}"
        case commands.Offer(call_id, agent):
            return f"Offer {call_id} {agent}"
        case commands.DialOut(call_id, trunk):
            return f"DialOut {call_id} {trunk}"
        case commands.CallBack(call_id):
            return f"CallBack {call_id}"
        case commands.NoteCallback(note):
            return f"NoteCallback {note.callback} {note.news}"
        case commands.CancelOffer(call_id) | commands.ContinueCall(call_id) | commands.CallMerged(call_id):
            return f"{type(command).__name__} {call_id}"
        case commands.RefuseDirect(call_id, agent, failure):
            return f"RefuseDirect {call_id} {agent} {failure}"
        case commands.StoreCall(call):
            return f"StoreCall {call.id}"
    return None


class Player:
    """Plays one scenario against a fresh engine; every step is checked by the bookkeeper, too."""

    def __init__(
        self, plan: Plan, *, lenient: bool = False, make_engine: Callable[[Plan], Engine] = Engine
    ) -> None:
        self.books = Bookkeeper(plan, make_engine)
        self.books.now = START
        self._lenient = lenient
        self._ended: dict[str, EndedBy] = {}

    def play(self, steps: Sequence[Step]) -> None:
        """Raises AssertionError with the line that went wrong."""
        for step in steps:
            try:
                self._play(step)
            except AssertionError as error:
                raise AssertionError(f"{step.text.strip()}\n{error}") from None

    def _play(self, step: Step) -> None:
        self._pass_time(START + step.at_s, is_timer=step.happens == "timer")
        said = self._happen(step.happens)
        self.books.check()
        if step.expected is None:
            return
        told = [text for text in step.expected if text.split()[0] in _COMMANDS]
        assert said == told, f"commands: {'; '.join(said) or 'none'}"
        for claim in step.expected:
            if claim not in told:
                self._check(claim)

    def _pass_time(self, until: float, *, is_timer: bool) -> None:
        deadline = self.books.engine.next_deadline()
        while deadline is not None and (deadline < until or (deadline == until and not is_timer)):
            done = self.meet_deadline()
            assert self._lenient or not done, f"unexpected at {_clock(deadline)}: {done}"
            deadline = self.books.engine.next_deadline()
        assert not is_timer or deadline == until, f"the next deadline is {_clock(deadline)}"
        if not is_timer:
            self.books.now = max(self.books.now, until)

    def meet_deadline(self) -> list[Command]:
        """Time passes until the next one; what the engine does then."""
        deadline = self.books.engine.next_deadline()
        assert deadline is not None
        return self.books.advance(max(0.0, deadline - self.books.now))

    def _happen(self, what: str) -> list[str]:
        try:
            done = self.do(what)
        except RequestRefused as refused:
            return [f"refused {refused.code}"]
        for command in done:
            if isinstance(command, commands.StoreCall):
                self._ended[command.call.id] = next(
                    fact.by for fact in command.call.facts if isinstance(fact, Ended)
                )
        return [text for command in done if (text := show(command)) is not None]

    def do(self, what: str) -> list[Command]:
        """What a line says. Raises RequestRefused, and ValueError for an unknown sentence."""
        if what == "timer":
            return self.meet_deadline()
        if what == "we are killed and start again":
            return self.books.restart()
        if what.startswith("on shift:"):
            return self._shift(what.removeprefix("on shift:"))
        if match := re.fullmatch(r"the plan becomes (\w+)", what):
            return self.books.feed(events.PlanChanged(BY_NAME[match[1]]), swallow=False)
        if match := re.fullmatch(r"the clock goes back ([\d.]+) s", what):
            return self.books.clock_back(float(match[1]))
        if match := re.fullmatch(r"we stand still for ([\d.]+) s", what):
            return self.books.stand_still(float(match[1]))
        return self.books.feed(event_of(what), swallow=False)

    def _shift(self, text: str) -> list[Command]:
        for pair in text.split(","):
            agent, phone = pair.split()
            self.books.feed(events.PhoneChanged(phone, reachable=True, in_use=False))
            self.books.feed(events.AgentLoggedIn(agent, phone))
            self.books.feed(events.AgentWentReady(agent))
        return []

    # --- claims -------------------------------------------------------------------------------
    def _check(self, claim: str) -> None:
        who, _, what = claim.partition(" ")
        if who == "next":
            found = _clock(self.books.engine.next_deadline())
        elif what == "unknown":
            found = "known" if who in self.books.engine.floor.agents else "unknown"
        elif who in self.books.engine.floor.agents:
            agent = self.books.engine.floor.agents[who]
            found = agent.state.value + (f"({agent.reason})" if agent.reason else "")
        else:
            found = self._call(who, what)
        assert found == what, f"{who} is {found}, not {what}"

    def _call(self, call_id: str, what: str) -> str:
        """What is true of the call, in the words of the claim."""
        floor = self.books.engine.floor
        call = floor.calls.get(call_id)
        if what.startswith("ended by"):
            return f"ended by {self._ended.get(call_id)}"
        if call is None:
            return "forgotten"
        if what.startswith("with "):
            return f"with {call.agent}"
        if what.startswith("ring "):
            return f"ring {call.ring}"
        if what.startswith("priority "):
            return f"priority {call.priority}"
        if what.endswith(" done by steps"):
            return f"has {sum(isinstance(fact, PolicyApplied) for fact in call.facts)} done by steps"
        _, within, rest = what.partition(" in ")
        if within:
            place = floor.router.lines[rest].position(call_id, self.books.now)
            return f"{next((o for o, n in ORDINALS.items() if n == place), 'not')} in {rest}"
        if what.endswith("on hold"):
            return "on hold" if call.on_hold else "not on hold"
        return CallState(call.state).value


_COMMANDS = frozenset(
    {
        "HoldInLine",
        "LeaveLine",
        "AnnounceInLine",
        "Offer",
        "CancelOffer",
        "CallBack",
        "NoteCallback",
        "DialOut",
        "RefuseDirect",
        "ContinueCall",
        "StoreCall",
        "CallMerged",
        "refused",
    }
)


def _clock(at: float | None) -> str:
    if at is None:
        return "never"
    minutes, seconds = divmod(at - START, 60)
    return f"{int(minutes):02}:{seconds:02.0f}"
