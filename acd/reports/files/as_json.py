"""A report as JSON: what `acd report NAME --format json` prints and the API answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from acd.reports.files.labels import Labels
from acd.reports.table import Figure, Line, ReportTable
from acd.reports.targets import NO_TARGETS, Targets


def table_json(table: ReportTable, labels: Labels, targets: Targets = NO_TARGETS) -> dict[str, Any]:
    """JSON-ready: shares 0 to 1, durations in seconds, null where a figure has no value."""
    asked = table.asked
    where = {name: list(getattr(asked.where, name)) for name in asked.where.__slots__}
    compare = asked.compare
    return {
        "report": asked.report,
        "title": labels.title,
        "from": asked.period.since.isoformat(),
        "to": asked.period.until.isoformat(),
        "timezone": asked.tz.key,
        "grain": asked.grain.value,
        "by": asked.by.value,
        "filter": {name: values for name, values in where.items() if values},
        "service_level_formula": asked.formula.value,
        "compare": None
        if compare is None
        else {"from": compare.since.isoformat(), "to": compare.until.isoformat()},
        "columns": [
            {
                "id": column.id,
                "unit": column.unit.value,
                "label": labels.kpi(column.id).label,
                "formula": labels.kpi(column.id).formula,
                "better": column.better.value,
                "behind": column.behind,
            }
            for column in table.columns
        ],
        "lines": [_line(table, line, targets) for line in table.lines],
        "total": _line(table, table.total, targets),
        "checks": [{"id": check.id, "ok": check.ok, "text": check.text} for check in table.checks],
        "notes": list(labels.notes),
    }


def as_json(table: ReportTable, labels: Labels, targets: Targets = NO_TARGETS) -> bytes:
    """The same as a file."""
    return orjson.dumps(table_json(table, labels, targets), option=orjson.OPT_INDENT_2) + b"\n"


def _line(table: ReportTable, line: Line, targets: Targets) -> dict[str, Any]:
    asked = table.asked
    return {
        "at": None if line.at is None else line.at.astimezone(asked.tz).isoformat(),
        "until": None if line.until is None else line.until.astimezone(asked.tz).isoformat(),
        "key": line.key,
        "name": line.name,
        "values": _values(table, line.values),
        "before": None if line.before is None else _values(table, line.before),
        "colours": {kpi: colour.value for kpi, colour in targets.colours(table, line).items()},
    }


def _values(table: ReportTable, values: Mapping[str, Figure]) -> dict[str, Figure]:
    found = {column.id: values.get(column.id) for column in table.columns}
    return {kpi: round(value, 6) if isinstance(value, float) else value for kpi, value in found.items()}
