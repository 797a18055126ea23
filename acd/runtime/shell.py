"""Feeds the engine and carries out what it answers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import fields
from functools import partial
from time import perf_counter
from typing import Any, TypeVar

import structlog

from acd.core import commands, events
from acd.core.agents import Agent
from acd.core.callback_facts import CallbackNote
from acd.core.calls import Call
from acd.core.engine import Engine
from acd.core.events import DispatchSuspended, Event, PhoneChanged
from acd.core.facts import AgentInterval
from acd.core.ports import Mirror, Recorder, Switch
from acd.errors import RequestRefused
from acd.runtime.control import STANDBY
from acd.runtime.log_words import about
from acd.runtime.observers import Observer

log = structlog.get_logger(__name__)

FROZEN_S = 3.0
TICK_S = 0.5
ASKED_FOR = (
    events.AgentLoggedIn,
    events.AgentLoggedOut,
    events.AgentWentReady,
    events.AgentWentNotReady,
    events.PendingRevoked,
    events.WrapUpWanted,
    events.WrapUpExtended,
    events.WrapUpDone,
    events.CallDisposed,
    events.CallMoved,
    events.CallPrioritised,
)
"""What agents and supervisors ask for; somebody waits for the answer."""

T = TypeVar("T")
_NOBODY = Context()
Kept = Mapping[str, Mapping[str, Any]]
Continue = Callable[[str], None]
Refused = Callable[[commands.RefuseDirect], None]
Left = Callable[[commands.LeaveLine], None]
Announce = Callable[[commands.AnnounceInLine], None]


class Shell:
    """The engine's only user. Everything runs in one event loop, so nothing needs a lock.

    `on_continue(call_id)`, `on_refused(command)` and `on_left(command)` decide what becomes of a caller
    in hand; `on_ended(call_id)` is called when a call has ended, and `on_frozen` when the process has stood
    still for so long that the floor must be looked at anew; `on_announce(command)` has a waiting caller hear
    something. `on_call_back` dials a callback's customer, `on_note` keeps what became of one. `observer` is
    told of what has changed, and `on_offered` how many seconds an offer has taken since its event.
    `may_decide` is called before each decision, and does not return where another controller may lead.
    """

    def __init__(
        self, engine: Engine, clock: Callable[[], float], mirror: Mirror, recorder: Recorder
    ) -> None:
        self.engine = engine
        self.clock = clock
        self._mirror = mirror
        self._recorder = recorder
        self._switch: Switch | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._last_tick = clock()
        self._is_answering = False
        self._came_of_it: deque[Event] = deque()
        # Bound once: asked for a method, the module's logger looks it up anew, thirty times in a call.
        self._debug = log.bind().debug
        self.on_continue: Continue = lambda _call_id: None
        self.on_refused: Refused = lambda _command: None
        self.on_left: Left = lambda _command: None
        self.on_announce: Announce = lambda _command: None
        self.on_ended: Continue = lambda _call_id: None
        self.on_call_back: Callable[[commands.CallBack], None] = lambda _command: None
        self.on_note: Callable[[CallbackNote], None] = lambda _note: None
        self.on_frozen: Callable[[], None] = lambda: None
        self.on_offered: Callable[[float], None] = lambda _took_s: None
        self.may_decide: Callable[[], None] = lambda: None
        self._has_resigned = False
        self.observer: Observer | None = None
        self._began = perf_counter()  # when the event at hand came

    def attach(self, switch: Switch) -> None:
        """From here on commands reach Asterisk."""
        self._switch = switch

    def restore(self) -> None:
        """Begin with what the mirror kept."""
        kept = self._mirror.load()
        agents = self._read(kept, "agent:", Agent.from_dict)
        calls = self._read(kept, "call:", Call.from_dict)
        live = [call for call in calls if not call.finished]
        over = {call.id: call for call in calls if call.finished}
        lost = [over.get(call.id, call) for call in self._read(kept, "lost:", Call.from_dict)]
        self._carry_out(self.engine.restore(agents, live, self.clock(), lost))
        for interval in self._read(kept, "interval:", lambda value: AgentInterval(**value)):
            self._store_interval(interval)
        for call in over.values():
            self._store_call(call)
        self._arm()

    def _read(self, kept: Kept, prefix: str, read: Callable[[Mapping[str, Any]], T]) -> list[T]:
        """The entries of a kind. One that this version cannot read is set aside, not in the way."""
        found = []
        for key, value in kept.items():
            if not key.startswith(prefix):
                continue
            try:
                found.append(read(value))
            except (TypeError, KeyError, ValueError) as error:
                log.error("kept state cannot be read and is set aside", key=key, reason=str(error))
                self._mirror.put(f"unreadable:{key}", value)
                self._mirror.drop(key)
        return found

    def feed(self, event: Event) -> None:
        """One event. Raises RequestRefused for an agent's request that cannot be granted.

        What comes of carrying out an answer of the engine's waits until all of that has been carried out.
        """
        if self._is_answering:
            self._came_of_it.append(event)
            return
        self._began = perf_counter()
        if self._has_resigned:
            if isinstance(event, ASKED_FOR):
                raise RequestRefused(STANDBY, "another controller is taking over; it is to be asked")
            return
        self.may_decide()
        now = self.clock()
        self._notice_freeze(now)
        self._debug("event", event_=event)
        try:
            self._carry_out(self.engine.handle(event, now))
        finally:
            self._arm()
        if isinstance(event, PhoneChanged):
            self._tell_phone(event.phone)

    def _tell_phone(self, phone: str) -> None:
        """No command says so: to those who are mirrored a phone is nothing."""
        if self.observer is not None:
            self.observer.phone_changed(phone)

    async def tick(self) -> None:
        """For ever: notice when the process was frozen (stopped, or starved for seconds)."""
        while True:
            await asyncio.sleep(TICK_S)
            if not self._has_resigned:
                self.may_decide()
            self._notice_freeze(self.clock())
            self._arm()

    def _notice_freeze(self, now: float) -> None:
        frozen, self._last_tick = now - self._last_tick > FROZEN_S, now
        if frozen:
            log.warning("the controller stood still, looking at the floor anew")
            self._do(self.engine.handle(DispatchSuspended(), now))  # failures must not cost the event at hand
            self.on_frozen()

    # --- the timer ----------------------------------------------------------------------------
    def _arm(self) -> None:
        deadline = None if self._has_resigned else self.engine.next_deadline()
        if deadline == self._timer_at and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timer_at = deadline
        if deadline is not None:
            delay = max(0.0, deadline - self.clock())
            loop = asyncio.get_running_loop()
            # Whom the event at hand is about, the next deadline may not be: the log would say so.
            self._timer = loop.call_later(delay, self._fire, deadline, context=_NOBODY)

    def _fire(self, deadline: float) -> None:
        self._timer = None
        self.may_decide()
        self._began = perf_counter()
        now = max(deadline, self.clock())  # the loop may fire a hair early
        self._notice_freeze(now)
        try:
            self._carry_out(self.engine.handle_timer(now))
        finally:
            self._arm()

    def resign(self) -> None:
        """Another controller is to decide from now on: what comes is not for us any more.

        What happens the next one learns from Asterisk; what somebody asks for is refused, not lost.
        """
        self._has_resigned = True
        self.close()

    def close(self) -> None:
        """No more timers."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- commands -----------------------------------------------------------------------------
    def _carry_out(self, todo: list[commands.Command]) -> None:
        """An answer of the engine's, and what came of it. The first failure is raised when all is done."""
        if failures := self._do(todo):
            raise failures[0]

    def _do(self, todo: list[commands.Command]) -> list[Exception]:
        """The answer, and then, one by one, the events that came of it; the failures, which are logged.

        The engine has moved on already, so one command that fails must not cost the others, a record among
        them.
        """
        failures: list[Exception] = []
        self._is_answering = True
        try:
            with self._mirror.together():
                self._run(todo, failures)
                while self._came_of_it:
                    self._take_in(self._came_of_it.popleft(), failures)
        finally:
            self._is_answering = False
        return failures

    def _take_in(self, event: Event, failures: list[Exception]) -> None:
        self._debug("event", event_=event)
        try:
            todo = self.engine.handle(event, self.clock())
        except Exception as error:
            log.exception("an event failed", event_=type(event).__name__, **about(event))
            failures.append(error)
        else:
            self._run(todo, failures)
            if isinstance(event, PhoneChanged):
                self._tell_phone(event.phone)

    def _run(self, todo: list[commands.Command], failures: list[Exception]) -> None:
        """In order, but phones are rung first: keeping books must not make a caller wait."""
        offers = [c for c in todo if isinstance(c, commands.Offer)]
        for command in offers + [c for c in todo if not isinstance(c, commands.Offer)]:
            self._debug("command", command=command)
            try:
                self._run_one(command)
            except Exception as error:
                log.exception("a command failed", command=type(command).__name__, **about(command))
                failures.append(error)
            else:
                if isinstance(command, commands.Offer):
                    self.on_offered(perf_counter() - self._began)

    def _run_one(self, command: commands.Command) -> None:
        match command:
            case commands.CallChanged(call_id):
                call = self.engine.floor.calls[call_id]
                self._mirror.put(f"call:{call_id}", call.to_dict())
                if self.observer is not None:
                    self.observer.call_changed(call)
            case commands.AgentChanged(agent_id):
                agent = self.engine.floor.agents[agent_id]
                self._mirror.put(f"agent:{agent_id}", agent.to_dict())
                if self.observer is not None:
                    self.observer.agent_changed(agent)
            case commands.CallMerged(call_id):
                self._mirror.drop(f"call:{call_id}")
                if self.observer is not None:
                    self.observer.call_merged(call_id)
            case commands.StoreCall(call):
                self._store_call(call)
            case commands.StoreInterval(interval):
                self._store_interval(interval)
            case commands.LostCallChanged(call_id):
                self._mirror.put(f"lost:{call_id}", self.engine.floor.lost[call_id].to_dict())
            case commands.LostCallForgotten(call_id):
                self._mirror.drop(f"lost:{call_id}")
                if self._switch is not None and call_id not in self.engine.floor.calls:
                    self._switch.forget(call_id)
            case _:
                self._about_caller(command)

    def _about_caller(self, command: commands.Command) -> None:
        match command:
            case commands.ContinueCall(call_id):
                self.on_continue(call_id)
            case commands.RefuseDirect():
                self.on_refused(command)
            case commands.LeaveLine():
                self.on_left(command)
            case commands.AnnounceInLine():
                self.on_announce(command)
            case commands.CallBack():
                self.on_call_back(command)
            case commands.NoteCallback(note):
                self.on_note(note)
            case _:
                self._to_switch(command)

    def _to_switch(self, command: commands.Command) -> None:
        if isinstance(command, commands.AgentForgotten):
            self._mirror.drop(f"agent:{command.agent}")
            if self.observer is not None:
                self.observer.agent_forgotten(command.agent)
        if self._switch is None:
            return
        match command:
            case commands.HoldInLine(call_id, group):
                self._switch.hold_in_line(call_id, group, self.engine.floor.plan.groups[group].music)
            case commands.Offer():
                self._switch.offer(command)
            case commands.DialOut():
                self._switch.dial_out(command)
            case commands.CancelOffer(call_id):
                self._switch.cancel_offer(call_id)

    def _is_stored(self, call: Call) -> None:
        if call.finished:  # else it was taken for lost, and has been found again meanwhile
            self._mirror.drop(f"call:{call.id}")

    def _store_call(self, call: Call) -> None:
        """A call stays in the mirror until it is finished and its record is safe."""
        key = f"call:{call.id}"
        self._mirror.put(key, call.to_dict())
        stored: Callable[[], None] = partial(self._is_stored, call) if call.finished else _nothing
        self._recorder.store_call(call.id, tuple(call.facts), stored)
        self.on_ended(call.id)
        if self.observer is not None:
            self.observer.call_changed(call)
        if self._switch is not None and call.id not in self.engine.floor.lost:  # one that may go on still
            self._switch.forget(call.id)

    def _store_interval(self, interval: AgentInterval) -> None:
        key = f"interval:{interval.agent}:{interval.since:.6f}"
        value: dict[str, Any] = {field.name: getattr(interval, field.name) for field in fields(interval)}
        self._mirror.put(key, value)
        self._recorder.store_interval(interval, partial(self._mirror.drop, key))


def _nothing() -> None:
    """A call whose wrap-up is open stays in the mirror."""
