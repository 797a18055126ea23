"""Roll-ups are a cache that cannot be wrong: with them reports say what the rows say, whatever is written."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval
from acd.records.corrections import Correction, Field
from acd.records.fold import fold
from acd.records.period import Period
from acd.records.reach import Reach
from acd.records.record import CallRecord
from acd.records.schema import rollups
from acd.records.store import RecordStore
from acd.reports.asked import By, Grain
from acd.reports.buckets import buckets
from acd.reports.catalogue import SUPPORTED
from acd.reports.count import Wanted, count
from acd.reports.known import Known
from acd.reports.kpis import RowKind
from acd.reports.measures import Measures
from acd.reports.rollups import codec, use
from acd.reports.rollups import keeper as rollups_keeper
from acd.reports.rollups.check import differences
from acd.reports.rollups.codec import from_bytes, to_bytes
from acd.reports.rollups.cover import cover, day_around, days_between
from acd.reports.rollups.dimensions import ROLLED_UP
from acd.reports.rollups.keeper import RollUpKeeper
from acd.reports.rollups.kept import Versions
from acd.reports.rollups.make import Stretch, make
from acd.reports.rollups.many import make_many
from acd.reports.rollups.stale import stale
from acd.reports.rollups.use import count_with_rollups
from acd.reports.run import snapshot
from acd.reports.sources import Filter
from bench.report_calls import AGENTS, GROUPS, call_facts, until_the_end
from tests.reports.centre import BERLIN, KNOWN

BEGIN = datetime(2026, 10, 24, tzinfo=BERLIN)  # the clocks go back in the night to the second day
SEEDS = range(12) if os.environ.get("ACD_TEST_ALL") else range(2)
DAYS = list(days_between(round(BEGIN.timestamp()), round(BEGIN.timestamp()) + 3 * 90_000, BERLIN))[:3]
NOW = datetime(2026, 10, 26, 17, 37, 12, tzinfo=UTC)
KNOWN_HERE = replace(KNOWN, fcr_days=0.5)
FILTERS = {
    "groups": st.frozensets(st.sampled_from(GROUPS[:4]), min_size=1, max_size=3),
    "agents": st.frozensets(st.sampled_from(AGENTS[:3]), min_size=1, max_size=2),
    "numbers": st.frozensets(st.sampled_from(["8000", "8001"]), min_size=1, max_size=2),
    "flows": st.frozensets(st.sampled_from(["main", "orders"]), min_size=1, max_size=2),
}


@pytest.fixture
def store(database_url: str) -> Iterator[RecordStore]:
    with RecordStore(database_url) as opened:
        yield opened


class Writing:
    """Random writes of a small centre; the same seed writes the same."""

    def __init__(self, store: RecordStore, seed: int) -> None:
        self.store = store
        self.dice = random.Random(seed)
        self.calls: list[CallRecord] = []

    def moment(self) -> float:
        return round(DAYS[0][0] + self.dice.random() * (NOW.timestamp() - DAYS[0][0]), 3)

    def some_calls(self, number: int) -> None:
        for _ in range(number):
            facts = call_facts(self.dice, self.moment(), GROUPS[:4], AGENTS[:3], 12)
            call = fold(f"c{len(self.calls)}", facts)
            self.calls.append(call)
            self.store.save_calls([fold(call.call_id, until_the_end(facts))])
            if self.dice.random() < 0.8:
                self.store.save_calls([call])

    def again(self) -> None:
        self.store.save_calls([self.dice.choice(self.calls)])

    def states(self) -> None:
        agent, at = self.dice.choice(AGENTS[:3]), self.moment()
        for state in ("ready", "talking", "not_ready"):
            reason, until = ("lunch" if state == "not_ready" else None), at + self.dice.uniform(1, 5000)
            self.store.save_intervals([AgentInterval(agent, state, reason, at, until)])
            at = until

    def disposition(self) -> None:
        call, agent = self.dice.choice(self.calls), self.dice.choice(AGENTS[:3])
        code, complaint = self.dice.choice(["sold", "lost"]), self.dice.random() < 0.5
        at = call.started_at.timestamp() + self.dice.uniform(0, 9000)
        self.store.save_dispositions([Disposition(call.call_id, agent, at, GROUPS[0], code, code, complaint)])

    def correction(self) -> None:
        call = self.dice.choice(self.calls)
        field = self.dice.choice(list(Field))
        value = "K1" if field is Field.CUSTOMER else self.dice.choice(["yes", "no"])
        if field is not Field.COMPLAINT or self.store.dispositions([call.call_id]):
            self.store.correct(Correction(call.call_id, NOW, "sue", field, value, "so"))

    def roll_up(self) -> None:
        begin, end = self.dice.choice(DAYS)
        is_day = end <= NOW.timestamp()
        if not is_day or self.dice.random() < 0.3:
            begin += 900 * self.dice.randrange(0, 60)
            end, is_day = begin + 900 * self.dice.randrange(1, 8), False
        kinds = [kind for kind in ROLLED_UP if is_day or kind is not RowKind.CALLS]
        make(self.store.engine, self.dice.sample(kinds, 4), Stretch(begin, end, is_day), BERLIN, KNOWN_HERE)

    def anything(self) -> None:
        self.dice.choice(
            [self.again, self.states, self.disposition, self.correction, self.roll_up, self.roll_up]
        )()


def questions(dice: random.Random, kind: RowKind) -> Wanted:
    """A random report of these rows."""
    by = dice.choice(sorted(SUPPORTED[kind]))
    since = BEGIN + timedelta(seconds=dice.choice([0, 0, 900 * dice.randrange(200), dice.randrange(200_000)]))
    until = dice.choice([NOW.astimezone(BERLIN), since + timedelta(hours=dice.randrange(1, 60))])
    grain = dice.choice([Grain.WHOLE, Grain.DAY, Grain.HOUR, Grain.MONTH])
    chosen: dict[str, Any] = {}
    if dice.random() < 0.5:
        for name, values in (("groups", GROUPS[:2]), ("agents", AGENTS[:2]), ("numbers", ("8000", "8001"))):
            if dice.random() < 0.4 and _knows(kind, name):
                chosen[name] = frozenset(values)
    if dice.random() < 0.4:
        chosen["reach"] = Reach(frozenset(AGENTS[:2]), frozenset(GROUPS[:1]))
    until = max(until, since + timedelta(minutes=7))
    return Wanted(buckets(Period(since, until), grain, BERLIN), by, Filter(**chosen), KNOWN_HERE, NOW)


def _knows(kind: RowKind, name: str) -> bool:
    from acd.reports.sources import SOURCES

    return name in SOURCES[kind].filters


def assert_the_same(store: RecordStore, kind: RowKind, wanted: Wanted) -> None:
    with snapshot(store.engine) as connection:
        counted = count(connection, kind, wanted)
        quickly = count_with_rollups(connection, kind, wanted)
    empty = Measures()
    for cell in counted.keys() | quickly.keys():
        assert quickly.get(cell, empty) == counted.get(cell, empty), (kind, wanted.by, cell)


@pytest.mark.parametrize("seed", SEEDS)
def test_reports_with_roll_ups_are_those_of_the_rows(store: RecordStore, seed: int) -> None:
    writing = Writing(store, seed)
    writing.some_calls(25)
    for _ in range(4):
        for begin, end in DAYS[:2]:
            make(store.engine, ROLLED_UP, Stretch(begin, end, is_day=True), BERLIN, KNOWN_HERE)
        for _ in range(4):
            for kind in ROLLED_UP:
                assert_the_same(store, kind, questions(writing.dice, kind))
            writing.anything()
        writing.some_calls(2)


def test_what_is_kept_is_used(store: RecordStore, monkeypatch: pytest.MonkeyPatch) -> None:
    writing = Writing(store, 1)
    writing.some_calls(10)
    for begin, end in DAYS[:2]:
        make(store.engine, [RowKind.VISITS], Stretch(begin, end, is_day=True), BERLIN, KNOWN_HERE)
    period = Period(BEGIN, BEGIN + timedelta(days=2))
    wanted = Wanted(buckets(period, Grain.DAY, BERLIN), By.GROUP, Filter(), KNOWN_HERE, NOW)
    with snapshot(store.engine) as connection:
        counted = count(connection, RowKind.VISITS, wanted)
    monkeypatch.setattr(use, "count", None)  # nothing is left to be counted
    with snapshot(store.engine) as connection:
        assert count_with_rollups(connection, RowKind.VISITS, wanted) == counted


async def test_the_keeper_makes_what_is_missing_or_old_and_no_more(store: RecordStore) -> None:
    writing = Writing(store, 1)
    writing.some_calls(5)

    async def centre() -> tuple[ZoneInfo, Known]:
        return BERLIN, KNOWN_HERE

    keeper = RollUpKeeper(lambda: store.engine, centre, now=lambda: NOW, share=1.0)
    assert await keeper.look() > 0
    assert await keeper.look() == 0
    writing.again()
    assert await keeper.look() > 0
    with store.engine.connect() as connection:
        assert list(stale(connection, BERLIN, KNOWN_HERE, NOW)) == []
    stretch = Stretch(*DAYS[0], is_day=True)
    assert list(differences(store.engine, RowKind.VISITS, stretch, BERLIN, KNOWN_HERE)) == []
    with store.engine.begin() as connection:
        nonsense = to_bytes({("sales", "sales"): Measures({"offered": 7})})
        connection.execute(
            rollups.update().where(rollups.c.dimension.endswith("/visits:group")).values(data=nonsense)
        )
    told = list(differences(store.engine, RowKind.VISITS, stretch, BERLIN, KNOWN_HERE))
    assert any("visits:group 2026-10-24 00:00 sales sales: offered 7 ≠ 0" in line for line in told)


@pytest.mark.parametrize("days", [1, 9])  # in this process, and in several
def test_many_are_made_at_once(tmp_path: Path, days: int) -> None:
    with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
        writing = Writing(store, 4)
        writing.some_calls(8)
        last = round(BEGIN.timestamp()) + 86_400 * days
        pieces = [
            (tuple(ROLLED_UP), Stretch(begin, end, is_day=True))
            for begin, end in days_between(round(BEGIN.timestamp()), last + 7200, BERLIN)
        ]
        assert len(pieces) == days
        made = list(make_many(store.engine.url, pieces, BERLIN, KNOWN_HERE))
        assert sorted(made, key=lambda piece: piece[1].begin) == pieces
        for kind, (_, stretch) in product(ROLLED_UP, pieces[:2]):
            assert list(differences(store.engine, kind, stretch, BERLIN, KNOWN_HERE)) == []
        with store.engine.connect() as connection:
            old = {stretch.begin for _, stretch in stale(connection, BERLIN, KNOWN_HERE, NOW)}
        assert not old & {stretch.begin for _, stretch in pieces[:1]}


async def test_what_was_counted_in_another_way_is_made_anew_and_goes(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    Writing(store, 1).some_calls(5)

    async def centre() -> tuple[ZoneInfo, Known]:
        return BERLIN, KNOWN_HERE

    def kept() -> tuple[int, set[str]]:
        with store.engine.connect() as connection:
            names = connection.scalars(select(rollups.c.dimension)).all()
        return len(names), {name.partition("/")[0] for name in names}

    made = await RollUpKeeper(lambda: store.engine, centre, now=lambda: NOW, share=1.0).look()
    before, _ = kept()
    monkeypatch.setattr(codec, "FORMAT", codec.FORMAT + 1)
    assert await RollUpKeeper(lambda: store.engine, centre, now=lambda: NOW, share=1.0).look() == made > 0
    assert kept() == (before, {str(codec.FORMAT)})


def test_what_is_written_after_the_versions_were_read_makes_the_roll_up_stale(
    store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a database that showed newer rows than versions, a roll-up would look old, and never wrong."""
    writing = Writing(store, 2)
    writing.some_calls(6)
    begin, end = DAYS[0]

    def racing(*arguments: object) -> Versions:
        versions = Versions(*arguments)  # type: ignore[arg-type]
        facts = call_facts(random.Random(5), begin + 5000.0)
        store.save_calls([fold("late", facts)])
        return versions

    monkeypatch.setattr("acd.reports.rollups.make.Versions", racing)
    make(store.engine, [RowKind.VISITS], Stretch(begin, end, is_day=True), BERLIN, KNOWN_HERE)
    period = Period(BEGIN, BEGIN + timedelta(days=1))
    wanted = Wanted(buckets(period, Grain.WHOLE, BERLIN), By.GROUP, Filter(), KNOWN_HERE, NOW)
    assert_the_same(store, RowKind.VISITS, wanted)
    with snapshot(store.engine) as connection:
        versions = Versions(connection, begin, end)
        kept = connection.scalar(select(rollups.c.version).where(rollups.c.level == "day:Europe/Berlin"))
    assert kept is not None
    assert kept < versions.of(begin, end)


