"""Which reports there are: their KPIs, and what they can be broken down by. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acd.reports.asked import By
from acd.reports.kpis import KPIS, SERVICE_LEVEL, RowKind

SUPPORTED: Mapping[RowKind, frozenset[By]] = {
    RowKind.VISITS: frozenset({By.ALL, By.GROUP, By.AGENT, By.TEAM, By.NUMBER, By.FLOW, By.SEGMENT}),
    RowKind.RINGS: frozenset({By.ALL, By.GROUP, By.AGENT, By.TEAM}),
    RowKind.TRANSFERS: frozenset({By.ALL, By.GROUP, By.AGENT, By.TEAM, By.NUMBER, By.FLOW, By.SEGMENT}),
    RowKind.STATES: frozenset({By.ALL, By.AGENT, By.TEAM, By.REASON}),
    RowKind.PLANS: frozenset({By.ALL, By.AGENT, By.TEAM}),
    RowKind.CALLS: frozenset({By.ALL, By.NUMBER, By.FLOW, By.SEGMENT}),
    RowKind.STEPS: frozenset({By.STEP}),
    RowKind.SCORES: frozenset({By.ALL, By.GROUP, By.AGENT, By.TEAM, By.QUESTION}),
    RowKind.DISPOSITIONS: frozenset({By.ALL, By.GROUP, By.AGENT, By.TEAM, By.CODE}),
    RowKind.CALLBACKS: frozenset({By.ALL, By.GROUP}),
    RowKind.PEAKS: frozenset({By.ALL}),
}
"""What the rows that a figure is counted from can be told apart by."""


@dataclass(frozen=True, slots=True)
class Report:
    """`kpis`: shown where nothing else is asked for; `by`: what it can be broken down by, the usual first.

    A KPI is left out of a breakdown that its rows do not know.
    """

    id: str
    kpis: tuple[str, ...]
    by: tuple[By, ...]

    def shown(self, by: By, kpis: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Those of the KPIs, or else of the report's own, that can be broken down so."""
        return tuple(id for id in kpis or self.kpis if by in breakdowns(id))


def rows_of(id: str) -> frozenset[RowKind]:
    """What the KPI is counted from. Raises KeyError."""
    return frozenset({RowKind.VISITS}) if id == SERVICE_LEVEL else KPIS[id].rows


def breakdowns(id: str) -> frozenset[By]:
    """What the KPI can be broken down by. Raises KeyError."""
    found = frozenset.intersection(*(SUPPORTED[rows] for rows in rows_of(id)))
    return found if id in _BY_REASON else found - {By.REASON}


_BY_REASON = frozenset({"not_ready_s", "not_ready_stretches"})
_WAITS = ("asa_s", "wait_p50_s", "wait_p90_s", "wait_p95_s", "longest_wait_s")
_HANDLING = ("aht_s", "att_s", "hold_s", "acw_s")
_TRANSFERS = ("transfers_blind", "transfers_attended", "transfer_rate")
_IVR = ("ivr_calls", "ivr_contained", "ivr_containment", "ivr_completed", "ivr_dropped", "ivr_drop_rate")
_TIMES = ("logged_in_s", "ready_s", "ringing_s", "talking_s", "wrap_up_s", "not_ready_s", "paid_s")
_GROUPED = (By.GROUP, By.ALL, By.NUMBER, By.FLOW, By.SEGMENT, By.AGENT, By.TEAM)

REPORTS: Mapping[str, Report] = {
    report.id: report
    for report in (
        Report(
            "groups",
            (
                "offered", "answered", "abandoned", "short_abandoned", "left", "waiting", "service_level",
                "abandon_rate", *_WAITS, "transferred_in", *_HANDLING, *_TRANSFERS,
            ),
            _GROUPED,
        ),
        Report(
            "agents",
            (
                "answered", "transferred_in", *_HANDLING, *_TRANSFERS, "rings", "rona", "rona_rate", *_TIMES,
                "occupancy", "utilisation",
            ),
            (By.AGENT, By.TEAM, By.ALL, By.GROUP),
        ),
        Report(
            "not-ready",
            ("not_ready_s", "not_ready_stretches", "not_ready_share", "logged_in_s"),
            (By.REASON, By.AGENT, By.TEAM, By.ALL),
        ),
        Report(
            "adherence",
            ("planned_s", "in_plan_s", "adherence", "outside_plan_s"),
            (By.AGENT, By.TEAM, By.ALL),
        ),
        Report(
            "transfers",
            ("answered", "transferred_in", "transfers_blind", "transfers_attended", "transfer_rate"),
            _GROUPED,
        ),
        Report(
            "ivr",
            (*_IVR, "step_visits", "step_dropped", "step_drop_rate"),
            (By.FLOW, By.STEP, By.NUMBER, By.SEGMENT, By.ALL),
        ),
        Report(
            "callbacks",
            (
                "callbacks", "callbacks_done", "callbacks_failed", "callbacks_cancelled", "callbacks_open",
                "callback_success",
            ),
            (By.GROUP, By.ALL),
        ),
        Report(
            "surveys",
            ("survey_answers", "csat", "score_mean"),
            (By.QUESTION, By.GROUP, By.AGENT, By.TEAM, By.ALL),
        ),
        Report(
            "dispositions",
            ("dispositions", "complaints", "complaint_rate"),
            (By.CODE, By.GROUP, By.AGENT, By.TEAM, By.ALL),
        ),
        Report("peaks", ("peak_calls", "peak_waiting", "peak_talking"), (By.ALL,)),
        Report(
            "calls",
            ("calls", "calls_answered", "contacts", "contacts_resolved", "fcr", *_IVR),
            (By.ALL, By.NUMBER, By.FLOW, By.SEGMENT),
        ),
    )
}  # fmt: skip
