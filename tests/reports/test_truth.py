"""Every figure of a generated stretch of days is exactly what the generator knows, on both databases."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil

import pytest

from acd.core.plan import GroupPolicy
from acd.core.requirement import ANYBODY
from acd.core.work_rules import Reason
from acd.records.period import Period
from acd.records.store import RecordStore
from acd.reports.asked import Asked, By, Grain
from acd.reports.known import AgentKnown, Known
from acd.reports.run import run_report
from acd.reports.table import Figure, Line, ReportTable
from tests.reports.truth import AGENTS, BERLIN, GROUPS, HOURS, SINCE, UNPAID, UNTIL, Count, Truth, draw_truth

CALLS = 10_000 if os.environ.get("ACD_TEST_ALL") else 1_000
NOW = datetime(2026, 12, 1, tzinfo=UTC)
KNOWN = Known(
    groups={
        id: GroupPolicy(id, id, ANYBODY, service_level_s=level / 1000, short_abandon_s=short / 1000)
        for id, (level, short) in GROUPS.items()
    },
    agents={id: AgentKnown(id, id) for id in AGENTS},
    reasons={UNPAID: Reason({"en": "Lunch"}, paid=False), "meeting": Reason({"en": "Meeting"})},
)


def share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def nearest(waits: list[int], percent: int) -> float | None:
    return sorted(waits)[max(0, ceil(len(waits) * percent / 100) - 1)] / 1000 if waits else None


def expected_of_visits(c: Count) -> dict[str, Figure]:
    """The figures of callers in line, by the texts of the formulas."""
    answered, gone, left = (c.waits[kind] for kind in ("answered", "abandoned", "left"))
    offered, everybody = len(answered) + len(gone) + len(left), answered + gone + left
    late = len(gone) - c.gone_in_time
    moved = c.numbers["transfers_blind"] + c.numbers["transfers_attended"]
    return {
        "offered": offered,
        "answered": len(answered),
        "abandoned": len(gone) - c.short,
        "short_abandoned": c.short,
        "left": len(left),
        "waiting": 0,
        "answered_in_time": c.in_time,
        "abandon_rate": share(len(gone) - c.short, offered - c.short),
        "service_level": share(c.in_time, offered - c.short),
        "service_level_offered_minus_short": share(c.in_time, offered - c.short),
        "service_level_answered": share(c.in_time, len(answered)),
        "service_level_with_abandoned_in_time": share(c.in_time + c.gone_in_time, len(answered) + len(gone)),
        "service_level_answered_plus_abandoned": share(c.in_time, len(answered) + len(gone)),
        "service_level_answered_plus_late_abandons": share(c.in_time, len(answered) + late),
        "service_level_with_short": share(c.in_time + c.short, len(answered) + len(gone)),
        "asa_s": share(sum(answered) / 1000, len(answered)),
        "longest_wait_s": max(everybody) / 1000 if everybody else None,
        "wait_p50_s": nearest(everybody, 50),
        "wait_p90_s": nearest(everybody, 90),
        "wait_p95_s": nearest(everybody, 95),
        "aht_s": share((c.talk + c.hold + c.wrap) / 1000, len(answered)),
        "att_s": share(c.talk / 1000, len(answered)),
        "hold_s": share(c.hold / 1000, len(answered)),
        "acw_s": share(c.wrap / 1000, len(answered)),
        "transfers_blind": c.numbers["transfers_blind"],
        "transfers_attended": c.numbers["transfers_attended"],
        "transfer_rate": share(moved, len(answered)),
    }


def expected_of_agents(c: Count) -> dict[str, Figure]:
    n = c.numbers
    missed = n["ring:no_answer"]
    busy = n["ringing"] + n["talking"] + n["wrap_up"]
    states = ("logged_in", "ready", "ringing", "talking", "wrap_up", "not_ready")
    return {
        "rings": n["rings"],
        "rona": missed,
        "rona_rate": share(missed, missed + n["ring:answered"] + n["ring:declined"]),
        **{f"{state}_s": n[state] / 1000 for state in states},
        "not_ready_stretches": n["not_ready_stretches"],
        "not_ready_share": share(n["not_ready"], n["logged_in"]),
        "paid_s": (n["logged_in"] - n["unpaid"]) / 1000,
        "occupancy": share(busy - n["ringing"], busy - n["ringing"] + n["ready"]),
        "utilisation": share(busy, n["logged_in"] - n["unpaid"]),
    }


def expected_of_calls(c: Count) -> dict[str, Figure]:
    n = c.numbers
    return {
        "calls": n["calls"],
        "calls_answered": n["calls_answered"],
        "contacts": n["calls_answered"],  # every customer calls once
        "contacts_resolved": n["calls_answered"],
        "fcr": share(n["calls_answered"], n["calls_answered"]),
        "ivr_calls": n["ivr_calls"],
        "ivr_contained": n["ivr_contained"],
        "ivr_completed": n["ivr_completed"],
        "ivr_dropped": n["ivr_dropped"],
        "ivr_containment": share(n["ivr_contained"], n["ivr_calls"]),
        "ivr_drop_rate": share(n["ivr_dropped"], n["ivr_calls"]),
    }


def expected_of_outcomes(c: Count) -> dict[str, Figure]:
    n = c.numbers
    return {
        "dispositions": n["dispositions"],
        "complaints": n["complaints"],
        "complaint_rate": share(n["complaints"], n["dispositions"]),
    }


def expected_of_callbacks(c: Count) -> dict[str, Figure]:
    n = c.numbers
    return {
        **{f"callbacks{end}": n[f"callbacks{end}"] for end in ("", "_done", "_failed", "_open")},
        "callbacks_cancelled": 0,
        "callback_success": share(n["callbacks_done"], n["callbacks"] - n["callbacks_open"]),
    }


def expected_of_scores(c: Count) -> dict[str, Figure]:
    given = {score: c.numbers[f"score{score}"] for score in range(1, 6)}
    return {
        "survey_answers": sum(given.values()),
        "csat": share(given[4] + given[5], sum(given.values())),
        "score_mean": share(sum(score * times for score, times in given.items()), sum(given.values())),
    }


CASES: list[tuple[str, By, Grain, str, Callable[[Count], dict[str, Figure]]]] = [
    ("groups", By.GROUP, Grain.WHOLE, "group", expected_of_visits),
    ("groups", By.ALL, Grain.HOUR, "hour", expected_of_visits),
    ("agents", By.AGENT, Grain.WHOLE, "agent", expected_of_agents),
    ("agents", By.ALL, Grain.HOUR, "hour", expected_of_agents),
    ("calls", By.NUMBER, Grain.WHOLE, "number", expected_of_calls),
    ("calls", By.FLOW, Grain.WHOLE, "flow", expected_of_calls),
    ("calls", By.ALL, Grain.HOUR, "hour", expected_of_calls),
    ("dispositions", By.AGENT, Grain.WHOLE, "agent", expected_of_outcomes),
    ("dispositions", By.GROUP, Grain.WHOLE, "group", expected_of_outcomes),
    ("callbacks", By.GROUP, Grain.WHOLE, "group", expected_of_callbacks),
    ("callbacks", By.ALL, Grain.HOUR, "hour", expected_of_callbacks),
    ("surveys", By.ALL, Grain.HOUR, "hour", expected_of_scores),
]


def key(line: Line, grain: Grain) -> str:
    return f"{line.at:%Y-%m-%d %H%z}" if grain is Grain.HOUR else line.key or ""


def same(found: dict[str, Figure], wanted: dict[str, Figure]) -> dict[str, tuple[Figure, Figure]]:
    """What differs. Counts and waits are exact; means and shares to the last digits of a float."""
    return {
        id: (found[id], figure)
        for id, figure in wanted.items()
        if found[id] != figure and found[id] != pytest.approx(figure, rel=1e-12)
    }


def check(store: RecordStore, truth: Truth) -> None:
    for report, by, grain, what, expected in CASES:
        wanted_ids = tuple(expected(Count()))
        asked = Asked(report, Period(SINCE, UNTIL), BERLIN, grain, by, kpis=wanted_ids)
        table: ReportTable = run_report(store.engine, KNOWN, asked, NOW)
        assert [one for one in table.checks if not one.ok] == []
        lines = {key(line, grain): line for line in table.lines}
        if grain is Grain.HOUR:
            assert len(lines) == len(table.lines) == HOURS == 73
        known = {k for name, k in truth.counts if name == what} - {""}
        assert known <= lines.keys()
        for name in lines.keys() - {""}:
            assert same(dict(lines[name].values), expected(truth.counts[what, name])) == {}, (report, name)
        assert same(dict(table.total.values), expected(truth.counts["all", ""])) == {}, report


def test_the_figures_are_the_truth(database_url: str) -> None:
    truth = draw_truth(CALLS)
    with RecordStore(database_url) as store:
        store.save_calls(truth.records)
        store.save_intervals(truth.states)
        store.save_dispositions(truth.dispositions)
        store.add_callbacks(truth.orders)
        store.note_callbacks(truth.news)
        check(store, truth)  # from the rows
        check(store, truth)  # from what was rolled up
