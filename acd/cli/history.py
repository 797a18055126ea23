"""Recorded calls and working hours, in the form that simulations take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from acd.cli import context
from acd.cli.callback_history import habits_of, offers_of, wants_callback
from acd.core.agents import AgentState
from acd.core.facts import (
    AgentInterval,
    Arrived,
    CallKind,
    Customer,
    Fact,
    Kept,
    LeftBy,
    NotKept,
    Queued,
)
from acd.core.last_agents import Talk, customer_key
from acd.core.plan import Plan
from acd.errors import OperatorError
from acd.records.period import Period, parse_period
from acd.records.record import CallRecord, GroupVisit, VisitOutcome
from acd.records.store import RecordStore
from acd.settings.environment import Environment
from acd.simulate.crew import Span, joined
from acd.simulate.recorded import History, Recorded, RecordedCall
from acd.simulate.visits import Outcome, Visit

MOST_CALLS = 1_000_000
MOST_TALKS = 1_000_000
AT_ONCE_S = 0.01
_SERVED = (VisitOutcome.ANSWERED, VisitOutcome.TRANSFERRED_IN)
"""Both are work for the agents of the group, who are reached in the simulation through its line alone."""
DEFAULT_PREFER_WAIT_S = 20.0
"""Of an agent who was not at work: for how long the flow would have had the caller wait is not on record."""


def history(env: Environment, plan: Plan, tz: ZoneInfo) -> History:
    """Reads the database of this centre; a period's days are local ones."""

    def read(from_: str, to: str) -> Recorded:
        return recorded(env, plan, parse_period(from_, to, tz, datetime.now(UTC), ("from", "to")))

    return read


def recorded(env: Environment, plan: Plan, period: Period) -> Recorded:
    """Raises OperatorError where no call of a customer came to a group in the period."""
    with context.records(env) as store:
        records = store.calls(period.since, period.until, limit=MOST_CALLS)
        intervals = store.intervals(period.since, period.until)
        talks = list(_last_talks(store, plan, period.since))
    begin = period.since.timestamp()
    length_s = period.until.timestamp() - begin
    calls = [call for record in records for call in _calls(record, begin) if call.visit.queued_at < length_s]
    if not calls:
        raise OperatorError(
            f"no calls of customers to groups are on record from {period.since:%Y-%m-%d %H:%M}"
            f" to {period.until:%Y-%m-%d %H:%M}; 'acd calls list' shows what there is"
        )
    offered = list(offers_of(records, begin))
    there, pauses = _spans(intervals, plan, begin, length_s)
    opens = period.since
    return Recorded(
        opens_s=opens.hour * 3600.0 + opens.minute * 60 + opens.second,
        length_s=length_s,
        calls=sorted(calls, key=lambda call: call.visit.queued_at),
        there=there,
        pauses=pauses,
        first_day=opens.date(),
        talks=talks,
        callbacks=offered,
        habits=habits_of(offered),
    )


def _calls(record: CallRecord, begin: float) -> Iterator[RecordedCall]:
    """Each visit of a group is a caller of its own, but for those that a group's policy moved on."""
    if record.kind is not CallKind.INBOUND:
        return
    entries = [fact for fact in record.facts if isinstance(fact, Queued)]
    parts: list[Visit] = []
    first = Queued(0.0, "")
    for number, visit in enumerate(record.visits):
        if not parts:
            first = entries[number] if number < len(entries) else Queued(0.0, "")
        if first.group != (parts[0].group if parts else visit.group):
            first = Queued(0.0, visit.group)  # a transfer's visit has its fact in the consultation
        customer = _customer(record, first.requirement)
        parts.append(_visit(record, visit, begin, customer, number - len(parts)))
        if _moved_on(record.visits[number : number + 2]):
            continue
        talk_s = visit.talk_s + visit.hold_s if visit.outcome in _SERVED else None
        prefer, prefer_wait_s = _preferred(_facts_of(record, first))
        end = entries[number] if number < len(entries) else first
        yield RecordedCall(
            _whole(parts),
            first.priority,
            talk_s,
            alone=first.alone,
            number=record.caller_number,
            left_by=visit.left_by,
            wants_callback=wants_callback(_facts_of(record, end)),
            prefer=prefer,
            prefer_wait_s=prefer_wait_s,
            parts=tuple(parts),
        )
        parts = []


