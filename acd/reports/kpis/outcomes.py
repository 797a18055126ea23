"""KPIs of what came of calls: callbacks, callers' scores, and what agents recorded."""

from __future__ import annotations

from acd.reports.kpis.kpi import Kpi, Origin, RowKind, share
from acd.reports.measures import SCORE, Measures
from acd.reports.table import Better, Unit

_CALLBACKS = frozenset({RowKind.CALLBACKS})
_SCORES = frozenset({RowKind.SCORES})
_DISPOSITIONS = frozenset({RowKind.DISPOSITIONS})


def _count(id: str, rows: frozenset[RowKind], better: Better = Better.NEITHER) -> Kpi:
    return Kpi(id, Unit.COUNT, rows, lambda m: m.sum(id), better, behind=id, adds=True)


def _score_mean(m: Measures) -> float | None:
    given = {int(name.removeprefix(SCORE)): times for name, times in m.sums.items() if name.startswith(SCORE)}
    return share(sum(score * times for score, times in given.items()), sum(given.values()))


def _callback_success(m: Measures) -> float | None:
    return share(m.sum("callbacks_done"), m.sum("callbacks") - m.sum("callbacks_open"))


KPIS = (
    _count("callbacks", _CALLBACKS),
    _count("callbacks_done", _CALLBACKS, Better.HIGH),
    _count("callbacks_failed", _CALLBACKS, Better.LOW),
    _count("callbacks_cancelled", _CALLBACKS),
    _count("callbacks_open", _CALLBACKS, Better.LOW),
    Kpi(
        "callback_success", Unit.SHARE, _CALLBACKS, _callback_success, Better.HIGH,
        behind="callbacks_done", origin=Origin.OURS,
    ),
    _count("survey_answers", _SCORES),
    Kpi(
        "csat", Unit.SHARE, _SCORES, lambda m: share(m.sum("scores_top"), m.sum("survey_answers")),
        Better.HIGH, behind="scores_top", origin=Origin.TOP_TWO_BOX,
    ),
    Kpi("score_mean", Unit.SCORE, _SCORES, _score_mean, Better.HIGH, behind="survey_answers"),
    _count("dispositions", _DISPOSITIONS),
    _count("complaints", _DISPOSITIONS, Better.LOW),
    Kpi(
        "complaint_rate", Unit.SHARE, _DISPOSITIONS,
        lambda m: share(m.sum("complaints"), m.sum("dispositions")), Better.LOW, behind="complaints",
    ),
)  # fmt: skip
