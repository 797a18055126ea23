"""Erlang A: callers wait, but not for ever (M/M/n+M).

C. Palm, "Research on telephone traffic carried by full availability groups" (1957); computed as in
S. Zeltyn and A. Mandelbaum, "Call centers with impatient customers: many-server asymptotics of the M/M/n+G
queue" (Queueing Systems 51, 2005): a caller who waits would have to wait for x seconds with a density
proportional to e^g(x), g(x) = λ/θ (1 − e^(−θx)) − nμx, where 1/θ is the mean patience. All figures are
integrals of it. e^g is scaled by its largest value, at the *mode*, so that nothing overflows, and g less that
value is calculated by itself (`_bend`), not as a difference: in deep overload both are in the millions, and
what their difference loses would keep the integrals from ever being exact enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from acd.simulate.erlang import Demand, check_patience, check_service_level, erlang_b, erlang_c, least
from acd.simulate.quadrature import integral

NEGLIGIBLE = -60.0
"""e to this is nothing beside 1."""
SMALL = 0.25
TERMS = 15
"""So many terms of e^−u are exact to the last digit up to SMALL."""


@dataclass(frozen=True, slots=True)
class Impatient:
    """What callers meet where those who lose patience leave (Erlang A).

    `p_wait`: share who find no free agent. `p_abandon`: share who leave unserved. `service_level`: share
    of *all* callers who are answered within the target time, abandoned ones counting against us
    (`answered-in-time/answered-plus-abandoned`); `service_level_answered`: of those answered. `asa_s`: mean
    wait of those who are answered, None if nobody is; `mean_wait_s`: of all, the time until giving up
    included. `occupancy`: share of the agents' time spent on calls; None without agents.
    """

    agents: int
    p_wait: float
    p_abandon: float
    service_level: float
    service_level_answered: float | None
    asa_s: float | None
    mean_wait_s: float
    occupancy: float | None
    callers_waiting: float


def erlang_a(demand: Demand, agents: int, patience_s: float, target_s: float) -> Impatient:
    """M/M/n+M with this mean patience. Raises ValueError for impossible numbers."""
    check_patience(patience_s)
    erlang_c(demand, agents, target_s)  # the same checks
    if agents == 0:
        waiting = demand.calls_per_s * patience_s
        return Impatient(0, 1.0, 1.0, 0.0, None, None, patience_s, None, waiting)
    wait = _OfferedWait(demand, agents, patience_s)
    p_wait = wait.probability(erlang_b(demand.load, agents - 1))

    def mean(value: Callable[[float], float], until: float = math.inf) -> float:
        return p_wait * wait.mean(value, until)

    p_abandon = mean(lambda x: -math.expm1(-x / patience_s))
    served = 1.0 - p_abandon
    in_time = 1.0 - p_wait + mean(lambda x: math.exp(-x / patience_s), target_s)
    asa_s = mean(lambda x: x * math.exp(-x / patience_s)) / served if served > 0.0 else None
    mean_wait_s = p_abandon * patience_s
    return Impatient(
        agents,
        p_wait,
        p_abandon,
        in_time,
        min(1.0, in_time / served) if served > 0.0 else None,
        asa_s,
        mean_wait_s,
        min(1.0, demand.load * served / agents),
        demand.calls_per_s * mean_wait_s,
    )


def agents_needed(demand: Demand, service_level: float, patience_s: float, target_s: float) -> int:
    """The fewest agents with at least this service level. Raises ValueError as `erlang.least` does."""
    check_service_level(service_level)
    return least(lambda n: erlang_a(demand, n, patience_s, target_s).service_level >= service_level)


class _OfferedWait:
    """How long a caller who finds no free agent would have to wait, with patience without end."""

    def __init__(self, demand: Demand, agents: int, patience_s: float) -> None:
        self._arrivals, self._patience_s = demand.calls_per_s, patience_s
        departures = agents / demand.handle_time_s
        crowded = self._arrivals > departures
        self._mode = patience_s * math.log(self._arrivals / departures) if crowded else 0.0
        # Of those who come, who would still be there at the mode: as many as agents take, or fewer.
        self._staying = departures if crowded else self._arrivals
        self._slope = departures - self._staying
        self._top = -self._log_weight(-self._mode)
        self._scale = min(patience_s, 1.0 / (self._slope + math.sqrt(self._staying / patience_s)))
        self._low, self._high = self._edge(0.0, -self._mode), self._far_edge()
        self._whole = self._integral(lambda _: 1.0, math.inf)

    def probability(self, blocking_before: float) -> float:
        """That a caller waits; `blocking_before` is B for one agent less.

        P = λJ / (1/B + λJ) with J = ∫ e^g.
        """
        if blocking_before == 0.0 or self._arrivals == 0.0:
            return 0.0
        log_odds = math.log(self._arrivals * self._whole) + self._top + math.log(blocking_before)
        if log_odds >= 0.0:
            return 1.0 / (1.0 + math.exp(-log_odds))
        odds = math.exp(log_odds)
        return odds / (1.0 + odds)

    def mean(self, value: Callable[[float], float], until: float) -> float:
        """Of a value of the wait, which counts as 0 where the wait is longer than `until`."""
        return self._integral(value, until) / self._whole

    def _integral(self, value: Callable[[float], float], until: float) -> float:
        def weighted(y: float) -> float:
            return value(self._mode + y) * math.exp(self._log_weight(y))

        end = min(until - self._mode, self._high)
        # From the mode outwards in pieces that double, so that what is narrow beside the whole is seen.
        left = [-step for step in _doubling(self._scale, -self._low)]
        cuts = [*reversed(left), 0.0, *_doubling(self._scale, self._high)]
        pieces = ((low, min(high, end)) for low, high in pairwise(cuts) if low < end)
        return math.fsum(integral(weighted, low, high) for low, high in pieces)

    def _log_weight(self, y: float) -> float:
        """g at y seconds from the mode, less g at the mode: never above 0."""
        bent = self._staying * self._patience_s * _bend(y / self._patience_s)
        return bent - self._slope * y

    def _far_edge(self) -> float:
        beyond = self._scale
        while self._log_weight(beyond) > NEGLIGIBLE:
            beyond *= 2.0
        return self._edge(0.0, beyond)

    def _edge(self, inside: float, outside: float) -> float:
        """Between the two, where the weight becomes negligible; `outside` if it does not."""
        if self._log_weight(outside) > NEGLIGIBLE:
            return outside
        for _ in range(60):
            middle = 0.5 * (inside + outside)
            if self._log_weight(middle) > NEGLIGIBLE:
                inside = middle
            else:
                outside = middle
        return outside


def _bend(u: float) -> float:
    """1 − e^(−u) − u, also where u is so small that the terms cancel out: −u²/2! + u³/3! − …"""
    if abs(u) > SMALL:
        return -math.expm1(-u) - u
    series = 1.0
    for k in range(TERMS, 2, -1):
        series = 1.0 - series * u / k
    return -0.5 * u * u * series


def _doubling(first: float, whole: float) -> list[float]:
    """`first`, twice that and so on below `whole`, then `whole`."""
    steps = []
    while first < whole:
        steps.append(first)
        first *= 2.0
    return [*steps, whole]
