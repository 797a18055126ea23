"""Service level: the share of callers who were served within the promised time.

Vendors compute it differently, and the same day looks 4 points better by one formula than by
another. Therefore each formula has an id, settings choose one, and every report prints its text.

In the texts T is the group's service-level threshold; *offered* counts every entry into the
group's line, those who left otherwise or still wait included; *abandoned* are all who hung up,
a *short abandon* among them gave up before the group's `short_abandon_s`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ServiceLevelFormula(StrEnum):
    """How the service level is computed; the values are the ids used in settings and reports."""

    OFFERED_MINUS_SHORT = "answered-in-time/offered-minus-short"
    """The default: callers who gave up at once count neither for us nor against us."""

    ANSWERED = "answered-in-time/answered"
    """Asterisk's ServicelevelPerf: blind to abandoned calls, so it flatters a bad day."""

    WITH_ABANDONED_IN_TIME = "answered-and-abandoned-in-time/answered-plus-abandoned"
    """Asterisk's ServicelevelPerf2: a caller who gave up within T counts as served."""

    ANSWERED_PLUS_ABANDONED = "answered-in-time/answered-plus-abandoned"
    """Every abandoned call counts against us, whoever left otherwise or waits does not count."""

    ANSWERED_PLUS_LATE_ABANDONS = "answered-in-time/answered-plus-late-abandons"
    """Only callers who gave up after T count against us."""

    WITH_SHORT = "answered-in-time-plus-short/answered-plus-abandoned"
    """Short abandons count as served."""

    @property
    def text(self) -> str:
        """The formula in words, for report headers."""
        return _TEXTS[self]


_TEXTS: Mapping[ServiceLevelFormula, str] = {
    ServiceLevelFormula.OFFERED_MINUS_SHORT: "answered within T ÷ (offered − short abandons)",
    ServiceLevelFormula.ANSWERED: "answered within T ÷ answered",
    ServiceLevelFormula.WITH_ABANDONED_IN_TIME: (
        "(answered within T + abandoned within T) ÷ (answered + abandoned)"
    ),
    ServiceLevelFormula.ANSWERED_PLUS_ABANDONED: "answered within T ÷ (answered + abandoned)",
    ServiceLevelFormula.ANSWERED_PLUS_LATE_ABANDONS: ("answered within T ÷ (answered + abandoned after T)"),
    ServiceLevelFormula.WITH_SHORT: "(answered within T + short abandons) ÷ (answered + abandoned)",
}


@dataclass(frozen=True, slots=True)
class ServiceCounts:
    """The counts that the formulas need. `abandoned` includes the short ones; both `…_in_time`
    are part of their whole."""

    offered: int
    answered: int
    abandoned: int
    short_abandoned: int
    answered_in_time: int
    abandoned_in_time: int


def service_level(formula: ServiceLevelFormula, counts: ServiceCounts) -> float | None:
    """The share 0..1 by this formula, or None where nobody counts in its denominator."""
    served = counts.answered_in_time
    match formula:
        case ServiceLevelFormula.OFFERED_MINUS_SHORT:
            whole = counts.offered - counts.short_abandoned
        case ServiceLevelFormula.ANSWERED:
            whole = counts.answered
        case ServiceLevelFormula.WITH_ABANDONED_IN_TIME:
            served += counts.abandoned_in_time
            whole = counts.answered + counts.abandoned
        case ServiceLevelFormula.ANSWERED_PLUS_ABANDONED:
            whole = counts.answered + counts.abandoned
        case ServiceLevelFormula.ANSWERED_PLUS_LATE_ABANDONS:
            whole = counts.answered + counts.abandoned - counts.abandoned_in_time
        case ServiceLevelFormula.WITH_SHORT:
            served += counts.short_abandoned
            whole = counts.answered + counts.abandoned
    return served / whole if whole else None
