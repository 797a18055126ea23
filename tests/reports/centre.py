"""A small centre for the tests of reports: its records, and what is known of it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from acd.core.plan import GroupPolicy
from acd.core.requirement import ANYBODY
from acd.core.work_rules import Reason
from acd.records.period import Period
from acd.reports.asked import Asked, By, Grain, Where
from acd.reports.known import AgentKnown, Known

BERLIN = ZoneInfo("Europe/Berlin")
KNOWN = Known(
    groups={
        "sales": GroupPolicy("sales", "Sales", ANYBODY, service_level_s=20, short_abandon_s=5),
        "support": GroupPolicy("support", "Support", ANYBODY, service_level_s=60, short_abandon_s=10),
    },
    agents={
        "anna": AgentKnown("anna", "Anna Weber", "north"),
        "ben": AgentKnown("ben", "Ben Okafor", "south"),
    },
    reasons={
        "lunch": Reason({"en": "Lunch", "zh": "午餐"}, paid=False),
        "training": Reason({"en": "Training"}),
    },
)


def day(text: str = "2025-11-22", days: int = 1) -> Period:
    """Whole days of Berlin."""
    since = datetime.fromisoformat(text).replace(tzinfo=BERLIN)
    return Period(since, since.replace(day=since.day + days))


def asked(
    report: str,
    by: By,
    grain: Grain = Grain.WHOLE,
    period: Period | None = None,
    where: Where | None = None,
    kpis: tuple[str, ...] = (),
    compare: Period | None = None,
) -> Asked:
    """By default the whole of one day."""
    return Asked(report, period or day(), BERLIN, grain, by, where or Where(), compare=compare, kpis=kpis)
