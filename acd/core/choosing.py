"""Which of the ready agents gets the call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from acd.core.ordered import Key, Ordered
from acd.core.pools import ORDER_OF, AgentChoice, IdleOrder, Pool
from acd.core.requirement import Requirement

LOOKED_AT = 50
"""So many of a pool are compared by how occupied they are now: those who were least so when they became idle.

Shares fall while nobody is busy, those of who came later faster: no order of a pool holds for long.
"""


class Choice(NamedTuple):
    """An agent chosen for a call out of `ready`, by which rule, and who would have been next."""

    agent: str
    ready: int
    why: str
    next_agent: str | None = None
    key: Key = ()
    next_key: Key = ()


def choose(
    rule: AgentChoice, requirement: Requirement, pools: Sequence[Pool], now: float, draw: str
) -> Choice:
    """Out of the ready agents of these pools. `draw` makes a random choice repeatable."""
    ready = sum(pool.ready for pool in pools)
    match rule:
        case AgentChoice.WEIGHTED_RANDOM:
            return _drawn(pools, ready, draw)
        case AgentChoice.MOST_SKILLED:
            best = max(requirement.proficiency(pool.skills) for pool in pools)
            pools = [pool for pool in pools if requirement.proficiency(pool.skills) == best]
        case AgentChoice.LEAST_SKILLED:
            least = min(pool.total_skill for pool in pools)
            pools = [pool for pool in pools if pool.total_skill == least]
        case _:
            pass
    return _first(rule, pools, ready, now)


def _first(rule: AgentChoice, pools: Sequence[Pool], ready: int, now: float) -> Choice:
    best: tuple[Key, str] | None = None
    runner_up: tuple[Key, str] | None = None
    order = ORDER_OF[rule]
    for pool in pools:
        agents = pool.idle[order]
        is_timed = rule is AgentChoice.LEAST_OCCUPIED
        for candidate in _occupied(agents, now) if is_timed else (agents.head(), agents.second()):
            if candidate is None:
                continue
            if best is None or candidate < best:
                runner_up = best
                best = candidate
            elif runner_up is None or candidate < runner_up:
                runner_up = candidate
    assert best is not None, rule
    if runner_up is None:
        return Choice(best[1], ready, rule.value, None, best[0])
    return Choice(best[1], ready, rule.value, runner_up[1], best[0], runner_up[0])


def _occupied(agents: Ordered, now: float) -> Iterable[tuple[Key, str]]:
    """With the share of the time since log-in that is spent on calls now, in the place of the one of then."""
    for (_, since, turn, busy_s, login_at), name in agents.first(LOOKED_AT):
        yield (busy_s / (now - login_at) if now > login_at else 0.0, since, turn), name


def _drawn(pools: Sequence[Pool], ready: int, draw: str) -> Choice:
    """Each agent with a chance in proportion to the weight."""
    ordered = sorted(pools, key=lambda pool: pool.index)
    point = _unit(draw) * sum(pool.weight * pool.ready for pool in ordered)
    for pool in ordered:
        share = pool.weight * pool.ready
        if point < share or pool is ordered[-1]:
            agents = pool.idle[IdleOrder.SINCE]
            place = min(int(point / pool.weight), len(agents) - 1)
            return Choice(agents.at(place), ready, AgentChoice.WEIGHTED_RANDOM.value)
        point -= share
    raise AssertionError("no pool")


def _unit(draw: str) -> float:
    """A number from 0 to 1 that depends on nothing but the text."""
    return int.from_bytes(blake2b(draw.encode(), digest_size=8).digest()) / 2**64
