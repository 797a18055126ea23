"""What somebody wants to know: which report, of which period, broken down and filtered how. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from acd.core.service_level import ServiceLevelFormula
from acd.records.period import Period


class Grain(StrEnum):
    """The length of the intervals. Days, weeks (from Monday) and months are those of the time zone."""

    WHOLE = "whole"  # one line for the whole period
    QUARTER = "15min"
    HALF = "30min"
    HOUR = "60min"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class By(StrEnum):
    """What the figures are broken down by. NUMBER: the one that was dialled; SEGMENT: the customer's."""

    ALL = "all"
    GROUP = "group"
    AGENT = "agent"
    TEAM = "team"
    NUMBER = "number"
    FLOW = "flow"
    SEGMENT = "segment"
    REASON = "reason"
    STEP = "step"
    CODE = "code"
    QUESTION = "question"
    KIND = "kind"


@dataclass(frozen=True, slots=True)
class Where:
    """Only these count; () means all. What is named in two of them must fit both."""

    groups: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """`kpis`: () for those that the report shows by itself. `compare`: a period to set beside it."""

    report: str
    period: Period
    tz: ZoneInfo
    grain: Grain = Grain.WHOLE
    by: By = By.ALL
    where: Where = field(default_factory=Where)
    formula: ServiceLevelFormula = ServiceLevelFormula.OFFERED_MINUS_SHORT
    compare: Period | None = None
    kpis: tuple[str, ...] = ()
