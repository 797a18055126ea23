"""The callers of each group of a scenario, in the order in which they come.

All that belongs to a caller is drawn when he or she comes, in the order of coming: what the engine does
with one caller changes nothing about the next.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from random import Random
from typing import NamedTuple

from acd.core.facts import Customer
from acd.simulate.chance import stream
from acd.simulate.scenario import (
    DAY_S,
    CallerClass,
    GroupTraffic,
    KnownCall,
    Listed,
    Poisson,
    Returning,
    Scenario,
)

KNOWN_TO_DECLINE = 1.0


class Caller(NamedTuple):
    """One caller.

    `last_talk`: who talked with this returning customer, as a share (0..1) of the group's agents, and how
    many seconds before the call. `likes_callbacks` (0..1): the less, the sooner one is wanted; of one
    KNOWN_TO_DECLINE the records have the next wait as another caller.

    `luck` (0..1) decides whether the first phone that rings is answered, `answer_s` how soon. `work_s`: how
    long the agent works on after the talk, where the agent ends that.
    """

    at: float
    id: str
    group: str
    segment: str
    priority: int
    talk_s: float
    patience_s: float
    luck: float = 1.0
    answer_s: float = 0.0
    work_s: float = 0.0
    customer: Customer | None = None
    max_wait_s: float | None = None
    exits: frozenset[str] = frozenset()
    last_talk: tuple[float, float] | None = None
    likes_callbacks: float = 1.0
    number: str = ""
    let_in: bool = False
    prefer: str = ""
    prefer_wait_s: float = 0.0
    asks_for_callback: bool = False
    alone: bool = False


def callers(scenario: Scenario, group: str) -> Iterator[Caller]:
    """Those of one group, by time."""
    traffic = scenario.traffic[group]
    seed = scenario.seed
    of_class, of_luck = stream(seed, group, "class"), stream(seed, group, "luck")
    of_answer, of_work = stream(seed, group, "answer"), stream(seed, group, "work")
    of_talk, of_patience = stream(seed, group, "talk"), stream(seed, group, "patience")
    of_callback, of_past = stream(seed, group, "callback"), stream(seed, group, "past")
    classes, habits = traffic.classes, scenario.habits
    bounds = list(accumulate(entry.share for entry in classes))
    for number, known in enumerate(_times(scenario, group, traffic), 1):
        # A fixed number of draws for each caller keeps the streams in step; what nobody asks for has none.
        kind = classes[0]
        if len(classes) > 1:
            kind = classes[min(bisect_right(bounds, of_class.random() * bounds[-1]), len(classes) - 1)]
        call_id = known.id or f"{group}-{number}"
        talk_s, patience_s = traffic.talk.draw(of_talk), traffic.patience.draw(of_patience)
        yield Caller(
            known.at,
            call_id,
            group,
            known.customer.segment if known.customer else kind.name,
            kind.priority if known.priority is None else known.priority,
            talk_s if known.talk_s is None else known.talk_s,
            patience_s if known.patience_s is None else known.patience_s,
            of_luck.random() if habits.unanswered else 1.0,
            habits.answer.draw(of_answer),
            habits.work.draw(of_work),
            known.customer or _customer(known.customer_id, call_id, kind),
            traffic.max_wait_s,
            traffic.exits,
            _last_talk(traffic.returning, of_past) if traffic.returning.share else None,
            1.0 if traffic.callbacks is None else _liking(known, of_callback.random()),
            known.number,
            known.let_in,
            known.prefer or kind.prefer,
            known.prefer_wait_s if known.prefer else kind.prefer_wait_s,
            known.asks_for_callback,
            known.alone,
        )


def _liking(known: KnownCall, drawn: float) -> float:
    if known.wants_callback is None:
        return drawn
    return 0.0 if known.wants_callback else KNOWN_TO_DECLINE


def _last_talk(returning: Returning, chance: Random) -> tuple[float, float] | None:
    luck, agent, ago = chance.random(), chance.random(), chance.random()
    return (agent, ago * returning.within_days * DAY_S) if luck < returning.share else None


def _customer(customer_id: str, call_id: str, kind: CallerClass) -> Customer | None:
    """Nobody is known where there are no classes, and no customers are named."""
    if not kind.name and not customer_id:
        return None
    return Customer(customer_id or call_id, "", kind.name, value=kind.value, requirement=kind.requirement)


def _times(scenario: Scenario, group: str, traffic: GroupTraffic) -> Iterator[KnownCall]:
    arrivals = traffic.arrivals
    if isinstance(arrivals, Listed):
        known = (call for call in arrivals.calls if 0 <= call.at < scenario.length_s)
        yield from sorted(known, key=lambda call: call.at)
        return
    for at in _poisson(scenario, group, arrivals):
        yield KnownCall(at)


def _poisson(scenario: Scenario, group: str, arrivals: Poisson) -> Iterator[float]:
    """By thinning: drawn at the highest rate, and kept with the share that the present rate is of it."""
    chance = stream(scenario.seed, group, "arrivals")
    highest = max(rate for _, rate in arrivals.per_hour)
    if highest <= 0:
        return
    at = 0.0
    while (at := at + chance.expovariate(highest / 3600.0)) < scenario.length_s:
        share = _rate(arrivals, scenario.opens_s + at) / highest
        if share == 1.0 or chance.random() < share:
            yield at


def _rate(arrivals: Poisson, at: float) -> float:
    """Calls an hour; before the day's first entry the last one holds, from the day before."""
    if len(arrivals.per_hour) == 1:
        return arrivals.per_hour[0][1]
    second = at % DAY_S
    rate = arrivals.per_hour[-1][1]
    for begin, per_hour in arrivals.per_hour:
        if begin > second:
            break
        rate = per_hour
    return rate
