"""What random callers leave out: menus, recordings, holds, transfers, voicemail, and calls between agents.

Two agents of a group of their own play the scenes, with phones that do what they are told.
"""

from __future__ import annotations

import asyncio
import itertools
import time
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from acd.core.facts import RecordingStep, SoundKept, TalkRecorded
from acd.errors import RequestRefused
from acd.recordings.keeper import Keeper
from acd.records.record import CallRecord
from acd.records.store import RecordStore
from acd.settings.model import RecordingSettings
from bench.centre import append_text
from tests.integration.centre import Centre
from tests.integration.sip.audio import SAMPLE_RATE_HZ, Samples, hears
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.phone import Phone
from tests.integration.sip.sipp_agents import REGISTERED_S
from tests.integration.sip.waiting import WaitedTooLong

GROUP, DESK, MENU, MESSAGE = "desk", "8005", "8006", "8007"
CAST = {"mia": ("1013", 440.0), "nils": ("1014", 520.0)}
CUSTOMER_HZ = 700.0
TALK_S = 1.2
_AGENT = '  {id}:\n    name: {name}\n    extension: "{phone}"\n    skills: {{desk: 5}}\n'
_FLOWS = {
    "soak_menu": "name: soak_menu\nlanguage: en\nstart: ask\nsteps:\n"
    '  ask: {menu: {prompt: "Press one.", choices: {"1": line}, timeout_s: 5, tries: 1, failure: line}}\n'
    "  line: {queue: {group: desk}}\n",
    "soak_message": "name: soak_message\nlanguage: en\nstart: message\nsteps:\n"
    '  message: {voicemail: {group: desk, prompt: "Speak.", max_s: 20, silence_s: 5}, next: bye}\n'
    "  bye: {hangup: }\n",
}


def adapt(config: Path, flows: Path) -> None:
    """The group, its agents, numbers and flows; its talks are recorded, and kept as wav files."""
    append_text(
        config / "agents.yml",
        "".join(_AGENT.format(id=name, name=name.title(), phone=phone) for name, (phone, _) in CAST.items()),
    )
    skills = config / "agents.yml"
    text = skills.read_text(encoding="utf-8")
    skills.write_text(text.replace("skills:\n", "skills:\n  desk: Desk\n", 1), encoding="utf-8")
    append_text(
        config / "groups.yml",
        "  desk:\n    name: Desk\n    requires: {desk: 1}\n    ring_timeout_s: 5\n    wrap_up_s: 0\n"
        "    record: always\n",
    )
    append_text(
        config / "numbers.yml",
        f'  "{DESK}": {{group: desk}}\n'
        f'  "{MENU}": {{flow: soak_menu}}\n  "{MESSAGE}": {{flow: soak_message}}\n',
    )
    for name, flow in _FLOWS.items():
        (flows / f"{name}.yml").write_text(flow, encoding="utf-8")


@dataclass(slots=True)
class Scenes:
    """One after the other, from the beginning when all were played. `customers`: how many called.

    `faults`: what went wrong in a scene, and when; no other is played after it.
    """

    centre: Centre
    mia: Phone
    nils: Phone
    customers: int = 0
    played: int = 0
    faults: list[str] = field(default_factory=list)
    _numbers: Iterable[int] = field(default_factory=lambda: itertools.count(491_600_000_000))

    async def play(self, until: Callable[[], bool]) -> None:
        """Each at least once, and no new one when `until` says so."""
        scenes: tuple[Callable[[Phone], Awaitable[None]], ...] = (
            self._held,
            self._sent_to_a_line,
            self._joined_with_a_colleague,
            self._through_the_menu,
            self._a_message,
            self._lost_in_the_menu,
            self._lost_in_the_line,
            self._among_colleagues,
        )
        began = time.monotonic()
        for scene in itertools.cycle(scenes):
            if self.played >= len(scenes) and until():
                return
            number = f"+{next(iter(self._numbers))}"
            try:
                async with self.centre.customer(number, tone_hz=CUSTOMER_HZ) as customer:
                    await self.centre.ready(*CAST)
                    await scene(customer)
                    await self.centre.until(lambda s: not _mine(s), "the end of a scene", 20.0)
            except (WaitedTooLong, AssertionError, RequestRefused) as error:
                title = scene.__name__.strip("_").replace("_", " ")
                self.faults.append(f"{time.monotonic() - began:.0f} s after the beginning, {title}: {error}")
                return
            self.played += 1

    async def _answered(self, customer: Phone, dialed: str = DESK) -> tuple[PhoneCall, PhoneCall]:
        self.customers += 1
        await self.centre.ask("not-ready", agent="nils", reason="lunch")
        call = await customer.dial(dialed)
        return call, await self._taken_by_mia()

    async def _taken_by_mia(self) -> PhoneCall:
        at_mia = await self.mia.wait_incoming(15.0)
        await at_mia.answer()
        await at_mia.rtp.until_hears(CUSTOMER_HZ)
        return at_mia

    async def _held(self, customer: Phone) -> None:
        call, at_mia = await self._answered(customer)
        await asyncio.sleep(TALK_S)
        await at_mia.hold()
        await asyncio.sleep(TALK_S / 2)
        await at_mia.resume()
        await at_mia.rtp.until_hears(CUSTOMER_HZ)
        await at_mia.hang_up()
        await call.wait_ended()

    async def _sent_to_a_line(self, customer: Phone) -> None:
        call, at_mia = await self._answered(customer)
        await asyncio.sleep(TALK_S)
        await at_mia.transfer("8001")
        await call.wait_ended(40.0)  # by the agent of that line

    async def _joined_with_a_colleague(self, customer: Phone) -> None:
        call, at_mia = await self._answered(customer)
        await self.centre.ask("ready", agent="nils")
        await asyncio.sleep(TALK_S)
        await at_mia.hold()
        consult = await self.mia.dial(CAST["nils"][0])
        at_nils = await self.nils.wait_incoming(15.0)
        await at_nils.answer()
        await consult.wait_answered()
        await at_nils.rtp.until_heard()
        await at_mia.transfer_to_call(consult)
        await at_nils.rtp.until_hears(CUSTOMER_HZ)
        await asyncio.sleep(TALK_S / 2)
        await call.hang_up()
        await at_nils.wait_ended()

    async def _through_the_menu(self, customer: Phone) -> None:
        self.customers += 1
        await self.centre.ask("not-ready", agent="nils", reason="lunch")
        call = await customer.dial(MENU)
        await call.wait_answered()
        await call.rtp.until_heard()
        await call.rtp.press("1")
        at_mia = await self._taken_by_mia()
        await asyncio.sleep(TALK_S)
        await call.hang_up()
        await at_mia.wait_ended()

    async def _a_message(self, customer: Phone) -> None:
        self.customers += 1
        call = await customer.dial(MESSAGE)
        await call.wait_answered()
        await asyncio.sleep(4.0)
        await call.hang_up()

    async def _lost_in_the_menu(self, customer: Phone) -> None:
        self.customers += 1
        call = await customer.dial(MENU)
        await call.wait_answered()
        await asyncio.sleep(0.5)
        await call.hang_up()

    async def _lost_in_the_line(self, customer: Phone) -> None:
        self.customers += 1
        for agent in CAST:
            await self.centre.ask("not-ready", agent=agent, reason="lunch")
        call = await customer.dial(DESK)
        await call.wait_answered()
        await asyncio.sleep(0.5)
        await call.hang_up()

    async def _among_colleagues(self, _customer: Phone) -> None:
        call = await self.mia.dial(CAST["nils"][0])
        at_nils = await self.nils.wait_incoming(15.0)
        await at_nils.answer()
        await at_nils.rtp.until_heard()
        await asyncio.sleep(TALK_S / 2)
        await at_nils.hang_up()
        await call.wait_ended()