def test_an_older_roll_up_does_not_replace_a_newer_one(store: RecordStore) -> None:
    writing = Writing(store, 3)
    writing.some_calls(6)
    begin, end = DAYS[0]
    stretch = Stretch(begin, end, is_day=True)
    make(store.engine, [RowKind.VISITS], stretch, BERLIN, KNOWN_HERE)
    with store.engine.begin() as connection:
        newest = connection.scalar(select(func.max(rollups.c.version)))
        connection.execute(rollups.update().values(version=rollups.c.version + 5))
    make(store.engine, [RowKind.VISITS], stretch, BERLIN, KNOWN_HERE)
    with store.engine.begin() as connection:
        assert connection.scalar(select(func.max(rollups.c.version))) == newest + 5
        connection.execute(delete(rollups))


@given(
    st.dictionaries(
        st.tuples(st.text(max_size=3), st.none() | st.sampled_from(GROUPS[:2])),
        st.builds(
            Measures,
            st.dictionaries(st.sampled_from(["offered", "talk_us"]), st.integers(0, 10**15)),
            st.dictionaries(
                st.sampled_from(["answered", "left"]), st.lists(st.integers(0, 10**8), max_size=9)
            ),
            st.dictionaries(st.just("peak_calls"), st.integers(0, 500)),
        ),
        max_size=5,
    )
)
def test_figures_survive_as_bytes(cells: dict[tuple[str, str | None], Measures]) -> None:
    data = to_bytes(cells)
    assert from_bytes(data) == cells
    assert to_bytes(from_bytes(data) or {}) == data
    assert from_bytes(b"\x00" + data[1:]) is None


