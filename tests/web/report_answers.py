"""What a played web process answers of reports: figures that nobody has counted, in the shapes of the API."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from acd.core.service_level import ServiceLevelFormula
from acd.reports.asked import Asked, By, Grain
from acd.reports.catalogue import REPORTS
from acd.reports.kpis import column
from acd.reports.table import Unit
from acd.reports.wording import words

Object = dict[str, Any]

NAMES: Mapping[By, Sequence[str]] = {
    By.GROUP: ("Sales", "Support", "Accounts", "Cards & fraud", "贵宾服务", "Complaints"),
    By.AGENT: ("Anna Weber", "Ben Okafor", "陈伟", "Dora Novak", '<img src=x onerror="alert(1)">'),
    By.REASON: ("Lunch", "Break", "Training"),
}
WITHIN_DAYS = (Grain.QUARTER, Grain.HALF, Grain.HOUR)
LENGTHS = {Grain.QUARTER: 15, Grain.HALF: 30, Grain.HOUR: 60, Grain.DAY: 1440, Grain.WEEK: 10_080}


def table(asked: Asked, language: str) -> Object:
    """A busy day has two rushes; figures of one line agree with each other, and no more than that."""
    chance = random.Random(11)
    spoken = words(language)
    columns = [column(kpi) for kpi in REPORTS[asked.report].shown(asked.by)]
    lines = []
    for at, until in _intervals(asked):
        for number, name in enumerate(NAMES.get(asked.by, ["A", "B"]) if asked.by is not By.ALL else [""]):
            line: Object = {"at": at, "until": until, "key": f"k{number}" if name else None, "name": name}
            rush = _rush(datetime.fromisoformat(at)) if at and asked.grain in WITHIN_DAYS else 1.0
            line["values"] = _values([c.id for c in columns], [c.unit for c in columns], rush, chance)
            line["before"] = (
                _values([c.id for c in columns], [c.unit for c in columns], rush, chance)
                if asked.compare
                else None
            )
            level = line["values"].get("service_level")
            line["colours"] = (
                {}
                if level is None
                else {"service_level": "good" if level > 0.8 else "warn" if level > 0.7 else "bad"}
            )
            lines.append(line)
    total: Object = {"at": None, "until": None, "key": None, "name": spoken.lines["total"]}
    total |= {"values": {c.id: _total(lines, c.id, c.unit) for c in columns}, "before": None, "colours": {}}
    return {
        "report": asked.report,
        "title": spoken.reports[asked.report],
        "from": asked.period.since.isoformat(),
        "to": asked.period.until.isoformat(),
        "timezone": asked.tz.key,
        "grain": asked.grain.value,
        "by": asked.by.value,
        "filter": {},
        "service_level_formula": asked.formula.value,
        "compare": None,
        "columns": [
            {
                "id": c.id, "unit": c.unit.value, "label": spoken.kpis[c.id].label,
                "formula": spoken.kpis[c.id].formula, "better": c.better.value, "behind": c.behind,
            }
            for c in columns
        ],
        "lines": lines,
        "total": total,
        "checks": [{"id": "offered", "ok": True, "text": "60 = 50 + 6 + 2 + 2 + 0"}],
        "notes": [],
    }  # fmt: skip


def catalogue(language: str) -> Object:
    """Of the real reports and words."""
    spoken = words(language)
    return {
        "reports": [
            {
                "name": report.id, "title": spoken.reports[report.id], "kpis": list(report.kpis),
                "by": [by.value for by in report.by], "default_by": report.by[0].value,
            }
            for report in REPORTS.values()
        ],
        "kpis": [
            {
                "id": id, "label": told.label, "formula": told.formula, "counted": told.counted,
                "not_counted": told.not_counted, "source": "", "unit": column(id).unit.value,
                "better": column(id).better.value, "behind": column(id).behind,
            }
            for id, told in spoken.kpis.items()
        ],
        "grains": [{"id": grain.value, "label": spoken.grains[grain.value]} for grain in Grain],
        "by": [{"id": by.value, "label": spoken.by[by.value]} for by in By],
        "formulas": [{"id": f.value, "label": f.value, "text": f.text} for f in ServiceLevelFormula],
        "formula": ServiceLevelFormula.OFFERED_MINUS_SHORT.value,
        "checks": [{"id": id, "label": label} for id, label in spoken.checks.items()],
        "timezone": "Europe/Berlin",
        "choices": {
            "group": [{"id": f"k{n}", "name": name} for n, name in enumerate(NAMES[By.GROUP])],
            "agent": [{"id": f"k{n}", "name": name} for n, name in enumerate(NAMES[By.AGENT])],
            "team": [], "number": [{"id": "8000", "name": "8000"}], "flow": [], "segment": [],
        },
    }  # fmt: skip


def _intervals(asked: Asked) -> list[tuple[str | None, str | None]]:
    minutes = LENGTHS.get(asked.grain)
    if minutes is None:
        return [(None, None)]
    found = []
    at = asked.period.since.astimezone(ZoneInfo("UTC"))
    while at < asked.period.until:
        until = at + timedelta(minutes=minutes)
        found.append((at.astimezone(asked.tz).isoformat(), until.astimezone(asked.tz).isoformat()))
        at = until
    return [*found]


def _total(lines: Sequence[Object], id: str, unit: Unit) -> float | None:
    values = [line["values"][id] for line in lines if line["values"][id] is not None]
    if unit is Unit.COUNT:
        return float(sum(values))
    return float(sum(values)) / len(values) if values else None


def _rush(at: datetime) -> float:
    return max(0.0, 1 - abs(at.hour - 10) / 4) + max(0.0, 0.8 - abs(at.hour - 15) / 4)


def _values(ids: Sequence[str], units: Sequence[Unit], rush: float, chance: random.Random) -> Object:
    answered, abandoned, short, left = (
        round(rush * most * chance.uniform(0.6, 1)) for most in (340, 28, 9, 6)
    )
    offered = answered + abandoned + short + left
    found: Object = {}
    for id, unit in zip(ids, units, strict=True):
        match unit:
            case Unit.COUNT:
                found[id] = round(rush * chance.uniform(0, 90))
            case Unit.SHARE:
                found[id] = chance.uniform(0.5, 0.98) if offered else None
            case _:
                found[id] = chance.uniform(5, 400) if offered else None
    known = {"offered": offered, "answered": answered, "abandoned": abandoned, "waiting": 0}
    known |= {"short_abandoned": short, "left": left}
    return found | {id: value for id, value in known.items() if id in found}
