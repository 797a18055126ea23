"""Does everything add up after a soak? From our records and Asterisk's, not from what the engine believed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from acd.core.facts import AgentInterval, CallKind
from acd.records.record import CallRecord, SegmentKind, VisitOutcome
from acd.records.store import RecordStore
from acd.telephony.cdr import Row
from bench.mixed import recordings_are_audible

if TYPE_CHECKING:
    from bench.soak import Outcome
    from tests.integration.centre import Centre

IDLE_S_MAX = 0.1
CLOCKS_AGREE_S = 1.0
GAP_S_MAX = 0.001
REPORT_MAX = 20

Span = tuple[float, float]


def problems(centre: Centre, outcome: Outcome) -> list[str]:
    """One sentence each; none when all is well."""
    now = datetime.now(UTC)
    with RecordStore(f"sqlite:///{centre.home}/records.sqlite3") as store:
        calls = store.calls(now - timedelta(days=2), now, limit=1_000_000)
        intervals = store.intervals(now - timedelta(days=2), now)
    recordings = centre.home / "recordings"
    calls = [call for call in calls if call.kind is CallKind.INBOUND]
    skills = {agent.id: agent.skills for agent in centre.settings.plan.agents.values()}
    can_serve = {
        group.id: [agent for agent, has in skills.items() if group.requirement.admits(has)]
        for group in centre.settings.plan.groups.values()
    }
    found = [f"{len(calls)} calls are on record, {outcome.dialled} were made"] * (
        len(calls) != outcome.dialled
    )
    found += [f"{name} left over: {b} before, {a} after" for name, (b, a) in outcome.left_over.items()]
    if outcome.left_over and outcome.files_more:
        more = ", ".join(f"{count} x {name}" for name, count in outcome.files_more.items())
        found.append(f"of the controller's files these are open besides: {more}")
    found += offered_is_answered_and_abandoned(calls)
    found += asterisk_agrees(calls, centre.cdr_rows())
    found += commands_agree(centre)
    found += recordings_are_audible(recordings, calls)
    found += nobody_idle_while_one_waits(calls, intervals, can_serve)
    found += every_second_accounted(intervals, outcome.logged_in, outcome.logged_out)
    return found[:REPORT_MAX] + [f"and {len(found) - REPORT_MAX} more"] * (len(found) > REPORT_MAX)


def totals(centre: Centre) -> dict[str, dict[str, int]]:
    """Group → outcome → how many visits."""
    now = datetime.now(UTC)
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    with RecordStore(f"sqlite:///{centre.home}/records.sqlite3") as store:
        for visit in store.visits(now - timedelta(days=2), now):
            counts[visit.visit.group][visit.visit.outcome.value] += 1
    return {group: dict(outcomes) for group, outcomes in counts.items()}


def offered_is_answered_and_abandoned(calls: Iterable[CallRecord]) -> list[str]:
    """For each group; nobody still waits, nobody left otherwise."""
    counts: dict[str, dict[VisitOutcome, int]] = defaultdict(lambda: defaultdict(int))
    for call in calls:
        for visit in call.visits:
            counts[visit.group][visit.outcome] += 1
    found = []
    for group, of in counts.items():
        offered = sum(of.values())
        if offered != of[VisitOutcome.ANSWERED] + of[VisitOutcome.ABANDONED]:
            found.append(f"{group}: offered {offered}, but {dict(of)}")
    return found


def asterisk_agrees(calls: Sequence[CallRecord], rows: Sequence[Row]) -> list[str]:
    """Its caller channels are our calls, and begin and end when ours do."""
    legs: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["channel"].startswith("PJSIP/trunk-"):
            legs[row["call_id"]].append(row)
    found = []
    uniqueids = {row["uniqueid"] for of_call in legs.values() for row in of_call}
    if len(uniqueids) != len(calls):
        found.append(f"Asterisk had {len(uniqueids)} callers, {len(calls)} calls are on record")
    ours = {call.call_id: call for call in calls}
    found += [f"{call_id} is not in Asterisk's account" for call_id in ours.keys() - legs.keys()]
    found += [f"{call_id} is not on record" for call_id in legs.keys() - ours.keys()]
    for call_id in ours.keys() & legs.keys():
        call, of_call = ours[call_id], legs[call_id]
        began = min(float(row["start"]) for row in of_call) - call.started_at.timestamp()
        ended_at = call.ended_at.timestamp() if call.ended_at is not None else 0.0
        ended = max(float(row["end"]) for row in of_call) - ended_at
        answered = _flow_answered(call, of_call)
        if max(abs(began), abs(answered), abs(ended)) > CLOCKS_AGREE_S:
            found.append(
                f"{call_id}: begins {began:+.2f} s, is answered {answered:+.2f} s and ends {ended:+.2f} s"
                " from ours in Asterisk"
            )
    return found


def _flow_answered(call: CallRecord, legs: Sequence[Row]) -> float:
    """So much later did Asterisk answer the caller than the flow took the call, if one did at first."""
    first = call.segments[0] if call.segments else None
    if first is None or first.kind is not SegmentKind.IVR:
        return 0.0
    answers = [float(row["answer"]) for row in legs if float(row["answer"]) > 0]
    return min(answers, default=0.0) - first.started_at.timestamp()


def commands_agree(centre: Centre) -> list[str]:
    """What the product says of itself: of Asterisk's account, and of its recordings."""
    found = []
    for arguments in (("records", "reconcile"), ("recordings", "check")):
        try:
            centre.acd(*arguments)
        except AssertionError as error:
            found.append(f"acd {' '.join(arguments)}: {error}")
    return found


