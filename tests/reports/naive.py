"""Reports as somebody would work them out by hand: raw rows, plain loops, nothing of `acd.reports`.

Visits are put together from segments again, peaks are looked for moment by moment, and what a customer did
next is looked up in the list of all calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import Engine, Table, select

from acd.core.facts import Fact
from acd.records import schema
from tests.reports.naive_visits import Visit, in_line, ms, visits_of
from tests.reports.truth import Count

_DAY = timedelta(days=1)
_CALLBACKS = {"done": "done", "failed": "failed", "expired": "failed", "cancelled": "cancelled"}


Mine = Callable[..., bool]
"""Whether something of a moment, of this group, agent …, is asked for."""


@dataclass(frozen=True)
class Centre:
    """What figures are measured by: seconds by group, who is in which team, planned spans, today."""

    levels: Mapping[str, tuple[float, float]]
    teams: Mapping[str, str | None]
    unpaid: frozenset[str]
    plans: Mapping[str, Sequence[tuple[datetime, datetime]]]
    fcr_days: float
    now: datetime


class Naive:
    """`told`: the facts of each call, for the last moment of those that go on."""

    def __init__(self, engine: Engine, centre: Centre, told: Mapping[str, Sequence[Fact]]) -> None:
        self.centre, self.engine = centre, engine
        said = self._table(schema.corrections)
        self._corrected = {(row.call_id, row.field): row.value for row in said}  # the last one stays
        self.calls = {row.call_id: row for row in self._own(schema.calls)}
        self.segments = self._own(schema.segments)
        self.visits = [
            visit
            for id, call in self.calls.items()
            for visit in visits_of(call, [s for s in self.segments if s.call_id == id], told[id])
        ]
        self.states = self._table(schema.agent_states)

    def _table(self, table: Table) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(table).order_by(*table.primary_key)))

    def _own(self, table: Table) -> list[Any]:
        """Rows of calls that are not excluded."""
        return [r for r in self._table(table) if self._corrected.get((r.call_id, "excluded")) != "yes"]

    @cached_property
    def rows(self) -> Mapping[str, list[Any]]:
        """Of the smaller tables, by name."""
        small = (schema.transfers, schema.ivr_steps, schema.survey_scores, schema.dispositions)
        return {table.name: self._own(table) for table in (*small, schema.callbacks)}

    # --- counting -------------------------------------------------------------------------------
    def count(self, by: str, key: str, since: datetime, until: datetime) -> Count:
        """What there is under this key in [since, until). `by` 'all': everything."""
        c = Count()

        def mine(at: datetime, **has: str | None) -> bool:
            if "agent" in has:
                has["team"] = self.centre.teams.get(has["agent"] or "")
            return since <= at < until and (by == "all" or (has.get(by) or "") == key)

        self._count_callers(c, mine)
        self._count_calls(c, mine)
        self._count_small(c, mine)
        self._count_states(c, by, key, since, until)
        for name, most in self._most_at_once(since, until):
            c.numbers[name] = most
        return c

    def _count_callers(self, c: Count, mine: Mine) -> None:
        for visit in self.visits:
            its = {"group": visit.group, "agent": visit.agent, **_of(visit.call)}
            if visit.call.kind == "inbound" and mine(visit.queued_at, **its):
                self._count_visit(c, visit)
        for segment in self.segments:
            call = self.calls[segment.call_id]
            is_ring = segment.kind == "ringing" and call.kind in ("inbound", "callback")
            if is_ring and mine(segment.started_at, group=segment.group_id, agent=segment.agent_id):
                c.numbers["rings"] += 1
                c.numbers[f"ring:{segment.outcome}"] += 1

    def _count_calls(self, c: Count, mine: Mine) -> None:
        for row in self.rows["transfers"]:
            call = self.calls[row.call_id]
            if call.kind == "inbound" and mine(row.at, group=row.group_id, agent=row.agent_id, **_of(call)):
                c.numbers[f"transfers_{row.how}"] += 1
                c.numbers["transfers_without_group"] += row.group_id is None
        for call in self.calls.values():
            if call.kind == "inbound" and mine(call.started_at, **_of(call)):
                for name in self._said_of(call):
                    c.numbers[name] += 1

    def _count_visit(self, c: Count, visit: Visit) -> None:
        level, short = (1000 * seconds for seconds in self.centre.levels.get(visit.group, (20.0, 5.0)))
        if visit.outcome == "transferred_in":
            c.numbers["transferred_in"] += 1
        else:
            c.waits[visit.outcome].append(visit.wait)
        c.numbers["in_time"] += visit.outcome == "answered" and visit.wait <= level
        if visit.outcome in ("answered", "transferred_in"):
            c.numbers["talk"] += visit.talk
            c.numbers["hold"] += visit.hold
            c.numbers["wrap"] += visit.wrap
        if visit.outcome == "abandoned":
            c.numbers["gone_in_time"] += visit.wait <= level
            c.numbers["short"] += visit.wait < short

    def _said_of(self, call: Any) -> Iterator[str]:
        yield "calls"
        if call.answered_at is not None:
            yield "calls_answered"
            within = timedelta(days=self.centre.fcr_days)
            if call.contact_key and call.started_at + within <= self.centre.now:
                yield "contacts"
                same = (
                    o
                    for o in self.calls.values()
                    if o.kind == "inbound" and o.contact_key == call.contact_key
                )
                if not any(call.started_at < other.started_at <= call.started_at + within for other in same):
                    yield "contacts_resolved"
        if call.flow_id is not None:
            yield "ivr_calls"
            own = {segment.kind for segment in self.segments if segment.call_id == call.call_id}
            wanted = any(row.call_id == call.call_id for row in self.rows["callbacks"])
            if call.ended_at is not None and own <= {"ivr", "survey"} and not wanted and not call.answered_at:
                yield "ivr_contained"
                yield {"caller": "ivr_dropped", "system": "ivr_completed"}.get(call.ended_by, "")

    def _count_small(self, c: Count, mine: Mine) -> None:
        before: Any = None
        for row in self.rows["ivr_steps"]:
            again = before is not None and row.arrow == "after" and before.arrow == "answered"
            same = again and (before.call_id, before.flow, before.step) == (row.call_id, row.flow, row.step)
            before = row
            inbound = self.calls[row.call_id].kind == "inbound"
            if inbound and not same and mine(row.at, step=f"{row.flow}/{row.step}"):
                c.numbers["step_visits"] += 1
                c.numbers["step_dropped"] += row.arrow == "hung up"
        for row in self.rows["survey_scores"]:
            talked = [
                v for v in self.visits if v.call.call_id == row.call_id and v.agent and v.queued_at <= row.at
            ]
            last = talked[-1] if talked else None
            its = {"group": last.group, "agent": last.agent} if last else {"group": None, "agent": None}
            if mine(row.at, question=f"{row.survey}/{row.question}", **its):
                c.numbers[f"score{row.score}"] += 1
        for row in self.rows["dispositions"]:
            later = [
                o for o in self.rows["dispositions"] if (o.call_id, o.agent_id) == (row.call_id, row.agent_id)
            ]
            if row is not later[-1] or not row.code:
                continue
            if mine(row.at, group=row.group_id, agent=row.agent_id, code=row.code):
                c.numbers["dispositions"] += 1
                c.numbers["complaints"] += row is self._complaint_of(row.call_id)
        changes = self._changes
        for row in self.rows["callbacks"]:
            if mine(row.wanted_at, group=row.group_id):
                end = _CALLBACKS.get(changes.get(str(row.callback_id), ""), "open")
                c.numbers["callbacks"] += 1
                c.numbers[f"callbacks_{end}"] += 1

    def _complaint_of(self, call_id: str) -> Any:
        """The last of the call's dispositions that says so; None: it was no complaint."""
        corrected = self._corrected.get((call_id, "complaint"))
        last = {o.agent_id: o for o in self.rows["dispositions"] if o.call_id == call_id}  # by agent and time
        said = [o for o in last.values() if o.code and (o.complaint or corrected == "yes")]
        said.sort(key=lambda o: (o.at, o.agent_id))
        return said[-1] if said and corrected != "no" else None

    @cached_property
    def _changes(self) -> Mapping[str, str]:
        """The last state of each callback."""
        return {row.task_id: row.state for row in self._table(schema.task_changes) if row.kind == "callback"}

    def _count_states(self, c: Count, by: str, key: str, since: datetime, until: datetime) -> None:
        def is_of(agent: str, reason: str | None) -> bool:
            has = {"agent": agent, "team": self.centre.teams.get(agent), "reason": reason}
            return by == "all" or (has.get(by) or "") == key

        def inside(begin: datetime, end: datetime) -> int:
            return max(0, ms(min(end, until) - max(begin, since)))

        for row in self.states:
            if not is_of(row.agent_id, row.reason):
                continue
            for name in ("logged_in", row.state, *(["unpaid"] if row.reason in self.centre.unpaid else [])):
                c.numbers[name] += inside(row.since, row.until)
            c.numbers["not_ready_stretches"] += row.state == "not_ready" and since <= row.since < until
            if row.agent_id in self.centre.plans:
                c.numbers["logged_in_with_plan"] += inside(row.since, row.until)
                for begin, end in self.centre.plans[row.agent_id]:
                    c.numbers["in_plan"] += inside(max(row.since, begin), min(row.until, end))
        for agent, spans in self.centre.plans.items():
            if is_of(agent, None):
                planned = (inside(begin, min(end, self.centre.now)) for begin, end in spans)
                c.numbers["planned"] += sum(planned)

    def _most_at_once(self, since: datetime, until: datetime) -> Iterator[tuple[str, int]]:
        waits = [s for s in self.segments if in_line(s)]
        talks = [s for s in self.segments if s.kind in ("talking", "fallback") and not in_line(s)]
        for name, rows in (("calls", self.calls.values()), ("waiting", waits), ("talking", talks)):
            yield f"peak_{name}", _most(rows, since, until)


def _of(call: Any) -> dict[str, str | None]:
    return {"number": call.dialed_number, "flow": call.flow_id, "segment": call.customer_segment}


def _most(rows: Iterable[Any], since: datetime, until: datetime) -> int:
    spans: list[tuple[datetime, datetime]] = [
        (row.started_at, min(row.ended_at or row.started_at + _DAY, row.started_at + _DAY)) for row in rows
    ]
    moments = [since, *(begin for begin, _ in spans if since <= begin < until)]
    return max(sum(begin <= moment < end for begin, end in spans) for moment in moments)