def _mine(status: dict[str, list[dict[str, object]]]) -> list[dict[str, object]]:
    """The calls of the scenes; and their agents while they are at one."""
    calls = [c for c in status["calls"] if str(c["caller_number"]).startswith(("+4916", "1013", "1014"))]
    busy = ("ringing", "talking", "wrap_up")
    return calls + [a for a in status["agents"] if a["id"] in CAST and a["state"] in busy]


@asynccontextmanager
async def stage(centre: Centre) -> AsyncIterator[Scenes]:
    """The two phones, registered."""
    async with AsyncExitStack() as stack:
        phones = {
            name: await stack.enter_async_context(centre.phone(number, tone_hz=tone_hz))
            for name, (number, tone_hz) in CAST.items()
        }
        for phone in phones.values():
            await phone.register(expires_s=REGISTERED_S)
        yield Scenes(centre, phones["mia"], phones["nils"])


async def keep_recordings(centre: Centre) -> None:
    """What the web process would do with them by and by, of which there is none here."""

    async def settings() -> RecordingSettings:
        return centre.settings.recording

    with RecordStore(f"sqlite:///{centre.home}/records.sqlite3") as store:
        await Keeper(centre.home / "recordings", store, settings, busy=lambda: False).look()


def recordings_are_audible(folder: Path, calls: Iterable[CallRecord]) -> list[str]:
    """Each talk that a call's facts say was recorded: the caller on the left, an agent on the right."""
    found = []
    for call in calls:
        for fact in call.facts:
            if isinstance(fact, TalkRecorded) and fact.step is RecordingStep.STARTED:
                found += _audible(folder / f"{fact.name}.wav", call.call_id)
            if isinstance(fact, SoundKept) and fact.duration_s < 1.0:
                found.append(f"{call.call_id}: its message lasts {fact.duration_s:.1f} s")
    return found


def _audible(path: Path, call_id: str) -> list[str]:
    if not path.exists():
        return [f"{call_id}: its recording {path.name} is not there"]
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getframerate()) != (2, SAMPLE_RATE_HZ):
            return [f"{call_id}: its recording is not of two sides"]
        both = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, 2) / 32768
    found = []
    agents = [tone_hz for _, tone_hz in CAST.values()]
    if not _hears_somewhere(both[:, 0], [CUSTOMER_HZ]):
        found.append(f"{call_id}: the customer cannot be heard in the recording")
    if not _hears_somewhere(both[:, 1], agents):
        found.append(f"{call_id}: no agent can be heard in the recording")
    return found


def _hears_somewhere(samples: Samples, tones_hz: list[float]) -> bool:
    """In some half second: music and silence come between the talks."""
    step = SAMPLE_RATE_HZ // 2
    parts = [samples[at : at + step] for at in range(0, len(samples), step)]
    return any(hears(part, tone_hz) for part in parts for tone_hz in tones_hz)
