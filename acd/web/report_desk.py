"""Works reports out for requests: what the configuration knows goes in, bounded answers come out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from acd.core.work_rules import in_language
from acd.records.reach import ALL, Reach
from acd.reports.asked import Asked, By
from acd.reports.buckets import buckets
from acd.reports.going_on import GoingOn, going_on
from acd.reports.known import AgentKnown, Known
from acd.reports.run import run_report
from acd.reports.table import ReportTable
from acd.web.centre import CentreShown
from acd.web.live.topics import AGENT
from acd.web.refusal import Refusal

LINES_MAX = 20_000


def known_of(centre: CentreShown, language: str, reach: Reach = ALL) -> Known:
    """What reports must know of the configuration, of whose they are that the rights reach to."""
    known = Known(
        groups=centre.groups,
        agents={a.id: AgentKnown(a.id, a.name, a.team, a.hours) for a in centre.agents.values()},
        reasons=centre.reasons,
        numbers=dict.fromkeys(centre.numbers, ""),
        flows=dict.fromkeys(centre.flows, ""),
        fcr_days=centre.reports.fcr_days,
        csat_top=centre.reports.csat_top,
        language=language,
        teams={team: in_language(names, language) for team, names in centre.team_names.items()},
    )
    return known.within(reach)


def going_on_of(objects: Mapping[str, Mapping[str, Any]], now: datetime) -> GoingOn:
    """What agents are doing, by the live picture."""
    agents = [told for key, told in objects.items() if key.startswith(AGENT)]
    return going_on(
        ((a["id"], a["state"], a["reason"], now.timestamp() - a["since_at"]) for a in agents), now
    )


def worked_out(
    engine: Engine, known: Known, asked: Asked, now: datetime, going_on: GoingOn | None
) -> ReportTable:
    """In a thread. Raises Refusal, 422, where it would be too long; OperatorError and SQLAlchemy's errors."""
    _check(len(buckets(asked.period, asked.grain, asked.tz)) * _keys_to_expect(known, asked))
    table = run_report(engine, known, asked, now, going_on)
    _check(len(table.lines))
    return table


def _keys_to_expect(known: Known, asked: Asked) -> int:
    """Of each interval, where the configuration says how many there are."""
    match asked.by:
        case By.GROUP:
            return len(asked.where.groups or known.groups)
        case By.AGENT:
            return len(asked.where.agents or known.agents)
        case _:
            return 1


def _check(lines: int) -> None:
    if lines > LINES_MAX:
        raise Refusal(422, "too-many-lines", f"{lines} lines; {LINES_MAX} at most")
