"""The reasons that a decision keeps: for every rule by which agents are chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.core.facts import Offered
from acd.core.plan import AgentProfile, GroupPolicy, Plan, Ring
from acd.core.pools import AgentChoice
from acd.core.requirement import Requirement
from tests.core.centre import PLAN, RESERVE, RULES
from tests.core.page_forms import unknown_to_pages
from tests.core.scenario import Player, parsed


def reasons(plan: Plan, text: str, call: str = "c1") -> list[str]:
    """Those of the last offer of the call, which the pages have in both languages."""
    player = Player(plan)
    player.play(parsed("== scene\n" + text)["scene"])
    facts = player.books.engine.floor.calls[call].facts
    lines = list(next(f for f in reversed(facts) if isinstance(f, Offered)).reasons)
    assert unknown_to_pages(lines) == []
    return lines


def chosen_by(rule: AgentChoice) -> Plan:
    """The example centre, whose group sales chooses so."""
    return replace(PLAN, groups={**PLAN.groups, "sales": replace(PLAN.groups["sales"], choice=rule)})


# Anna has had a call, ben has been ready since 0:02, chen since 0:03.
MORNING = """
00:00  on shift: anna 1001
00:00  c2 arrives
00:00  c2 queues for experts
00:01  c2 is answered
00:02  on shift: ben 1002
00:03  on shift: chen 1003
00:11  c2 hangs up
00:20  c1 arrives
00:20  c1 queues for sales
"""


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (AgentChoice.LONGEST_IDLE, ["ben, ready 18.0 s: longest idle", "next would be chen, ready 17.0 s",
                                    "not anna: ready for 9 s, not first by longest idle"]),
        (AgentChoice.LEAST_OCCUPIED, ["ben, occupied 0%: least occupied", "next would be chen, occupied 0%",
                                      "not anna: ready for 9 s, not first by least occupied"]),
        (AgentChoice.MOST_SKILLED, ["ben, proficiency 5, ready 18.0 s: most skilled",
                                    "next would be anna, proficiency 5, ready 9.0 s",
                                    "not chen: ready for 17 s, proficiency 3, not first by most skilled"]),
        (AgentChoice.LEAST_SKILLED, ["ben, proficiency 5 in all skills, ready 18.0 s: least skilled",
                                     "next would be anna, proficiency 5 in all skills, ready 9.0 s",
                                     "not chen: ready for 17 s, proficiency 7 in all skills, not first by"
                                     " least skilled"]),
        (AgentChoice.FEWEST_CALLS, ["ben, 0 calls: fewest calls", "next would be chen, 0 calls",
                                    "not anna: ready for 9 s, not first by fewest calls"]),
        (AgentChoice.ROUND_ROBIN, ["ben, last offered not yet: round robin",
                                   "next would be chen, last offered not yet",
                                   "not anna: ready for 9 s, not first by round robin"]),
    ],
)  # fmt: skip
def test_each_rule_says_what_it_looked_at(rule: AgentChoice, said: list[str]) -> None:
    first, count, *others = reasons(chosen_by(rule), MORNING)
    assert [first, *others] == said
    assert count == "3 ready with the skills of sales"


def test_who_is_least_occupied_is_told_by_now() -> None:
    """Ben ended his call when half of his time was spent on it, Anna hers when all of her time was."""
    text = """
00:00  on shift: ben 1002
02:00  c2 arrives
02:00  c2 queues for experts
02:00  c2 is answered
03:00  on shift: anna 1001
03:00  c3 arrives
03:00  c3 queues for experts
03:00  c3 is answered
03:50  c3 hangs up
04:00  c2 hangs up
10:00  c1 arrives
10:00  c1 queues for sales
"""
    assert reasons(chosen_by(AgentChoice.LEAST_OCCUPIED), text) == [
        "anna, occupied 12%: least occupied",
        "2 ready with the skills of sales",
        "next would be ben, occupied 20%",
    ]


def test_a_drawn_agent_has_a_weight() -> None:
    first, _, *others = reasons(chosen_by(AgentChoice.WEIGHTED_RANDOM), MORNING)
    assert first.endswith(", weight 1: weighted random")
    assert len(others) == 2
    assert all("not first by weighted random" in line for line in others)


def test_every_rule_is_tried_here() -> None:
    assert len(AgentChoice) == 7


def test_what_the_others_do_is_said() -> None:
    text = """
00:00  on shift: anna 1001, ben 1002, chen 1003
00:01  1002 is in use
00:02  chen goes not ready: lunch
00:10  c1 arrives
00:10  c1 queues for sales
"""
    assert reasons(PLAN, text) == [
        "anna, ready 10.0 s: longest idle",
        "1 ready with the skills of sales",
        "not ben: phone busy for 10 s",
        "not chen: not ready (lunch) for 8 s",
    ]


def test_why_somebody_is_not_ready_is_said_by_the_label() -> None:
    text = """
