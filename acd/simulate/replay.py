"""Recorded days once more: the same callers under the present and under a changed configuration.

Of each caller the records tell when and for whom he or she came, how long the talk was, and of those who gave
up how long they had patience. What nobody can know is drawn, the same for both configurations: the talk of
callers who had hung up (one of those of the group), and how long those who were answered would have waited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from acd.core.calls import Call
from acd.core.facts import LeftBy
from acd.core.pace import DEFAULT_HANDLE_TIME_S
from acd.core.plan import GroupPolicy, Plan
from acd.core.service_level import ServiceLevelFormula
from acd.simulate.callers import Caller
from acd.simulate.chance import Duration, Empirical, Never, stream
from acd.simulate.crew import Span, joined
from acd.simulate.figures import Result, result_of
from acd.simulate.ledger import Ledger
from acd.simulate.opening import ALWAYS_OPEN, ClockFace, Opening
from acd.simulate.recorded import Recorded, RecordedCall
from acd.simulate.scenario import Duty, GroupTraffic, Habits, KnownCall, Listed, Scenario, Turn, exponential
from acd.simulate.usual import usual_exits
from acd.simulate.visits import Outcome, Visit, visits_of
from acd.simulate.world import World

_OUR_DOING = (LeftBy.CLOSED, LeftBy.FULL, LeftBy.POLICY, LeftBy.PERSON)
"""The centre led the caller out of the line: with other rules he or she might have waited on."""
SAME_WAIT_S = 0.5
"""Waits that differ by less are taken as the same decision."""


class Configured(NamedTuple):
    """A configuration, as far as it is replayed."""

    plan: Plan
    opening: Opening = ALWAYS_OPEN


@dataclass(frozen=True, slots=True)
class Difference:
    """A call that another agent got, or that waited otherwise."""

    present: Visit
    changed: Visit


@dataclass(frozen=True, slots=True)
class Replay:
    """`recorded` is what really happened; `changed` is None where only the present was replayed.

    `left_out`: how many recorded calls of groups that one of the configurations does not have.
    """

    recorded: Result
    present: Result
    changed: Result | None
    calls: int
    left_out: Mapping[str, int]
    differences: Sequence[Difference]


class _Diary(Ledger):
    """A ledger that keeps every visit, too."""

    def __init__(self, groups: Mapping[str, GroupPolicy], scenario: Scenario) -> None:
        super().__init__(groups, scenario)
        self.visits: dict[str, Visit] = {}

    def turned_away(self, caller: Caller) -> None:
        super().turned_away(caller)
        self.visits[caller.id] = Visit(
            caller.id,
            caller.group,
            caller.segment,
            caller.at,
            Outcome.CLOSED,
            customer=caller.customer,
            number=caller.number,
        )

    def call_over(self, call: Call) -> None:
        visits = visits_of(call)
        for visit in visits:
            self.visit(visit)
        first, last = visits[0], visits[-1]  # its end, and all of its wait, wherever a policy moved it
        wait_s = last.queued_at - first.queued_at + last.wait_s
        self.visits[call.id] = replace(last, queued_at=first.queued_at, wait_s=wait_s)


def replay(
    recorded: Recorded,
    present: Configured,
    changed: Configured | None,
    formula: ServiceLevelFormula,
    habits: Habits,
    beyond: Duration | None = None,
    seed: int = 1,
    progress: Callable[[float], None] = lambda _share: None,
) -> Replay:
    """Both runs of a centre's recorded days.

    `beyond`: how long those who were answered would have waited still; None: without limit.
    """
    centres = [present] if changed is None else [present, changed]
    plans = [centre.plan for centre in centres]
    calls = [c for c in recorded.calls if all(c.visit.group in plan.groups for plan in plans)]
    left_out: dict[str, int] = {}
    for call in recorded.calls:
        if any(call.visit.group not in plan.groups for plan in plans):
            left_out[call.visit.group] = left_out.get(call.visit.group, 0) + 1
    scenario = scenario_of(recorded, calls, habits, beyond or Never(), seed)
    diaries = []
    for number, centre in enumerate(centres):
        diary = _Diary(centre.plan.groups, scenario)
        of_centre = _under(scenario, recorded, centre, present)
        world = World(centre.plan, of_centre, diary, centre.opening)
        world.run(lambda share, n=number: progress((n + share) / len(plans)))  # type: ignore[misc]
        diaries.append(diary)
    real = Ledger(present.plan.groups, scenario)
    for call in calls:
        for visit in call.parts or (call.visit,):
            real.visit(visit)
    for offered in recorded.callbacks:
        if offered.group in real.groups:
            real.callback_over(offered)
    return Replay(
        result_of(real, formula),
        result_of(diaries[0], formula),
        result_of(diaries[1], formula) if changed is not None else None,
        len(calls),
        left_out,
        list(differences(diaries[0].visits, diaries[1].visits)) if changed is not None else [],
    )


def scenario_of(
    recorded: Recorded, calls: Iterable[RecordedCall], habits: Habits, beyond: Duration, seed: int
) -> Scenario:
    """The recorded callers as a scenario; who worked when is the configuration's matter, see `duties_of`."""
    of_group: dict[str, list[RecordedCall]] = {}
    for call in calls:
        of_group.setdefault(call.visit.group, []).append(call)
    return Scenario(
        traffic={group: _traffic(group, of, beyond, seed) for group, of in sorted(of_group.items())},
        length_s=recorded.length_s,
        opens_s=recorded.opens_s,
        habits=habits,
        seed=seed,
        first_day=recorded.first_day,
        talks=recorded.talks,
    )


