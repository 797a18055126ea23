"""What a request may ask of a report, and how it is told that it may not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acd.core.service_level import ServiceLevelFormula
from acd.records.period import Period
from acd.reports.asked import Asked, By, Grain
from acd.reports.periods import Comparison, earlier
from acd.web.refusal import Refusal
from acd.web.report_question import Question, asked
from acd.web.turns import ALL_MAX, EACH_MAX, Turns

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)
USUAL = ServiceLevelFormula.OFFERED_MINUS_SHORT


def ask(report: str = "groups", **given: Any) -> Asked:
    return asked(report, Question.model_validate(given), BERLIN, NOW, USUAL)


def refusal(report: str = "groups", **given: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        ask(report, **given)
    return caught.value


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def test_what_is_not_said_is_as_usual() -> None:
    found = ask()
    assert found.period == Period(day("2026-11-26"), day("2026-11-27"))
    assert (found.grain, found.by, found.formula, found.compare) == (Grain.WHOLE, By.GROUP, USUAL, None)


def test_what_is_said() -> None:
    told = {
        "from": "2026-11-02",
        "to": "2026-11-03T12:00",
        "grain": "60min",
        "by": "agent",
        "compare": "week",
    }
    found = ask(
        **told,
        group=["sales", "support"],
        formula="answered-in-time/answered-plus-abandoned",
        kpi=["answered"],
    )
    assert found.period == Period(day("2026-11-02"), day("2026-11-03T12:00"))
    assert found.compare == Period(day("2026-10-26"), day("2026-10-27T12:00"))
    assert (found.by, found.where.groups, found.kpis) == (By.AGENT, ("sales", "support"), ("answered",))
    assert found.formula is ServiceLevelFormula.ANSWERED_PLUS_ABANDONED


@pytest.mark.parametrize(
    ("comparison", "since", "until", "expected"),
    [
        ("day", "2026-10-26", "2026-10-27", ("2026-10-25", "2026-10-26")),  # a day of 25 hours
        ("week", "2026-03-30", "2026-04-06", ("2026-03-23", "2026-03-30")),
        ("month", "2026-03-01", "2026-04-01", ("2026-02-01", "2026-03-01")),
        ("month", "2026-01-01", "2026-02-01", ("2025-12-01", "2026-01-01")),
        ("month", "2026-03-31", "2026-04-01", ("2026-02-28", "2026-03-01")),
        ("month", "2026-03-29", "2026-03-30", ("2026-02-28", "2026-03-01")),
    ],
)
def test_the_period_before_by_the_calendar(
    comparison: str, since: str, until: str, expected: tuple[str, str]
) -> None:
    found = earlier(Period(day(since), day(until)), Comparison(comparison))
    assert found == Period(*map(day, expected))


def test_the_length_is_bounded_by_the_intervals() -> None:
    assert ask(**{"from": "2026-11-12", "to": "2026-11-26", "grain": "15min"}).grain is Grain.QUARTER
    for grain, since in (("15min", "2026-11-01"), ("60min", "2026-01-01"), ("day", "2020-01-01")):
        refused = refusal(**{"from": since, "grain": grain})
        assert (refused.status, refused.code) == (422, "period-too-long")
        assert grain in str(refused)
    assert refusal(**{"from": "1999-01-01"}).code == "period-too-long"


def test_what_cannot_be_asked_is_told_with_what_can() -> None:
    assert refusal("group").status == 404
    for given, field, word in (
        ({"by": "reason"}, "query.by", "there are: agent"),
        ({"kpi": ["answerd"]}, "query.kpi", "did you mean 'answered'"),
        ({"kpi": ["occupancy"]}, "query.kpi", "there are:"),
    ):
        refused = refusal(**given)
        assert refused.status == 400
        assert refused.fields is not None
        assert word in refused.fields[field]
    for given in ({"from": "soon"}, {"from": "2026-11-26", "to": "2026-11-01"}):
        refused = refusal(**given)
        assert (refused.status, refused.code) == (422, "bad-period")


async def test_a_few_work_at_once_and_nobody_holds_all_places() -> None:
    turns, over = Turns(), asyncio.Event()

    async def work(asker: str) -> None:
        async with turns.turn(asker):
            await over.wait()

    async def others(*askers: str) -> list[asyncio.Task[None]]:
        found = [asyncio.create_task(work(asker)) for asker in askers]
        await asyncio.sleep(0)
        return found

    tasks = await others(*["susan"] * EACH_MAX)
    with pytest.raises(Refusal, match="so many reports"):
        await work("susan")
    tasks += await others(*(f"s{number}" for number in range(ALL_MAX - EACH_MAX)))
    with pytest.raises(Refusal) as caught:
        await work("tom")
    assert (caught.value.status, caught.value.headers) == (429, {"Retry-After": "5"})
    over.set()
    await asyncio.gather(*tasks)
    await work("susan")
