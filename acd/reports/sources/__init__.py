"""The SQL of reports: where the rows come from that figures are counted from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acd.reports.kpis import RowKind
from acd.reports.sources.calls import CALLS, STEPS, STRETCHES
from acd.reports.sources.outcomes import CALLBACKS, DISPOSITIONS, SCORES
from acd.reports.sources.source import Filter, RowSource
from acd.reports.sources.states import STATES
from acd.reports.sources.visits import RINGS, TRANSFERS, VISITS

__all__ = ["SOURCES", "Filter", "RowSource"]

SOURCES: Mapping[RowKind, RowSource[Any]] = {
    RowKind.VISITS: VISITS,
    RowKind.RINGS: RINGS,
    RowKind.TRANSFERS: TRANSFERS,
    RowKind.STATES: STATES,
    RowKind.PLANS: STATES,
    RowKind.CALLS: CALLS,
    RowKind.STEPS: STEPS,
    RowKind.SCORES: SCORES,
    RowKind.DISPOSITIONS: DISPOSITIONS,
    RowKind.CALLBACKS: CALLBACKS,
    RowKind.PEAKS: STRETCHES,
}
