"""Faults one after the other on a running centre, under load, and what each has cost."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from acd.cli.process import raise_open_files
from bench.faults.centre import FaultCentre
from bench.faults.judge import Books, compared
from bench.faults.kinds import FAULTS
from bench.faults.load import Caller, Pace, gaps, load_of
from bench.faults.stage import Stage

WARM_S = (6.0, 10.0)
SETTLE_S = 4.0
SHORT_WARM_S, SHORT_SETTLE_S = (0.5, 1.0), 0.5
DRAIN_LIMIT_S = 40.0
IN_FLIGHT_S = 0.1
"""What comes within so long was on its way before the fault struck."""
PACE = Pace(rate=5.0, agents=60, talk_s=(5.0, 14.0), patience_s=(0.3, 12.0))


@dataclass(slots=True)
class Outcome:
    """Of one fault, once. `resumed_s`: from the fault until the next call rang at an agent's phone.

    `pause_s`: the longest time in which no agent's phone was rung, until all was whole again.
    `expected`: calls that ended with a dead Asterisk, which no other part can keep. `records` were compared.
    """

    fault: str
    seed: int
    rate: float
    agents: int
    in_progress: int = 0
    calls: int = 0
    lost: int = 0
    expected: int = 0
    records_lost: int = 0
    resumed_s: float = 0.0
    pause_s: float = 0.0
    whole_s: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Nothing lost but what must be, and nothing odd."""
        return not self.lost and not self.records_lost and not self.problems


Progress = Callable[[str], None]


@asynccontextmanager
async def staged(
    seed: int, pace: Pace, *, short: bool = False, keep: Path | None = None
) -> AsyncIterator[Stage]:
    """A centre of its own with everybody at work. `keep`: a folder to leave its files in."""
    raise_open_files()
    with tempfile.TemporaryDirectory(prefix="acd-faults-") as folder:
        centre = FaultCentre(keep or Path(folder), pace.agents)
        try:
            await centre.begin()
            stage = Stage(centre, load_of(centre, pace, seed), random.Random(seed), short)
            async with stage.load.on_the_phone():
                keeping = asyncio.create_task(stage.keep())
                try:
                    yield stage
                finally:
                    keeping.cancel()
                    await asyncio.gather(keeping, return_exceptions=True)
        finally:
            await centre.finish()


async def play(
    stage: Stage, names: Sequence[str], seed: int, pace: Pace, progress: Progress
) -> list[Outcome]:
    """These faults, one after the other while callers come; then everybody's call ends, and it is judged.

    Raises WaitedTooLong where the centre does not come to be whole again.
    """
    before = set(stage.load.callers)
    since = time.time()
    stage.load.start()
    outcomes, ends = [], []
    for name in names:
        outcome = Outcome(name, seed, pace.rate, pace.agents)
        outcomes.append(outcome)
        await stage.until_whole()
        await asyncio.sleep(stage.chance.uniform(*(SHORT_WARM_S if stage.short else WARM_S)))
        progress(name)
        await FAULTS[name].act(stage)
        over_at = time.time()
        await stage.until_whole()
        outcome.problems += stage.problems
        stage.problems.clear()
        outcome.whole_s = round(time.time() - over_at, 2)
        await asyncio.sleep(SHORT_SETTLE_S if stage.short else SETTLE_S)
        outcome.in_progress = stage.in_progress
        ends.append(time.time())
        _note_pauses(outcome, stage, ends[-1])
    progress("the last calls")
    await stage.load.stop()
    stuck = await _drain(stage)
    callers = {n: c for n, c in stage.load.callers.items() if n not in before}
    books = await _books(stage, names, callers)
    _attribute(outcomes, ends, since, callers, stuck)
    outcomes[-1].records_lost = books.lost
    outcomes[-1].problems += books.problems
    return outcomes


def _note_pauses(outcome: Outcome, stage: Stage, until: float) -> None:
    later = [at for at in stage.load.offers if at > stage.struck_at + IN_FLIGHT_S]
    outcome.resumed_s = round(min(later, default=until) - stage.struck_at, 2)
    pauses = [pause_s for _, pause_s in gaps(stage.load.offers, stage.struck_at, until)]
    outcome.pause_s = round(max(pauses, default=until - stage.struck_at), 2)


async def _drain(stage: Stage) -> list[Caller]:
    """Wait until all calls have ended and are on record; who had to be sent away."""
    if await stage.load.drained(stage.centre.ask_leader, DRAIN_LIMIT_S):
        return []
    stuck = stage.load.give_up()
    await asyncio.sleep(1.0)
    return stuck


async def _books(stage: Stage, names: Sequence[str], callers: dict[str, Caller]) -> Books:
    centre = stage.centre
    await centre.until_no_channels()
    rows = await asyncio.to_thread(centre.cdr_rows)
    records = await asyncio.to_thread(centre.records)
    return compared(callers, rows, records, by_length=any(FAULTS[name].sets_clock for name in names))


def _attribute(
    outcomes: list[Outcome],
    ends: list[float],
    since: float,
    callers: dict[str, Caller],
    stuck: list[Caller],
) -> None:
    """To each fault the calls that came, and were lost, in its time; to the last one what came after."""
    bounds = [since, *ends[:-1], float("inf")]
    for outcome, (began, over) in zip(outcomes, pairwise(bounds), strict=True):
        lost = [c for c in callers.values() if c.is_lost and began <= c.ended_at < over]
        outcome.calls = sum(began <= c.dialled_at < over for c in callers.values())
        if FAULTS[outcome.fault].ends_calls:
            outcome.expected = sum(c.cut_off for c in callers.values())
        outcome.lost = len(lost)
        outcome.problems += [_how_lost(caller) for caller in lost]
    outcomes[-1].lost += len(stuck)
    outcomes[-1].problems += [f"{caller.number} was never served" for caller in stuck]


def _how_lost(caller: Caller) -> str:
    after_s = caller.ended_at - caller.dialled_at
    where = "in a talk" if caller.answered_at else "in line" if caller.reached_at else "before any answer"
    return f"{caller.number} was cut off {where}, {after_s:.1f} s after dialling"
