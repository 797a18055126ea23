"""Saved reports as they are kept, and each time that one is due, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from acd.core.service_level import ServiceLevelFormula
from acd.errors import OperatorError
from acd.records.store import RecordStore
from acd.reports.asked import By, Grain
from acd.reports.sending.saved import draft_of, question_of
from acd.reports.sending.schema import saved_reports
from acd.reports.sending.store import LEASE, Runs, RunState, SavedReports

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 22, 12, tzinfo=BERLIN)
ASKED: dict[str, Any] = {
    "report": "groups",
    "period": "yesterday",
    "grain": "60min",
    "by": "group",
    "filter": {"groups": ["sales"]},
    "formula": None,
    "compare": "week",
    "kpis": ["offered", "service_level"],
}
PLAIN: dict[str, Any] = {
    "name": "Every morning",
    "asked": ASKED,
    "format": "xlsx",
    "language": "zh",
    "recipients": ["anna@example.com", "ben@example.com", "anna@example.com"],
    "schedule": "daily 06:00",
}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        yield store.engine


def test_what_is_asked_is_kept_as_it_was(engine: Engine) -> None:
    saved = SavedReports(engine).add(draft_of(PLAIN, "chief"), BERLIN, NOON)
    (found,) = SavedReports(engine).every()
    assert found == saved == SavedReports(engine).find("Every morning")
    plain = found.plain()
    assert plain["asked"] == ASKED
    assert (plain["owner"], plain["language"], plain["schedule"]) == ("chief", "zh-CN", "daily 06:00")
    assert plain["recipients"] == ["anna@example.com", "ben@example.com"]
    assert plain["next_at"] == "2026-11-23T05:00:00+00:00"


def test_the_question_means_another_time_each_day() -> None:
    question = question_of(ASKED)
    asked = question.asked(
        BERLIN, datetime(2026, 11, 23, 5, tzinfo=UTC), ServiceLevelFormula.ANSWERED_PLUS_ABANDONED
    )
    assert (asked.period.since, asked.period.until) == (
        datetime(2026, 11, 22, tzinfo=BERLIN),
        datetime(2026, 11, 23, tzinfo=BERLIN),
    )
    assert asked.compare is not None
    assert asked.compare.since == datetime(2026, 11, 15, tzinfo=BERLIN)
    assert (asked.by, asked.grain, asked.formula) == (
        By.GROUP,
        Grain.HOUR,
        ServiceLevelFormula.ANSWERED_PLUS_ABANDONED,
    )
    assert question_of({"report": "peaks"}).asked(BERLIN, NOON, asked.formula).by is By.ALL


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": ""}, "expected a name"),
        ({"name": "a\r\nBcc: all@example.com"}, "in one line"),
        ({"recipients": ["anna"]}, "'anna' is no e-mail address"),
        ({"recipients": ["a@b\nBcc: c@d"]}, "is no e-mail address"),
        ({"recipients": []}, "needs somebody"),
        ({"recipients": [f"a{n}@example.com" for n in range(51)]}, "more than 50"),
        ({"recipients": "anna@example.com"}, "expected a list"),
        ({"format": "xls"}, "did you mean 'xlsx'"),
        ({"language": "fr"}, "no language 'fr'"),
        ({"schedule": "hourly"}, "expected 'daily 06:00'"),
        ({"asked": {**ASKED, "report": "gruops"}}, "did you mean 'groups'"),
        ({"asked": {**ASKED, "by": "step"}}, "no breakdown 'step'"),
        ({"asked": {**ASKED, "kpis": ["offred"]}}, "did you mean 'offered'"),
        ({"asked": {**ASKED, "filter": {"gruops": []}}}, "did you mean 'groups'"),
        ({"asked": {**ASKED, "period": "soon"}}, "no period 'soon'"),
    ],
)
def test_what_cannot_be_kept(change: dict[str, Any], message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        draft_of({**PLAIN, **change}, "chief")


def test_a_name_is_taken_once(engine: Engine) -> None:
    SavedReports(engine).add(draft_of(PLAIN, "chief"), BERLIN, NOON)
    with pytest.raises(OperatorError, match="there is a saved report 'Every morning' already"):
        SavedReports(engine).add(draft_of(PLAIN, "chief"), BERLIN, NOON)


def test_each_time_is_due_once_also_when_it_is_looked_for_twice(engine: Engine) -> None:
    saved = SavedReports(engine).add(draft_of(PLAIN, "chief"), BERLIN, NOON)
    runs = Runs(engine)
    assert runs.take_due(BERLIN, NOON) == 0
    later = NOON + timedelta(days=2)
    assert runs.take_due(BERLIN, later) == 2
    assert runs.take_due(BERLIN, later) == 0
    newest, oldest = runs.of(saved.id)
    assert oldest.due_at == datetime(2026, 11, 23, 5, tzinfo=UTC)
    assert newest.due_at == datetime(2026, 11, 24, 5, tzinfo=UTC)
    assert [run.id for run in runs.to_try(later)] == [oldest.id, newest.id]
    runs.keep(oldest.id, state=RunState.SENT)
    assert [run.id for run in runs.to_try(later)] == [newest.id]
    assert newest.plain()["waiting"] == ["anna@example.com", "ben@example.com"]


def test_one_that_is_switched_off_is_not_due(engine: Engine) -> None:
    store, draft = SavedReports(engine), draft_of(PLAIN, "chief")
    saved = store.add(draft, BERLIN, NOON)
    assert store.change(saved.id, draft, BERLIN, NOON, enabled=False)
    assert Runs(engine).take_due(BERLIN, NOON + timedelta(days=5)) == 0
    assert store.change(saved.id, draft, BERLIN, NOON + timedelta(days=5), enabled=True)
    assert Runs(engine).take_due(BERLIN, NOON + timedelta(days=6)) == 1  # not what was missed meanwhile
    assert not store.change("none", draft, BERLIN, NOON, enabled=True)


def test_one_that_is_kept_switched_off_is_not_due(engine: Engine) -> None:
    saved = SavedReports(engine).add(draft_of(PLAIN, "chief"), BERLIN, NOON, enabled=False)
    assert (saved.enabled, saved.next_at) == (False, None)


def test_an_id_goes_before_a_name(engine: Engine) -> None:
    kept = SavedReports(engine)
    saved = kept.add(draft_of(PLAIN, "chief"), BERLIN, NOON)
    other = kept.add(draft_of({**PLAIN, "name": saved.id}, "chief"), BERLIN, NOON)
    with engine.begin() as connection:  # whichever the database has first
        connection.execute(saved_reports.update().where(saved_reports.c.id == other.id).values(id="0"))
    assert kept.find(saved.id) == saved


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"asked": {**ASKED, "report": "gone"}}, "no report 'gone'"),
        ({"asked": []}, "'list' object"),
        ({"format": "wk1"}, "'wk1' is not a valid FileFormat"),
        ({"schedule": "hourly"}, "expected 'daily 06:00'"),
    ],
)
def test_one_that_cannot_be_read_does_not_stop_the_others(
    engine: Engine, broken: dict[str, Any], why: str
) -> None:
    kept = SavedReports(engine)
    good = kept.add(draft_of(PLAIN, "chief"), BERLIN, NOON)
    bad = kept.add(draft_of({**PLAIN, "name": "A bad one"}, "chief"), BERLIN, NOON)
    with engine.begin() as connection:
        connection.execute(saved_reports.update().where(saved_reports.c.id == bad.id).values(**broken))
    assert Runs(engine).take_due(BERLIN, NOON + timedelta(days=1)) == 1
    assert [one.id for one in kept.every()] == [good.id]
    (found,) = kept.broken()
    assert (found.id, found.name, found.owner) == (bad.id, "A bad one", "chief")
    assert why in found.why
    with pytest.raises(OperatorError, match=f"'A bad one' .{bad.id}. cannot be read"):
        kept.find("A bad one")
    assert kept.remove(bad.id)
    assert kept.broken() == []


def test_what_is_removed_is_gone_with_its_runs(engine: Engine) -> None:
    saved = SavedReports(engine).add(draft_of(PLAIN, "chief"), BERLIN, NOON)
    Runs(engine).take_due(BERLIN, NOON + timedelta(days=1))
    assert SavedReports(engine).remove(saved.id)
    assert not SavedReports(engine).remove(saved.id)
    assert Runs(engine).of() == []


def test_only_one_process_sends(engine: Engine) -> None:
    runs = Runs(engine)
    assert runs.take_lease("one", NOON)
    assert not runs.take_lease("two", NOON + LEASE - timedelta(seconds=1))
    assert runs.take_lease("one", NOON + timedelta(seconds=30))
    assert not runs.take_lease("two", NOON + LEASE + timedelta(seconds=1))
    runs.give_lease("one")
    assert runs.take_lease("two", NOON + LEASE)


def test_old_runs_go(engine: Engine) -> None:
    saved = SavedReports(engine).add(draft_of(PLAIN, "chief"), BERLIN, NOON)
    runs = Runs(engine)
    runs.keep(runs.add(saved, NOON).id, state=RunState.SENT)
    runs.sweep(NOON + timedelta(days=170))
    assert len(runs.of()) == 1
    runs.sweep(NOON + timedelta(days=190))
    assert runs.of() == []
