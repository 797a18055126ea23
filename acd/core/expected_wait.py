"""How long a caller in line will wait, as a range: half of all such callers are served within `p50_s`, nine
of ten within `p90_s`.

Whoever is at place p is served when p callers have left the line before or with them: to an agent who
became free, or because those ahead gave up. With a agents' departures a second and each caller ahead
giving up at rate θ, the wait is a sum of p steps, the j-th from the head at rate a + (j − 1)θ. It is taken
as gamma distributed with the mean and variance of that sum, made wider by what is not known for certain:
the handle time itself. Who comes later and is served before (of a higher priority, or kept agents for by a
reserve) lengthens each step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

STEPS_EXACT = 50
"""So many steps are added up one by one; the others, which differ little, by an integral."""

OVERTAKING_MOST = 0.9
"""Of the departures: where more overtake than are served nobody could tell a wait at all."""

_NORMAL_P90 = 1.2815515655446004


@dataclass(frozen=True, slots=True)
class WaitRange:
    """In seconds. `known` is false where nobody serves the line: then it is as if one agent came now."""

    p50_s: float
    p90_s: float
    known: bool = True


NO_WAIT = WaitRange(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Habit:
    """What is known of a line from its past.

    `handle_time_s`: how long an agent is taken by one call. `uncertainty`: the variance of that estimate,
    relative to its square. `variation`: the variance of handle times, relative to the square of their mean
    (1: as random as can be, exponential; 0: all alike). `give_ups_per_s`: how often a waiting caller
    gives up, per second of waiting.
    """

    handle_time_s: float
    uncertainty: float = 0.0
    variation: float = 1.0
    give_ups_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Crew:
    """Agents at work who are alike: the lines they serve, and whose call they have (None: no line's)."""

    count: int
    groups: tuple[str, ...]
    busy_with: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """What a line gets: agents who serve it (among others), how many callers of all their lines they take
    a second, which share of these is the line's, and how many callers a second come who will be served
    before one who waits already."""

    agents: int
    departures_per_s: float
    share: float = 1.0
    overtaking_per_s: float = 0.0


def service(
    group: str, ahead: Mapping[str, int], crews: Iterable[Crew], handle_time_s: Callable[[str], float]
) -> Service:
    """What the line of `group` gets of these crews, for a caller with `ahead[g]` callers of line g before.

    An agent who serves several lines takes the callers of all of them in the order of their coming: to
    this line falls the share that it has in those who come first. Until then each agent is taken by the
    present call, so that its handle time counts as long as one round serves everybody.
    """
    mine = [crew for crew in crews if group in crew.groups]
    agents = sum(crew.count for crew in mine)
    whole = ours = 0.0
    for crew in mine:
        places = {g: ahead.get(g, 0) + (g == group) for g in crew.groups}
        total = sum(places.values())
        later_s = sum(n * handle_time_s(g) for g, n in places.items() if n) / total
        first_s = later_s if crew.busy_with is None else handle_time_s(crew.busy_with)
        first = min(1.0, agents / total)
        per_s = crew.count / (first * first_s + (1.0 - first) * later_s)
        whole += per_s
        ours += per_s * places[group] / total
    return Service(agents, whole, ours / whole if whole else 1.0)


def expected_wait(position: int, ready: int, offered: Service, habit: Habit) -> WaitRange:
    """For the caller at this place in line (1 is the head), with so many agents who are free now."""
    if position <= ready:
        return NO_WAIT
    known = offered.agents > 0
    if not known:
        offered = Service(1, 1.0 / habit.handle_time_s)
    places = round((position - ready) / offered.share)  # in the lines of these agents, taken together
    found = _range(places, offered, habit, known)
    if not offered.overtaking_per_s:
        return found
    # Of great scatter the gamma distribution has too many short ones: at least as if nobody overtook.
    calm = _range(places, replace(offered, overtaking_per_s=0.0), habit, known)
    return WaitRange(max(found.p50_s, calm.p50_s), max(found.p90_s, calm.p90_s), known)


def _range(places: int, offered: Service, habit: Habit, known: bool) -> WaitRange:
    mean_s, variance = _steps(
        places, offered.departures_per_s, habit.give_ups_per_s, offered.overtaking_per_s
    )
    variance *= dispersion(places / offered.agents, habit.variation)
    variance += mean_s * mean_s * habit.uncertainty
    p50_s, p90_s = (gamma_quantile(mean_s, variance, z) for z in (0.0, _NORMAL_P90))
    return WaitRange(p50_s, p90_s, known)


def _steps(
    places: int, departures_per_s: float, give_ups_per_s: float, overtaking_per_s: float
) -> tuple[float, float]:
    """Mean and variance of the time that it takes to come from this place to an agent.

    A step during which others overtake lasts until they, and those who overtake meanwhile, are served: a busy
    period of M/M/1, of mean 1/(r − λ) and variance (r + λ)/(r − λ)³ (L. Kleinrock, "Queueing Systems" I
    (1975), 5.8).
    """
    exact = min(places, STEPS_EXACT)
    overtaking = min(overtaking_per_s, OVERTAKING_MOST * departures_per_s)
    rates = [departures_per_s - overtaking + j * give_ups_per_s for j in range(exact)]
    mean_s = math.fsum(1.0 / rate for rate in rates)
    variance = math.fsum((rate + 2.0 * overtaking) / rate**3 for rate in rates)
    if places > exact:
        # Midpoint rule: ∫ of 1/(a + jθ) and its powers, from half a step before to half a step after.
        low = departures_per_s - overtaking + (exact - 0.5) * give_ups_per_s
        width = places - exact
        growth = width * give_ups_per_s / low
        mean_s += width / low * (math.log1p(growth) / growth if growth > 1e-9 else 1.0)
        variance += width / low**2 / (1.0 + growth)
        variance += 2.0 * overtaking * width / low**3 * (1.0 + growth / 2.0) / (1.0 + growth) ** 2
    return mean_s, variance


def dispersion(rounds: float, variation: float) -> float:
    """Variance of the number of calls that end, relative to that of a Poisson process.

    1 for a moment, `variation` after many rounds of calls; between them as for Erlang-2 handle times (D. R.
    Cox, "Renewal Theory" (1962), chapter 4: c² + (1 − c²)(1 − e^(−8u)) / 8u).
    """
    x = 8.0 * rounds
    fresh = -math.expm1(-x) / x if x > 1e-9 else 1.0
    return variation + (1.0 - variation) * fresh


def gamma_quantile(mean: float, variance: float, z: float) -> float:
    """Quantile of a gamma distribution, at the level where a normal one has `z`.

    E. B. Wilson and M. M. Hilferty, "The distribution of chi-square" (1931): the cube root is about
    normal. Within 2 % from shape 1 on for the median and above.
    """
    if variance <= 0.0:
        return mean
    ninth = variance / (9.0 * mean * mean)
    return mean * max(0.0, 1.0 - ninth + z * math.sqrt(ninth)) ** 3
