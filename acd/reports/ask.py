"""What is asked, held against what there is: the report, its breakdown, its figures, its filter. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from acd.errors import OperatorError
from acd.reports.asked import Asked, Where
from acd.reports.catalogue import REPORTS, Report, rows_of
from acd.reports.known import Known
from acd.reports.kpis import KPIS, SERVICE_LEVEL
from acd.reports.sources import SOURCES, Filter


def report_of(asked: Asked) -> Report:
    """Raises OperatorError for one that there is not, and for a breakdown that it does not have."""
    if asked.report not in REPORTS:
        raise OperatorError(_not_among("report", asked.report, REPORTS))
    report = REPORTS[asked.report]
    if asked.by not in report.by:
        known = ", ".join(by.value for by in report.by)
        raise OperatorError(f"report {report.id} cannot be broken down by {asked.by.value}, only by {known}")
    return report


def kpis_of(report: Report, asked: Asked, filter: Filter) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those to be shown, and those left out, since their rows cannot be filtered so.

    Raises OperatorError for unknown ones, and where none is left.
    """
    for id in asked.kpis:
        if id not in KPIS and id != SERVICE_LEVEL:
            raise OperatorError(_not_among("figure", id, (*KPIS, SERVICE_LEVEL)))
    shown = report.shown(asked.by, asked.kpis)
    if not shown:
        raise OperatorError(f"none of these figures can be told by {asked.by.value}: {', '.join(asked.kpis)}")
    left_out = tuple(id for id in shown if not _can_be_filtered(id, filter))
    if len(left_out) == len(shown):
        names = ", ".join(sorted(filter.used))
        raise OperatorError(f"report {report.id} cannot be filtered by {names}: leave that filter out")
    return tuple(id for id in shown if id not in left_out), left_out


def filter_of(where: Where, known: Known) -> Filter:
    """Teams become their agents of today. Raises OperatorError for an unknown team."""
    teams = {agent.team for agent in known.agents.values() if agent.team}
    for team in where.teams:
        if team not in teams:
            raise OperatorError(_not_among("team", team, sorted(teams)))
    agents = _chosen(where.agents)
    if where.teams:
        members = frozenset(agent.id for agent in known.agents.values() if agent.team in where.teams)
        agents = members if agents is None else agents & members
    return Filter(
        groups=_chosen(where.groups),
        agents=agents,
        numbers=_chosen(where.numbers),
        flows=_chosen(where.flows),
        segments=_chosen(where.segments),
        reach=known.reach,
    )


def check_names(where: Where, known: Known) -> None:
    """Where nothing was found. Raises OperatorError for what the configuration does not have."""
    for what, names, configured in (
        ("group", where.groups, [group for group in known.groups if known.reach.has_group(group)]),
        ("agent", where.agents, known.agents),
    ):
        for name in names:
            if name not in configured:
                raise OperatorError(_not_among(what, name, sorted(configured)))


def _can_be_filtered(id: str, filter: Filter) -> bool:
    return all(filter.used <= SOURCES[kind].filters.keys() for kind in rows_of(id))


def _chosen(names: tuple[str, ...]) -> frozenset[str] | None:
    return frozenset(names) if names else None


def _not_among(what: str, name: str, known: Iterable[str]) -> str:
    names = list(known)
    nearest = get_close_matches(name, names, n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"known: {', '.join(names) or 'none'}"
    return f"there is no {what} {name!r}; {hint}"
