"""Counts agents' states, cut at the borders of intervals, and holds them against planned hours. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from acd.core.agents import AgentState
from acd.reports.buckets import Buckets, microseconds
from acd.reports.counting.rows import StateRow
from acd.reports.counting.tally import Key, Tally
from acd.reports.measures import REASON

_EPOCH = datetime.fromtimestamp(0, UTC)
Span = tuple[int, int]
"""From, to: Unix time in microseconds."""


def count_states(rows: Iterable[StateRow], buckets: Buckets, key: Key) -> Tally:
    """Microseconds in each state. `rows` in the order of agent and begin.

    `overlap_us`: counted twice, since a stretch began before the agent's last one was over. `missing_us`: in
    no state, though the agent was logged in; counted where the next stretch begins.
    """
    tally = Tally()
    agent, over_at = "", 0
    for row in rows:
        begin, end = microseconds(row.at), microseconds(row.until)
        name = key(row)
        if row.agent != agent:
            agent, over_at = row.agent, 0
        for bucket, since, until in cut((begin, end), buckets):
            cell = tally.at((bucket, name, None))
            cell.add("logged_in_us", until - since)
            cell.add(f"{row.state}_us", until - since)
            if row.state == AgentState.NOT_READY:
                cell.add(f"{REASON}{row.reason or ''}", until - since)
            if over_at > since:
                cell.add("overlap_us", min(until, over_at) - since)
        if 0 <= (bucket := buckets.place(begin)) < len(buckets):
            if row.state == AgentState.NOT_READY:
                tally.at((bucket, name, None)).add("not_ready")
            if row.missing_since is not None:
                tally.at((bucket, name, None)).add("missing_us", begin - microseconds(row.missing_since))
        over_at = max(over_at, end)
    return tally


def count_plans(
    rows: Iterable[StateRow], plans: Mapping[str, Sequence[Span]], buckets: Buckets, key: Key, now_us: int
) -> Tally:
    """How agents with a plan kept to it, as far as it lies before now. `plans`: spans in order, by agent."""
    tally = Tally()
    for agent, spans in plans.items():
        name = key(StateRow(_EPOCH, _EPOCH, agent, "", None))
        for begin, end in spans:
            for bucket, since, until in cut((begin, min(end, now_us)), buckets):
                tally.at((bucket, name, None)).add("planned_us", until - since)
    for row in rows:
        if row.agent not in plans:
            continue
        name = key(row)
        for bucket, since, until in cut((microseconds(row.at), microseconds(row.until)), buckets):
            kept = sum(max(0, min(until, end) - max(since, begin)) for begin, end in plans[row.agent])
            cell = tally.at((bucket, name, None))
            cell.add("in_plan_us", kept)
            cell.add("outside_plan_us", until - since - kept)
    return tally


def cut(span: Span, buckets: Buckets) -> Iterator[tuple[int, int, int]]:
    """What of a span lies in each interval: number, from, to."""
    borders = buckets.borders
    begin, end = max(span[0], borders[0]), min(span[1], borders[-1])
    bucket = buckets.place(begin)
    while begin < end:
        until = min(end, borders[bucket + 1])
        yield bucket, begin, until
        begin, bucket = until, bucket + 1
