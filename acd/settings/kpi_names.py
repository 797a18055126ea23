"""The figures that may have a target, and which way they should go.

The registry of KPIs is a layer further out (`acd.reports.kpis`); a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Direction(StrEnum):
    """Which way is better; EITHER: that depends."""

    HIGH = "high"
    LOW = "low"
    EITHER = ""


_SHARES_HIGH = (
    "adherence",
    "callback_success",
    "csat",
    "fcr",
    "ivr_containment",
    "service_level",
    "service_level_answered",
    "service_level_answered_plus_abandoned",
    "service_level_answered_plus_late_abandons",
    "service_level_offered_minus_short",
    "service_level_with_abandoned_in_time",
    "service_level_with_short",
)
_SHARES_LOW = (
    "abandon_rate",
    "complaint_rate",
    "ivr_drop_rate",
    "not_ready_share",
    "rona_rate",
    "step_drop_rate",
    "transfer_rate",
)
_SHARES_EITHER = (
    "occupancy",
    "utilisation",
)
_HIGH = (
    "answered",
    "answered_in_time",
    "callbacks_done",
    "calls_answered",
    "contacts_resolved",
    "in_plan_s",
    "ivr_completed",
    "ivr_contained",
    "score_mean",
)
_LOW = (
    "abandoned",
    "asa_s",
    "callbacks_failed",
    "callbacks_open",
    "complaints",
    "hold_s",
    "ivr_dropped",
    "longest_wait_s",
    "rona",
    "step_dropped",
    "wait_p50_s",
    "wait_p90_s",
    "wait_p95_s",
)
_EITHER = (
    "acw_s",
    "aht_s",
    "att_s",
    "callbacks",
    "callbacks_cancelled",
    "calls",
    "contacts",
    "dispositions",
    "ivr_calls",
    "left",
    "logged_in_s",
    "not_ready_s",
    "not_ready_stretches",
    "offered",
    "outside_plan_s",
    "paid_s",
    "peak_calls",
    "peak_talking",
    "peak_waiting",
    "planned_s",
    "ready_s",
    "ringing_s",
    "rings",
    "short_abandoned",
    "step_visits",
    "survey_answers",
    "talking_s",
    "transferred_in",
    "transfers_attended",
    "transfers_blind",
    "waiting",
    "wrap_up_s",
)

SHARES = frozenset({*_SHARES_HIGH, *_SHARES_LOW, *_SHARES_EITHER})
"""Figures from 0 to 1."""

DIRECTIONS: Mapping[str, Direction] = {
    **dict.fromkeys((*_SHARES_HIGH, *_HIGH), Direction.HIGH),
    **dict.fromkeys((*_SHARES_LOW, *_LOW), Direction.LOW),
    **dict.fromkeys((*_SHARES_EITHER, *_EITHER), Direction.EITHER),
}
"""Every KPI by its id."""
