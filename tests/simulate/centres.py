"""Centres that queueing theory has an answer for: no ring, no wrap-up, everybody always there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from acd.core.plan import AgentProfile, GroupPolicy, Plan
from acd.core.requirement import Requirement
from acd.core.work_rules import WrapUpRule
from acd.simulate.chance import Constant, Duration, Exponential, Never
from acd.simulate.figures import Figure
from acd.simulate.scenario import CallerClass, GroupTraffic, Habits, Poisson, Scenario

AT_ONCE = Habits(answer=Constant(0.0))
LONG = bool(os.environ.get("ACD_TEST_ALL"))


def centre_of(skills: Sequence[Sequence[str]], groups: Sequence[str], within_s: float = 20.0) -> Plan:
    """One agent for each entry of `skills`; a group of the name of each skill."""
    return Plan(
        agents={
            f"a{n}": AgentProfile(f"a{n}", f"Agent {n}", str(1000 + n), dict.fromkeys(known, 5))
            for n, known in enumerate(skills)
        },
        groups={
            name: GroupPolicy(
                name,
                name,
                Requirement.of({name: 1}),
                wrap_up=WrapUpRule.timed(0),
                service_level_s=within_s,
                short_abandon_s=0,
            )
            for name in groups
        },
    )


def one_group(servers: int, within_s: float = 20.0) -> Plan:
    """Everybody takes every call."""
    return centre_of([["calls"]] * servers, ["calls"], within_s)


def traffic(
    rate: float, service_s: float, patience: Duration | None = None, classes: Sequence[CallerClass] = ()
) -> GroupTraffic:
    """`rate` callers a second, exponential service."""
    arrivals = Poisson.even(rate * 3600)
    return GroupTraffic(arrivals, Exponential(service_s), patience or Never(), classes or (CallerClass(),))


def scenario(
    of: Mapping[str, GroupTraffic],
    calls: int,
    rate: float,
    *,
    seed: int = 1,
    lines: int | None = None,
    warm_up: float = 0.05,
) -> Scenario:
    """So long that about `calls` callers are counted; `rate`: of all groups, a second."""
    length_s = calls / rate / (1 - warm_up)
    return Scenario(of, length_s, length_s * warm_up, habits=AT_ONCE, lines=lines, seed=seed)


def assert_agrees(figure: Figure, exact: float, sigmas: float = 4.0) -> None:
    """Within so many standard errors, which must be small enough for that to say something."""
    assert figure.value is not None
    assert figure.standard_error is not None
    assert abs(figure.value - exact) <= sigmas * figure.standard_error, (figure, exact)
    assert figure.standard_error <= (0.2 if LONG else 0.3) * abs(exact), (figure, exact)
