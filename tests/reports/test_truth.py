"""Every figure of generated days is exactly what the generator knows, on both databases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from acd.core.plan import GroupPolicy
from acd.core.requirement import ANYBODY
from acd.core.work_rules import Reason
from acd.records.corrections import Field
from acd.records.period import Period
from acd.records.schema import callbacks
from acd.records.store import RecordStore
from acd.records.task_store import TaskStore
from acd.records.tasks import TaskChange, TaskKind, TaskState
from acd.reports.asked import Asked, By, Grain
from acd.reports.catalogue import REPORTS, breakdowns
from acd.reports.known import AgentKnown, Known
from acd.reports.kpis import KPIS
from acd.reports.rollups.make import make
from acd.reports.rollups.stale import stale
from acd.reports.run import run_report
from acd.reports.table import Line, Unit
from tests.reports.truth import (
    AGENTS,
    BERLIN,
    FCR_DAYS,
    GROUPS,
    HOURS,
    NOW,
    SINCE,
    TEAMS,
    UNPAID,
    UNTIL,
    Count,
    Truth,
)
from tests.reports.truth_agents import PLANS, calendars
from tests.reports.truth_calls import draw_truth
from tests.reports.truth_figures import differing, expected

CALLS = 10_000 if os.environ.get("ACD_TEST_ALL") else 1_000
KNOWN = Known(
    groups={
        id: GroupPolicy(id, id, ANYBODY, service_level_s=level / 1000, short_abandon_s=short / 1000)
        for id, (level, short) in GROUPS.items()
    },
    agents={
        id: AgentKnown(id, id, TEAMS.get(id), calendars()[PLANS[id]] if id in PLANS else None)
        for id in AGENTS
    },
    reasons={UNPAID: Reason({"en": "Lunch"}, paid=False), "meeting": Reason({"en": "Meeting"})},
    fcr_days=FCR_DAYS,
)
BREAKDOWNS = [by for by in By if any(by in report.by for report in REPORTS.values())]
BY_HOUR = frozenset({By.ALL, By.GROUP, By.STEP})


@pytest.fixture(scope="module")
def truth() -> Truth:
    return draw_truth(CALLS)


def told_by(by: By) -> tuple[str, ...]:
    """Every figure that can be broken down so."""
    return tuple(id for id in KPIS if by in breakdowns(id))


def questions() -> Iterator[Asked]:
    for by in BREAKDOWNS:
        report = next(report.id for report in REPORTS.values() if by in report.by)
        asked = Asked(report, Period(SINCE, UNTIL), BERLIN, Grain.WHOLE, by, kpis=told_by(by))
        yield asked
        if by in BY_HOUR:
            yield replace(asked, grain=Grain.HOUR)


def hour_of(line: Line) -> str:
    return "" if line.at is None else f"{line.at:%Y-%m-%d %H%z}"


def check(store: RecordStore, truth: Truth, asked: Asked) -> None:
    what, ids = asked.by.value, asked.kpis
    table = run_report(store.engine, KNOWN, asked, NOW)
    assert [one for one in table.checks if not one.ok] == []
    found = {(line.key or "", hour_of(line)): line for line in table.lines}
    assert len(found) == len(table.lines)
    for (key, hour), line in found.items():
        count = truth.counts.get((what, key, hour), Count())
        assert differing(line.values, expected(count), ids) == {}, (what, key, hour)
    counted = [
        (key, count) for (name, key, hour), count in truth.counts.items() if (name, hour) == (what, "")
    ]
    keys = {key for key, count in counted if any(expected(count)[id] for id in ids)}
    assert {key for key, _ in found} == keys
    assert len({hour for _, hour in found}) == (HOURS if asked.grain is Grain.HOUR else 1)
    assert differing(table.total.values, expected(truth.counts["all", "", ""]), ids) == {}


def write(store: RecordStore, truth: Truth) -> None:
    store.save_calls(truth.records)
    store.save_intervals(truth.states)
    store.save_dispositions(truth.dispositions)
    store.add_callbacks(truth.orders)
    store.note_callbacks(truth.news)
    for correction in truth.corrections:
        store.correct(correction)
    with store.engine.connect() as connection:
        ids = dict(iter(connection.execute(select(callbacks.c.call_id, callbacks.c.callback_id))))
    for call_id in truth.cancelled:
        change = TaskChange(NOW, "sue", TaskState.CANCELLED)
        TaskStore(store.engine).change(TaskKind.CALLBACK, str(ids[call_id]), change)


def roll_up(store: RecordStore) -> None:
    """All that can be."""
    with store.engine.connect() as connection:
        pieces = list(stale(connection, BERLIN, KNOWN, NOW))
    for kinds, stretch in pieces:
        make(store.engine, kinds, stretch, BERLIN, KNOWN)
    assert {kind for kinds, stretch in pieces if stretch.is_day for kind in kinds}


def test_every_figure_is_known_and_says_something(truth: Truth) -> None:
    """A new KPI needs an expected figure; one that is 0, or a share of 0 or 1, would be right by chance."""
    wanted = expected(truth.counts["all", "", ""])
    assert wanted.keys() == KPIS.keys()
    asked = {id for question in questions() for id in question.kpis}
    assert asked == KPIS.keys()
    for id, figure in wanted.items():
        assert figure, id
        if KPIS[id].unit is Unit.SHARE:
            assert 0 < figure < 1, id


def test_the_days_have_what_the_figures_tell_apart(truth: Truth) -> None:
    everything = truth.counts["all", "", ""].numbers
    assert everything["contacts"] < sum(each.answered for each in truth.contacts)  # some are too new
    assert everything["logged_in_with_plan"] > everything["in_plan"]
    assert {Field.COMPLAINT, Field.EXCLUDED} == {each.field for each in truth.corrections}
    assert truth.counts["agent", "agent0", "2026-10-25 02+0200"].numbers["planned"] == 3_600_000
    assert truth.counts["agent", "agent0", "2026-10-25 02+0100"].numbers["planned"] == 3_600_000
    assert any(not told.code for told in truth.dispositions)


def test_the_figures_are_the_truth(database_url: str, truth: Truth) -> None:
    with RecordStore(database_url) as store:
        write(store, truth)
        for asked in questions():
            check(store, truth, asked)  # from the rows
        roll_up(store)
        for asked in questions():
            check(store, truth, asked)  # from what was rolled up
