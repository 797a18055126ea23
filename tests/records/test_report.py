"""The report as data and as a table."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from acd.core.service_level import ServiceLevelFormula
from acd.errors import OperatorError
from acd.records.fold import fold, utc
from acd.records.period import Period
from acd.records.record import CallVisit
from acd.records.report import build_report, duration, to_json
from tests.records.scenario import START, facts_of
from tests.records.test_fold import SCENARIOS
from tests.records.test_kpi import POLICIES

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = Period(utc(START), utc(START + 3600))


def visits() -> list[CallVisit]:
    names = (
        "through the menu to an agent, with hold and wrap-up",
        "abandoned in the line",
        "overflow into another group's line",
    )
    return [visit for name in names for visit in fold(name, facts_of(SCENARIOS[name][0])).call_visits()]


def test_data() -> None:
    data = to_json(build_report(visits(), POLICIES, HOUR))
    assert data["from"] == "2025-11-22T10:00:00+00:00"
    assert data["service_level_formula"] == "answered-in-time/offered-minus-short"
    assert data["formulas"]["service_level"] == "answered within T ÷ (offered − short abandons)"
    assert data["formulas"]["aht_s"] == "(talk + hold + wrap-up) ÷ answered"
    sales, support = data["groups"]
    assert (sales["group"], sales["name"], sales["service_level_s"]) == ("sales", "Sales", 20)
    assert (sales["offered"], sales["answered"], sales["abandoned"], sales["left"]) == (3, 1, 1, 1)
    assert (sales["service_level"], sales["asa_s"], sales["aht_s"]) == (0.3333, 5, 38)
    assert (support["offered"], support["asa_s"]) == (1, 10)
    assert (data["total"]["offered"], data["total"]["service_level"]) == (4, 0.5)
    assert json.loads(json.dumps(data)) == data


def test_an_empty_period_has_groups_without_figures() -> None:
    report = build_report([], POLICIES, HOUR)
    assert [g["service_level"] for g in to_json(report)["groups"]] == [None, None]


def test_only_what_was_offered_in_the_period() -> None:
    early = Period(utc(START - 3600), utc(START))
    first_minute = Period(utc(START), utc(START + 30))
    assert build_report(visits(), POLICIES, early).total.offered == 0
    assert build_report(visits(), POLICIES, first_minute).total.offered == 3


def test_one_group() -> None:
    report = build_report(visits(), POLICIES, HOUR, ServiceLevelFormula.ANSWERED, "support")
    assert [g.group for g in report.groups] == ["support"]
    assert report.total.offered == 1
    assert to_json(report)["formulas"]["service_level"] == "answered within T ÷ answered"


def test_a_group_that_does_not_exist() -> None:
    with pytest.raises(OperatorError, match="there is no group 'suport'; did you mean 'support'"):
        build_report(visits(), POLICIES, HOUR, group="suport")
    with pytest.raises(OperatorError, match="there is no group 'x'; known: sales, support"):
        build_report(visits(), POLICIES, HOUR, group="x")


def test_a_group_that_is_gone_from_the_configuration() -> None:
    report = build_report(visits(), {"sales": POLICIES["sales"]}, HOUR)
    assert report.names == {"sales": "Sales", "support": "support (not configured)"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1:00"), (185, "3:05"), (3723, "1:02:03")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
