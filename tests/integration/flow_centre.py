"""A call centre with flows of its own, for what happens when a flow meets a real caller.

Prompts are tones: what a caller hears says where the caller is. `TONES` names them.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from tests.integration.centre import Centre, started
from tests.integration.sip.audio import SAMPLE_RATE_HZ, decode_ulaw, tone, tone_level, write_wav
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.sipp import SippCaller
from tests.integration.sip.waiting import WaitedTooLong

TONES = {"low": 400.0, "mid": 600.0, "high": 1000.0, "top": 1500.0, "peak": 2200.0}
"""Sounds of ten seconds each; `short_NAME` has 0.6 s, `steady_NAME` 1.5, which a busy machine cannot miss."""
LEVEL_MIN = 0.05
Caller: TypeAlias = PhoneCall | SippCaller
# Texts are not what is listened for here; so their speech is short silence, which takes no time to render.
NO_VOICE = """[sox, -n, --comment-file, "{text_file}", "{sound_file}", trim, "0", "0.3"]"""


class FlowCentre(Centre):
    """`flows` maps a number to the text of the flow that it leads to, `flowNUMBER`."""

    def __init__(
        self, folder: Path, flows: dict[str, str], *, system: str = "", announcements: str = ""
    ) -> None:
        self._texts = flows
        self._system = system
        self._announcements = announcements
        self.folder = folder
        super().__init__(folder)

    def adapt(self) -> None:
        """Flows, numbers and sounds."""
        sounds = self.flows / "sounds"
        sounds.mkdir(exist_ok=True)
        for name, hz in TONES.items():
            write_wav(sounds / f"{name}.wav", tone(hz, 10 * SAMPLE_RATE_HZ))
            write_wav(sounds / f"short_{name}.wav", tone(hz, int(0.6 * SAMPLE_RATE_HZ)))
            write_wav(sounds / f"steady_{name}.wav", tone(hz, int(1.5 * SAMPLE_RATE_HZ)))
        numbers = self.config / "numbers.yml"
        lines = []
        for number, text in self._texts.items():
            name = f"flow{number}"
            (self.flows / f"{name}.yml").write_text(f"name: {name}\nlanguage: en\n{text}")
            lines.append(f'  "{number}": {{flow: {name}}}\n')
        numbers.write_text(numbers.read_text() + "".join(lines))
        if self._announcements:
            (self.flows / "announcements.yml").write_text(self._announcements)
        system = self.config / "system.yml"
        voices = re.compile(r"^  text_to_speech:.*\n(    .*\n)*", re.MULTILINE)
        text = voices.sub(f"  text_to_speech: {NO_VOICE}\n", system.read_text())
        system.write_text(text.replace("system:\n", f"system:\n{self._system}", 1))

    def steps(self, call_id: str) -> str:
        """The call's way through its flows, as the command line tells it."""
        return self.acd("trace", call_id)

    def recordings(self, call_id: str) -> list[Path]:
        """The call's files, those that are being written included."""
        return [file for file in (self.home / "recordings").rglob("*.wav") if call_id in file.name]

    async def until_recordings(self, call_id: str, count: int = 1) -> None:
        """Wait until so many have begun: prompt and beep are over, and what is said is written."""
        await self.until(
            lambda _status: len(self.recordings(call_id)) == count, f"recording {count} to begin"
        )

    def files(self) -> Iterator[Path]:
        """Every file that controller or Asterisk have written: logs, records, live state, recordings."""
        yield self.folder / "controller.log"
        yield from (p for p in self.home.rglob("*") if p.is_file() and "versions" not in p.parts)


def flow_centre(
    name: str, flows: dict[str, str], *, system: str = "", announcements: str = ""
) -> Callable[[pytest.TempPathFactory], Iterator[FlowCentre]]:
    """The fixture `chosen_centre` of a file with flows of its own: they run for the whole file."""

    @pytest.fixture(scope="module")
    def chosen_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlowCentre]:
        centre = FlowCentre(tmp_path_factory.mktemp(name), flows, system=system, announcements=announcements)
        with started(centre):
            yield centre

    return chosen_centre


def present(payload: bytes, frequency_hz: float) -> bool:
    """Whether 20 ms of audio hold this tone."""
    return tone_level(decode_ulaw(payload), frequency_hz) > LEVEL_MIN


def last_heard_at(call: Caller, name: str, until: float = math.inf) -> float:
    """When the last packet with this tone came, before `until` (time.monotonic())."""
    heard = call.rtp.heard.packets
    times = [at for at, payload in heard if at < until and present(payload, TONES[name])]
    assert times, f"{name} was never heard"
    return max(times)


def first_heard_at(call: Caller, name: str, since: float) -> float:
    """When the first packet with this tone came after `since`."""
    heard = call.rtp.heard.packets
    times = [at for at, payload in heard if at > since and present(payload, TONES[name])]
    assert times, f"{name} was never heard"
    return min(times)


async def hears(call: Caller, name: str, limit_s: float = 6.0) -> None:
    """Wait until the caller hears this tone now."""
    try:
        await call.rtp.until(lambda: _hears_now(call, name), limit_s, f"the tone {name!r}")
    except WaitedTooLong as error:
        levels = {n: round(tone_level(call.rtp.heard.samples(0.3), hz), 3) for n, hz in TONES.items()}
        raise WaitedTooLong(f"{error}; levels now {levels}") from None


async def hears_no_more(call: Caller, name: str, limit_s: float = 6.0) -> None:
    """Wait until the caller, who has heard this tone, hears something else or nothing."""
    await call.rtp.until(lambda: not _hears_now(call, name), limit_s, f"the end of the tone {name!r}")


def _hears_now(call: Caller, name: str) -> bool:
    packets = [p for at, p in list(call.rtp.heard.packets)[-4:] if at > time.monotonic() - 0.15]
    return sum(present(p, TONES[name]) for p in packets) >= 3


def seconds_heard(call: Caller, name: str, since: float) -> float:
    """For how long the tone was heard, all in all, after `since`."""
    return sum(at > since and present(payload, TONES[name]) for at, payload in call.rtp.heard.packets) * 0.02


def heard_share(call: Caller, since: float, until: float) -> float:
    """The share of 20 ms packets between these moments that hold any of the tones."""
    packets = [p for at, p in call.rtp.heard.packets if since <= at <= until]
    held = sum(any(present(p, hz) for hz in TONES.values()) for p in packets)
    return held / max(1.0, (until - since) / 0.02)


def silence_gaps_s(call: Caller, since: float, until: float) -> float:
    """The longest stretch without any of the tones between these moments, in seconds."""
    times = [
        at
        for at, p in call.rtp.heard.packets
        if since <= at <= until and any(present(p, hz) for hz in TONES.values())
    ]
    return float(np.max(np.diff(np.array([since, *times, until]))))
