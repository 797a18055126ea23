"""What stands around the shell and the reception in these tests, made by hand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from acd.core import events
from acd.core.callback_facts import CallbackNote
from acd.core.commands import DialOut, Offer
from acd.core.disposition import Disposition
from acd.core.engine import Engine
from acd.core.facts import AgentInterval, CallbackOrder, Customer, Fact
from acd.core.last_agents import LastAgents
from acd.core.ports import Ask, AskKind, Refusal
from acd.errors import TelephonyError
from acd.ivr.flow import FlowSet, Prompt, Speech
from acd.ivr.ports import RecordOrder
from acd.ivr.talk import CustomerRequest, Found, HttpRequest, Listen, LookupFailed, NotFound
from acd.runtime.abandoned import AbandonedWaits
from acd.runtime.flow_dial import FlowDialer
from acd.runtime.flow_work import Services
from acd.runtime.joining import Joining
from acd.runtime.kept_paces import KeptPaces
from acd.runtime.line_announcements import LineAnnouncements
from acd.runtime.observers import Audience
from acd.runtime.outside_guard import OutsideGuard
from acd.runtime.reception import Reception
from acd.runtime.recordings import RecordingDesk
from acd.runtime.shell import Shell
from acd.runtime.spending import SpendingBook
from acd.runtime.world import Outlook
from acd.settings.centre_now import CentreNow
from acd.settings.load import load_centre
from acd.settings.model import Centre
from acd.settings.outside import NumberRoute

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

    def together(self) -> contextlib.AbstractContextManager[None]:
        """As if alone."""
        return contextlib.nullcontext()

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
        self.notes: list[CallbackNote] = []
        self.dispositions: list[Disposition] = []
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

    def note_callback(self, note: CallbackNote, on_stored: Callable[[], None]) -> None:
        """What became of one."""
        self.notes.append(note)
        self.waiting.append(on_stored)

    def store_disposition(self, told: Disposition, on_stored: Callable[[], None]) -> None:
        """What an agent recorded of a call."""
        self.dispositions.append(told)
        self.waiting.append(on_stored)

    def all_safe(self) -> None:
        """The database has everything."""
        for on_stored in self.waiting:
            on_stored()
        self.waiting.clear()


class FakeSwitch:
    """Keeps what it was told to do. `lines` lose their session when a phone is rung."""

    def __init__(self) -> None:
        self.lines: dict[str, FakeLine] = {}
        self.done: list[tuple[str, ...]] = []
        self.rings_s: list[float] = []  # of the dials outside
        self.forgotten: list[str] = []
        self.hung_up: set[str] = set()

    def hold_in_line(self, call_id: str, group: str, music: str) -> None:
        """Music."""
        self.done.append(("hold", call_id, group, music))

    def offer(self, offer: Offer) -> None:
        """Ring."""
        self.done.append(("offer", offer.call_id, offer.phone))
        self._end_session(offer.call_id)

    def _end_session(self, call_id: str) -> None:
        line = self.lines.pop(call_id, None)
        if line is not None:
            line.hang_up()

    def dial_address(self, call_id: str, target: str, timeout_s: float, group: str) -> None:
        """Ring outside."""
        self.done.append(("dial outside", call_id, target))
        self._end_session(call_id)

    def dial_out(self, command: DialOut) -> None:
        """Dial outside."""
        self.rings_s.append(command.ring_timeout_s)
        self.done.append(("dial out", command.call_id, command.trunk, command.digits, command.shown))

    def is_there(self, call_id: str) -> bool:
        """Until the test says that the caller hung up."""
        return call_id not in self.hung_up

    def ask_again(self, call_id: str) -> None:
        """Back to the beginning of the loop."""
        self.done.append(("ask again", call_id))

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
        self.says_s = 3.0
        self.hangs_up_while_recording = False
        self.recorded: list[RecordOrder] = []
        self._news: asyncio.Queue[str | None] = asyncio.Queue()
        self._gone = asyncio.Event()
        self.idle = asyncio.Event()  # the caller waits for news
        self.before_hang_up: Callable[[], object] = lambda: None
        self.before_key: Callable[[], None] = lambda: None

    async def answer(self) -> None:
        """Pick up."""
        self.answered = True

    async def play(self, prompts: Sequence[Prompt], *, interrupt: bool = False) -> None:
        """Hear."""
        if len(self.heard) >= self._patience:
            raise TelephonyError("the session is over")
        self.heard += [p.text if isinstance(p, Speech) else p.name for p in prompts]

    async def listen(self, wanted: Listen) -> str:
        """Hear and press a key."""
        await self.play(wanted.prompts)
        self.before_key()
        if not self._keys:
            self.hang_up()
            raise TelephonyError("the session is over")
        return self._keys.pop(0) or ""

    async def record(self, order: RecordOrder) -> None:
        """Say so many seconds."""
        self.recorded.append(order)
        self._write(Path(f"{order.file}.wav"))
        if self.hangs_up_while_recording:
            self.before_hang_up()
            self.hang_up()
            raise TelephonyError("the session is over")

    def _write(self, file: Path) -> None:
        file.write_bytes(b"\0" * int(44 + 16_000 * self.says_s))

    async def music(self, music_class: str) -> None:
        """Hear music."""
        self.heard.append(f"music {music_class}")

    async def next_key(self, timeout_s: float | None) -> str | None:
        """What the test presses with `press`."""
        if timeout_s == 0.0:
            return None
        if self._news.empty():
            self.idle.set()
        key = await self._news.get()
        if self._gone.is_set():
            raise TelephonyError("the session is over")
        return key

    def press(self, key: str) -> None:
        """A key, while the caller waits."""
        self._news.put_nowait(key)

    def nudge(self) -> None:
        """Look around."""
        self._news.put_nowait(None)

    def forget_keys(self) -> None:
        """Type-ahead is not for this."""

    async def wait_gone(self) -> None:
        """Until `hang_up`."""
        await self._gone.wait()

    def hang_up(self) -> None:
        """Gone."""
        self._gone.set()
        self.nudge()

    async def show_number(self, number: str) -> None:
        """What phones would call back."""
        self.shown.append(number)

    async def show_caller(self, name: str) -> None:
        """What phones display."""
        self.shown.append(name)


class FakeLookups:
    """Answers what the test says, when it says so."""

    def __init__(self) -> None:
        self.asked: list[HttpRequest | CustomerRequest] = []
        self.answer: Found | NotFound | LookupFailed = NotFound()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def find(self, request: HttpRequest | CustomerRequest) -> Found | NotFound | LookupFailed:
        """The answer."""
        self.asked.append(request)
        await self.may_answer.wait()
        return self.answer


class FakeCallbacks:
    """Takes wishes, or refuses them."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str, str]] = []
        self.refusal: str | None = None

    def take(self, call_id: str, group: str, number: str, language: str) -> str | None:
        """A wish."""
        if self.refusal is None:
            self.taken.append((call_id, group, number, language))
        return self.refusal