def nobody_idle_while_one_waits(
    calls: Iterable[CallRecord],
    intervals: Iterable[AgentInterval],
    can_serve: dict[str, list[str]],
    limit_s: float = IDLE_S_MAX,
) -> list[str]:
    """A caller in line whose phone is being rung for does not count as waiting."""
    ready: dict[str, list[Span]] = defaultdict(list)
    for interval in intervals:
        if interval.state == "ready":
            ready[interval.agent].append((interval.since, interval.until))
    found = []
    for call in calls:
        for group, span in unattended(call):
            for agent in can_serve.get(group, ()):
                for idle in ready[agent]:
                    both = min(idle[1], span[1]) - max(idle[0], span[0])
                    if both > limit_s:
                        found.append(f"{agent} was idle for {both:.3f} s while {call.call_id} waited")
    return found


def unattended(call: CallRecord) -> list[tuple[str, Span]]:
    """When the caller stood in a group's line and no phone was rung for them."""
    rings = sorted(
        (s.started_at.timestamp(), s.ended_at.timestamp())
        for s in call.segments
        if s.kind is SegmentKind.RINGING and s.ended_at is not None
    )
    spans: list[tuple[str, Span]] = []
    for segment in call.segments:
        if segment.kind is not SegmentKind.WAITING or segment.group is None or segment.ended_at is None:
            continue
        at, end = segment.started_at.timestamp(), segment.ended_at.timestamp()
        for began, ended in rings:
            if began >= end or ended <= at:
                continue
            if began > at:
                spans.append((segment.group, (at, began)))
            at = max(at, ended)
        if end > at:
            spans.append((segment.group, (at, end)))
    return spans


def every_second_accounted(
    intervals: Iterable[AgentInterval], logged_in: dict[str, float], logged_out: dict[str, float]
) -> list[str]:
    """An agent's intervals join from the log-in to the log-out."""
    of: dict[str, list[AgentInterval]] = defaultdict(list)
    for interval in intervals:
        if interval.state != "logged_out":
            of[interval.agent].append(interval)
    found = []
    for agent, began in logged_in.items():
        mine = sorted(of[agent], key=lambda interval: interval.since)
        if not mine:
            found.append(f"{agent} has no time on record")
            continue
        if (
            abs(mine[0].since - began) > CLOCKS_AGREE_S
            or abs(mine[-1].until - logged_out[agent]) > CLOCKS_AGREE_S
        ):
            found.append(f"{agent}'s time on record is not from log-in to log-out")
        for one, following in pairwise(mine):
            if abs(following.since - one.until) > GAP_S_MAX:
                found.append(f"{agent}: {following.since - one.until:+.3f} s between {one} and {following}")
    return found
