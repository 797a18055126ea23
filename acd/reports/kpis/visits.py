"""KPIs of visits: callers in groups' waiting lines, how long they waited, and what became of them."""

from __future__ import annotations

from collections.abc import Callable

from acd.core.service_level import ServiceCounts, ServiceLevelFormula, service_level
from acd.reports.kpis.kpi import Kpi, Origin, RowKind, mean_s, share
from acd.reports.measures import (
    ABANDONED,
    ANSWERED,
    LEFT,
    TRANSFERRED_IN,
    WAITING,
    Measures,
    handled,
    percentile,
)
from acd.reports.table import Better, Figure, Unit

_VISITS = frozenset({RowKind.VISITS})
_ORIGINS = {
    ServiceLevelFormula.ANSWERED: Origin.ASTERISK,
    ServiceLevelFormula.WITH_ABANDONED_IN_TIME: Origin.ASTERISK_2,
    ServiceLevelFormula.ANSWERED_PLUS_ABANDONED: Origin.COPC,
    ServiceLevelFormula.OFFERED_MINUS_SHORT: Origin.GENESYS,
    ServiceLevelFormula.ANSWERED_PLUS_LATE_ABANDONS: Origin.COMMON,
    ServiceLevelFormula.WITH_SHORT: Origin.COMMON,
}


def variant_id(formula: ServiceLevelFormula) -> str:
    """The id of the KPI that always uses this formula."""
    return f"service_level_{formula.name.lower()}"


def counts(m: Measures) -> ServiceCounts:
    """What the formulas of the service level need."""
    return ServiceCounts(
        offered=m.sum("offered"),
        answered=m.count(ANSWERED),
        abandoned=m.count(ABANDONED),
        short_abandoned=m.sum("short_abandoned"),
        answered_in_time=m.sum("answered_in_time"),
        abandoned_in_time=m.sum("abandoned_in_time"),
    )


def _level(formula: ServiceLevelFormula) -> Callable[[Measures], Figure]:
    return lambda m: service_level(formula, counts(m))


def _wait_percentile(percent: int) -> Kpi:
    def of(m: Measures) -> Figure:
        wait_ms = percentile(m.in_order(ANSWERED, ABANDONED, LEFT), percent)
        return None if wait_ms is None else wait_ms / 1000

    return Kpi(
        f"wait_p{percent}_s", Unit.SECONDS, _VISITS, of, Better.LOW, "waited", origin=Origin.NEAREST_RANK
    )


def _longest_wait_s(m: Measures) -> Figure:
    longest = [max(waits) for waits in m.waits.values() if waits]
    return max(longest) / 1000 if longest else None


def _count(id: str, of: Callable[[Measures], int], better: Better = Better.NEITHER) -> Kpi:
    return Kpi(id, Unit.COUNT, _VISITS, of, better, behind=id, adds=True)


def _mean(id: str, *sums: str, better: Better = Better.NEITHER) -> Kpi:
    def of(m: Measures) -> Figure:
        return mean_s(sum(m.sum(name) for name in sums), handled(m))

    return Kpi(id, Unit.SECONDS, _VISITS, of, better, behind="handled")


def _long_abandoned(m: Measures) -> int:
    return m.count(ABANDONED) - m.sum("short_abandoned")


KPIS = (
    _count("offered", lambda m: m.sum("offered")),
    _count("answered", lambda m: m.count(ANSWERED), Better.HIGH),
    _count("abandoned", _long_abandoned, Better.LOW),
    _count("short_abandoned", lambda m: m.sum("short_abandoned")),
    _count("left", lambda m: m.count(LEFT)),
    _count("waiting", lambda m: m.count(WAITING)),
    Kpi(
        "abandon_rate", Unit.SHARE, _VISITS,
        lambda m: share(_long_abandoned(m), m.sum("offered") - m.sum("short_abandoned")),
        Better.LOW, behind="abandoned",
    ),
    *(
        Kpi(
            variant_id(formula), Unit.SHARE, _VISITS, _level(formula), Better.HIGH,
            behind="answered_in_time", origin=_ORIGINS[formula],
        )
        for formula in ServiceLevelFormula
    ),
    _count("answered_in_time", lambda m: m.sum("answered_in_time"), Better.HIGH),
    Kpi(
        "asa_s", Unit.SECONDS, _VISITS,
        lambda m: mean_s(1000 * sum(m.waits.get(ANSWERED, ())), m.count(ANSWERED)),
        Better.LOW, behind="answered", origin=Origin.COPC,
    ),
    Kpi("longest_wait_s", Unit.SECONDS, _VISITS, _longest_wait_s, Better.LOW, behind="offered"),
    _wait_percentile(50), _wait_percentile(90), _wait_percentile(95),
    _count("transferred_in", lambda m: m.sum(TRANSFERRED_IN)),
    _mean("aht_s", "talk_us", "hold_us", "acw_us"),
    _mean("att_s", "talk_us"),
    _mean("hold_s", "hold_us", better=Better.LOW),
    _mean("acw_s", "acw_us"),
)  # fmt: skip
