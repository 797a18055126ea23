"""What has been counted, by interval, key and group. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from acd.reports.asked import By
from acd.reports.measures import Measures

Cell = tuple[int, str, str | None]
"""The number of the interval, the key ('' where all are together, or of nobody), and the group.

The group is kept since thresholds are its own, and are applied only when figures are worked out.
"""
Key = Callable[[Any], str]
"""Of a row."""

_FIELDS: Mapping[By, str] = {
    By.GROUP: "group",
    By.AGENT: "agent",
    By.NUMBER: "number",
    By.FLOW: "flow",
    By.SEGMENT: "segment",
    By.REASON: "reason",
    By.STEP: "step",
    By.CODE: "code",
    By.QUESTION: "question",
}


class Tally(dict[Cell, Measures]):
    """Measures by cell."""

    def at(self, cell: Cell) -> Measures:
        """Those of a cell, made where there are none yet."""
        found = self.get(cell)
        if found is None:
            found = self[cell] = Measures()
        return found

    def merge(self, other: Mapping[Cell, Measures]) -> None:
        """Add another tally to this one."""
        for cell, measures in other.items():
            self.at(cell).merge(measures)


def key_of(by: By, teams: Mapping[str, str | None]) -> Key:
    """The key of a row under this breakdown. `teams`: by agent."""
    if by is By.ALL:
        return lambda _: ""
    if by is By.TEAM:
        return lambda row: teams.get(row.agent) or ""
    field = attrgetter(_FIELDS[by])
    return lambda row: field(row) or ""