def test_a_period_is_laid_out_with_days_slots_and_rests() -> None:
    period = Period(BEGIN + timedelta(minutes=20), BEGIN + timedelta(days=2, hours=1))
    pieces, rests = cover(buckets(period, Grain.DAY, BERLIN), round(NOW.timestamp()))
    days = [piece for piece in pieces if piece.is_day]
    assert [piece.end - piece.begin for piece in days] == [25 * 3600]
    assert sum(piece.end - piece.begin for piece in pieces) + sum(r.end - r.begin for r in rests) / 1e6 == (
        period.until.timestamp() - period.since.timestamp()
    )
    assert [(rest.end - rest.begin) / 1e6 for rest in rests] == [600]
    assert day_around(pieces[-1].begin, BERLIN)[0] == pieces[-4].begin


async def test_of_several_keepers_one_works(
    store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rollups_keeper, "LOOK_EVERY_S", 0.01)
    began: list[int] = []

    def keeper(number: int) -> RollUpKeeper:
        async def centre() -> tuple[ZoneInfo, Known]:
            began.append(number)
            return BERLIN, KNOWN_HERE

        return RollUpKeeper(lambda: store.engine, centre, now=lambda: NOW, lock=tmp_path / "lock")

    tasks = [asyncio.create_task(keeper(number).run()) for number in range(3)]
    async with asyncio.timeout(60):
        while len(began) < 5:  # noqa: ASYNC110 - what is looked at has no event of its own
            await asyncio.sleep(0.01)
        first = began[0]
        assert set(began) == {first}
        tasks[first].cancel()
        while set(began) == {first}:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
