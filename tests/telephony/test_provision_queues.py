"""Whom the fallback queue rings first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from acd.core.plan import AgentProfile, GroupPolicy, Ring
from acd.core.pools import AgentChoice
from acd.core.requirement import Requirement
from acd.settings.load import load_centre
from acd.telephony.provision_queues import penalties, queue_sections

CHECKOUT = Path(__file__).resolve().parents[2]
AGENTS = [
    AgentProfile("learner", "L", "1", {"sales": 2}),
    AgentProfile("helper", "H", "2", {"support": 9}),
    AgentProfile("expert", "E", "3", {"sales": 9, "support": 5}),
]
SALES = GroupPolicy(
    "sales", "Sales", Requirement.of({"sales": 1}), rings=(Ring(20, Requirement.of({"support": 1})),)
)


def test_a_wider_ring_comes_later() -> None:
    assert penalties(SALES, AGENTS) == {"learner": 0, "helper": 1000, "expert": 0}


def test_the_most_skilled_first_where_the_group_wants_it_so() -> None:
    assert penalties(replace(SALES, choice=AgentChoice.MOST_SKILLED), AGENTS) == {
        "learner": 7, "helper": 1000, "expert": 0,
    }  # fmt: skip
    assert penalties(replace(SALES, choice=AgentChoice.LEAST_SKILLED), AGENTS) == {
        "learner": 0, "helper": 1000, "expert": 12,
    }  # fmt: skip


def test_the_order_of_turns_is_the_group_s() -> None:
    centre = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")
    groups = {
        name: replace(group, choice=AgentChoice.FEWEST_CALLS) for name, group in centre.plan.groups.items()
    }
    text = queue_sections(replace(centre, plan=replace(centre.plan, groups=groups)))
    assert text.count("strategy = fewestcalls\n") == len(groups)
    assert "strategy" not in queue_sections(centre)
