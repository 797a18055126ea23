"""KPIs of agents: their phones' rings, the callers that they handed on, how they spent their time."""

from __future__ import annotations

from collections.abc import Callable

from acd.reports.kpis.kpi import Kpi, Origin, RowKind, seconds, share
from acd.reports.measures import Measures, handled
from acd.reports.table import Better, Unit

_RINGS = frozenset({RowKind.RINGS})
_TRANSFERS = frozenset({RowKind.TRANSFERS})
_STATES = frozenset({RowKind.STATES})
_PLANS = frozenset({RowKind.PLANS})


def _rona_rate(m: Measures) -> float | None:
    missed = m.sum("ring:no_answer")
    return share(missed, missed + m.sum("ring:answered") + m.sum("ring:declined"))


def _time(id: str, *sums: str, rows: frozenset[RowKind] = _STATES, better: Better = Better.NEITHER) -> Kpi:
    def of(m: Measures) -> float:
        return seconds(sum(m.sum(name) for name in sums))

    return Kpi(id, Unit.SECONDS, rows, of, better, adds=True)


def _transfers(how: str) -> Kpi:
    name = f"transfers_{how}"
    return Kpi(name, Unit.COUNT, _TRANSFERS, lambda m: m.sum(name), behind=name, adds=True)


def _busy_us(m: Measures) -> int:
    """With calls: ringing, talking with what is hold of it, wrap-up."""
    return m.sum("ringing_us") + m.sum("talking_us") + m.sum("wrap_up_us")


def _occupancy(m: Measures) -> float | None:
    handling = m.sum("talking_us") + m.sum("wrap_up_us")
    return share(handling, handling + m.sum("ready_us"))


def _of_logged_in(part: Callable[[Measures], int]) -> Callable[[Measures], float | None]:
    return lambda m: share(part(m), m.sum("logged_in_us"))


KPIS = (
    Kpi("rings", Unit.COUNT, _RINGS, lambda m: m.sum("rings"), behind="rings", adds=True),
    Kpi("rona", Unit.COUNT, _RINGS, lambda m: m.sum("ring:no_answer"), Better.LOW, "rona", adds=True),
    Kpi("rona_rate", Unit.SHARE, _RINGS, _rona_rate, Better.LOW, "rona"),
    _transfers("blind"),
    _transfers("attended"),
    Kpi(
        "transfer_rate", Unit.SHARE, _TRANSFERS | {RowKind.VISITS},
        lambda m: share(m.sum("group_transfers"), handled(m)),
        Better.LOW, behind="transferred",
    ),
    _time("logged_in_s", "logged_in_us"),
    _time("ready_s", "ready_us"),
    _time("ringing_s", "ringing_us"),
    _time("talking_s", "talking_us"),
    _time("wrap_up_s", "wrap_up_us"),
    _time("not_ready_s", "not_ready_us"),
    Kpi("not_ready_stretches", Unit.COUNT, _STATES, lambda m: m.sum("not_ready"), adds=True),
    Kpi(
        "not_ready_share", Unit.SHARE, _STATES, _of_logged_in(lambda m: m.sum("not_ready_us")), Better.LOW
    ),
    Kpi(
        "paid_s", Unit.SECONDS, _STATES, lambda m: seconds(m.sum("logged_in_us") - m.sum("unpaid_us")),
        adds=True,
    ),
    Kpi("occupancy", Unit.SHARE, _STATES, _occupancy, origin=Origin.ERLANG),
    Kpi(
        "utilisation", Unit.SHARE, _STATES,
        lambda m: share(_busy_us(m), m.sum("logged_in_us") - m.sum("unpaid_us")),
        origin=Origin.COPC,
    ),
    _time("planned_s", "planned_us", rows=_PLANS),
    _time("in_plan_s", "in_plan_us", rows=_PLANS, better=Better.HIGH),
    _time("outside_plan_s", "outside_plan_us", rows=_PLANS),
    Kpi(
        "adherence", Unit.SHARE, _PLANS, lambda m: share(m.sum("in_plan_us"), m.sum("planned_us")),
        Better.HIGH,
    ),
)  # fmt: skip