00:00  on shift: anna 1001, ben 1002
00:10  c0 arrives
00:10  c0 queues for sales
00:12  c0 is not taken: no_answer
00:13  c0 hangs up
00:17  c1 arrives
00:17  c1 queues for sales
"""
    assert reasons(PLAN, text)[-1] == "not anna: not ready (did not answer) for 5 s"


def test_a_reserved_agent_is_said_to_be() -> None:
    groups = {
        "urgent": replace(RESERVE.groups["urgent"], requirement=Requirement.parse("support and not sales")),
        "sales": GroupPolicy("sales", "Sales", Requirement.parse("sales or support")),
    }
    text = "00:00  on shift: dora 1004, anna 1001\n00:10  c1 arrives\n00:10  c1 queues for sales"
    assert reasons(replace(RESERVE, groups=groups), text) == [
        "anna, ready 10.0 s: longest idle",
        "1 ready with the skills of sales",
        "not dora: ready for 10 s but kept for urgent (reserve)",
    ]


def test_the_ring_is_that_of_the_agent() -> None:
    widened = """
00:00  1001 is idle
00:00  anna logs in on 1001
00:00  1003 is idle
00:00  chen logs in on 1003
00:00  c1 arrives
00:00  c1 queues for wide
00:20  timer
00:25  chen goes ready
"""
    first, count, *_ = reasons(RULES, widened)
    assert (first, count) == ("chen, ready 0.0 s: longest idle", "1 ready with the skills of wide, ring 1")


def test_ready_agents_of_outer_rings_come_later() -> None:
    policy = GroupPolicy(
        "sales", "Sales", Requirement.parse("sales >= 5"), rings=(Ring(5, Requirement.parse("sales")),)
    )
    text = """
00:00  on shift: anna 1001
00:00  1003 is idle
00:00  chen logs in on 1003
00:00  c2 arrives
00:00  c2 queues for sales
00:01  c2 is answered
00:02  c1 arrives
00:02  c1 queues for sales
00:07  timer
00:09  asterisk is away
00:09  chen goes ready
00:09  c2 hangs up
00:19  timer
00:30  the floor is known
"""
    plan = replace(PLAN, groups={**PLAN.groups, "sales": policy})
    assert reasons(plan, text) == [
        "anna, ready 11.0 s: longest idle",
        "1 ready with the skills of sales",
        "not chen: ready for 21 s but only in ring 1",
    ]


def test_the_agent_asked_for_by_name() -> None:
    text = """
00:00  on shift: ben 1002, anna 1001
00:01  c1 arrives
00:01  c1 queues for sales preferring anna for 30 s
"""
    assert reasons(PLAN, text) == ["anna: asked for by name"]


def crowd(size: int, *, ready: int, home: int = 0) -> list[str]:
    """The reasons in a centre of so many equal agents."""
    profiles = {f"a{n}": AgentProfile(f"a{n}", f"A{n}", str(2000 + n), {"sales": 5}) for n in range(size)}
    logins = "".join(
        f"00:00  {2000 + n} is idle\n00:00  a{n} logs in on {2000 + n}\n" for n in range(size - home)
    )
    shift = "".join(f"00:00  a{n} goes ready\n" for n in range(ready))
    text = f"{logins}{shift}00:05  c1 arrives\n00:05  c1 queues for sales"
    return reasons(replace(PLAN, agents=profiles), text)


def test_many_are_counted() -> None:
    assert crowd(10, ready=1) == [
        "a0, ready 5.0 s: longest idle",
        "1 ready with the skills of sales",
        "not 9 others: not ready (just logged in)",
    ]


def test_a_crowd_is_only_counted_where_it_is_ready() -> None:
    assert crowd(20, ready=20) == [
        "a0, ready 5.0 s: longest idle",
        "20 ready with the skills of sales",
        "next would be a1, ready 5.0 s",
    ]
    assert crowd(20, ready=3)[3:] == ["not 17 others: busy or not ready"]


def test_those_of_a_crowd_who_are_at_home_are_not_told_of() -> None:
    assert crowd(20, ready=3, home=15)[3:] == ["not 2 others: busy or not ready"]
    assert crowd(20, ready=3, home=17)[3:] == []


def test_a_crowd_is_told_apart_by_reserves_and_rings() -> None:
    """Of a, who serve the group, one has the call; b are kept for urgent calls, c are of an outer ring."""
    skills = {"a": {"sales": 5}, "b": {"sales": 5, "support": 5}, "c": {"sales": 3}}
    profiles = {
        f"{kind}{n}": AgentProfile(f"{kind}{n}", "", f"{2000 + 10 * place + n}", skills[kind])
        for place, kind in enumerate(skills)
        for n in range(5)
    }
    groups = {
        "urgent": replace(RESERVE.groups["urgent"], reserve=5),
        "sales": GroupPolicy(
            "sales", "Sales", Requirement.parse("sales >= 5"), rings=(Ring(5, Requirement.parse("sales")),)
        ),
    }
    shift = ", ".join(f"{a.id} {a.extension}" for a in profiles.values() if a.id not in ("a0", "a1"))
    text = f"""
00:00  {profiles["a0"].extension} is idle
00:00  a0 logs in on {profiles["a0"].extension}
00:00  asterisk is away
00:00  on shift: {shift}
00:00  c1 arrives
00:00  c1 queues for sales
00:05  timer
00:10  the floor is known
"""
    assert reasons(replace(PLAN, agents=profiles, groups=groups), text) == [
        "a2, ready 10.0 s: longest idle",
        "3 ready with the skills of sales",
        "next would be a3, ready 10.0 s",
        "not 5 others: ready but kept for urgent (reserve)",
        "not 5 others: ready but only in ring 1",
        "not 1 other: busy or not ready",
    ]
