"""A small call centre for the engine's tests."""

from __future__ import annotations

from dataclasses import replace

from acd.core.facts import OfferFailure
from acd.core.plan import AgentProfile, CallbackFirst, CallbackRule, GroupPolicy, Heir, LastAgent, Plan, Ring
from acd.core.policy import (
    Announce,
    LeaveBy,
    MoveTo,
    PolicyStep,
    RaisePriority,
    SetPriority,
    WidenTo,
    condition,
)
from acd.core.requirement import Requirement
from acd.core.work_rules import (
    DEFAULT_MISSED_RINGS,
    NO_WRAP_UP,
    MissRule,
    Reason,
    WorkLimits,
    WrapUpMode,
    WrapUpRule,
)

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
            "sales", "Sales", Requirement.of({"sales": 1}), ring_timeout_s=15, wrap_up=WrapUpRule(s=10)
        ),
        "support": GroupPolicy("support", "Support", Requirement.of({"support": 1}), wrap_up=WrapUpRule(s=5)),
        "experts": GroupPolicy("experts", "Sales experts", Requirement.of({"sales": 5}), wrap_up=NO_WRAP_UP),
    },
    reasons={"lunch": Reason({"en": "Lunch"}), "training": Reason({"en": "Training"})},
)

RULES = Plan(
    agents=PLAN.agents,
    groups={
        "wide": GroupPolicy(
            "wide",
            "Widening",
            Requirement.parse("sales >= 5"),
            wrap_up=NO_WRAP_UP,
            rings=(
                Ring(20, Requirement.parse("sales")),
                Ring(40, Requirement.parse("support >= 4"), drops_call_requirement=True),
            ),
            last_agent=LastAgent(days=7, wait_s=15),
        ),
        "plain": GroupPolicy(
            "plain", "Plain", Requirement.parse("support >= 4"), wrap_up=NO_WRAP_UP, weight=2
        ),
        "short": GroupPolicy(
            "short",
            "Short line",
            Requirement.parse("sales"),
            wrap_up=NO_WRAP_UP,
            max_waiting=1,
            last_agent=LastAgent(7, 15),
        ),
        "stepwise": GroupPolicy(
            "stepwise",
            "By steps",
            Requirement.parse("sales >= 5"),
            wrap_up=NO_WRAP_UP,
            rings=(Ring(300, Requirement.parse("support")),),
            steps=(
                PolicyStep(condition("waited_s >= 10"), (Announce("sorry"),), every_s=20),
                PolicyStep(condition("waited_s >= 30 and segment != 'vip'"), (RaisePriority(3),)),
                PolicyStep(condition("waited_s >= 60"), (WidenTo(1), SetPriority(9))),
                PolicyStep(condition("calls_waiting >= 3 and position == 3"), (LeaveBy("callback"),)),
                PolicyStep(condition("hour >= 22"), (MoveTo("plain"),)),
            ),
        ),
        "timed": GroupPolicy(
            "timed",
            "By the clock",
            Requirement.parse("sales >= 5"),
            wrap_up=NO_WRAP_UP,
            steps=(
                PolicyStep(condition("waited_s > 20"), (Announce("sorry"),), every_s=20),
                PolicyStep(condition("waited_s > 40"), (RaisePriority(2),)),
            ),
        ),
        "overflow": GroupPolicy(
            "overflow",
            "Hands over",
            Requirement.parse("sales >= 5"),
            wrap_up=NO_WRAP_UP,
            steps=(
                PolicyStep(condition("waited_s >= 30"), (LeaveBy("callback"),)),
                PolicyStep(condition("waited_s >= 30"), (RaisePriority(2), MoveTo("short"))),
            ),
        ),
    },
    reasons=PLAN.reasons,
)
BACK = {
    group.id: group
    for group in (
        GroupPolicy(
            "back",
            "Calls back, the agent first",
            Requirement.parse("sales >= 5"),
            wrap_up=WrapUpRule(s=10),
            callbacks=CallbackRule(retries=1, retry_after_s=60, expire_after_s=600),
        ),
        GroupPolicy(
            "ahead",
            "Calls back, the customer first",
            Requirement.parse("support >= 4"),
            wrap_up=NO_WRAP_UP,
            callbacks=CallbackRule(CallbackFirst.CUSTOMER, retries=1, retry_after_s=60, expire_after_s=600),
        ),
    )
}
"""Two groups that call back those who have kept their place."""
CALLBACKS = replace(RULES, groups=BACK)

