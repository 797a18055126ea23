"""A small call centre for the engine's tests."""

from __future__ import annotations

from dataclasses import replace

from acd.core.facts import OfferFailure
from acd.core.plan import AgentProfile, GroupPolicy, Plan, Requirement
from acd.core.work_rules import DEFAULT_MISSED_RINGS, MissRule, Reason, WorkLimits, WrapUpMode, WrapUpRule

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
        "sales": GroupPolicy(
            "sales", "Sales", Requirement({"sales": 1}), ring_timeout_s=15, wrap_up=WrapUpRule(s=10)
        ),
        "support": GroupPolicy("support", "Support", Requirement({"support": 1}), wrap_up=WrapUpRule(s=5)),
        "experts": GroupPolicy(
            "experts", "Sales experts", Requirement({"sales": 5}), wrap_up=WrapUpRule.timed(0)
        ),
    },
    reasons={"lunch": Reason({"en": "Lunch"}), "training": Reason({"en": "Training"})},
)

STRICT = replace(
    PLAN,
    agents={
        **PLAN.agents,
        "anna": replace(PLAN.agents["anna"], limits=WorkLimits(None, 2, rest_s=20)),
        "dora": replace(PLAN.agents["dora"], limits=WorkLimits(max_calls_per_day=2)),
    },
    groups={
        "sales": replace(
            PLAN.groups["sales"], wrap_up=WrapUpRule(WrapUpMode.UNTIL_RELEASED, extend_s=10, max_s=60)
        ),
        "support": replace(PLAN.groups["support"], wrap_up=WrapUpRule(s=5, extend_s=10, max_s=30)),
        "experts": replace(PLAN.groups["experts"], wrap_up=WrapUpRule(WrapUpMode.OPTIONAL, s=10, extend_s=0)),
        "claims": GroupPolicy(
            "claims", "Claims", Requirement({"support": 4}), wrap_up=WrapUpRule(WrapUpMode.UNTIL_RELEASED)
        ),
    },
    missed_rings={
        **DEFAULT_MISSED_RINGS,
        OfferFailure.NO_ANSWER: MissRule("rona", 3, back_off_s=5, growth=2, back_off_max_s=8),
        OfferFailure.DECLINED: MissRule("declined", 0, back_off_s=5, growth=2, back_off_max_s=12),
        OfferFailure.BUSY: MissRule("phone-busy", 2, back_off_s=5),
    },
)
"""The same people, by rules of which each is unlike the usual one."""

PHONES = ("1001", "1002", "1003", "1004")
