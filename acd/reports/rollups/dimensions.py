"""By what rows are rolled up, and which roll-up answers which question. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from acd.reports.asked import By
from acd.reports.counting.tally import Cell, Tally
from acd.reports.known import Known
from acd.reports.kpis import RowKind
from acd.reports.rollups import codec
from acd.reports.rollups.codec import Cells
from acd.reports.sources import Filter

_CALLS_BY = (By.GROUP, By.AGENT, By.NUMBER, By.FLOW, By.SEGMENT)
ROLLED_UP: Mapping[RowKind, tuple[By, ...]] = {
    RowKind.VISITS: _CALLS_BY,
    RowKind.RINGS: (By.GROUP, By.AGENT),
    RowKind.TRANSFERS: _CALLS_BY,
    RowKind.STATES: (By.AGENT, By.REASON),
    RowKind.CALLS: (By.FLOW, By.NUMBER, By.SEGMENT),
    RowKind.STEPS: (By.STEP,),
    RowKind.SCORES: (By.GROUP, By.AGENT, By.QUESTION),
    RowKind.DISPOSITIONS: (By.GROUP, By.AGENT, By.CODE),
    RowKind.PEAKS: (By.ALL,),
}
"""The first of each is the one that all together are told from."""
_KEYED = {By.TEAM: By.AGENT}  # what is asked by: the dimension whose keys lead to it
_FILTERED = {"agents": By.AGENT, "numbers": By.NUMBER, "flows": By.FLOW, "segments": By.SEGMENT}


@dataclass(frozen=True, slots=True)
class Regroup:
    """How the cells of a roll-up become those of a report."""

    by: By
    dimension: By
    filter: Filter
    known: Known

    def add(self, tally: Tally, bucket: int, cells: Cells) -> None:
        """Merge what the filter lets through into the tally."""
        groups, keys, key_of, reach = self.filter.groups, self._keys(), self._key(), self.filter.reach
        for (key, group), measures in cells.items():
            if not reach.is_all and not reach.has(key, group):  # by agent: see `regroup`
                continue
            if (groups is None or group in groups) and (keys is None or key in keys):
                cell: Cell = (bucket, key_of(key, group), group)
                tally.at(cell).merge(measures)

    def _keys(self) -> frozenset[str] | None:
        for name, by in _FILTERED.items():
            if by is self.dimension and name in self.filter.used:
                found: frozenset[str] = getattr(self.filter, name)
                return found
        return None

    def _key(self) -> Callable[[str, str | None], str]:
        if self.by is By.ALL:
            return lambda _key, _group: ""
        if self.by is By.GROUP:
            return lambda _key, group: group or ""
        if self.by is By.TEAM:
            return lambda key, _group: self.known.team(key) or ""
        return lambda key, _group: key


def regroup(kind: RowKind, by: By, filter: Filter, known: Known) -> Regroup | None:
    """Which roll-up tells rows of a kind so; None where only the rows themselves do.

    A roll-up knows one dimension beside the group; how far somebody's rights reach takes that of agents.
    """
    rolled = ROLLED_UP.get(kind)
    if rolled is None:
        return None
    asked = {_KEYED.get(by, by)} | {_FILTERED[name] for name in filter.used if name in _FILTERED}
    asked |= set() if filter.reach.is_all else {By.AGENT}
    asked -= {By.ALL, By.GROUP}
    if len(asked) > 1 or any("" in (getattr(filter, name) or ()) for name in filter.used):
        return None
    dimension = asked.pop() if asked else rolled[0]
    return Regroup(by, dimension, filter, known) if dimension in rolled else None


def name_of(kind: RowKind, by: By, known: Known) -> str:
    """What a dimension is called in `rollups`; figures of repeats are of so many days.

    With the way of counting: what was counted in another one is missing, and is made anew.
    """
    name = f"{codec.FORMAT}/{kind.value}:{by.value}"
    return f"{name}:{known.fcr_days:g}" if kind is RowKind.CALLS else name


def names_of(known: Known) -> frozenset[str]:
    """All dimensions that are read now."""
    return frozenset(name_of(kind, by, known) for kind, rolled in ROLLED_UP.items() for by in rolled)