RESERVE = Plan(
    agents=PLAN.agents,
    groups={
        "urgent": GroupPolicy(
            "urgent", "Urgent", Requirement.parse("support"), wrap_up=NO_WRAP_UP, reserve=1
        ),
        "equal": GroupPolicy("equal", "Equal", Requirement.parse("support"), wrap_up=NO_WRAP_UP, reserve=1),
        "plain": RULES.groups["plain"],
    },
    reasons=PLAN.reasons,
)

EVERYTHING = Plan(
    agents=PLAN.agents,
    groups={
        **PLAN.groups,
        **RULES.groups,
        **BACK,
        "back": replace(
            BACK["back"],
            steps=(
                PolicyStep(condition("waited_s > 5"), (RaisePriority(2),)),
                PolicyStep(condition("waited_s >= 30"), (RaisePriority(1), MoveTo("short"))),
            ),
        ),
        "urgent": replace(RESERVE.groups["urgent"], requirement=Requirement.parse("support and not sales")),
    },
    reasons=PLAN.reasons,
)

STRICT = replace(
    PLAN,
    agents={
        **PLAN.agents,
        "anna": replace(PLAN.agents["anna"], limits=WorkLimits(None, 2, rest_s=20)),
        "dora": replace(PLAN.agents["dora"], limits=WorkLimits(max_calls_per_day=2)),
    },
    groups={
        **EVERYTHING.groups,
        "urgent": replace(EVERYTHING.groups["urgent"], reserve=0),
        "sales": replace(
            PLAN.groups["sales"], wrap_up=WrapUpRule(WrapUpMode.UNTIL_RELEASED, extend_s=10, max_s=60)
        ),
        "support": replace(PLAN.groups["support"], wrap_up=WrapUpRule(s=5, extend_s=10, max_s=30)),
        "experts": replace(PLAN.groups["experts"], wrap_up=WrapUpRule(WrapUpMode.OPTIONAL, s=10, extend_s=0)),
        "claims": GroupPolicy(
            "claims", "Claims", Requirement.of({"support": 4}), wrap_up=WrapUpRule(WrapUpMode.UNTIL_RELEASED)
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

RESULTS = replace(
    PLAN,
    groups={
        "support": PLAN.groups["support"],
        "orders": replace(
            PLAN.groups["support"], id="orders", wrap_up=WrapUpRule(s=20), disposition_required=True
        ),
    },
)
"""A group that wants to know what came of its calls, and one that does not."""

SMALLER = replace(
    EVERYTHING,
    agents={
        "ben": replace(PLAN.agents["ben"], skills={"sales": 3, "support": 5}),
        "dora": replace(PLAN.agents["dora"], limits=WorkLimits(max_calls_per_day=1)),
        "emil": AgentProfile("emil", "Emil", "1005", {"sales": 9}),
    },
    groups={
        "support": replace(
            PLAN.groups["support"], music="jazz", wrap_up=WrapUpRule(WrapUpMode.UNTIL_RELEASED)
        ),
        "wide": replace(RULES.groups["wide"], rings=(Ring(5, Requirement.parse("support")),)),
        "stepwise": replace(
            RULES.groups["stepwise"],
            rings=(),
            steps=(
                PolicyStep(condition("priority >= 3 and waited_s >= 7"), (MoveTo("support"),)),
                *RULES.groups["stepwise"].steps[1:-1],
            ),
        ),
        "urgent": replace(EVERYTHING.groups["urgent"], requirement=Requirement.parse("sales"), weight=3),
    },
    removed={"sales": Heir("support"), "plain": Heir("wide"), "experts": Heir(flow="sorry")},
)
"""Anna and Chen are gone, Emil is new; of the groups only some are left, and by other rules."""

MOVED = replace(
    EVERYTHING,
    ageing={0: 1.0, 5: 2.0},
    removed={"sales": Heir("support")},
    groups={name: group for name, group in EVERYTHING.groups.items() if name != "sales"},
)
"""Sales is part of support now, and priorities age."""

PHONES = ("1001", "1002", "1003", "1004")

SKILLED = replace(
    PLAN,
    agents={
        "anna": replace(PLAN.agents["anna"], skills={"sales": 5, "support": 5}),
        "chen": PLAN.agents["chen"],
        "dora": PLAN.agents["dora"],
    },
)
"""Anna has learnt support; Ben is gone."""

BY_NAME = {
    "SKILLED": SKILLED,
    "PLAN": PLAN,
    "RULES": RULES,
    "SMALLER": SMALLER,
    "MOVED": MOVED,
    "EVERYTHING": EVERYTHING,
}

STEPS_IN_VAIN = """
00:00  c2 arrives
00:00  c2 queues for short
00:01  c1 arrives
00:01  c1 queues for overflow
00:31  timer
"""
"""With RULES: two steps are due for c1, but it lacks the exit of one, and the other leads to a full group."""
