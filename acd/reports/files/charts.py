"""Which pictures a report has: of what, with which numbers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

from acd.reports.asked import Grain
from acd.reports.files.labels import Labels, has_keys, has_times, local
from acd.reports.table import Column, Figure, ReportTable, Unit

CHARTS_MAX = 2
SERIES_MAX = 6
BARS_MAX = 14
STEPS = 4
_ROUND = (1, 2, 5, 10)
_ROUND_S = (0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_HOW_WELL = ("service_level", "occupancy")


@dataclass(frozen=True, slots=True)
class Series:
    """Figures of one group, agent or the like, one for each place on the axis."""

    name: str
    values: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """`over_time`: the places are moments, from left to right; else each is a bar of its own.

    `left_out`: so many series or bars are not in the picture.
    """

    title: str
    unit: Unit
    places: tuple[str, ...]
    series: tuple[Series, ...]
    over_time: bool
    left_out: int = 0

    @property
    def highest(self) -> float:
        """The largest figure; of shares the whole."""
        values = [value for series in self.series for value in series.values if value is not None]
        return max([1.0 if self.unit is Unit.SHARE else 0.0, *values]) or 1.0

    @property
    def top(self) -> float:
        """Where an axis ends whose STEPS steps are round numbers, or round times."""
        if self.unit is Unit.SHARE and self.highest <= 1:
            return 1.0
        least = self.highest / STEPS
        if self.unit is Unit.SECONDS and least <= _ROUND_S[-1]:
            return STEPS * next(step for step in _ROUND_S if step >= least)
        unit = _ROUND_S[-1] if self.unit is Unit.SECONDS else 1.0
        size = unit * 10.0 ** floor(log10(least / unit))
        if self.unit is Unit.COUNT:
            size = max(size, unit)
        return STEPS * next(size * times for times in _ROUND if size * times >= least)


def charts(table: ReportTable, labels: Labels) -> list[Chart]:
    """Of the first number, and of what tells most of how well it went: how much, and how well."""
    if not table.lines:
        return []
    chosen = [_first(table, Unit.COUNT), _how_well(table)]
    make = _over_time if has_times(table) else _bars
    return [make(table, labels, column) for column in chosen if column is not None][:CHARTS_MAX]


def _how_well(table: ReportTable) -> Column | None:
    """Else the first share, or else duration."""
    named = {column.id: column for column in table.columns}
    found = next((named[id] for id in _HOW_WELL if id in named), None)
    return found or _first(table, Unit.SHARE) or _first(table, Unit.SECONDS)


def _first(table: ReportTable, unit: Unit) -> Column | None:
    return next((column for column in table.columns if column.unit is unit), None)


def _bars(table: ReportTable, labels: Labels, column: Column) -> Chart:
    shown = table.lines[:BARS_MAX]
    values = tuple(line.values.get(column.id) for line in shown)
    places = tuple(line.name for line in shown)
    title = labels.kpi(column.id).label
    return Chart(title, column.unit, places, (Series(title, values),), False, len(table.lines) - len(shown))


def _over_time(table: ReportTable, labels: Labels, column: Column) -> Chart:
    """A line for each key, in the same order, and so in the same colour, in all charts of a report."""
    moments = sorted({line.at for line in table.lines if line.at is not None})
    by_key: dict[str, dict[object, Figure]] = {}
    names: dict[str, str] = {}
    weights: dict[str, float] = {}
    most = _first(table, Unit.COUNT) or column
    for line in table.lines:
        key = line.key or ""
        by_key.setdefault(key, {})[line.at] = line.values.get(column.id)
        weights[key] = weights.get(key, 0.0) + (line.values.get(most.id) or 0.0)
        names[key] = line.name if has_keys(table) else labels.kpi(column.id).label
    keys = sorted(by_key, key=lambda key: -weights[key])
    shown = [Series(names[key], tuple(by_key[key].get(at) for at in moments)) for key in keys[:SERIES_MAX]]
    days = table.asked.grain in (Grain.DAY, Grain.WEEK, Grain.MONTH)
    form = "%m-%d" if days else "%H:%M"
    places = tuple(local(at, table.asked).strftime(form) for at in moments)
    title = labels.kpi(column.id).label
    return Chart(title, column.unit, places, tuple(shown), True, len(keys) - len(shown))