class FakeAnnouncements:
    """None is on."""

    def on(self) -> frozenset[str]:
        """None."""
        return frozenset()


class OneFlowSet:
    """Only one version, as the files have it."""

    def __init__(self, flows: FlowSet, numbers: Mapping[str, NumberRoute] | None = None) -> None:
        self._flows = flows
        self._numbers = numbers or {}

    @property
    def active(self) -> FlowSet:
        """The one."""
        return self._flows

    @property
    def numbers(self) -> Mapping[str, NumberRoute]:
        """As given."""
        return self._numbers

    def get(self, version: str) -> FlowSet | None:
        """The one, if it is that."""
        return self._flows if version == self._flows.version else None


class Desk:
    """The example centre with shell and reception around the fakes. Phones are there, dispatch is on."""

    def __init__(
        self,
        centre: Centre | None = None,
        kept: Mapping[str, Mapping[str, Any]] | None = None,
        flow_set: FlowSet | None = None,
        recordings: Path | None = None,
    ) -> None:
        self.centre = centre or load_centre(CHECKOUT / "config", CHECKOUT / "tests" / "flows")
        self.clock = Clock()
        self.mirror = FakeMirror(kept)
        self.recorder = FakeRecorder()
        self.switch = FakeSwitch()
        self.shell = Shell(Engine(self.centre.plan), self.clock, self.mirror, self.recorder)
        self.shell.attach(self.switch)
        self.lookups, self.callbacks = FakeLookups(), FakeCallbacks()
        floor = self.shell.engine.floor
        self.paces = KeptPaces(floor, self.mirror)
        self.last_agents = LastAgents()
        self.abandoned = AbandonedWaits(self.centre.resume_within_s, self.clock, self.mirror)
        self.now = CentreNow(self.centre)
        self.book = SpendingBook(self.now, self.clock, self.mirror)
        self.guard = OutsideGuard(self.now, floor, self.clock, self.book)
        self.shell.observer = Audience(
            of_calls=[self.last_agents, self.abandoned], of_floor=[self.paces, self.book]
        )
        services = Services(
            flows=OneFlowSet(flow_set or self.centre.flow_set, self.centre.numbers),
            lookups=self.lookups,
            callbacks=self.callbacks,
            recordings=RecordingDesk(recordings or CHECKOUT / "no-such-folder", self.shell),
            outlook=Outlook(floor, self.clock, "Europe/Berlin", FakeAnnouncements(), self.paces),
            dialer=FlowDialer(self.shell, self.switch, {"partner": "PJSIP/acd-sip/sip:x@y"}),
            joining=Joining(self.centre.plan, self.last_agents, self.abandoned),
            line_announcements=LineAnnouncements(self.centre.line_announcements, "en"),
        )
        self.reception = Reception(
            self.now, self.shell, self.switch, self.mirror, self.find, services, guard=self.guard
        )
        self.tasks: list[asyncio.Task[None]] = []
        for phone in self.centre.phones:
            self.shell.feed(events.PhoneChanged(phone, True, False))

    @staticmethod
    async def find(number: str) -> Customer | None:
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
        """A channel asks; the line, after it has been served, is gone, or when its caller waits."""
        line = line or FakeLine()
        ask = replace(Ask(AskKind.NEW, call_id, None, "+4930123", "W. Fang", "8001"), **changed)
        self.switch.lines[call_id] = line
        task = asyncio.create_task(self._serve(ask, line))
        self.tasks.append(task)
        idle = asyncio.create_task(line.idle.wait())
        await asyncio.wait((task, idle), return_when=asyncio.FIRST_COMPLETED)
        idle.cancel()
        if task.done():
            task.result()
        return line

    async def _serve(self, ask: Ask, line: FakeLine) -> None:
        with contextlib.suppress(TelephonyError):  # as the session does: the caller is gone
            await self.reception.serve(ask, line)

    async def settled(self) -> None:
        """Let those who wait for news take them."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Nobody waits any more."""
        self.shell.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def told(self) -> list[tuple[str, ...]]:
        """What the switch was told since the last time."""
        done, self.switch.done = self.switch.done, []
        return done

    def in_line(self, group: str) -> list[str]:
        """Who waits, the head first."""
        engine = self.shell.engine
        return list(engine.floor.router.lines[group].in_order(engine.floor.now))

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
