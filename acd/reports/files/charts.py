"""Which pictures a report has: of what, with which numbers. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acd.reports.asked import Grain
from acd.reports.files.labels import Labels, has_keys, has_times, local
from acd.reports.table import Column, Figure, ReportTable, Unit

CHARTS_MAX = 2
SERIES_MAX = 6
BARS_MAX = 14


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


def charts(table: ReportTable, labels: Labels) -> list[Chart]:
    """Of the first number and of the first share, or else duration: how much, and how well."""
    if not table.lines:
        return []
    chosen = [_first(table, Unit.COUNT), _first(table, Unit.SHARE) or _first(table, Unit.SECONDS)]
    make = _over_time if has_times(table) else _bars
    return [make(table, labels, column) for column in chosen if column is not None][:CHARTS_MAX]


def _first(table: ReportTable, unit: Unit) -> Column | None:
    return next((column for column in table.columns if column.unit is unit), None)


def _bars(table: ReportTable, labels: Labels, column: Column) -> Chart:
    shown = table.lines[:BARS_MAX]
    values = tuple(line.values.get(column.id) for line in shown)
    places = tuple(line.name for line in shown)
    title = labels.kpi(column.id).label
    return Chart(title, column.unit, places, (Series(title, values),), False, len(table.lines) - len(shown))


def _over_time(table: ReportTable, labels: Labels, column: Column) -> Chart:
    """A line for each key, those with the most of it first."""
    moments = sorted({line.at for line in table.lines if line.at is not None})
    by_key: dict[str, dict[object, Figure]] = {}
    names: dict[str, str] = {}
    for line in table.lines:
        key = line.key or ""
        by_key.setdefault(key, {})[line.at] = line.values.get(column.id)
        names[key] = line.name if has_keys(table) else labels.kpi(column.id).label
    keys = sorted(by_key, key=lambda key: -_weight(list(by_key[key].values())))
    shown = [Series(names[key], tuple(by_key[key].get(at) for at in moments)) for key in keys[:SERIES_MAX]]
    days = table.asked.grain in (Grain.DAY, Grain.WEEK, Grain.MONTH)
    form = "%m-%d" if days else "%H:%M"
    places = tuple(local(at, table.asked).strftime(form) for at in moments)
    title = labels.kpi(column.id).label
    return Chart(title, column.unit, places, tuple(shown), True, len(keys) - len(shown))


def _weight(values: Sequence[Figure]) -> float:
    return float(sum(value for value in values if value is not None))
