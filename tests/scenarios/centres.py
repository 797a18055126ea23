"""Call centres drawn by chance, as YAML: what is below is the product's own configuration, in one text."""

from __future__ import annotations

from random import Random
from typing import Any

import yaml

from acd.core.plan import Plan
from acd.settings.assemble import plan_of
from acd.settings.schema.agents import AgentsFile
from acd.settings.schema.groups import GroupsFile
from acd.settings.schema.system import SystemFile

NAMES = ("anna", "ben", "chen", "dora", "emil", "fang", "gina", "hugo")
SKILLS = ("sales", "support", "english", "vip")
GROUPS = ("sales", "support", "english", "urgent")
_SYSTEM_KEYS = ("routing", "missed_rings")
_CHOICES = (
    "longest_idle", "longest_idle", "least_occupied", "most_skilled", "least_skilled", "fewest_calls",
    "round_robin", "weighted_random",
)  # fmt: skip


def plan_from(text: str) -> Plan:
    """Of `groups` and `agents`, and `limits`, `routing` and `missed_rings` where they are wanted."""
    values = yaml.safe_load(text)
    system = SystemFile.model_validate(
        {
            "system": {"name": "A centre", "timezone": "UTC", "language": "en", "country": "DE"},
            "not_ready_reasons": {"lunch": {"label": "Lunch"}},
            **{key: values[key] for key in _SYSTEM_KEYS if key in values},
        }
    )
    agents = {
        name: {"name": name.title(), "extension": str(1001 + place), **entry}
        for place, (name, entry) in enumerate(values["agents"].items())
    }
    people = {"skills": dict.fromkeys(SKILLS, "x"), "agents": agents, "limits": values.get("limits", {})}
    groups = {name: {"name": name.title(), **entry} for name, entry in values["groups"].items()}
    return plan_of(system, AgentsFile.model_validate(people), GroupsFile.model_validate({"groups": groups}))


def drawn(chance: Random) -> str:
    """A centre of three to eight agents and two to four groups, each group with rules of its own."""
    agents = {name: _agent(chance) for name in NAMES[: chance.randint(3, len(NAMES))]}
    names = GROUPS[: chance.randint(2, len(GROUPS))]
    values: dict[str, Any] = {
        "agents": agents,
        "groups": {name: _group(chance, name, names) for name in names},
    }
    if chance.random() < 0.25:
        _keep_reserve(values)
    if chance.random() < 0.5:
        values["routing"] = {"ageing": {"0": 1, "5": chance.choice([2, 4])}, "seed": chance.randint(0, 99)}
    if chance.random() < 0.3:
        values["limits"] = {"max_consecutive_calls": chance.randint(2, 5), "rest_s": 20}
    if chance.random() < 0.4:
        values["missed_rings"] = {"no_answer": {"not_ready_after": chance.randint(1, 3), "back_off_s": 5}}
    return yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=100)


def _agent(chance: Random) -> dict[str, Any]:
    known = chance.sample(SKILLS, chance.randint(1, 3))
    agent: dict[str, Any] = {"skills": {skill: chance.choice([3, 5, 8]) for skill in known}}
    if chance.random() < 0.3:
        agent["weight"] = 3
    return agent


def _group(chance: Random, name: str, all_names: tuple[str, ...]) -> dict[str, Any]:
    skill = "vip" if name == "urgent" else name
    group: dict[str, Any] = {"requires": f"{skill} >= {chance.choice([1, 1, 5])}", "ring_timeout_s": 12}
    if chance.random() < 0.6:
        group["rings"] = _rings(chance, skill, [other for other in all_names if other != name])
    group["choose"] = chance.choice(_CHOICES)
    mode = chance.choice(["timed", "timed", "until_released", "optional", "none"])
    group["wrap_up"] = {"mode": mode, "s": 8, "extend_s": 10, "max_s": 30}
    if mode == "none":
        group["wrap_up"] = {"mode": mode}
    if chance.random() < 0.3:
        group["weight"] = chance.choice([0.5, 2, 3])
    if chance.random() < 0.3:
        group["max_waiting"] = chance.randint(2, 6)
    if chance.random() < 0.4:
        group["last_agent"] = {"days": 7, "wait_s": 15}
    if chance.random() < 0.5:
        others = [other for other in all_names if other != name]
        group["policy"] = _policy(chance, others, len(group.get("rings", ())))
        group["announcements"] = {"sorry": {"en": "Sorry."}}
    return group


def _rings(chance: Random, skill: str, others: list[str]) -> list[dict[str, Any]]:
    inner = {"after_s": 20, "requires": skill}
    outer: dict[str, Any] = {"after_s": 45, "add_groups": [chance.choice(others)]}
    if chance.random() < 0.5:
        outer["drop_call_requirement"] = True
    return chance.choice([[inner], [outer], [inner, outer]])


def _policy(chance: Random, others: list[str], rings: int) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = [
        {"when": "waited_s >= 15", "do": [{"announce": "sorry"}], "every_s": 30},
        {"when": "waited_s >= 40", "do": [{"raise_priority": 5}]},
        {"when": "waited_s >= 25 and agents_ready == 0", "do": [{"requires": chance.choice(SKILLS)}]},
        {"when": "calls_waiting >= 4 and position >= 4", "do": [{"leave": "callback"}]},
        {"when": "waited_s >= 60 and expected_wait_s > 30", "do": [{"group": chance.choice(others)}]},
        {"when": "priority >= 5 and waited_s >= 10", "do": [{"priority": 0}]},
    ]
    if rings:
        steps.append({"when": "waited_s >= 10 and agents_logged_in <= 2", "do": [{"ring": rings}]})
    return chance.sample(steps, chance.randint(1, 3))


def _keep_reserve(values: dict[str, Any]) -> None:
    """For a group in which there are enough agents that something is left for the others."""
    for name, group in reversed(values["groups"].items()):
        skill, least = group["requires"].split(" >= ")
        able = [a for a in values["agents"].values() if a["skills"].get(skill, 0) >= int(least)]
        if len(able) >= 2:
            values["groups"][name]["reserve"] = 1
            return
