"""How fast reports are told out of millions of calls, and calls are written: see docs/performance.md."""

from __future__ import annotations

import json
import random
import shutil
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table

from acd.core.plan import GroupPolicy
from acd.core.requirement import ANYBODY
from acd.records.fold import fold
from acd.records.period import Period
from acd.records.store import RecordStore
from acd.records.story import call_story
from acd.reports.asked import Asked, By, Grain
from acd.reports.known import AgentKnown, Known
from acd.reports.rollups.many import make_many
from acd.reports.rollups.stale import stale
from acd.reports.run import run_report
from bench import report_import
from bench.report_calls import AGENTS, GROUPS, call_facts, until_the_end
from bench.report_history import BEGIN, BYTES_PER_CALL, DAYS, History, write
from tests.postgres import PostgresProcess

TZ = ZoneInfo("Europe/Berlin")
NOW = BEGIN + timedelta(days=DAYS + 30)
KNOWN = Known(
    groups={group: GroupPolicy(group, group, ANYBODY) for group in GROUPS},
    agents={agent: AgentKnown(agent, agent) for agent in AGENTS},
)
ROUNDS = 7
WRITES = 6_000
BATCH = 200
GROWTH_MOST = 1.5
_SERVER = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}
_SERVER |= {"shared_buffers": "2GB", "effective_cache_size": "12GB", "max_wal_size": "4GB"}
_SERVER |= {"maintenance_work_mem": "512MB"}
_FILLED = _SERVER | {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Filling takes an hour as it is, and reading is the same."""
Told = Callable[[str, float], None]
"""What is done, and how much of it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """`value` in `unit`: ms as the median of the rounds (`worst` of them beside), or calls a second."""

    database: str
    calls: int
    what: str
    value: float
    limit: float | None
    unit: str = "ms"
    worst: float | None = None

    @property
    def is_good(self) -> bool:
        """Within its limit."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.unit == "calls/s" else self.value <= self.limit


def disk_needed(database: str, calls: int) -> int:
    """Bytes."""
    return BYTES_PER_CALL[database] * calls + 2 * 10**9 * (database == "postgresql")


@contextmanager
def new_database(kind: str, folder: Path, settings: Mapping[str, str] = _SERVER) -> Iterator[str]:
    """The URL of an empty one: a file, or on a server of its own that keeps what it is told."""
    if kind == "sqlite":
        path = folder / "records.sqlite3"
        yield f"sqlite:///{path}"
        for each in folder.glob("records.sqlite3*"):
            each.unlink()
        return
    server = PostgresProcess(**settings)
    server.start()
    try:
        yield server.url(server.new_database())
    finally:
        server.remove()


def measure_writing(database: str, told: Told) -> list[Timing]:
    """Calls of 20 facts and 5 stretches: first when they end, then again with their wrap-up."""
    dice = random.Random(7)
    facts = [call_facts(dice, BEGIN.timestamp() + n * 0.7) for n in range(WRITES)]
    whole = [fold(f"{n:06}", each) for n, each in enumerate(facts)]
    first = [fold(call.call_id, until_the_end(call.facts)) for call in whole]
    timings = []
    with (
        TemporaryDirectory() as folder,
        new_database(database, Path(folder)) as url,
        RecordStore(url) as store,
    ):
        for what, calls, limit in (
            ("written when they end", first, 1500.0),
            ("with their wrap-up", whole, None),
        ):
            began = time.monotonic()
            for at in range(0, WRITES, BATCH):
                store.save_calls(calls[at : at + BATCH])
                told(f"{database}: {what}", at / WRITES)
            rate = WRITES / (time.monotonic() - began)
            timings.append(Timing(database, WRITES, what, rate, limit, "calls/s"))
    return timings


def measure_importing(database: str, lines: int, told: Told) -> list[Timing]:
    """A queue_log of so many lines into an empty database."""
    with (
        TemporaryDirectory() as folder,
        new_database(database, Path(folder)) as url,
    ):
        told(f"{database}: {lines:,} lines are imported", 0.0)
        found = report_import.measure(lines, url)
    limit_s = report_import.LIMIT_S * lines / 1_000_000
    return [
        Timing(database, found.calls, f"import of {lines:,} lines", found.seconds, limit_s, "s"),
        Timing(
            database, found.calls, "memory grown by it", found.grown_mb, report_import.GROWTH_MOST_MB, "MB"
        ),
        Timing(database, found.calls, "memory of the process that writes", found.writer_mb, None, "MB"),
    ]


def measure_reading(database: str, calls: int, told: Told) -> list[Timing]:
    """Fills a database, rolls it up, and asks it. Raises OSError where the disk is too small."""
    timings = []
    with TemporaryDirectory() as folder:
        free = shutil.disk_usage(folder).free
        if free < disk_needed(database, calls):
            raise OSError(
                f"{disk_needed(database, calls) / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free"
            )
        with new_database(database, Path(folder), _FILLED) as url, RecordStore(url) as store:
            began = time.monotonic()
            write(
                store.engine,
                History(calls),
                lambda done: told(f"{database}: calls are made up", done / calls),
            )
            timings.append(_whole(database, calls, "made up and indexed", began))
            began = time.monotonic()
            _roll_up(store, lambda share: told(f"{database}: roll-ups", share))
            timings.append(_whole(database, calls, "rolled up", began))
            timings += _ask(database, calls, store, told)
    return timings


def _whole(database: str, calls: int, what: str, began: float) -> Timing:
    return Timing(database, calls, what, time.monotonic() - began, None, "s")


def _roll_up(store: RecordStore, told: Callable[[float], None]) -> None:
    with store.engine.connect() as connection:
        pieces = list(stale(connection, TZ, KNOWN, NOW))
    for n, _ in enumerate(make_many(store.engine.url, pieces, TZ, KNOWN)):
        told(n / len(pieces))


def _ask(database: str, calls: int, store: RecordStore, told: Told) -> Iterator[Timing]:
    for what, (limit, question) in _questions(store).items():
        told(f"{database}: {what}", 0.0)
        dice, times = random.Random(what), []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            question(dice)
            times.append((time.perf_counter() - began) * 1000)
        yield Timing(database, calls, what, statistics.median(times), limit, worst=max(times))


def _questions(store: RecordStore) -> dict[str, tuple[float | None, Callable[[random.Random], object]]]:
    def report(name: str, by: By, grain: Grain, days: int) -> Callable[[random.Random], object]:
        def ask(dice: random.Random) -> object:
            since = (BEGIN + timedelta(days=dice.randrange(5, DAYS - days - 5))).astimezone(TZ)
            begin = datetime(since.year, since.month, since.day, tzinfo=TZ)
            last = begin + timedelta(days=days)
            period = Period(begin, last)
            return run_report(store.engine, KNOWN, Asked(name, period, TZ, grain, by), NOW)

        return ask

    def listed(**filters: Any) -> Callable[[random.Random], object]:
        def ask(dice: random.Random) -> object:
            since = BEGIN + timedelta(days=dice.randrange(DAYS - 1))
            return store.calls(since, since + timedelta(days=1), limit=100, **filters)

        return ask

    def story(dice: random.Random) -> object:
        since = BEGIN + timedelta(seconds=dice.randrange((DAYS - 1) * 86_400))
        return [call_story(call, TZ) for call in store.calls(since, since + timedelta(days=1), limit=1)]

    return {
        "a day by group": (200, report("groups", By.GROUP, Grain.WHOLE, 1)),
        "a day by half hour": (200, report("groups", By.ALL, Grain.HALF, 1)),
        "a day by agent": (200, report("agents", By.AGENT, Grain.WHOLE, 1)),
        "a month by day and group": (1500, report("groups", By.GROUP, Grain.DAY, 30)),
        "a day's calls (report)": (None, report("calls", By.ALL, Grain.WHOLE, 1)),
        "a year by month": (None, report("groups", By.ALL, Grain.MONTH, 350)),
        "one call's story": (20, story),
        "a list by group": (200, listed(group=GROUPS[3])),
        "a list by agent": (200, listed(agent=AGENTS[7])),
        "a list by group and agent": (200, listed(group=GROUPS[3], agent=AGENTS[7])),
        "a list by number": (200, listed(number="8001")),
    }


def growth(timings: list[Timing]) -> list[str]:
    """A line for each database whose report of a day grew by more than it may, from few calls to many."""
    told = []
    for database in sorted({timing.database for timing in timings}):
        days = sorted(
            (t.calls, t.value) for t in timings if t.what == "a day by group" and t.database == database
        )
        if len(days) > 1 and days[-1][1] > GROWTH_MOST * days[0][1]:
            told.append(f"{database}: a day's report takes {days[-1][1] / days[0][1]:.1f} times as long")
    return told


def table(timings: list[Timing]) -> Table:
    """Each with its limit."""
    shown = Table("Database", "Calls", "What", "Median", "Worst", "Limit", "")
    for t in timings:
        worst = "" if t.worst is None else f"{t.worst:.1f}"
        limit = "" if t.limit is None else f"{t.limit:g}"
        good = "" if t.limit is None else ("ok" if t.is_good else "MISSED")
        shown.add_row(t.database, f"{t.calls:,}", t.what, f"{t.value:.1f} {t.unit}", worst, limit, good)
    return shown


def write_json(path: Path, timings: list[Timing]) -> None:
    """All of them, and when."""
    result = {"at": datetime.now(UTC).isoformat(), "timings": [asdict(timing) for timing in timings]}
    path.write_text(json.dumps(result, indent=2))