def _under(scenario: Scenario, recorded: Recorded, centre: Configured, present: Configured) -> Scenario:
    """The same callers; the agents, and the ways out of the lines, of this centre."""
    plan, traffic = centre.plan, {}
    for group, known in scenario.traffic.items():
        assert isinstance(known.arrivals, Listed), group
        came = [
            call._replace(let_in=_let_in(scenario, group, call, present)) for call in known.arrivals.calls
        ]
        exits = usual_exits(plan.groups[group], centre.opening)
        callbacks = None if plan.groups[group].callbacks is None else recorded.habits
        traffic[group] = replace(known, arrivals=Listed(came), exits=exits, callbacks=callbacks)
    return replace(scenario, traffic=traffic, duties=list(duties_of(recorded, plan)))


def _let_in(scenario: Scenario, group: str, call: KnownCall, present: Configured) -> bool:
    """Whether the caller came into the line although it was closed: then flows let people in at that hour."""
    calendar = present.opening.groups.get(group)
    face = ClockFace(scenario.first_day, scenario.opens_s, present.opening.timezone)
    return calendar is not None and not face.is_open(calendar, call.at)


def _traffic(group: str, calls: Sequence[RecordedCall], beyond: Duration, seed: int) -> GroupTraffic:
    chance = stream(seed, group, "beyond")
    known = [_known(call, beyond.draw(chance)) for call in calls]
    talks = [call.talk_s for call in calls if call.talk_s is not None]
    talk = Empirical(talks) if talks else exponential(DEFAULT_HANDLE_TIME_S)
    return GroupTraffic(Listed(known), talk)


def _known(call: RecordedCall, beyond_s: float) -> KnownCall:
    visit = call.visit
    gave_up = visit.outcome in (Outcome.ABANDONED, Outcome.LEFT) and call.left_by not in _OUR_DOING
    return KnownCall(
        visit.queued_at,
        visit.call_id,
        customer=visit.customer,
        priority=call.priority,
        talk_s=call.talk_s,
        patience_s=visit.wait_s if gave_up else visit.wait_s + beyond_s,
        number=call.number,
        wants_callback=call.wants_callback,
        alone=call.alone,
        asks_for_callback=call.wants_callback is True and call.left_by is LeftBy.KEY,
        prefer=call.prefer,
        prefer_wait_s=call.prefer_wait_s,
    )


def duties_of(recorded: Recorded, plan: Plan) -> Iterator[Duty]:
    """As recorded; who is not in the records is there whenever anybody was, or always if nobody is."""
    anybody = joined(span for spans in recorded.there.values() for span in spans)
    for agent in plan.agents:
        spans: Iterable[Span] = recorded.there.get(agent, anybody or [(0.0, recorded.length_s)])
        for begin, end in joined(spans):
            yield Duty(begin, agent, Turn.COME)
            yield Duty(end, agent, Turn.GO)
        if plan.reasons:
            for begin, end in joined(recorded.pauses.get(agent, ())):
                yield Duty(begin, agent, Turn.PAUSE)
                yield Duty(end, agent, Turn.RETURN)


def differences(present: Mapping[str, Visit], changed: Mapping[str, Visit]) -> Iterator[Difference]:
    """By the time of the call."""
    for call_id in sorted(present, key=lambda call_id: present[call_id].queued_at):
        one, other = present[call_id], changed[call_id]
        same = (one.outcome, one.agent) == (other.outcome, other.agent)
        if not same or abs(one.wait_s - other.wait_s) > SAME_WAIT_S:
            yield Difference(one, other)
