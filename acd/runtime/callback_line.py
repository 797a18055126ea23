"""Wishes to be called back in groups that call back by themselves: their places in line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog

from acd.core.callback_entry import in_line
from acd.core.callback_events import CallbackHours, CallbackPlaced, CallbackWithdrawn
from acd.core.callback_facts import CallbackNews, CallbackNote, entry_id
from acd.core.calls import Call, CallState
from acd.core.facts import CallbackOrder, CallKind
from acd.core.ports import Mirror, Recorder
from acd.errors import RequestRefused
from acd.ivr.hours import Calendar, CalendarState
from acd.runtime.callback_calls import ON_THE_LIST
from acd.runtime.control import Handler, Request, text_of
from acd.runtime.dial_plan import DialPlan, Permit
from acd.runtime.shell import Shell
from acd.settings.centre_now import CentreView

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 5.0
_PREFIX = "callback-note:"
_ENDS = frozenset({CallbackNews.DONE, CallbackNews.FAILED, CallbackNews.EXPIRED})
_STATES = {
    CallState.RINGING: "agent is rung",
    CallState.IVR: "being dialled",
    CallState.DIALING_OUT: "being dialled",
    CallState.TALKING: "talking",
}


class CallbackLine:
    """Puts wishes in line, keeps what becomes of them, and tells the engine when customers may be called.

    `on_closed`: the database has the end of this entry, so that its number may ask again.
    """

    def __init__(self, centre: CentreView, shell: Shell, mirror: Mirror, recorder: Recorder) -> None:
        self._centre = centre
        self._shell = shell
        self._mirror = mirror
        self._recorder = recorder
        self._plan = DialPlan(centre)
        self._open: dict[str, bool] = {}
        self.on_closed: Callable[[str], None] = lambda _entry: None
        shell.on_note = self.note

    # --- wishes -------------------------------------------------------------------------------
    def may_be_called(self, number: str) -> bool:
        """Whether the number is not on the do-not-call list."""
        return number not in self._centre.do_not_call

    def refusal(self, group: str, number: str) -> str | None:
        """Why the number cannot be called back for this group; None: it can."""
        if not self.may_be_called(number):
            return ON_THE_LIST
        if not self._is_automatic(group):
            return None
        outside = self._plan.outside(number)
        if outside is None or not isinstance(self._plan.permit_for_flow(outside), Permit):
            return "this number cannot be dialled from here"
        return None

    def place(self, order: CallbackOrder) -> None:
        """Into the line, where the group calls back by itself; not a second time."""
        if not self._is_automatic(order.group) or order.for_agent is not None:
            return  # for people
        entry = entry_id(order.call_id, order.at)
        noted = any(key.startswith(f"{_PREFIX}{entry}:") for key in self._mirror.load())
        if f"call:{entry}" not in self._mirror.load() and not noted:
            wish = (order.call_id, order.group, order.number, order.language)
            self._shell.feed(CallbackPlaced(entry, *wish, due_at=order.due_at))

    def known(self) -> frozenset[str]:
        """Entries of which the mirror has anything: where they stand, or what has become of them."""
        keys = self._mirror.load()
        noted = {key.removeprefix(_PREFIX).rpartition(":")[0] for key in keys if key.startswith(_PREFIX)}
        return frozenset(noted | {key.removeprefix("call:") for key in keys if key.startswith("call:")})

    def take_back(self, order: CallbackOrder, tried_at: Sequence[float]) -> bool:
        """One that the mirror has lost and the database has as open: into the line as it was; tells whether.

        Not where its time has passed, or the number may no longer be called: it is left to people.
        """
        policy = self._shell.engine.floor.plan.groups.get(order.group)
        if policy is None or policy.callbacks is None or self.refusal(order.group, order.number) is not None:
            return False
        begun_at = max(order.at, order.due_at or order.at)
        if begun_at + policy.callbacks.expire_after_s <= self._shell.clock() or order.for_agent is not None:
            return False
        self._shell.feed(
            CallbackPlaced(
                entry_id(order.call_id, order.at),
                order.call_id,
                order.group,
                order.number,
                order.language,
                wanted_at=order.at,
                tries=len(tried_at),
                tried_at=max(tried_at, default=None),
                due_at=order.due_at,
            )
        )
        return True

    def _is_automatic(self, group: str) -> bool:
        plan = self._shell.engine.floor.plan
        policy = plan.groups.get(plan.heir(group) or "")
        return policy is not None and policy.callbacks is not None

    # --- what becomes of them -------------------------------------------------------------------
    def restore(self, kept: Mapping[str, Mapping[str, Any]]) -> None:
        """Write what the database has not got yet."""
        for key, value in list(kept.items()):
            if not key.startswith(_PREFIX):
                continue
            try:
                note = CallbackNote(**value)
            except TypeError as error:
                log.error("what became of a callback cannot be read", key=key, reason=str(error))
                self._mirror.put(f"unreadable:{key}", value)
                self._mirror.drop(key)
                continue
            self._recorder.note_callback(note, partial(self._noted, key, note))

    def note(self, note: CallbackNote) -> None:
        """Keep it until the database has it."""
        key = f"{_PREFIX}{note.callback}:{note.at:.6f}"
        self._mirror.put(key, {field.name: getattr(note, field.name) for field in fields(note)})
        self._recorder.note_callback(note, partial(self._noted, key, note))

    def _noted(self, key: str, note: CallbackNote) -> None:
        self._mirror.drop(key)
        if note.news in _ENDS:
            self.on_closed(note.callback)

    def withdraw_but(self, open_entries: Collection[str], stored: Collection[str]) -> None:
        """At the start: those that people have closed or taken over meanwhile leave the line."""
        for call in list(self._calls()):
            if call.id in stored and call.id not in open_entries:
                self._shell.feed(CallbackWithdrawn(call.id))

    # --- requests -------------------------------------------------------------------------------
    def handlers(self) -> dict[str, Handler]:
        """For the control socket."""
        return {"callbacks": self._picture, "callback-withdraw": self._withdraw}

    def _picture(self, _request: Request) -> Mapping[str, Any]:
        """Those that are worked off by themselves now, by the id of the entry."""
        return {"callbacks": {call.id: self._shown(call) for call in self._calls()}}

    def _shown(self, call: Call) -> dict[str, Any]:
        floor, now = self._shell.engine.floor, self._shell.clock()
        line = floor.router.lines.get(call.group or "")
        position = line.position(call.id, now) if line is not None else None
        if call.state is not CallState.WAITING:
            state = _STATES.get(call.state, "talking")
        elif position is not None:
            state = f"in line at place {position}"
        elif call.try_at is not None:
            state = "waits for the next try"
        else:
            state = "waits for the time to call"
        shown = {"state": state, "position": position, "agent": call.agent, "tries": call.tries}
        return {**shown, "next_at": call.try_at, "expires_at": call.expires_at}

    def _withdraw(self, request: Request) -> Mapping[str, Any]:
        entry = text_of(request, "entry")
        return {"was_in_line": self.withdraw(entry)}

    def withdraw(self, entry: str) -> bool:
        """Out of the line, for people; whether it was there. Raises RequestRefused while it is dialled."""
        call = self._shell.engine.floor.calls.get(entry)
        self._shell.feed(CallbackWithdrawn(entry))
        if call is not None and call.state is not CallState.ENDED:
            raise _busy()
        return call is not None

    def check_free(self, entry: str) -> None:
        """Raises RequestRefused where `withdraw` would."""
        call = self._shell.engine.floor.calls.get(entry)
        if call is not None and call.state is not CallState.ENDED and not in_line(call):
            raise _busy()

    def _calls(self) -> list[Call]:
        calls = self._shell.engine.floor.calls.values()
        return [c for c in calls if c.kind is CallKind.CALLBACK and c.state is not CallState.ENDED]

    # --- hours ----------------------------------------------------------------------------------
    def tell_closed(self) -> None:
        """Whose customers may not be called now; told before a plan that may want them called."""
        now = datetime.fromtimestamp(self._shell.clock(), UTC)
        for group, calendar in self._centre.callback_windows.items():
            if not _is_open(calendar, now):
                self._tell(group, is_open=False)

    def tell_hours(self) -> None:
        """Whose customers may be called now, if that has changed."""
        now = datetime.fromtimestamp(self._shell.clock(), UTC)
        windows = self._centre.callback_windows
        for group in self._open.keys() - windows.keys():  # a reload has taken its hours away
            del self._open[group]
            self._shell.feed(CallbackHours(group, True))
        for group, calendar in windows.items():
            self._tell(group, is_open=_is_open(calendar, now))

    def _tell(self, group: str, *, is_open: bool) -> None:
        if self._open.get(group) is not is_open:
            self._open[group] = is_open
            self._shell.feed(CallbackHours(group, is_open))

    async def run(self) -> None:
        """For ever."""
        while True:
            self.tell_hours()
            await asyncio.sleep(LOOK_AGAIN_S)


def _busy() -> RequestRefused:
    text = "the customer is being called back at this moment; wait for the end of that"
    return RequestRefused("callback-busy", text)


def _is_open(calendar: Calendar, now: datetime) -> bool:
    return calendar.state(now) is CalendarState.OPEN
