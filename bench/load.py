"""A centre under load: calls through a prompt, the line and an agent, at one rate for minutes.

The same Asterisk first connects the same callers with the same phones by a bare `Answer` and `Dial`: what
that costs is the measure for what we cost it.
"""

from __future__ import annotations

import asyncio
import json
import math
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

from acd.cli.process import raise_open_files
from bench.centre import agent_of
from bench.crowd import Agents, Callers
from bench.dispatch import giving_way
from bench.figures import figures
from bench.load_centre import LoadCentre, phones_for, staff_for
from bench.traffic import BareNumbers, OurNumber, Traffic
from tests.integration.sip.waiting import WaitedTooLong

TALK_S = 8.0
BARE_MINUTES_MAX = 2.0
STEP, STEPS_MAX, STEP_MINUTES_MAX = 1.25, 8, 1.0
TARGETS = {
    "lost": 0.0,
    "lag_p99_ms": 20.0,
    "controller_cpu_ms": 4.0,
    "asterisk_of_bare": 1.6,
    "rss_growth_mb": 5.0,
}
"""The most that is allowed."""

Progress = Callable[[str], Callable[[float], None]]
"""Makes, for what is measured next, something that is told how much of it is done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One rate for a while. Processor times are milliseconds for each call, of all cores together.

    `lost` calls reached no agent, or are not on record as answered and ended. `rate_kept`: as many calls
    ended as came. `phones_cpu_ms`: of the program that plays all phones. `rss_growth_mb`: the controller's
    memory, the end against the beginning.
    """

    cps: float
    talk_s: float
    calls: int
    rate_kept: bool
    calls_per_s: float
    lost: int
    lag_p50_ms: float
    lag_p99_ms: float
    lag_max_ms: float
    controller_cpu_ms: float
    asterisk_cpu_ms: float
    phones_cpu_ms: float
    rss_growth_mb: float

    @property
    def holds(self) -> bool:
        """Nobody lost, decisions in time, the rate kept."""
        return self.rate_kept and not self.lost and self.lag_p99_ms <= TARGETS["lag_p99_ms"]


@dataclass(frozen=True, slots=True)
class Result:
    """`highest_cps`: the highest rate that held, where it was looked for (0: none)."""

    minutes: float
    stage: Stage
    bare_dial_cpu_ms: float
    highest_cps: float | None = None

    def with_targets(self) -> dict[str, float]:
        """The figures that have a target."""
        bare_ms = self.bare_dial_cpu_ms
        ratio = self.stage.asterisk_cpu_ms / bare_ms if bare_ms else math.inf
        found = {**asdict(self.stage), "asterisk_of_bare": round(ratio, 2)}
        return {name: float(found[name]) for name in TARGETS}

    @property
    def is_good(self) -> bool:
        """Whether all targets were met."""
        return all(value <= TARGETS[name] for name, value in self.with_targets().items())


async def measure(
    cps: float, minutes: float, progress: Progress, *, find_limit: bool = False, profile: Path | None = None
) -> Result:
    """On a centre of its own. Raises WaitedTooLong if not even this rate can be carried."""
    raise_open_files()
    with tempfile.TemporaryDirectory(prefix="acd-bench-") as folder, giving_way() as starter:
        centre = LoadCentre(Path(folder), phones_for(cps * TALK_S), profile)
        try:
            await asyncio.get_running_loop().run_in_executor(starter, centre.start)
            await asyncio.to_thread(centre.stop_controller)
            async with Agents(centre, centre.phones) as agents, Callers(centre) as callers:
                load = _Load(centre, starter, agents, callers, progress, cps * TALK_S)
                bare_ms = await load.bare(cps, min(minutes, BARE_MINUTES_MAX))
                stage = await load.ours(cps, minutes)
                highest = await load.highest(stage, minutes) if find_limit else None
                return Result(minutes, stage, bare_ms, highest)
        finally:
            await asyncio.to_thread(centre.stop)


