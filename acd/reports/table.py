"""A report that has been worked out: its columns, lines, total and checks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from acd.reports.asked import Asked

Figure = float | int | None


class Unit(StrEnum):
    """What a figure is measured in. SHARE: 0 to 1; SECONDS with fractions; SCORE as the caller keyed it."""

    COUNT = "count"
    SHARE = "share"
    SECONDS = "s"
    SCORE = "score"


class Better(StrEnum):
    """Which way a figure should go; NEITHER where that depends."""

    HIGH = "high"
    LOW = "low"
    NEITHER = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One KPI as a table shows it. `behind`: whether the calls behind its figures can be listed."""

    id: str
    unit: Unit
    better: Better = Better.NEITHER
    behind: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """`at`, `until`: the interval, None where a line is of the whole period; `key`, `name`: what of.

    `before`: the same figures of the period that it is compared with.
    """

    at: datetime | None
    until: datetime | None
    key: str | None
    name: str
    values: Mapping[str, Figure]
    before: Mapping[str, Figure] | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """An identity that must hold in every report. `text` says in figures what was compared."""

    id: str
    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class ReportTable:
    """`notes`: ids of remarks, see `acd/reports/words`; each with what fills its placeholders."""

    asked: Asked
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    total: Line
    checks: tuple[Check, ...] = ()
    notes: tuple[tuple[str, Mapping[str, str | int]], ...] = ()
