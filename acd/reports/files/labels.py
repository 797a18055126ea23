"""The words of one report in one language, as every kind of file needs them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

from acd.records.report import NOTHING, duration
from acd.reports.asked import Asked, Where
from acd.reports.table import Check, Column, Figure, Line, ReportTable, Unit

LANGUAGES = ("en", "zh-CN")
_FOLDER = Path(__file__).parent / "words"


@dataclass(frozen=True, slots=True)
class KpiWords:
    """What a KPI is called, how it is computed, and what counts and what does not."""

    label: str
    formula: str = ""
    counted: str = ""
    not_counted: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Labels:
    """`title`: the report's name for people; `by`: what a line is of (Group, Agent); `grain`: its length.

    `checks`: what each check means, by id; `notes`: the remarks, ready to be read.
    """

    language: str
    title: str
    by: str
    grain: str
    kpis: Mapping[str, KpiWords] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def kpi(self, kpi: str) -> KpiWords:
        """Of one column; a KPI that has no words is called by its id."""
        return self.kpis.get(kpi) or KpiWords(kpi)

    def text(self, name: str, /, **values: object) -> str:
        """A text of the file itself, such as a heading."""
        return file_words(self.language)[name].format(**values)

    def check(self, check: Check) -> str:
        """What was compared, and what came of it."""
        meaning = self.checks.get(check.id)
        return check.text if meaning is None else f"{meaning}: {check.text}"


def language_of(asked: str) -> str:
    """The nearest language that there are words in: 'zh', 'zh_CN' and 'zh-CN' are one."""
    return "zh-CN" if asked.replace("_", "-").lower().startswith("zh") else "en"


@cache
def file_words(language: str) -> Mapping[str, str]:
    """The texts of the files themselves."""
    found: Mapping[str, str] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


def has_before(table: ReportTable) -> bool:
    """Whether the figures of another period stand beside these."""
    return table.asked.compare is not None


def has_times(table: ReportTable) -> bool:
    """Whether each line is of an interval."""
    return any(line.at is not None for line in table.lines)


def has_keys(table: ReportTable) -> bool:
    """Whether each line is of a group, an agent or the like."""
    return any(line.key is not None for line in table.lines)


def local(moment: datetime, asked: Asked) -> datetime:
    """In the zone of the report."""
    return moment.astimezone(asked.tz)


def minute(moment: datetime, asked: Asked) -> str:
    """For people."""
    return f"{local(moment, asked):%Y-%m-%d %H:%M}"


def facts(table: ReportTable, labels: Labels, made_at: datetime) -> list[tuple[str, str]]:
    """What whoever reads the figures must know of them, each with its name."""
    asked = table.asked
    told = [
        (labels.text("report"), labels.title),
        (labels.text("period"), period_text(asked)),
        (labels.text("timezone"), asked.tz.key),
        (labels.text("grain"), labels.grain),
        (labels.text("by"), labels.by),
        (labels.text("filters"), where_text(asked.where, labels) or labels.text("none")),
        (labels.text("formula"), labels.text(f"formula_{asked.formula.value}")),
        (labels.text("formula_id"), asked.formula.value),
    ]
    if asked.compare is not None:
        compared = f"{minute(asked.compare.since, asked)} – {minute(asked.compare.until, asked)}"
        told.append((labels.text("compared"), compared))
    return [*told, (labels.text("made_at"), minute(made_at, asked))]


def period_text(asked: Asked) -> str:
    """From when to when, without the end."""
    return f"{minute(asked.period.since, asked)} – {minute(asked.period.until, asked)}"


def where_text(where: Where, labels: Labels) -> str:
    """The filters for people; '' where there are none."""
    named = {name: getattr(where, name) for name in Where.__slots__}
    return "; ".join(f"{labels.text(name)}: {', '.join(values)}" for name, values in named.items() if values)


def figure_text(value: Figure, unit: Unit) -> str:
    """A figure for people: `83.0 %`, `7.4 s`, `1:02:03`, `12`."""
    if value is None:
        return NOTHING
    match unit:
        case Unit.SHARE:
            return f"{100 * value:.1f} %"
        case Unit.SECONDS:
            return duration(value)
        case Unit.SCORE:
            return f"{value:.2f}"
        case Unit.COUNT:
            return f"{value:.10g}" if isinstance(value, int) or value == int(value) else f"{value:.1f}"


def change_text(column: Column, value: Figure, before: Figure, labels: Labels) -> str:
    """What has become of a figure: shares in percentage points, the rest in percent.

    Of nothing there is no percentage: then it is by how much the figure differs.
    """
    if value is None or before is None:
        return NOTHING
    if value == before:
        return labels.text("unchanged")
    if column.unit is Unit.SHARE:
        return labels.text("points", value=f"{100 * (value - before):+.1f}")
    if before == 0:
        return f"{'-' if value < 0 else '+'}{figure_text(abs(value), column.unit)}"
    return f"{100 * (value - before) / before:+.1f} %"


def beside(column: Column, line: Line, labels: Labels) -> tuple[str, str]:
    """The figure of the other period, and what has become of it."""
    before = (line.before or {}).get(column.id)
    return figure_text(before, column.unit), change_text(column, line.values.get(column.id), before, labels)