def _facts_of(record: CallRecord, entry: Queued) -> list[Fact]:
    """From this entry into a line to the next one."""
    found: list[Fact] = []
    for fact in record.facts:
        if isinstance(fact, Queued) and found:
            break
        if fact is entry or found:
            found.append(fact)
    return found


def _preferred(facts: Sequence[Fact]) -> tuple[str, float]:
    """The agent whom the flow asked for, and for how long; '' where it asked for none."""
    for fact in facts:
        if isinstance(fact, Kept) and fact.why == "preferred":
            return fact.agent, fact.wait_s
        if isinstance(fact, NotKept):
            return fact.agent, DEFAULT_PREFER_WAIT_S
    return "", 0.0


def _last_talks(store: RecordStore, plan: Plan, since: datetime) -> Iterator[Talk]:
    """Those before the period, as far back as a group asks for them."""
    days = max((group.last_agent.days for group in plan.groups.values() if group.last_agent), default=0.0)
    begin = since.timestamp()
    for customer_id, number, agent, at in store.last_talks(since - timedelta(days=days), MOST_TALKS):
        key = customer_key(customer_id, number)
        if key and at < since:
            yield Talk(key, agent, at.timestamp() - begin)


def _moved_on(visits: Sequence[GroupVisit]) -> bool:
    """Whether a policy led the caller from the first of two lines straight into the other."""
    if len(visits) < 2 or visits[0].left_by not in (LeftBy.POLICY, LeftBy.REMOVED, LeftBy.PERSON):
        return False
    between_s = (visits[1].queued_at - visits[0].queued_at).total_seconds() - visits[0].wait_s
    return abs(between_s) < AT_ONCE_S


def _visit(
    record: CallRecord, visit: GroupVisit, begin: float, customer: Customer | None, number: int
) -> Visit:
    answered = visit.outcome in _SERVED
    return Visit(
        record.call_id if number == 0 else f"{record.call_id}/{number + 1}",
        visit.group,
        record.customer_segment or "",
        visit.queued_at.timestamp() - begin,
        Outcome.ANSWERED if answered else Outcome(visit.outcome.value),
        visit.wait_s,
        visit.agent or "",
        visit.talk_s + visit.hold_s + visit.wrap_up_s if answered else None,
        customer,
    )


def _whole(parts: Sequence[Visit]) -> Visit:
    """From the first line on; the end, and all of the wait, wherever the caller was moved."""
    first, last = parts[0], parts[-1]
    wait_s = last.queued_at - first.queued_at + last.wait_s
    return replace(last, group=first.group, queued_at=first.queued_at, wait_s=wait_s)


def _customer(record: CallRecord, requirement: str) -> Customer | None:
    """Who called, as known then, with what the call asked for."""
    known = next((fact.customer for fact in record.facts if isinstance(fact, Arrived)), None)
    if known is None:
        return Customer(record.call_id, "", requirement=requirement) if requirement else None
    return replace(known, requirement=requirement)


def _spans(
    intervals: list[AgentInterval], plan: Plan, begin: float, length_s: float
) -> tuple[Mapping[str, list[Span]], Mapping[str, list[Span]]]:
    """When each agent was logged in; and not ready for a reason of his or her own."""
    there: dict[str, list[Span]] = {}
    pauses: dict[str, list[Span]] = {}
    for interval in intervals:
        span = (max(interval.since - begin, 0.0), min(interval.until - begin, length_s))
        if interval.state != AgentState.LOGGED_OUT.value and span[0] < span[1]:
            there.setdefault(interval.agent, []).append(span)
            if interval.reason in plan.reasons:
                pauses.setdefault(interval.agent, []).append(span)
    return (
        {agent: joined(spans) for agent, spans in there.items()},
        {agent: joined(spans) for agent, spans in pauses.items()},
    )
