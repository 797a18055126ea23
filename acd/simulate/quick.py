"""A scenario with a few things set on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from acd.core.plan import Plan
from acd.errors import OperatorError
from acd.settings.problems import undefined
from acd.simulate.chance import Duration, Never
from acd.simulate.load import default_rates, default_scenario, talk_of
from acd.simulate.opening import ALWAYS_OPEN, Opening
from acd.simulate.scenario import GroupTraffic, Listed, Poisson, Scenario, exponential


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is given goes before the scenario; None and empty: as it is there.

    `calls_per_hour`: '200' for all groups together, 'sales=120' for one; `patience`: a mean in seconds, or
    'never'.
    """

    calls_per_hour: Sequence[str] = ()
    aht_s: float | None = None
    patience: str = ""
    hours: float | None = None
    warm_up_hours: float | None = None
    seed: int | None = None
    lines: int | None = None


def with_wishes(scenario: Scenario, plan: Plan, wishes: Wishes, opening: Opening = ALWAYS_OPEN) -> Scenario:
    """The scenario as wished. Raises OperatorError for what cannot be."""
    traffic = dict(scenario.traffic)
    usual = default_scenario(plan, opening).traffic
    for group, rate in _rates(plan, list(traffic), wishes.calls_per_hour).items():
        traffic[group] = replace(traffic.get(group, usual[group]), arrivals=Poisson.even(rate))
    if wishes.aht_s is not None:
        for group, known in traffic.items():
            traffic[group] = replace(known, talk=talk_of(plan.groups[group], scenario.habits, wishes.aht_s))
    if wishes.patience:
        patience = patience_of(wishes.patience)
        traffic = {group: replace(known, patience=patience) for group, known in traffic.items()}
    length_s = scenario.length_s if wishes.hours is None else wishes.hours * 3600
    traffic = {group: _until(length_s, known) for group, known in traffic.items()}
    share = scenario.warm_up_s / scenario.length_s
    warm_up_s = share * length_s if wishes.warm_up_hours is None else wishes.warm_up_hours * 3600
    if warm_up_s >= length_s:
        raise OperatorError(f"the warm-up is as long as all {length_s / 3600:g} hours")
    return replace(
        scenario,
        traffic=traffic,
        length_s=length_s,
        warm_up_s=warm_up_s,
        seed=scenario.seed if wishes.seed is None else wishes.seed,
        lines=scenario.lines if wishes.lines is None else wishes.lines,
    )


def _until(length_s: float, traffic: GroupTraffic) -> GroupTraffic:
    """Without the callers who would come later, so that nobody counts on them."""
    if not isinstance(traffic.arrivals, Listed):
        return traffic
    calls = traffic.arrivals.calls
    return replace(traffic, arrivals=Listed([call for call in calls if call.at < length_s]))


def _rates(plan: Plan, groups: Sequence[str], words: Sequence[str]) -> Mapping[str, float]:
    rates: dict[str, float] = {}
    for word in words:
        group, given, number = word.rpartition("=")
        try:
            per_hour = float(number)
        except ValueError:
            per_hour = -1.0
        if not 0 <= per_hour <= 1_000_000:
            raise OperatorError(f"--calls-per-hour {word!r}: expected a number such as 200, or sales=120")
        if given and group not in plan.groups:
            raise OperatorError(f"--calls-per-hour {word!r}: " + undefined("group", group, plan.groups))
        if given:
            rates[group] = per_hour
        else:
            default = default_rates(plan)
            whole = sum(default[g] for g in groups)
            rates |= {g: per_hour * (default[g] / whole if whole else 1 / len(groups)) for g in groups}
    return rates


def patience_of(word: str) -> Duration:
    """'never', or the mean of an exponential patience. Raises OperatorError for anything else."""
    if word == "never":
        return Never()
    try:
        mean_s = float(word)
    except ValueError:
        mean_s = 0.0
    if not 0 < mean_s <= 86_400:
        raise OperatorError(f"--patience {word!r}: expected a mean in seconds such as 120, or never")
    return exponential(mean_s)
