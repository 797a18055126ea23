"""Exact results of queueing theory, written for these tests from their sources. Seconds throughout.

`rate` is callers a second, `service_s` the mean of an exponential service time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exact:
    """`delayed`: share of all who wait; `wait_s`: of those let in; `in_time`: share of those served."""

    delayed: float
    wait_s: float
    in_time: float = math.nan
    abandoned: float = 0.0
    blocked: float = 0.0


def erlang_c(rate: float, service_s: float, servers: int, within_s: float) -> Exact:
    """M/M/c (Erlang 1917), by the recursion of Erlang B."""
    load, blocking = rate * service_s, 1.0
    for n in range(1, servers + 1):
        blocking = load * blocking / (n + load * blocking)
    delayed = servers * blocking / (servers - load * (1 - blocking))
    relief = (servers - load) / service_s
    return Exact(delayed, delayed / relief, 1 - delayed * math.exp(-relief * within_s))


def birth_death(
    rate: float, service_s: float, servers: int, states: int, leave: Callable[[int], float]
) -> list[float]:
    """The share of time with 0, 1, … `states` callers; `leave(n)`: the rate of giving up with n waiting."""
    weights = [1.0]
    for n in range(1, states + 1):
        down = min(n, servers) / service_s + (leave(n - servers) if n > servers else 0.0)
        weights.append(weights[-1] * rate / down)
    whole = math.fsum(weights)
    return [weight / whole for weight in weights]


def erlang_a(rate: float, service_s: float, servers: int, patience_s: float, states: int = 2000) -> Exact:
    """M/M/c+M (Palm 1946; Mandelbaum and Zeltyn 2007), by its birth-and-death process."""
    shares = birth_death(rate, service_s, servers, states, lambda waiting: waiting / patience_s)
    in_line = math.fsum((n - servers) * share for n, share in enumerate(shares) if n > servers)
    return Exact(math.fsum(shares[servers:]), in_line / rate, abandoned=in_line / patience_s / rate)


def erlang_with_places(rate: float, service_s: float, servers: int, lines: int, within_s: float) -> Exact:
    """M/M/c/K: who finds `lines` callers does not get in (Gross and Harris, section 2.4)."""
    shares = birth_death(rate, service_s, servers, lines, lambda _waiting: 0.0)
    blocked = shares[-1]
    let_in = 1 - blocked
    in_line = math.fsum((n - servers) * share for n, share in enumerate(shares) if n > servers)
    late = math.fsum(
        share / let_in * _fewer_departures(within_s * servers / service_s, n - servers)
        for n, share in enumerate(shares[:-1])
        if n >= servers
    )
    return Exact(math.fsum(shares[servers:-1]), in_line / (rate * let_in), 1 - late, blocked=blocked)


def _fewer_departures(expected: float, at_most: int) -> float:
    """Poisson: the chance of at most so many departures, so that who came n-th still waits."""
    return math.fsum(
        math.exp(-expected + n * math.log(expected) - math.lgamma(n + 1)) for n in range(at_most + 1)
    )


def cobham(rates: Sequence[float], service_s: float, servers: int) -> list[float]:
    """The mean wait of each class, most urgent first, without preemption (Cobham 1954)."""
    load = sum(rates) * service_s
    busy = erlang_c(sum(rates), service_s, servers, 0.0).delayed
    residual = busy * service_s / servers if load else 0.0
    waits, above = [], 0.0
    for rate in rates:
        upto = above + rate * service_s / servers
        waits.append(residual / ((1 - above) * (1 - upto)))
        above = upto
    return waits


def accumulating(
    rates: Sequence[float], gains: Sequence[float], service_s: float, servers: int
) -> list[float]:
    """The mean wait of each class whose priority grows by `gains` a second, lowest gain first.

    Kleinrock 1964, A delay dependent queue discipline; for several servers by the conservation of work.
    """
    loads = [rate * service_s / servers for rate in rates]
    together = erlang_c(sum(rates), service_s, servers, 0.0).wait_s
    waits: list[float] = []
    for p, gain in enumerate(gains):
        slower = math.fsum(loads[i] * waits[i] * (1 - gains[i] / gain) for i in range(p))
        faster = math.fsum(loads[i] * (1 - gain / gains[i]) for i in range(p + 1, len(gains)))
        waits.append((together - slower) / (1 - faster))
    return waits