class _Load:
    """One centre with its phones, stage by stage; `busy` agents talk at a time, on average."""

    def __init__(
        self,
        centre: LoadCentre,
        starter: Executor,
        agents: Agents,
        callers: Callers,
        progress: Progress,
        busy: float,
    ) -> None:
        self._centre = centre
        self._starter = starter
        self._agents = agents
        self._callers = callers
        self._progress = progress
        self._busy = busy

    async def bare(self, cps: float, minutes: float) -> float:
        """Milliseconds of Asterisk's processor time for a call without us."""
        numbers = BareNumbers(self._centre.phones)
        traffic = Traffic(self._agents, self._callers, cps, TALK_S, numbers)
        told = self._progress(f"bare dial, {cps:g} a second")
        window = await traffic.run(minutes * 60, [self._centre.asterisk_pid], told)
        if not window.ended:
            raise WaitedTooLong("no call got through to a phone by the bare dial")
        return round(window.cpu_ms(0), 2)

    async def ours(self, cps: float, minutes: float) -> Stage:
        """The controller is started for it and ended after it. Raises WaitedTooLong on overload."""
        centre = self._centre
        # A higher rate has to do with the same agents: their talks are shorter then.
        talk_s = round(self._busy / cps, 2)
        traffic = Traffic(self._agents, self._callers, cps, talk_s, OurNumber())
        told = self._progress(f"ours, {cps:g} a second")
        await asyncio.get_running_loop().run_in_executor(self._starter, centre.start_controller)
        try:
            await centre.ready(*map(agent_of, staff_for(self._busy, centre.phones)))
            pids = [centre.asterisk_pid, centre.controller_pid]
            window = await traffic.run(minutes * 60, pids, told)
        finally:
            await asyncio.to_thread(centre.stop_controller)
        lags_ms = centre.lags_ms(window.since, window.until)
        if not lags_ms:
            raise WaitedTooLong(f"no agent was offered a call at {cps:g} a second")
        lag = figures(lags_ms)
        return Stage(
            cps=round(cps, 2),
            talk_s=talk_s,
            calls=len(traffic.dialled),
            rate_kept=is_kept(window.ended, cps * minutes * 60),
            calls_per_s=round(window.calls_per_s, 2),
            lost=len(traffic.dialled - (traffic.talked & centre.answered_callers())),
            lag_p50_ms=lag.p50_ms,
            lag_p99_ms=lag.p99_ms,
            lag_max_ms=lag.max_ms,
            asterisk_cpu_ms=round(window.cpu_ms(0), 2),
            controller_cpu_ms=round(window.cpu_ms(1), 2),
            phones_cpu_ms=round(window.phones_cpu_s / max(1, window.ended) * 1000, 2),
            rss_growth_mb=round(growth(window.rss_mb), 2),
        )

    async def highest(self, first: Stage, minutes: float) -> float:
        """The rate is raised until it no longer holds."""
        held = 0.0
        stage = first
        for _ in range(STEPS_MAX):
            if not stage.holds:
                break
            held = stage.cps
            try:
                stage = await self.ours(held * STEP, min(minutes, STEP_MINUTES_MAX))
            except WaitedTooLong:
                break
        else:
            held = stage.cps if stage.holds else held
        return held


def is_kept(ended: int, expected: float) -> bool:
    """Whether as many calls ended as came; those who come by chance are fewer by so much hardly ever."""
    return ended >= expected - 3 * math.sqrt(expected)


def growth(sizes: tuple[float, ...]) -> float:
    """From the second tenth to the last: what is filled once is full by then."""
    tenth = max(1, len(sizes) // 10)
    return median(sizes[-tenth:]) - median(sizes[tenth : 2 * tenth] or sizes[:1])


def table(result: Result) -> Table:
    """The figures beside their targets."""
    stage = result.stage
    title = (
        f"{stage.calls} calls, {stage.cps:g} a second, {stage.talk_s:g} s of talk, for {result.minutes:g} min"
    )
    out = Table(title=title)
    for name in ("figure", "measured", "target", ""):
        out.add_column(name, justify="right" if name in ("measured", "target") else "left")
    found = {**asdict(stage), "bare_dial_cpu_ms": result.bare_dial_cpu_ms, **result.with_targets()}
    for name in (*list(asdict(stage))[4:], "bare_dial_cpu_ms", "asterisk_of_bare"):
        target, verdict = "", ""
        if name in TARGETS:
            target = f"≤ {TARGETS[name]:g}"
            verdict = "met" if found[name] <= TARGETS[name] else "MISSED"
        out.add_row(name, f"{found[name]:g}", target, verdict)
    if result.highest_cps is not None:
        out.add_row("highest_cps", f"{result.highest_cps:g}", "", "")
    return out


def write_json(path: Path, result: Result) -> None:
    """`{"minutes": …, "calls_per_s": …, "lost": …, "bare_dial_cpu_ms": …, …, "targets": {…}}`

    A figure beside another is a value of Stage or Result; `targets` is name → the most that is allowed.
    """
    data: dict[str, object] = {
        "minutes": result.minutes,
        **asdict(result.stage),
        "bare_dial_cpu_ms": result.bare_dial_cpu_ms,
        **result.with_targets(),
        "targets": TARGETS,
        "met": result.is_good,
    }
    if result.highest_cps is not None:
        data["highest_cps"] = result.highest_cps
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
