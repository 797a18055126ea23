"""How many calls a second the simulation gets through: the engine, its virtual clock and the accounts."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from acd.core.plan import AgentProfile, GroupPolicy, Plan
from acd.core.requirement import Requirement
from acd.core.work_rules import WrapUpRule
from acd.simulate.chance import Exponential
from acd.simulate.run import simulate
from acd.simulate.scenario import GroupTraffic, Poisson, Scenario

TALK_S, WRAP_UP_S, PATIENCE_S = 170.0, 10.0, 120.0
OCCUPANCY = 0.9


@dataclass(frozen=True, slots=True)
class Case:
    """A centre; each agent has `skills_each` of the skills, and each skill is a group."""

    name: str
    title: str
    agents: int
    skills: int
    skills_each: int
    target: float


CASES = (
    Case("one-group", "50 agents, one group", 50, 1, 1, 5000.0),
    Case("many-skills", "500 agents, 50 skills, 3 each", 500, 50, 3, 3000.0),
)


@dataclass(frozen=True, slots=True)
class Speed:
    """`calls` were simulated in `seconds` of processor time."""

    calls: int
    seconds: float

    @property
    def calls_per_s(self) -> float:
        """The figure of the case."""
        return self.calls / self.seconds


def centre_of(case: Case) -> Plan:
    """The same each time."""
    chance = random.Random(case.name)
    skills = [f"skill{n}" for n in range(case.skills)]
    agents = {
        f"agent{n}": AgentProfile(
            f"agent{n}",
            f"Agent {n}",
            str(1000 + n),
            {skill: chance.randint(1, 10) for skill in chance.sample(skills, case.skills_each)},
        )
        for n in range(case.agents)
    }
    groups = {
        s: GroupPolicy(s, s, Requirement.of({s: 1}), wrap_up=WrapUpRule.timed(WRAP_UP_S)) for s in skills
    }
    return Plan(agents, groups)


def scenario_of(case: Case, calls: int) -> Scenario:
    """So long that about `calls` come."""
    per_hour = OCCUPANCY * case.agents * 3600 / (TALK_S + WRAP_UP_S)
    arrivals = Poisson.even(per_hour / case.skills)
    traffic = GroupTraffic(arrivals, Exponential(TALK_S), Exponential(PATIENCE_S))
    return Scenario({f"skill{n}": traffic for n in range(case.skills)}, length_s=calls / per_hour * 3600)


def measure(calls: int, runs: int, progress: Callable[[float], None]) -> dict[str, Speed]:
    """The best of `runs` for each case: whatever else the machine does only makes it slower."""
    speeds: dict[str, Speed] = {}
    for number, case in enumerate(CASES):
        plan, scenario = centre_of(case), scenario_of(case, calls)
        for run in range(runs):
            begun = time.process_time()
            offered = simulate(plan, scenario).total.counts.offered
            speed = Speed(offered, time.process_time() - begun)
            if case.name not in speeds or speed.calls_per_s > speeds[case.name].calls_per_s:
                speeds[case.name] = speed
            progress((number + (run + 1) / runs) / len(CASES))
    return speeds


def is_good(speeds: Mapping[str, Speed]) -> bool:
    """Whether all targets were met."""
    return all(speeds[case.name].calls_per_s >= case.target for case in CASES)


def table(speeds: Mapping[str, Speed]) -> Table:
    """The figures beside their targets."""
    out = Table(title="Simulated calls a second, on one core")
    for name in ("case", "calls", "calls/s", "target"):
        out.add_column(name, justify="left" if name == "case" else "right")
    for case in CASES:
        speed = speeds[case.name]
        out.add_row(case.title, str(speed.calls), f"{speed.calls_per_s:,.0f}", f"≥ {case.target:,.0f}")
    return out


def write_json(path: Path, speeds: Mapping[str, Speed]) -> None:
    """`{"calls_per_s": {"one-group": …, …}, "targets": {…}, "calls": {…}}`"""
    data = {
        "calls_per_s": {name: round(speed.calls_per_s, 1) for name, speed in speeds.items()},
        "targets": {case.name: case.target for case in CASES},
        "calls": {name: speed.calls for name, speed in speeds.items()},
    }
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
