"""The live figures of a day, by the formulas of the registry: for the wallboard and its charts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from acd.core.facts import AgentInterval, CallKind
from acd.core.service_level import ServiceLevelFormula
from acd.records.fold import utc
from acd.records.period import Period
from acd.records.record import CallVisit
from acd.reports.asked import By, Grain
from acd.reports.buckets import buckets
from acd.reports.counting.rows import StateRow, VisitRow
from acd.reports.counting.states import count_states
from acd.reports.counting.tally import Tally, key_of
from acd.reports.counting.visits import OURS, count_visits
from acd.reports.known import Known
from acd.reports.kpis import figures
from acd.reports.measures import REASON, TRANSFERRED_IN, Measures, measured
from acd.reports.naming import in_order, name_of
from acd.reports.table import Figure
from acd.reports.wording import words

INTERVAL_S = 1800
_UTC = ZoneInfo("UTC")
_COUNTS = ("offered", "answered", "abandoned", "short_abandoned", "left", "waiting", "answered_in_time")
_REST = ("service_level", "abandon_rate", "asa_s", "aht_s", "att_s", "acw_s", "longest_wait_s")
_HANDLING = ("answered", "aht_s", "att_s", "acw_s")
_TIMES = ("ready_s", "ringing_s", "talking_s", "wrap_up_s", "logged_in_s", "paid_s")
_TEXTS = ("offered", "abandoned", "abandon_rate", "asa_s", "aht_s", "att_s", "acw_s", "longest_wait_s")


@dataclass(frozen=True, slots=True)
class Interval:
    """`at`: when it begins, in Unix seconds."""

    at: float
    figures: Mapping[str, Figure]


def report_of_day(
    visits: Iterable[CallVisit], known: Known, period: Period, formula: ServiceLevelFormula
) -> dict[str, Any]:
    """By group and in total; JSON-ready: shares 0..1, seconds, null where a figure has no value.

    A group that is no longer configured comes last, measured by the usual thresholds.
    """
    rows = [_row(entry) for entry in visits if _is_in(entry, period, known)]
    tally = count_visits(rows, lambda _: 0, key_of(By.GROUP, {}))
    found = {key for (_, key, _), part in tally.items() if _has_callers(part)}
    found |= {group for group in known.groups if known.reach.has_group(group)}
    told = words("en").kpis
    groups = []
    for group in in_order(By.GROUP, found, known):
        limits = known.limits(group)
        part = measured([(limits, tally.get((0, group, group), Measures()))])
        groups.append({"name": name_of(By.GROUP, group, known), **_figures(part, formula, group, known)})
    return {
        "from": period.since.isoformat(),
        "to": period.until.isoformat(),
        "service_level_formula": formula.value,
        "internal_not_counted": sum(row.kind != CallKind.INBOUND for row in rows),
        "formulas": {"service_level": formula.text, **{id: told[id].formula for id in _TEXTS}},
        "groups": groups,
        "total": _figures(_together(tally, known), formula, None, known),
    }


def agents_of_day(
    visits: Iterable[CallVisit],
    intervals: Iterable[AgentInterval],
    known: Known,
    period: Period,
    formula: ServiceLevelFormula,
) -> dict[str, dict[str, Any]]:
    """By agent: seconds in each state, `not_ready_s` by reason, of stretches that are over; and the talks.

    `counted_to_at`: the end of the last of these stretches, or the period's begin, in Unix seconds. Who is
    logged in has been so from there until now.
    """
    key, whole = key_of(By.AGENT, {}), buckets(period, Grain.WHOLE, _UTC)
    stretches = sorted(
        (each for each in intervals if known.reach.has_agent(each.agent)),
        key=lambda each: (each.agent, each.since),
    )
    begin = period.since.timestamp()
    counted_to = {each.agent: max(begin, each.until) for each in stretches}
    states = count_states(map(_state, stretches), whole, key)
    talks = count_visits(
        (_row(each) for each in visits if _is_in(each, period, known) and each.visit.group in known.groups),
        lambda _: 0,
        key,
    )
    times = {agent: measured([(known.limits(None), part)]) for (_, agent, _), part in states.items()}
    found: dict[str, dict[str, Any]] = {}
    for agent in sorted({*times, *known.agents}):
        talked = Tally({cell: part for cell, part in talks.items() if cell[1] == agent})
        time = times.get(agent, Measures())
        found[agent] = {
            "agent": agent,
            **_rounded(figures(_TIMES, time, formula)),
            "not_ready_s": {
                name.removeprefix(REASON): amount / 1e6
                for name, amount in time.sums.items()
                if name.startswith(REASON)
            },
            "unpaid_s": time.sum("unpaid_us") / 1e6,
            "counted_to_at": counted_to.get(agent, begin),
            **figures(_HANDLING, _together(talked, known), formula),
        }
    return found


def intervals_of_day(
    visits: Iterable[CallVisit], known: Known, period: Period, formula: ServiceLevelFormula
) -> list[Interval]:
    """By half hours from the period's begin: from the first in which a call was offered to the last."""
    begin = period.since.timestamp()
    tally = count_visits(
        (_row(each) for each in visits if _is_in(each, period, known) and each.kind is CallKind.INBOUND),
        lambda at: int((at.timestamp() - begin) // INTERVAL_S),
        key_of(By.ALL, {}),
    )
    by_bucket: dict[int, Tally] = {}
    for cell, part in tally.items():
        by_bucket.setdefault(cell[0], Tally())[cell] = part
    if not by_bucket:
        return []
    return [
        Interval(
            begin + n * INTERVAL_S,
            figures((*_COUNTS, *_REST), _together(by_bucket.get(n, Tally()), known), formula),
        )
        for n in range(min(by_bucket), max(by_bucket) + 1)
    ]


def _has_callers(m: Measures) -> bool:
    return bool(m.sum("offered") or m.sum(TRANSFERRED_IN))


def _together(tally: Tally, known: Known) -> Measures:
    return measured((known.limits(group), part) for (_, _, group), part in tally.items())


def _figures(m: Measures, formula: ServiceLevelFormula, group: str | None, known: Known) -> dict[str, Any]:
    limits = known.limits(group)
    return {
        "group": group,
        "service_level_s": limits.service_level_s if group is not None else None,
        "short_abandon_s": limits.short_abandon_s if group is not None else None,
        **figures(_COUNTS, m, formula),
        "abandoned_in_time": m.sum("abandoned_in_time"),
        **_rounded(figures(_REST, m, formula)),
    }


def _rounded(found: Mapping[str, Figure]) -> dict[str, Figure]:
    """To what the counts can carry."""
    return {id: round(value, 4) if isinstance(value, float) else value for id, value in found.items()}


def _is_in(entry: CallVisit, period: Period, known: Known) -> bool:
    visit = entry.visit
    is_now = period.since.timestamp() <= visit.queued_at.timestamp() < period.until.timestamp()
    return is_now and known.reach.has(visit.agent, visit.group)


def _row(entry: CallVisit) -> VisitRow:
    visit = entry.visit
    return VisitRow(
        visit.queued_at, entry.call_id, 0, visit.group, visit.agent, "", None, None, entry.kind.value, OURS,
        visit.outcome.value, visit.wait_s, visit.talk_s, visit.hold_s, visit.wrap_up_s,
    )  # fmt: skip


def _state(interval: AgentInterval) -> StateRow:
    since, until = utc(interval.since), utc(interval.until)
    return StateRow(since, until, interval.agent, interval.state, interval.reason)
