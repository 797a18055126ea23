"""The key figures of a period by interval, for a chart of the day. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from acd.core.plan import GroupPolicy
from acd.core.service_level import ServiceLevelFormula
from acd.records.kpi import GroupFigures, figures_by_group
from acd.records.period import Period
from acd.records.record import CallVisit

LENGTH_S = 1800


@dataclass(frozen=True, slots=True)
class Interval:
    """`at`: when it begins, in Unix seconds."""

    at: float
    figures: GroupFigures


def by_interval(
    visits: Iterable[CallVisit],
    policies: Mapping[str, GroupPolicy],
    period: Period,
    formula: ServiceLevelFormula,
    length_s: int = LENGTH_S,
) -> list[Interval]:
    """From the first interval in which a call was offered to the last, empty ones between them included.

    A visit counts where it was offered. The last interval may go on.
    """
    begin, end = period.since.timestamp(), period.until.timestamp()
    found: dict[int, list[CallVisit]] = {}
    for entry in visits:
        at = entry.visit.queued_at.timestamp()
        if begin <= at < end:
            found.setdefault(int((at - begin) // length_s), []).append(entry)
    if not found:
        return []
    return [
        Interval(begin + n * length_s, figures_by_group(found.get(n, ()), policies, formula)[1])
        for n in range(min(found), max(found) + 1)
    ]
