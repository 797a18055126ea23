"""Faults by chance, one or two at a time, on two hosts under load; then the question what has come of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from acd.cli.process import raise_open_files
from acd.core.facts import Ended, EndedBy
from acd.core.losses import without_false_losses
from acd.reconcile import SOON_S
from acd.records.record import CallRecord
from acd.telephony.cdr import Row
from bench.faults.judge import AGREE_S, Books, compared
from bench.faults.load import Caller, Pace
from bench.hosts.centre import HostsCentre
from bench.hosts.judge import (
    Excuses,
    Verdict,
    fences_that_do_not_grow,
    judge_losses,
    judge_rings,
    leaderless,
    led,
    leg_ends,
    offers_of,
)
from bench.hosts.kinds import FAULTS
from bench.hosts.load import HostsLoad
from bench.hosts.merged import broken_rules, terms, two_leaders
from bench.hosts.stage import Stage
from tests.integration.sip.waiting import WaitedTooLong
from tests.integration.standby_centre import NAMES

PACE = Pace(rate=2.0, agents=12, talk_s=(1.0, 3.0), patience_s=(0.3, 6.0))
LASTS_S = (3.0, 15.0)
SETTLE_S, CHOSEN_SETTLE_S = (1.0, 3.0), 0.3
OVERLAP = 0.2
LATER_S = (0.0, 3.0)
DRAIN_LIMIT_S = 60.0
WRITTEN_WITHIN_S = 20.0
CHANNELS_LIMIT_S = 40.0
"""SIP repeats an end for half a minute."""
UNCONFIRMED = "not answered at the phones, not so on record"
IN_FLIGHT_S = 0.1


@dataclass(slots=True)
class Episode:
    """One fault, or two at a time. Times in seconds; `began_at` Unix seconds.

    `resumed_s`: from the first blow until the next call rang at an agent's phone; `whole_s`: from the end of
    the last one until all was whole and a call was answered. `struck_s`: from the first blow to the last one;
    `led_s`: from then until another controller led, None: none did. `records_lost`: missing or differing.
    """

    faults: list[str]
    leader: str
    began_at: float
    lasted_s: float = 0.0
    takeovers: int = 0
    resumed_s: float = 0.0
    whole_s: float = 0.0
    struck_s: float = 0.0
    led_s: float | None = None
    in_progress: int = 0
    calls: int = 0
    lost: int = 0
    records_lost: int = 0


@dataclass(slots=True)
class Report:
    """Of a run. `problems` must be none; `excused` are calls lost with what was cut, each with the reason.

    `busy_by_queue`: rings of a phone that was busy at the other node, where one of both was by a node's own
    queue; `busy_by_cut`: of a phone that had not been told of its last call's end; `glares`: answers to rings
    that had been taken back. `given_up`: calls that were told as lost with a node that was out of the
    leader's reach for long, and went on there; `unconfirmed`: answered calls whose phone was not told so, its
    way having been cut.
    """

    seed: int
    minutes: float
    rate: float
    agents: int
    episodes: list[Episode] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    excused: list[str] = field(default_factory=list)
    calls: int = 0
    answered: int = 0
    lost: int = 0
    rings: int = 0
    terms: int = 0
    decisions: int = 0
    fences: list[int] = field(default_factory=list)
    dropped_packets: int = 0
    busy_by_queue: int = 0
    busy_by_cut: int = 0
    glares: int = 0
    records: int = 0
    records_missing: int = 0
    records_differing: int = 0
    given_up: int = 0
    unconfirmed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self)


Progress = Callable[[str, float], None]
"""Told what is being done, and how much of the time is over (0 to 1)."""


def plan(chance: random.Random) -> Iterator[list[str]]:
    """For ever: each fault equally often, in an order by chance, sometimes two at a time."""
    while True:
        names = list(FAULTS)
        chance.shuffle(names)
        while names:
            one = [names.pop()]
            if names and chance.random() < OVERLAP:
                hits = FAULTS[one[0]].hits
                fitting = [name for name in names if not hits or FAULTS[name].hits != hits]
                if fitting:
                    second = chance.choice(fitting)
                    names.remove(second)
                    one.append(second)
            yield one


@asynccontextmanager
async def staged(folder: Path, seed: int, pace: Pace) -> AsyncIterator[Stage]:
    """A centre on two hosts with everybody at work."""
    raise_open_files()
    centre = HostsCentre(folder, pace.agents)
    try:
        await asyncio.to_thread(centre.start)
        stage = Stage(centre, HostsLoad(centre, pace, seed), random.Random(seed))
        async with stage.load.on_the_phone():
            keeping = asyncio.create_task(stage.keep())
            try:
                yield stage
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)
    finally:
        await asyncio.to_thread(centre.stop)


async def play(
    stage: Stage,
    report: Report,
    chosen: Sequence[Sequence[str]] | None,
    lasts_s: tuple[float, float],
    progress: Progress,
) -> None:
    """For the report's minutes, or only what is `chosen`; then all calls end. Fills the report's episodes."""
    began = time.monotonic()
    total_s = report.minutes * 60.0
    stage.load.start()
    todo = iter(chosen) if chosen is not None else plan(stage.chance)
    try:
        await stage.until_whole()
        for number, names in enumerate(todo):
            over = time.monotonic() - began
            if chosen is None and over >= total_s:
                break
            progress(" and ".join(names), over / total_s if chosen is None else number / len(chosen))
            report.episodes.append(await _episode(stage, list(names), lasts_s))
            await asyncio.sleep(stage.chance.uniform(*SETTLE_S) if chosen is None else CHOSEN_SETTLE_S)
    except WaitedTooLong as error:
        report.problems.append(str(error))
    progress("the last calls", 1.0)
    await stage.load.stop()
    report.problems += await _drain(stage)


async def _episode(stage: Stage, names: list[str], lasts_s: tuple[float, float]) -> Episode:
    episode = Episode(names, stage.centre.leader, time.time(), in_progress=stage.load.live)
    acts = []
    for place, name in enumerate(names):
        later_s = stage.chance.uniform(*LATER_S) if place else 0.0
        episode.struck_s = round(max(episode.struck_s, later_s), 2)
        acts.append(_later(stage, name, later_s, stage.chance.uniform(*lasts_s)))
    await asyncio.gather(*acts)
    over_at = time.time()
    episode.lasted_s = round(over_at - episode.began_at, 2)
    await stage.until_whole()
    episode.whole_s = round(time.time() - over_at, 2)
    rings = (ring.at for ring in stage.load.at_both.rings)
    after = [at for at in rings if at > episode.began_at + IN_FLIGHT_S]
    episode.resumed_s = round(min(after, default=time.time()) - episode.began_at, 2)
    return episode


async def _later(stage: Stage, name: str, later_s: float, for_s: float) -> None:
    await asyncio.sleep(later_s)
    await FAULTS[name].act(stage, for_s)


async def _drain(stage: Stage) -> list[str]:
    """Wait until all calls have ended and are on record; a sentence for each that did not."""
    if await stage.load.drained(stage.centre.ask_leader, DRAIN_LIMIT_S):
        return []
    health = await stage.centre.ask_leader("health")
    legs = stage.load.on_the_line()
    stuck = stage.load.give_up()
    await asyncio.sleep(2.0)
    node_of = stage.load.from_both.node_of
    out = [
        f"{each.number} at node {node_of[each.number]} was never served: {each}, {legs[each.number]}"
        for each in stuck
    ]
    return out or [f"calls that nobody is in are still there: {health}"]


# --- afterwards -------------------------------------------------------------------------------------------
async def judged(stage: Stage, report: Report) -> None:
    """Everything has ended, controllers too: what the journals, logs, phones and records say."""
    centre, load = stage.centre, stage.load
    try:
        await centre.until_no_channels(CHANNELS_LIMIT_S)
    except WaitedTooLong as error:
        report.problems.append(str(error))
    rows = await asyncio.to_thread(centre.cdr_rows)
    records = await _records(stage, rows)
    await asyncio.to_thread(centre.stop_controller)  # what is in the journals is all of it
    found = await asyncio.to_thread(terms, centre.home, NAMES)
    leads = led(centre.logs.values())
    changes = [each.at for each in leads]
    excuses = Excuses([*stage.windows, *leaderless(stage.windows, leads)])
    offers = await asyncio.to_thread(offers_of, found)
    rings = judge_rings(load.at_both.rings, offers, leg_ends(rows), excuses, changes)
    losses = judge_losses(load.callers, load.from_both.node_of, excuses)
    books = compared(load.callers, rows, records, by_length=False)
    report.problems += two_leaders(found) + fences_that_do_not_grow(leads)
    for term in found:
        report.problems += await asyncio.to_thread(broken_rules, term.file)
    report.problems += rings.problems + losses.problems
    report.excused += losses.excused + rings.excused
    report.lost = len(losses.excused) + len(losses.problems)
    lost_records = _note_books(report, books, load.callers, records, excuses)
    _note_counts(report, stage, rings)
    report.terms, report.fences = len(found), [each.fence for each in leads]
    report.decisions = sum(term.decided_from is not None for term in found)
    report.records = len(records)
    _attribute(report.episodes, load.callers, changes, losses.caused_at, lost_records)


async def _records(stage: Stage, rows: list[Row]) -> list[CallRecord]:
    """When all calls that Asterisk has told of are there, or the time for that is over."""
    limit = time.monotonic() + SOON_S + WRITTEN_WITHIN_S
    while True:
        records = await asyncio.to_thread(stage.centre.records)
        numbers = {record.caller_number for record in records}
        missing = {row["source"] for row in rows if row["source"] in stage.load.callers} - numbers
        if not missing or time.monotonic() > limit:
            return records
        await asyncio.sleep(1.0)


def _note_books(
    report: Report, books: Books, callers: Collection[str], records: list[CallRecord], excuses: Excuses
) -> set[str]:
    """The numbers of callers whose records are lost, as `script/faults` counts them: missing, or differing.

    A call that is told as lost with its node has gone on there, where the node was only out of reach.
    """
    report.records_missing = books.missing
    ended = {record.call_id: record for record in records}
    differing, lost = set(), set()
    for text in books.problems:
        record = ended.get(text.partition(":")[0])
        if record is not None and UNCONFIRMED in text and _was_cut(record, excuses):
            differing.add(record.call_id)
            report.unconfirmed += 1
        elif record is not None and _was_given_up(record, excuses):
            report.given_up += record.call_id not in differing
            differing.add(record.call_id)
            report.excused.append(f"{text}: told as lost with its node, which was out of reach for long")
        else:
            report.problems.append(text)
            lost.add(text.partition(":")[0])
    report.records_differing = books.differing - len(differing)
    really = (lost - differing) & ended.keys()
    return (lost & set(callers)) | {ended[call_id].caller_number for call_id in really}


def _was_cut(record: CallRecord, excuses: Excuses) -> bool:
    """Whether the phone's answer may not have been confirmed to it, so that it knows of no talk."""
    began, ended = record.started_at.timestamp(), (record.ended_at or record.started_at).timestamp()
    return excuses.path_in(record.call_id[0], began, ended) is not None


