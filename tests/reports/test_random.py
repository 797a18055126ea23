"""Any history: the identities hold, and reports say what plain loops over the records say."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.core.facts import AgentInterval, CallKind, Fact
from acd.records.fold import fold, utc
from acd.records.period import Period
from acd.records.record import CallRecord, SegmentKind, SegmentOutcome
from acd.records.store import RecordStore
from acd.reports.asked import Asked, By, Grain
from acd.reports.catalogue import REPORTS
from acd.reports.run import run_report
from acd.reports.table import Line
from tests.records.scenario import START
from tests.records.test_fold import FACTS
from tests.reports.centre import BERLIN, KNOWN

NOW = datetime(2026, 12, 1, tzinfo=UTC)
PERIOD = Period(utc(START) - timedelta(hours=2), utc(START) + timedelta(days=1))
STATES = ("ready", "ringing", "talking", "wrap_up", "not_ready")
DAYS = st.lists(
    st.tuples(st.sampled_from(("anna", "ben")), st.sampled_from(STATES), st.integers(1, 10_000_000)),
    max_size=20,
)


def stretches(drawn: list[tuple[str, str, int]]) -> list[AgentInterval]:
    """One after the other, from an hour and a half before the period."""
    at = dict.fromkeys(("anna", "ben"), START - 12_600.0)
    found = []
    for agent, state, length_ms in drawn:
        until = round(at[agent] + length_ms / 1000, 3)
        reason = "lunch" if state == "not_ready" else None
        found.append(AgentInterval(agent, state, reason, at[agent], until))
        at[agent] = until
    return found


def naive(records: list[CallRecord]) -> Counter[tuple[str, str]]:
    """What is counted, by figure and group, straight from visits, segments and transfers."""
    found: Counter[tuple[str, str]] = Counter()
    for record in records:
        is_inbound = record.kind is CallKind.INBOUND
        for visit in record.visits:
            if is_inbound and PERIOD.since <= visit.queued_at < PERIOD.until:
                found["offered", visit.group] += 1
                found[visit.outcome.value, visit.group] += 1
        for segment in record.segments:
            if segment.kind is SegmentKind.RINGING and record.kind in (CallKind.INBOUND, CallKind.CALLBACK):
                found["rings", segment.group or ""] += 1
                found["rona", segment.group or ""] += segment.outcome is SegmentOutcome.NO_ANSWER
        for transfer in record.transfers if is_inbound else ():
            found[f"transfers_{transfer.how}", transfer.group or ""] += 1
    return found


@settings(max_examples=50 if os.environ.get("ACD_TEST_ALL") else 5)
@given(st.lists(FACTS.filter(bool), max_size=6), DAYS)
def test_any_history(
    sqlite_template: Path, told: list[tuple[Fact, ...]], drawn: list[tuple[str, str, int]]
) -> None:
    records = [fold(f"c{number}", each) for number, each in enumerate(told)]
    with TemporaryDirectory() as folder:
        shutil.copyfile(sqlite_template, f"{folder}/a.db")
        with RecordStore(f"sqlite:///{folder}/a.db") as store:
            store.save_calls(records)
            store.save_intervals(stretches(drawn))
            check(store, records, stretches(drawn))


def check(store: RecordStore, records: list[CallRecord], states: list[AgentInterval]) -> None:
    for report in REPORTS.values():
        for by in report.by:
            for grain in (Grain.WHOLE, Grain.HOUR):
                asked = Asked(report.id, PERIOD, BERLIN, grain, by)
                table = run_report(store.engine, KNOWN, asked, NOW)
                assert [one for one in table.checks if not one.ok] == [], (report.id, by, grain)
    wanted = naive(records)
    ids = ("offered", "answered", "left", "waiting", "transfers_blind", "transfers_attended", "rings", "rona")
    asked = Asked("agents", PERIOD, BERLIN, by=By.GROUP, kpis=ids)
    lines = {line.key: line for line in run_report(store.engine, KNOWN, asked, NOW).lines}
    for id in ids:
        assert {key: _value(line, id) for key, line in lines.items() if line.values[id]} == {
            group: count for (what, group), count in wanted.items() if what == id and count
        }
    asked = Asked("agents", PERIOD, BERLIN, by=By.AGENT, kpis=("logged_in_s", "ready_s"))
    for line in run_report(store.engine, KNOWN, asked, NOW).lines:
        begin, end = PERIOD.since.timestamp(), PERIOD.until.timestamp()
        mine = [each for each in states if each.agent == line.key]
        lengths = {each: max(0.0, min(each.until, end) - max(each.since, begin)) for each in mine}
        assert line.values["logged_in_s"] == pytest.approx(sum(lengths.values()), abs=1e-4)
        ready = sum(length for each, length in lengths.items() if each.state == "ready")
        assert line.values["ready_s"] == pytest.approx(ready, abs=1e-4)


def _value(line: Line, id: str) -> float | int | None:
    return line.values[id]
