"""Behind each figure stand as many calls as it counts, in every line of every report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acd.core.disposition import Disposition
from acd.core.facts import CallbackOrder
from acd.errors import OperatorError
from acd.records.corrections import Correction, Field
from acd.records.fold import fold
from acd.records.store import RecordStore
from acd.reports.asked import By, Grain
from acd.reports.behind import SETS, calls_behind
from acd.reports.catalogue import REPORTS
from acd.reports.kpis import KPIS, SERVICE_LEVEL
from acd.reports.run import run_report
from acd.reports.table import Unit
from tests.records.scenario import START, facts_of
from tests.reports.centre import KNOWN, asked
from tests.reports.test_run import CALLS, STATES

NOW = datetime(2025, 12, 22, 12, tzinfo=UTC)
ALL = 10_000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordStore]:
    with RecordStore(f"sqlite:///{tmp_path_factory.mktemp('behind')}/acd.db") as opened:
        opened.save_calls([fold(name, facts_of(story)) for name, story in CALLS.items()])
        opened.save_intervals(STATES)
        opened.save_dispositions(
            [Disposition("a", "anna", START + 90, "sales", "angry", "Angry", True, {}, "", None)]
        )
        opened.add_callbacks([CallbackOrder("f", START + 2210, "support", "5550113", "en")])
        yield opened


COUNTED = [
    (report.id, by, id)
    for report in REPORTS.values()
    for by in report.by
    for id in report.shown(by)
    if id != SERVICE_LEVEL and KPIS[id].unit is Unit.COUNT and KPIS[id].behind is not None
]


@pytest.mark.parametrize("grain", [Grain.WHOLE, Grain.QUARTER])
def test_their_number_is_the_figure(store: RecordStore, grain: Grain) -> None:
    told = set()
    for report, by, id in COUNTED:
        wanted = asked(report, by, grain, kpis=(id,))
        table = run_report(store.engine, KNOWN, wanted, NOW)
        for line in (*table.lines, table.total):
            if line.values[id]:
                behind = calls_behind(store.engine, KNOWN, wanted, id, line.key, line.at, ALL, now=NOW)
                assert len(behind.calls) == line.values[id], (report, by, id, line.key)
                told.add(id)
    never = {"transfers_attended", "transferred_in", "waiting", "contacts_resolved"}
    never |= {"callbacks_done", "callbacks_failed", "callbacks_cancelled"}
    assert told == {id for _, _, id in COUNTED} - never


def test_every_set_is_some_kpis_and_every_kpi_has_its_set() -> None:
    assert {kpi.behind for kpi in KPIS.values() if kpi.behind is not None} == set(SETS)


def test_a_share_has_the_calls_above_its_line(store: RecordStore) -> None:
    wanted = asked("groups", By.GROUP)
    found = calls_behind(store.engine, KNOWN, wanted, "service_level", "sales", None, ALL)
    assert found.calls == ("a",)
    assert calls_behind(store.engine, KNOWN, wanted, "abandon_rate", None, None, ALL).calls == ("c",)


TAKEN_OVER = """
    0   arrived 5550100 8001
    0   queued sales
    30  answered anna
    40  | arrived 1001 8002 internal anna
    40  | queued support
    60  | answered ben
    70  attended anna c2
    100 ended caller
    100 wrap ben
    110 wrapped ben"""


def test_a_caller_who_is_taken_over_was_not_offered_to_the_group_but_is_work_of_its_agents(
    tmp_path: Path,
) -> None:
    told = ("offered", "answered", "transferred_in", "answered_in_time", "asa_s", "aht_s", "acw_s")
    wanted = asked("groups", By.GROUP, kpis=told)
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        store.save_calls([fold("t", facts_of(TAKEN_OVER))])
        table = run_report(store.engine, KNOWN, wanted, NOW)
        assert [one for one in table.checks if not one.ok] == []
        lines = {line.key: list(line.values.values()) for line in table.lines}
        assert lines["sales"] == [1, 1, 0, 0, 30.0, 40.0, 0.0]
        assert lines["support"] == [0, 0, 1, 0, None, 40.0, 10.0]
        assert list(table.total.values.values()) == [1, 1, 1, 0, 30.0, 40.0, 5.0]
        for figure, calls in (("offered", ()), ("transferred_in", ("t",)), ("aht_s", ("t",))):
            found = calls_behind(store.engine, KNOWN, wanted, figure, "support", None, ALL)
            assert found.calls == calls


def test_page_by_page(store: RecordStore) -> None:
    wanted = asked("groups", By.ALL)
    seen: list[str] = []
    after = None
    for _ in range(10):
        page = calls_behind(store.engine, KNOWN, wanted, "offered", None, None, 2, after)
        seen += page.calls
        after = page.after
        if after is None:
            break
    assert seen == ["a", "b", "a", "c", "f"]  # a came into two lines


def test_the_next_page_comes_also_where_the_last_call_of_this_one_is_gone(tmp_path: Path) -> None:
    wanted = asked("groups", By.ALL)
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        stories = {**CALLS, "a2": CALLS["a"], "a3": CALLS["a"]}
        store.save_calls([fold(name, facts_of(story)) for name, story in stories.items()])
        page = calls_behind(store.engine, KNOWN, wanted, "offered", None, None, 2)
        assert page.calls == ("a", "a2")  # in the same moment
        store.correct(Correction("a2", NOW, "eva", Field.EXCLUDED, "yes", "a test"))
        rest = calls_behind(store.engine, KNOWN, wanted, "offered", None, None, ALL, page.after)
        assert rest.calls == ("a3", "b", "a", "a3", "c", "f")
        page = calls_behind(store.engine, KNOWN, wanted, "offered", None, None, 3)
        assert page.calls == ("a", "a3", "b")
        store.correct(Correction("b", NOW, "eva", Field.EXCLUDED, "yes", "a test"))
        rest = calls_behind(store.engine, KNOWN, wanted, "offered", None, None, ALL, page.after)
        assert rest.calls == ("a", "a3", "c", "f")


def test_what_cannot_be_listed_is_said(store: RecordStore) -> None:
    with pytest.raises(OperatorError, match="no calls stand behind occupancy"):
        calls_behind(store.engine, KNOWN, asked("agents", By.AGENT), "occupancy", "anna", None, 5)
    with pytest.raises(OperatorError, match="expected what an earlier answer gave"):
        calls_behind(store.engine, KNOWN, asked("groups", By.ALL), "offered", None, None, 5, "c1")
    with pytest.raises(OperatorError, match="outside of the period"):
        calls_behind(store.engine, KNOWN, asked("groups", By.ALL), "offered", None, NOW, 5)
