"""Many callers in menus at once: how soon the next prompt is heard after a key, and what it costs.

A caller goes round two menus, each with a tone of its own for a prompt. One is so long that the key
interrupts it; the other is over when the key comes.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.table import Table

from acd.crowd.audio import PRESS_S, Audio
from acd.crowd.leg import Leg, LegState
from acd.crowd.phone import Phone
from bench import tones
from bench.centre import append_text
from bench.dispatch import giving_way
from bench.figures import Figures, figures
from bench.processes import cpu_s
from tests.integration.centre import Centre
from tests.integration.sip.waiting import WaitedTooLong

NUMBER = "9300"
PROMPT_S = {"low": 8.0, "high": 2.5}
PRESS_EVERY_S = 5.0
CALLS_A_SECOND = 20.0
ANSWER_LIMIT_S = 20.0
LOOK_S = 0.1
TARGET_P95_MS = 100.0
TARGET_CPU = 0.25
FLOW = """\
name: bench
language: en
start: low
steps:
  low:
    menu: {prompt: {play: low}, choices: {"1": high}, timeout_s: 60, failure: over}
  high:
    menu: {prompt: {play: high}, choices: {"1": low}, timeout_s: 60, failure: over}
  over: {hangup: }
"""

Progress = Callable[[float], None]
"""Told how much of the measurement is done, 0 to 1."""


class MenuCentre(Centre):
    """The example with a number for the two menus."""

    copied = False

    starts_within_s = 60.0

    def adapt(self) -> None:
        """Flow, sounds, number."""
        self.flows.mkdir(exist_ok=True)
        (self.flows / "bench.yml").write_text(FLOW, encoding="utf-8")
        (self.flows / "sounds").mkdir()
        for name, seconds in PROMPT_S.items():
            tones.write(self.flows / "sounds" / f"{name}.wav", name, seconds)
        append_text(self.config / "numbers.yml", f'  "{NUMBER}": {{flow: bench}}\n')


@dataclass(frozen=True, slots=True)
class Result:
    """`controller_cpu` is its share of one core; `lost`: keys after which no prompt was heard in time."""

    callers: int
    minutes: float
    reaction: Figures
    lost: int
    controller_cpu: float

    @property
    def is_good(self) -> bool:
        """Whether all targets were met."""
        return not self.lost and self.reaction.p95_ms <= TARGET_P95_MS and self.controller_cpu <= TARGET_CPU


@dataclass(slots=True)
class _Samples:
    """What the callers have measured so far; nothing is kept before `since` (Unix seconds)."""

    since: float = float("inf")
    until: float = float("inf")
    samples_ms: list[float] = field(default_factory=list)
    lost: int = 0

    def counts(self, at: float) -> bool:
        return self.since <= at < self.until


class _Caller:
    """Presses 1 every PRESS_EVERY_S and waits for the other tone."""

    def __init__(self, phone: Phone, own: str, samples: _Samples) -> None:
        self._samples = samples
        self._audio = Audio("127.0.0.2")
        self._released_at = 0.0
        self._awaited = "high"
        self._timer: asyncio.TimerHandle | None = None
        self.leg: Leg = phone.dial(NUMBER, lambda _leg: None, from_number=own, audio=self._audio)

    def start(self, delay_s: float) -> None:
        """The first key comes after this time."""
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._press)

    def stop(self) -> None:
        """Hang up."""
        if self._timer is not None:
            self._timer.cancel()
        self.leg.hang_up()

    def _press(self) -> None:
        if self.leg.state is not LegState.TALKING:
            self._samples.lost += 1
            return
        self._timer = asyncio.get_running_loop().call_later(PRESS_EVERY_S, self._press)
        if self._released_at and self._samples.counts(self._released_at):
            self._samples.lost += 1  # the key before is still without its prompt
        self._released_at = 0.0
        self._audio.listen(self._hear)
        self._audio.press("1", self._released)

    def _released(self, at: float) -> None:
        self._released_at = at

    def _hear(self, payload: bytes, at: float) -> None:
        if not self._released_at or tones.heard_in(payload) != self._awaited:
            return
        if self._samples.counts(self._released_at):
            self._samples.samples_ms.append((at - self._released_at) * 1000)
        self._awaited = "low" if self._awaited == "high" else "high"
        self._released_at = 0.0
        self._audio.deafen()


async def measure(callers: int, minutes: float, progress: Progress) -> Result:
    """On a centre of its own. Raises WaitedTooLong if the callers do not all get into the menu."""
    with tempfile.TemporaryDirectory(prefix="acd-bench-") as folder, giving_way() as starter:
        centre = MenuCentre(Path(folder))
        centre.env["ACD_LOG"] = "warning"
        try:
            await asyncio.get_running_loop().run_in_executor(starter, centre.start)
            return await _measure(centre, callers, minutes, progress)
        finally:
            await asyncio.to_thread(centre.stop)


async def _measure(centre: Centre, count: int, minutes: float, progress: Progress) -> Result:
    samples = _Samples()
    async with Phone("callers", server=centre.server, host="127.0.0.2") as phone:
        callers: list[_Caller] = []
        for number in range(count):
            callers.append(_Caller(phone, f"+{491_500_000_000 + number}", samples))
            await asyncio.sleep(1 / CALLS_A_SECOND)
        await _until_answered(callers)
        for number, caller in enumerate(callers):
            caller.start(PRESS_EVERY_S * (0.2 + number / count))
        await asyncio.sleep(PRESS_EVERY_S * 1.5)  # everybody has pressed once
        pid = int((await centre.ask("status"))["pid"])
        begun, cpu_before = time.monotonic(), cpu_s(pid)
        samples.since, length_s = time.time(), minutes * 60
        while (passed := time.monotonic() - begun) < length_s:
            progress(passed / length_s)
            await asyncio.sleep(min(LOOK_S, length_s - passed))
        cpu = (cpu_s(pid) - cpu_before) / (time.monotonic() - begun)
        samples.until = time.time()
        await asyncio.sleep(PRESS_EVERY_S + PRESS_S)  # the last keys get their prompt, or are lost
        for caller in callers:
            caller.stop()
        await centre.until_no_channels()
    progress(1.0)
    return Result(count, minutes, figures(samples.samples_ms), samples.lost, round(cpu, 3))


async def _until_answered(callers: list[_Caller]) -> None:
    limit = time.monotonic() + ANSWER_LIMIT_S
    while missing := [caller for caller in callers if caller.leg.state is not LegState.TALKING]:
        if time.monotonic() > limit:
            raise WaitedTooLong(f"{len(missing)} of {len(callers)} callers did not get into the menu")
        await asyncio.sleep(LOOK_S)


def table(result: Result) -> Table:
    """The figures beside their targets."""
    title = f"From a key's release to the next prompt, {result.callers} callers in menus, in milliseconds"
    out = Table(title=title)
    for name in ("keys", "p50", "p95", "p99", "max", "lost", "controller, of one core"):
        out.add_column(name, justify="right")
    f = result.reaction
    cells = (f"{value:.1f}" for value in (f.p50_ms, f.p95_ms, f.p99_ms, f.max_ms))
    out.add_row(str(f.n), *cells, str(result.lost), f"{result.controller_cpu:.1%}")
    out.add_row("target", "", f"≤ {TARGET_P95_MS:.0f}", "", "", "0", f"≤ {TARGET_CPU:.0%}", style="dim")
    return out


def write_json(path: Path, result: Result) -> None:
    """`{"callers": …, "minutes": …, "reaction": {"n": …, "p50_ms": …, …}, "lost": …, …}`"""
    data = {**asdict(result), "targets": {"p95_ms": TARGET_P95_MS, "controller_cpu": TARGET_CPU}}
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
