"""A small call centre for the engine's tests."""

from __future__ import annotations

from acd.core.plan import AgentProfile, GroupPolicy, Plan, Requirement

SKILLS = {
    "anna": {"sales": 5},
    "ben": {"sales": 5},
    "chen": {"sales": 3, "support": 4},
    "dora": {"support": 4},
}

PLAN = Plan(
    agents={
        name: AgentProfile(name, name.title(), str(1001 + i), skills)
        for i, (name, skills) in enumerate(SKILLS.items())
    },
    groups={
        "sales": GroupPolicy("sales", "Sales", Requirement({"sales": 1}), ring_timeout_s=15, wrap_up_s=10),
        "support": GroupPolicy("support", "Support", Requirement({"support": 1}), wrap_up_s=5),
        "experts": GroupPolicy("experts", "Sales experts", Requirement({"sales": 5}), wrap_up_s=0),
    },
    reasons={"lunch": "Lunch", "training": "Training"},
)

PHONES = ("1001", "1002", "1003", "1004")
