"""Staffing formulas: Erlang B and C, and the search for the number of agents. Erlang A: `erlang_a.py`.

The *load* in erlangs is calls per second × handle time in seconds: how many agents are busy on average.
A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic
telephone exchanges" (1917), gives B and C; the recursion for B, which overflows nowhere, is in L. Kleinrock,
"Queueing Systems", vol. 1 (1975), chapter 3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

AGENTS_MAX = 100_000
"""More are not looked for, and the recursion is not run further."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Callers who come at random, `calls_per_s` on average, and keep an agent busy for `handle_time_s`."""

    calls_per_s: float
    handle_time_s: float

    def __post_init__(self) -> None:
        _check("calls per second", self.calls_per_s, at_least=0.0)
        _check("handle time", self.handle_time_s, above=0.0)

    @property
    def load(self) -> float:
        """In erlangs."""
        return self.calls_per_s * self.handle_time_s


@dataclass(frozen=True, slots=True)
class Waits:
    """What callers meet where everybody waits until served (Erlang C).

    `p_wait`: share who wait at all. `asa_s`: mean wait of all callers (they are all answered); infinite
    without a steady state, as is `callers_waiting`, their mean number in line. `service_level`: share
    answered within the target time. `occupancy`: share of the agents' time spent on calls; None without
    agents.
    """

    agents: int
    p_wait: float
    asa_s: float
    service_level: float
    occupancy: float | None
    callers_waiting: float

    @property
    def stable(self) -> bool:
        """Whether there is a steady state: fewer callers come than the agents can serve."""
        return math.isfinite(self.asa_s)


def erlang_b(load: float, lines: int) -> float:
    """The share of callers who find every line busy and are turned away.

    By the recursion 1/B(n) = 1 + n / (a B(n−1)) from B(0) = 1 (Kleinrock 1975, problem 3.15), turned over
    so that a very small B becomes 0 instead of an overflow. Raises ValueError for impossible numbers.
    """
    _check("load", load, at_least=0.0)
    _check("lines", lines, at_least=0, at_most=AGENTS_MAX)
    blocking = 1.0
    for n in range(1, lines + 1):
        blocking = load * blocking / (n + load * blocking)
        if blocking == 0.0:
            break
    return blocking


def erlang_c(demand: Demand, agents: int, target_s: float) -> Waits:
    """M/M/n: everybody waits until served.

    C = n B / (n − a (1 − B)), mean wait C h / (n − a), service level 1 − C e^(−(n − a) T / h) (Kleinrock
    1975, section 3.5). With no more agents than load the line grows for ever: everybody waits, without
    end. Raises ValueError for impossible numbers.
    """
    _check("agents", agents, at_least=0, at_most=AGENTS_MAX)
    _check("target time", target_s, at_least=0.0)
    load, blocking = demand.load, erlang_b(demand.load, agents)
    spare = agents - load
    if load == 0.0 and agents == 0:
        return Waits(0, 1.0, math.inf, 0.0, None, 0.0)  # whoever came would wait for ever
    if spare <= 0.0:
        return Waits(agents, 1.0, math.inf, 0.0, 1.0 if agents else None, math.inf)
    p_wait = agents * blocking / (agents - load * (1.0 - blocking))
    asa_s = p_wait * demand.handle_time_s / spare
    within = 1.0 - p_wait * math.exp(-spare * target_s / demand.handle_time_s)
    return Waits(agents, p_wait, asa_s, within, load / agents, demand.calls_per_s * asa_s)


def lines_needed(load: float, blocking: float) -> int:
    """The fewest lines that turn away no more than this share. Raises ValueError as `least` does."""
    _check("blocking", blocking, above=0.0, at_most=1.0)
    return least(lambda lines: erlang_b(load, lines) <= blocking)


def agents_needed(demand: Demand, service_level: float, target_s: float) -> int:
    """The fewest agents with at least this service level by Erlang C. Raises ValueError as `least` does."""
    check_service_level(service_level)
    return least(lambda agents: erlang_c(demand, agents, target_s).service_level >= service_level)


def least(enough: Callable[[int], bool]) -> int:
    """The smallest number that is enough; whatever is above one that is must be enough, too.

    Raises ValueError when more than AGENTS_MAX would be needed.
    """
    low, high = -1, 0
    while not enough(high):
        low = high
        if high == AGENTS_MAX:
            raise ValueError(f"more than {AGENTS_MAX:,} would be needed: look at calls and handle time again")
        high = min(max(1, 2 * high), AGENTS_MAX)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def check_service_level(service_level: float) -> None:
    """Raises ValueError: a share of callers below 1, for nobody can promise it to all."""
    if service_level > 1.0:
        raise ValueError(f"service level is {service_level:g}: a share is expected, as 0.8 for 80 %")
    _check("service level", service_level, at_least=0.0, below=1.0)


def check_patience(patience_s: float) -> None:
    """Raises ValueError unless it is a time."""
    _check("patience", patience_s, above=0.0)


def _check(
    name: str,
    value: float,
    *,
    at_least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
) -> None:
    if not math.isfinite(value):
        raise ValueError(f"{name} is {value}: a finite number is expected")
    if value < at_least or value <= above:
        raise ValueError(f"{name} is {value:g}: it must be {_bound('at least', at_least, 'above', above)}")
    if value > at_most or value >= below:
        raise ValueError(f"{name} is {value:g}: it must be {_bound('at most', at_most, 'below', below)}")


def _bound(closed: str, closed_at: float, opened: str, open_at: float) -> str:
    return f"{closed} {closed_at:g}" if math.isfinite(closed_at) else f"{opened} {open_at:g}"
