"""What stands around the shell and the reception in these tests, made by hand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from acd.core import events
from acd.core.commands import Offer
from acd.core.facts import AgentInterval, CallbackOrder, Customer, Fact
from acd.core.ports import Ask, AskKind, Refusal
from acd.errors import TelephonyError
from acd.ivr.flow import Prompt, Speech
from acd.runtime.reception import Reception
from acd.runtime.shell import Shell
from acd.settings.load import load_centre
from acd.settings.model import Centre

CHECKOUT = Path(__file__).parents[2]
START = 1_795_348_800.0
CUSTOMER = Customer("k7", "王芳", "gold")


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class FakeMirror:
    """A mirror in a dict."""

    def __init__(self, kept: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.values: dict[str, Mapping[str, Any]] = dict(kept or {})

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep."""
        self.values[key] = value

    def drop(self, key: str) -> None:
        """Forget."""
        self.values.pop(key, None)

    def load(self) -> Mapping[str, Mapping[str, Any]]:
        """All of it."""
        return dict(self.values)

    def keys(self, kind: str) -> list[str]:
        """The keys that begin like this."""
        return [key for key in self.values if key.startswith(kind + ":")]


class FakeRecorder:
    """Takes what is to be stored; the test says when it is safe."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Sequence[Fact]]] = []
        self.intervals: list[AgentInterval] = []
        self.callbacks: list[CallbackOrder] = []
        self.waiting: list[Callable[[], None]] = []

    def store_call(self, call_id: str, facts: Sequence[Fact], on_stored: Callable[[], None]) -> None:
        """A call."""
        self.calls.append((call_id, facts))
        self.waiting.append(on_stored)

    def store_interval(self, interval: AgentInterval, on_stored: Callable[[], None]) -> None:
        """A stretch of an agent's day."""
        self.intervals.append(interval)
        self.waiting.append(on_stored)

    def store_callback(self, order: CallbackOrder, on_stored: Callable[[], None]) -> None:
        """A wish to be called back."""
        self.callbacks.append(order)
        self.waiting.append(on_stored)

    def all_safe(self) -> None:
        """The database has everything."""
        for on_stored in self.waiting:
            on_stored()
        self.waiting.clear()


class FakeSwitch:
    """Keeps what it was told to do."""

    def __init__(self) -> None:
        self.done: list[tuple[str, ...]] = []
        self.forgotten: list[str] = []

    def hold_in_line(self, call_id: str, group: str, music: str) -> None:
        """Music."""
        self.done.append(("hold", call_id, group, music))

    def offer(self, offer: Offer) -> None:
        """Ring."""
        self.done.append(("offer", offer.call_id, offer.phone))

    def cancel_offer(self, call_id: str) -> None:
        """Ring no more."""
        self.done.append(("cancel", call_id))

    def hang_up(self, call_id: str, refusal: Refusal) -> None:
        """End."""
        self.done.append(("hang up", call_id, refusal.value))

    def forget(self, call_id: str) -> None:
        """The call is over."""
        self.forgotten.append(call_id)


class FakeLine:
    """A caller who presses these keys (None: lets the time pass) and hangs up when they are used up."""

    def __init__(self, *keys: str | None, patience: int = 100) -> None:
        self._keys = list(keys)
        self._patience = patience
        self.heard: list[str] = []
        self.answered = False
        self.shown: list[str] = []
        self.before_key: Callable[[], None] = lambda: None

    async def answer(self) -> None:
        """Pick up."""
        self.answered = True

    async def play(self, prompts: Sequence[Prompt]) -> None:
        """Hear."""
        if len(self.heard) >= self._patience:
            raise TelephonyError("the session is over")
        self.heard += [p.text if isinstance(p, Speech) else p.name for p in prompts]

    async def listen(self, prompts: Sequence[Prompt], timeout_s: float) -> str | None:
        """Hear and press a key."""
        await self.play(prompts)
        self.before_key()
        if not self._keys:
            raise TelephonyError("the session is over")
        return self._keys.pop(0)

    async def show_caller(self, name: str) -> None:
        """What phones display."""
        self.shown.append(name)


class Desk:
    """The example centre with shell and reception around the fakes. Phones are there, dispatch is on."""

    def __init__(
        self, centre: Centre | None = None, kept: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self.centre = centre or load_centre(CHECKOUT / "config", CHECKOUT / "tests" / "flows")
        self.clock = Clock()
        self.mirror = FakeMirror(kept)
        self.recorder = FakeRecorder()
        self.switch = FakeSwitch()
        self.shell = Shell(self.centre.plan, self.clock, self.mirror, self.recorder)
        self.shell.attach(self.switch)
        self.reception = Reception(self.centre, self.shell, self.switch, self.mirror, self.find)
        for phone in self.centre.phones:
            self.shell.feed(events.PhoneChanged(phone, True, False))

    @staticmethod
    def find(number: str) -> Customer | None:
        """The directory: one customer."""
        return CUSTOMER if number == "+4930777" else None

    def ready(self, *agents: str) -> None:
        """These agents log in on their own phones and want calls."""
        for agent in agents:
            self.shell.feed(events.AgentLoggedIn(agent, self.centre.plan.agents[agent].extension))
            self.shell.feed(events.AgentWentReady(agent))

    def after(self, seconds: float) -> None:
        """Time passes, and what is due is done."""
        until = self.clock.now + seconds
        while (due := self.shell.engine.next_deadline()) is not None and due <= until:
            self.clock.now = due
            self.shell._last_tick = due
            self.shell._fire(due)
        self.clock.now = self.shell._last_tick = until

    async def ask(self, call_id: str = "c1", line: FakeLine | None = None, **changed: Any) -> FakeLine:
        """A channel asks; the line, after it has been served or is gone."""
        line = line or FakeLine()
        ask = replace(Ask(AskKind.NEW, call_id, None, "+4930123", "W. Fang", "8001"), **changed)
        with contextlib.suppress(TelephonyError):  # as the session does: the caller is gone
            await self.reception.serve(ask, line)
        return line

    def told(self) -> list[tuple[str, ...]]:
        """What the switch was told since the last time."""
        done, self.switch.done = self.switch.done, []
        return done

    def state(self, call_id: str = "c1") -> str | None:
        """Where the call is."""
        call = self.shell.engine.floor.calls.get(call_id)
        return None if call is None else call.state.value

    def facts(self, call_id: str = "c1") -> list[Fact]:
        """The call's history so far."""
        return list(self.shell.engine.floor.calls[call_id].facts)

    def agent(self, agent: str) -> str:
        """The agent's state."""
        return self.shell.engine.floor.agents[agent].state.value

    async def talking(self, call_id: str = "c1", agent: str = "anna", number: str = "8001") -> None:
        """A customer talks to this agent, who was logged in for it."""
        self.ready(agent)
        await self.ask(call_id, dialed_number=number)
        self.shell.feed(events.OfferAnswered(call_id))
        assert self.state(call_id) == "talking"
        self.told()
