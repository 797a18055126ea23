"""Identities that hold in every report, looked at on each run. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from acd.core.agents import AgentState
from acd.reports.kpis import KPIS, RowKind
from acd.reports.measures import ABANDONED, ANSWERED, LEFT, WAITING, Measures
from acd.reports.table import Check, Figure, Line, Unit

_STATES = tuple(state.value for state in AgentState if state is not AgentState.LOGGED_OUT)
_TOLERANCE_S = 1e-3
"""Seconds are exact in what is added up; as floats they carry noise."""


@dataclass(frozen=True, slots=True)
class _Identity:
    """The whole and its parts are the same in the measures of every line."""

    id: str
    rows: RowKind
    whole: Callable[[Measures], int]
    parts: Callable[[Measures], Sequence[int]]
    unit: Unit = Unit.COUNT


def _ended(m: Measures) -> Sequence[int]:
    short = m.sum("short_abandoned")
    return m.count(ANSWERED), m.count(ABANDONED) - short, short, m.count(LEFT), m.count(WAITING)


def _named(*names: str) -> Callable[[Measures], Sequence[int]]:
    return lambda m: [m.sum(name) for name in names]


_IDENTITIES = (
    _Identity("offered", RowKind.VISITS, lambda m: m.sum("offered"), _ended),
    _Identity(
        "states", RowKind.STATES, lambda m: m.sum("logged_in_us") + m.sum("missing_us"),
        _named(*(f"{s}_us" for s in _STATES)), Unit.SECONDS,
    ),
    _Identity("overlap", RowKind.STATES, lambda m: m.sum("overlap_us"), lambda _: (0,), Unit.SECONDS),
    _Identity(
        "ivr", RowKind.CALLS, lambda m: m.sum("ivr_contained"),
        _named("ivr_completed", "ivr_dropped", "ivr_ended_otherwise"),
    ),
    _Identity(
        "callbacks", RowKind.CALLBACKS, lambda m: m.sum("callbacks"),
        _named("callbacks_done", "callbacks_failed", "callbacks_cancelled", "callbacks_open"),
    ),
)  # fmt: skip


def check_measures(
    kinds: Iterable[RowKind], total: Measures, lines: Sequence[tuple[str, Measures]]
) -> list[Check]:
    """The identities of these kinds of rows, in the total and in each line (by what it is called)."""
    wanted = frozenset(kinds)
    return [_check(each, total, lines) for each in _IDENTITIES if each.rows in wanted]


def _check(identity: _Identity, total: Measures, lines: Sequence[tuple[str, Measures]]) -> Check:
    for name, measures in (("", total), *lines):
        whole, parts = identity.whole(measures), identity.parts(measures)
        if whole != sum(parts):
            where = f"{name}: " if name else ""
            return Check(identity.id, False, f"{where}{_equation(identity, whole, parts, '≠')}")
    whole, parts = identity.whole(total), identity.parts(total)
    return Check(identity.id, True, _equation(identity, whole, parts, "="))


def _equation(identity: _Identity, whole: int, parts: Sequence[int], sign: str) -> str:
    def shown(number: int) -> str:
        return str(number) if identity.unit is Unit.COUNT else f"{number / 1e6:.3f} s"

    return f"{shown(whole)} {sign} {' + '.join(map(shown, parts))}"


def check_lines(ids: Iterable[str], total: Mapping[str, Figure], lines: Sequence[Line]) -> Check:
    """Intervals and groups add up to the whole, for every figure that can be added up."""
    adding = [id for id in ids if id in KPIS and KPIS[id].adds]
    compared = []
    for id in adding:
        whole = total[id] or 0
        summed = sum(line.values[id] or 0 for line in lines)
        if abs(summed - whole) > (_TOLERANCE_S if KPIS[id].unit is Unit.SECONDS else 0):
            return Check("lines", False, f"{id}: {summed:g} ≠ {whole:g}")
        compared.append(f"{id} {whole:g}")
    return Check("lines", True, ", ".join(compared))
