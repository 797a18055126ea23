"""KPIs of whole calls: what became of them, first contact, the menu, and how many there were at once."""

from __future__ import annotations

from collections.abc import Callable

from acd.reports.kpis.kpi import Kpi, Origin, RowKind, share
from acd.reports.measures import Measures
from acd.reports.table import Better, Unit

_CALLS = frozenset({RowKind.CALLS})
_STEPS = frozenset({RowKind.STEPS})
_PEAKS = frozenset({RowKind.PEAKS})


def _count(id: str, rows: frozenset[RowKind] = _CALLS, better: Better = Better.NEITHER) -> Kpi:
    return Kpi(id, Unit.COUNT, rows, lambda m: m.sum(id), better, behind=id, adds=True)


def _rate(
    id: str, part: str, whole: str, better: Better, rows: frozenset[RowKind] = _CALLS, behind: str = ""
) -> Kpi:
    def of(m: Measures) -> float | None:
        return share(m.sum(part), m.sum(whole))

    return Kpi(id, Unit.SHARE, rows, of, better, behind or part)


def _peak(id: str) -> Kpi:
    of: Callable[[Measures], int] = lambda m: m.maxima.get(id, 0)  # noqa: E731
    return Kpi(id, Unit.COUNT, _PEAKS, of, origin=Origin.ERLANG)


KPIS = (
    _count("calls"),
    _count("calls_answered", better=Better.HIGH),
    _count("contacts"),
    _count("contacts_resolved", better=Better.HIGH),
    Kpi(
        "fcr", Unit.SHARE, _CALLS, lambda m: share(m.sum("contacts_resolved"), m.sum("contacts")),
        Better.HIGH, behind="contacts_resolved", origin=Origin.OURS,
    ),
    _count("ivr_calls"),
    _count("ivr_contained", better=Better.HIGH),
    _count("ivr_completed", better=Better.HIGH),
    _count("ivr_dropped", better=Better.LOW),
    _rate("ivr_containment", "ivr_contained", "ivr_calls", Better.HIGH),
    _rate("ivr_drop_rate", "ivr_dropped", "ivr_calls", Better.LOW),
    _count("step_visits", _STEPS),
    _count("step_dropped", _STEPS, Better.LOW),
    _rate("step_drop_rate", "step_dropped", "step_visits", Better.LOW, _STEPS),
    _peak("peak_calls"),
    _peak("peak_waiting"),
    _peak("peak_talking"),
)  # fmt: skip
