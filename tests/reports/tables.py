"""Reports made by hand, with what people put into names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from acd.records.period import Period
from acd.reports.asked import Asked, By, Grain, Where
from acd.reports.files.labels import KpiWords, Labels
from acd.reports.table import Better, Check, Column, Figure, Line, ReportTable, Unit

BERLIN = ZoneInfo("Europe/Berlin")
MADE_AT = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
HOSTILE = '=HYPERLINK("http://evil.example","x"),\r\n<b>&'

COLUMNS = (
    Column("offered", Unit.COUNT, behind=True),
    Column("service_level", Unit.SHARE, Better.HIGH, behind=True),
    Column("asa_s", Unit.SECONDS, Better.LOW),
    Column("logged_in_s", Unit.SECONDS),
    Column("csat_mean", Unit.SCORE, Better.HIGH),
)
_KPIS = {
    "en": {
        "offered": KpiWords("Offered", "every entry into the line", "customers", "own calls", "ours"),
        "service_level": KpiWords("Service level", "answered within T ÷ (offered − short abandons)"),
        "asa_s": KpiWords("ASA", "waits of the answered ÷ answered"),
        "logged_in_s": KpiWords("Logged in", "sum of all states"),
        "csat_mean": KpiWords("Score", "mean of the scores"),
    },
    "zh-CN": {
        "offered": KpiWords("呼入", "进入队列的次数"),
        "service_level": KpiWords("服务水平", "T 内接起 ÷（呼入 − 短时放弃）"),
        "asa_s": KpiWords("平均应答时间", "接起者等待 ÷ 接起"),
        "logged_in_s": KpiWords("登录时长", "各状态之和"),
        "csat_mean": KpiWords("评分", "评分平均值"),
    },
}


def labels(language: str = "en", by: str = "Group") -> Labels:
    """As the engine's words would say it."""
    return Labels(
        language,
        {"en": "Groups", "zh-CN": "技能组"}[language],
        {"en": by, "zh-CN": "技能组"}[language],
        "Whole period",
        _KPIS[language],
        {"offered": "Offered = the sum of its parts"},
        ("Not counted: 3 visits of agents' own calls",),
    )


def day(year: int, month: int, date: int, days: int = 1) -> Period:
    """In Berlin."""
    since = datetime(year, month, date, tzinfo=BERLIN)
    return Period(since, since + timedelta(days=days))


def values(*figures: Figure) -> Mapping[str, Figure]:
    """In the order of the columns."""
    return dict(zip((column.id for column in COLUMNS), figures, strict=True))


def by_group(*, compare: bool = False, broken: bool = False) -> ReportTable:
    """Three groups, of which one has a hostile name and one has seen nobody."""
    before = values(100, 0.75, 20.0, 3600.0, 4.0) if compare else None
    lines = (
        Line(None, None, "sales", "Sales", values(120, 0.83, 7.4, 93_784.5, 4.25), before),
        Line(None, None, "support", HOSTILE, values(7, 2 / 3, 75.25, 3600.0, None), before),
        Line(None, None, "vip", "贵宾 – 客户", values(0, None, None, None, None), before),
    )
    asked = Asked(
        "groups",
        day(2026, 11, 22),
        BERLIN,
        by=By.GROUP,
        where=Where(groups=("sales", "support", "vip"), numbers=("+4930123",)),
        compare=day(2026, 11, 15) if compare else None,
    )
    total = Line(None, None, None, "Total", values(127, 0.82, 11.1, 97_384.5, 4.25), before)
    checks = (Check("offered", True, "127 = 127"), Check("states", not broken, "97384.5 s = 97000.0 s"))
    return ReportTable(asked, COLUMNS, lines, total, checks)


def clocks_go_back() -> ReportTable:
    """The hours of a night with two of them between two and three."""
    begin = datetime(2026, 10, 24, 23, tzinfo=UTC)  # 01:00 in Berlin
    moments = [begin + timedelta(hours=number) for number in range(4)]
    lines = tuple(
        Line(at, at + timedelta(hours=1), None, "", values(number + 1, 0.5, 1.0, 60.0, 3.0))
        for number, at in enumerate(moments)
    )
    asked = Asked("groups", day(2026, 10, 25), BERLIN, grain=Grain.HOUR)
    return ReportTable(
        asked, COLUMNS, lines, Line(None, None, None, "Total", values(10, 0.5, 1.0, 240.0, 3.0))
    )
