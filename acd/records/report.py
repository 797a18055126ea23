"""The report: key figures of a period by group and in total, as data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

from acd.core.facts import CallKind
from acd.core.plan import GroupPolicy
from acd.core.service_level import ServiceLevelFormula
from acd.errors import OperatorError
from acd.records.kpi import FORMULAS, GroupFigures, figures_by_group
from acd.records.period import Period
from acd.records.record import CallVisit

NOTHING = "–"  # shown where a figure has no value


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of [period.since, period.until). `names` maps group to its name for people.

    `internal`: visits of calls that agents made; they are not counted in any figure.
    """

    period: Period
    formula: ServiceLevelFormula
    groups: tuple[GroupFigures, ...]
    total: GroupFigures
    names: Mapping[str, str]
    internal: int = 0


def build_report(
    visits: Iterable[CallVisit],
    policies: Mapping[str, GroupPolicy],
    period: Period,
    formula: ServiceLevelFormula = ServiceLevelFormula.OFFERED_MINUS_SHORT,
    group: str | None = None,
) -> Report:
    """The report on the visits offered in the period, of all groups or of one.

    Raises OperatorError for a group that is neither configured nor among the visits.
    """
    inside = [
        entry
        for entry in visits
        if period.since.timestamp() <= entry.visit.queued_at.timestamp() < period.until.timestamp()
    ]
    if group is not None:
        known = sorted({*policies, *(entry.visit.group for entry in inside)})
        if group not in known:
            raise OperatorError(_unknown_group(group, known))
        inside = [entry for entry in inside if entry.visit.group == group]
        policies = {group: policies[group]} if group in policies else {}
    groups, total = figures_by_group(inside, policies, formula)
    names = {figures.group: _name(figures.group, policies) for figures in groups if figures.group}
    internal = sum(entry.kind is not CallKind.INBOUND for entry in inside)
    return Report(period, formula, groups, total, names, internal)


def to_json(report: Report) -> dict[str, Any]:
    """JSON-ready form; shares are 0..1, times in seconds, null where a figure has no value."""
    return {
        "from": report.period.since.isoformat(),
        "to": report.period.until.isoformat(),
        "service_level_formula": report.formula.value,
        "internal_not_counted": report.internal,
        "formulas": {"service_level": report.formula.text, **FORMULAS},
        "groups": [{"name": report.names[f.group or ""], **_plain(f)} for f in report.groups],
        "total": _plain(report.total),
    }


def duration(seconds: float | None) -> str:
    """Seconds for people: `7.4 s`, `3:05`, `1:02:03`."""
    if seconds is None:
        return NOTHING
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _plain(figures: GroupFigures) -> dict[str, Any]:
    """Without the formula, which the header names once; rounded to what the counts can carry."""
    data = asdict(figures)
    del data["formula"]
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in data.items()}


def _name(group: str, policies: Mapping[str, GroupPolicy]) -> str:
    return policies[group].name if group in policies else f"{group} (not configured)"


def _unknown_group(group: str, known: list[str]) -> str:
    nearest = get_close_matches(group, known, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(known) or 'none'}"
    return f"there is no group {group!r}; {hint}"
