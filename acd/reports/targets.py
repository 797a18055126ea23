"""What figures should be, and the colour that a figure has for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from acd.reports.asked import By
from acd.reports.table import Better, Column, Figure, Line, ReportTable
from acd.settings.kpi_names import Direction
from acd.settings.report_settings import ReportSettings, Target


class Colour(StrEnum):
    """How a figure does."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


def colour_of(value: float, target: Target, better: Better) -> Colour:
    """Of a figure that has a target."""
    rising = target.rises(Direction(better.value))
    if value >= target.good if rising else value <= target.good:
        return Colour.GOOD
    if value >= target.warn if rising else value <= target.warn:
        return Colour.WARN
    return Colour.BAD


@dataclass(frozen=True, slots=True)
class Targets:
    """By KPI, and for single groups by group and KPI."""

    kpis: Mapping[str, Target] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Target]] = field(default_factory=dict)

    @classmethod
    def of_settings(cls, settings: ReportSettings) -> Targets:
        """Those of config/reports.yml."""
        return cls(settings.targets, settings.group_targets)

    def of(self, kpi: str, group: str | None = None) -> Target | None:
        """A group's own goes before everybody's."""
        own = self.groups.get(group, {}).get(kpi) if group is not None else None
        return own or self.kpis.get(kpi)

    def colours(self, table: ReportTable, line: Line) -> dict[str, Colour]:
        """By KPI; figures without a value or a target have none."""
        group = _group_of(table, line)
        found: dict[str, Colour] = {}
        for column in table.columns:
            colour = self._colour(column, line.values.get(column.id), group)
            if colour is not None:
                found[column.id] = colour
        return found

    def _colour(self, column: Column, value: Figure, group: str | None) -> Colour | None:
        target = self.of(column.id, group)
        return None if target is None or value is None else colour_of(value, target, column.better)


NO_TARGETS = Targets()


def _group_of(table: ReportTable, line: Line) -> str | None:
    """The group that a line is of: its own, or the one that the whole report is of."""
    if table.asked.by is By.GROUP and line.key is not None:
        return line.key
    groups = table.asked.where.groups
    return groups[0] if len(groups) == 1 else None