def _was_given_up(record: CallRecord, excuses: Excuses) -> bool:
    """It had ended before that, and nobody could tell."""
    told = without_false_losses(record.facts)
    lost = [fact.at for fact in told if isinstance(fact, Ended) and fact.by is EndedBy.NODE]
    if not lost or record.ended_at is None or record.ended_at.timestamp() > lost[-1] + AGREE_S:
        return False
    node, began, ended = record.call_id[0], record.started_at.timestamp(), record.ended_at.timestamp()
    return (excuses.apart(node, began, ended) or excuses.dead(node, began, ended)) is not None


def _note_counts(report: Report, stage: Stage, rings: Verdict) -> None:
    callers = stage.load.callers.values()
    report.calls, report.answered = len(callers), sum(bool(caller.answered_at) for caller in callers)
    report.rings = len(stage.load.at_both.rings)
    report.dropped_packets = stage.dropped
    report.busy_by_queue, report.busy_by_cut = rings.by_queue, rings.cut_rings
    report.glares = rings.glares


def _attribute(
    episodes: list[Episode],
    callers: dict[str, Caller],
    changes: list[float],
    caused_at: dict[str, float],
    lost_records: set[str],
) -> None:
    """To each fault the calls that came and the take-overs, until the next one, and what it cost."""
    bounds = [*(episode.began_at for episode in episodes), float("inf")]
    for episode, (began, over) in zip(episodes, pairwise(bounds), strict=True):
        episode.calls = sum(began <= c.dialled_at < over for c in callers.values())
        lost = (c for c in callers.values() if c.is_lost or c.cut_off)
        episode.lost = sum(began <= caused_at.get(c.number, c.ended_at) < over for c in lost)
        episode.records_lost = sum(began <= callers[number].dialled_at < over for number in lost_records)
        led_at = [at for at in changes if began <= at < over]
        episode.takeovers = len(led_at)
        if led_at:
            episode.led_s = round(max(0.0, led_at[0] - began - episode.struck_s), 2)
