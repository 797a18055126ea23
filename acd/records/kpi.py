"""Key figures of groups, from their visits. Pure; every formula is written here once.

Only visits of inbound calls count. A visit counts in the period in which it was offered. Shares
are 0..1, times are seconds, and a figure whose denominator is zero is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from acd.core.facts import CallKind
from acd.core.plan import GroupPolicy
from acd.core.requirement import Requirement
from acd.core.service_level import ServiceCounts, ServiceLevelFormula, service_level
from acd.records.record import CallVisit, GroupVisit, VisitOutcome

# The figures' formulas in words, for report headers.
FORMULAS: Mapping[str, str] = {
    "offered": "answered + abandoned + short abandoned + left + waiting",
    "abandoned": "the caller hung up before an agent answered, short abandons apart",
    "abandon_rate": "abandoned ÷ (offered − short abandons)",
    "asa_s": "wait of answered ÷ answered (ringing included, IVR excluded)",
    "aht_s": "(talk + hold + wrap-up) ÷ answered",
    "att_s": "talk ÷ answered",
    "acw_s": "wrap-up ÷ answered",
    "longest_wait_s": "longest wait of any visit",
}


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """The figures of one group, or of all together (`group` None, thresholds None).

    `offered` is the sum of `answered`, `abandoned` (without short ones), `short_abandoned`, `left`
    and `waiting`. The other formulas are in `FORMULAS`, that of the service level is in `formula`.
    """

    group: str | None
    service_level_s: float | None
    short_abandon_s: float | None
    formula: ServiceLevelFormula
    offered: int
    answered: int
    abandoned: int
    short_abandoned: int
    left: int
    waiting: int
    answered_in_time: int
    abandoned_in_time: int
    service_level: float | None
    abandon_rate: float | None
    asa_s: float | None
    aht_s: float | None
    att_s: float | None
    acw_s: float | None
    longest_wait_s: float | None


@dataclass(slots=True)
class Tally:
    """Counts and sums of visits; those of several groups can be added up."""

    answered: int = 0
    abandoned: int = 0
    short_abandoned: int = 0
    left: int = 0
    waiting: int = 0
    answered_in_time: int = 0
    abandoned_in_time: int = 0
    answer_wait_s: float = 0.0
    talk_s: float = 0.0
    hold_s: float = 0.0
    wrap_up_s: float = 0.0
    longest_wait_s: float = 0.0

    @property
    def offered(self) -> int:
        """All visits."""
        return self.answered + self.abandoned + self.short_abandoned + self.left + self.waiting

    def count(self, visit: GroupVisit, policy: GroupPolicy) -> None:
        """Add one visit, measured by its group's thresholds."""
        in_time = visit.wait_s <= policy.service_level_s
        self.longest_wait_s = max(self.longest_wait_s, visit.wait_s)
        match visit.outcome:
            case VisitOutcome.ANSWERED:
                self.answered += 1
                self.answered_in_time += in_time
                self.answer_wait_s += visit.wait_s
                self.talk_s += visit.talk_s
                self.hold_s += visit.hold_s
                self.wrap_up_s += visit.wrap_up_s
            case VisitOutcome.ABANDONED:
                short = visit.wait_s < policy.short_abandon_s
                self.short_abandoned += short
                self.abandoned += not short
                self.abandoned_in_time += in_time
            case VisitOutcome.LEFT:
                self.left += 1
            case VisitOutcome.WAITING:
                self.waiting += 1

    def add(self, other: Tally) -> None:
        """Add another tally to this one."""
        longest_s = max(self.longest_wait_s, other.longest_wait_s)
        for name in (field.name for field in fields(self)):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.longest_wait_s = longest_s


def figures_by_group(
    visits: Iterable[CallVisit], policies: Mapping[str, GroupPolicy], formula: ServiceLevelFormula
) -> tuple[tuple[GroupFigures, ...], GroupFigures]:
    """The figures of every group, in the order of `policies`, and of all together.

    In the total each visit is measured by its own group's threshold. A group that is no longer
    configured comes last and is measured by `GroupPolicy`'s default thresholds.
    """
    known = dict(policies)
    tallies = {group: Tally() for group in policies}
    for entry in visits:
        if entry.kind is not CallKind.INBOUND:
            continue
        group = entry.visit.group
        policy = known.setdefault(group, GroupPolicy(group, group, Requirement.of({})))
        tallies.setdefault(group, Tally()).count(entry.visit, policy)
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    groups = tuple(figures(tally, formula, known[group]) for group, tally in tallies.items())
    return groups, figures(total, formula)


def figures(tally: Tally, formula: ServiceLevelFormula, policy: GroupPolicy | None = None) -> GroupFigures:
    """The figures of a tally; `policy` is None for a total over groups."""
    counts = ServiceCounts(
        offered=tally.offered,
        answered=tally.answered,
        abandoned=tally.abandoned + tally.short_abandoned,
        short_abandoned=tally.short_abandoned,
        answered_in_time=tally.answered_in_time,
        abandoned_in_time=tally.abandoned_in_time,
    )
    handle_s = tally.talk_s + tally.hold_s + tally.wrap_up_s
    return GroupFigures(
        group=policy.id if policy else None,
        service_level_s=policy.service_level_s if policy else None,
        short_abandon_s=policy.short_abandon_s if policy else None,
        formula=formula,
        offered=tally.offered,
        answered=tally.answered,
        abandoned=tally.abandoned,
        short_abandoned=tally.short_abandoned,
        left=tally.left,
        waiting=tally.waiting,
        answered_in_time=tally.answered_in_time,
        abandoned_in_time=tally.abandoned_in_time,
        service_level=service_level(formula, counts),
        abandon_rate=_share(tally.abandoned, tally.offered - tally.short_abandoned),
        asa_s=_share(tally.answer_wait_s, tally.answered),
        aht_s=_share(handle_s, tally.answered),
        att_s=_share(tally.talk_s, tally.answered),
        acw_s=_share(tally.wrap_up_s, tally.answered),
        longest_wait_s=tally.longest_wait_s if tally.offered else None,
    )


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
