"""Why a caller still waits, out of scenes on the floor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.core import events
from acd.core.calls import Call
from acd.core.engine import Engine
from acd.core.expected_wait import WaitRange
from acd.core.floor import Floor
from acd.core.plan import AgentProfile, Plan
from acd.core.policy import Announce, PolicyStep, condition
from acd.core.why import WhyWaiting, why_waiting
from tests.core.centre import CALLBACKS, PLAN, RESERVE, RULES, STEPS_IN_VAIN
from tests.core.page_forms import lines_unknown_to_pages
from tests.core.scenario import Player, parsed


def scene(plan: Plan, text: str, call: str = "c1", expected: WaitRange | None = None) -> WhyWaiting:
    """What is reported of the call at the end of the scene; the pages have words for all of it."""
    player = Player(plan)
    player.play(parsed("== scene\n" + text)["scene"])
    floor: Floor = player.books.engine.floor
    waiting: Call = floor.calls[call]
    report = why_waiting(floor, waiting, player.books.now, expected)
    assert lines_unknown_to_pages(report) == []
    return report


def needs(report: WhyWaiting) -> dict[str, str]:
    """By agent."""
    return {agent.id: agent.needs for agent in report.agents.able}


TALKING = """
00:00  on shift: anna 1001
00:01  c2 arrives
00:01  c2 queues for sales
00:02  c2 is answered
00:05  c1 arrives
"""


def test_who_is_at_work_and_what_each_needs() -> None:
    report = scene(
        PLAN,
        TALKING
        + """
00:05  1002 is idle
00:05  ben logs in on 1002
00:06  1003 is idle
00:06  chen logs in on 1003
00:06  1004 is idle
00:06  dora logs in on 1004
00:08  c1 queues for sales
00:20  ben goes not ready: lunch
""",
        expected=WaitRange(30.0, 90.0),
    )
    assert (report.position, report.waiting, report.waited_s) == (1, 1, 12.0)
    assert needs(report) == {
        "anna": "the end of call c2, then 10 s of wrap-up",
        "chen": "to go ready",
        "ben": "to go ready",
    }
    assert {agent.id: agent.reason for agent in report.agents.able}["ben"] == "lunch"
    assert [(agent.id, agent.lacks, agent.from_ring) for agent in report.agents.unable] == [
        ("dora", ("sales >= 1 (has 0)",), None)
    ]
    assert report.agents.away_count == 0
    assert (report.expected_p50_s, report.expected_p90_s, report.expected_known) == (30.0, 90.0, True)


def test_wrap_up_and_a_wish_for_afterwards() -> None:
    text = TALKING + "00:06  c1 queues for sales\n00:08  anna goes not ready: lunch\n00:09  c2 hangs up"
    assert needs(scene(PLAN, text)) == {
        "anna": "the end of the wrap-up, in 10 s, but is not ready then (lunch)"
    }
    assert needs(scene(PLAN, TALKING + "00:06  c1 queues for sales\n00:08  anna logs out")) == {
        "anna": "the end of call c2, then 10 s of wrap-up, but logs out then"
    }


def test_a_phone_off_the_hook_is_no_ready_agent() -> None:
    text = "00:00  on shift: anna 1001\n00:01  1001 is in use\n00:02  c1 arrives\n00:02  c1 queues for sales"
    assert needs(scene(PLAN, text)) == {"anna": "the phone is in use or out of reach"}


def test_suspended_dispatch_is_said() -> None:
    text = (
        "00:00  on shift: anna 1001\n00:01  asterisk is away\n00:02  c1 arrives\n00:02  c1 queues for sales"
    )
    report = scene(PLAN, text)
    assert report.suspended
    assert needs(report) == {"anna": "ready: dispatch is suspended"}


def test_who_is_ahead_and_by_what() -> None:
    text = """
00:00  c2 arrives
00:00  c2 queues for sales
00:05  c1 arrives
00:05  c1 queues for sales
00:06  c3 arrives
00:06  c3 queues for sales with priority 5
"""
    report = scene(PLAN, text)
    assert (report.position, report.waiting) == (3, 3)
    assert [(ahead.call_id, ahead.by) for ahead in report.ahead] == [
        ("c3", "priority 5 against 0"),
        ("c2", "has waited 5 s longer"),
    ]
    assert report.agents.able == ()
    assert report.agents.away == ("anna", "ben", "chen")


def test_points_decide_where_priorities_age() -> None:
    plan = replace(PLAN, ageing={0: 1.0, 5: 4.0})
    text = """
00:00  c1 arrives
00:00  c1 queues for sales
00:10  c2 arrives
00:10  c2 queues for sales with priority 5
00:30  c3 arrives
"""
    report = scene(plan, text)
    assert report.points == 30.0
    assert [(ahead.call_id, ahead.by) for ahead in report.ahead] == [("c2", "80 points against 30")]


def test_only_so_many_ahead_are_named() -> None:
    lines = [f"00:0{n}  c{n} arrives\n00:0{n}  c{n} queues for sales" for n in range(1, 9)]
    report = scene(PLAN, "\n".join(lines), call="c8")
    assert report.position == 8
    assert [ahead.call_id for ahead in report.ahead] == ["c1", "c2", "c3", "c4", "c5"]


def test_urgent_calls_of_other_groups_with_the_same_agents() -> None:
    text = """
00:00  c2 arrives
00:00  c2 queues for experts with priority 3
00:05  c1 arrives
00:05  c1 queues for sales
00:06  c3 arrives
00:06  c3 queues for support
"""
    assert scene(PLAN, text).elsewhere == {"experts": 1}


def test_rings_and_whom_the_next_one_adds() -> None:
    text = """
00:00  1001 is idle
00:00  anna logs in on 1001
00:00  on shift: chen 1003, dora 1004
00:00  c1 arrives
00:00  c1 queues for wide
00:08  c2 arrives
"""
    report = scene(RULES, text)
    assert (report.ring, report.rings, report.requires) == (0, 2, "sales >= 5")
    assert report.next_ring is not None
    assert (report.next_ring.ring, report.next_ring.in_s, report.next_ring.adds) == (1, 12.0, ("chen",))
    assert needs(report) == {"anna": "to go ready"}
    assert [(a.id, a.lacks, a.from_ring) for a in report.agents.unable] == [
        ("chen", ("sales >= 5 (has 3)",), 1),
        ("dora", ("sales >= 5 (has 0)",), 2),
    ]


def test_waiting_for_one_agent_alone() -> None:
    text = """
00:00  on shift: ben 1002
00:00  1001 is idle
00:00  anna logs in on 1001
00:01  c1 arrives
00:01  c1 queues for wide preferring anna for 30 s
00:11  c2 arrives
"""
    report = scene(RULES, text)
    assert report.kept_for is not None
    assert (report.kept_for.agent, report.kept_for.for_s, report.kept_for.why) == ("anna", 20.0, "preferred")
    assert report.kept_for.state == "not_ready"
    assert needs(report)["ben"] == "ready, but the call waits for anna alone"


def test_waiting_for_an_agent_whom_a_restart_no_longer_knows() -> None:
    """The caller is kept for her until the channel asks again, or not at all."""
    text = """
00:00  1001 is idle
00:00  anna logs in on 1001
00:01  c1 arrives
00:01  c1 queues for sales preferring anna for 300 s
"""
    player = Player(PLAN)
    player.play(parsed("== scene\n" + text)["scene"])
    kept = [Call.from_dict(player.books.engine.floor.calls["c1"].to_dict())]
    without = Engine(replace(PLAN, agents={"ben": PLAN.agents["ben"]}))
    without.restore([], kept, player.books.now)
    assert why_waiting(without.floor, without.floor.calls["c1"], player.books.now).kept_for is None
    without.handle(events.CallerReturned("c1"), player.books.now)
    assert without.floor.router.lines["sales"].position("c1", player.books.now) == 1
    assert without.floor.calls["c1"].only_agent is None


def test_a_reserve_that_keeps_an_agent_back() -> None:
    text = "00:00  on shift: dora 1004\n00:01  c1 arrives\n00:01  c1 queues for plain"
    report = scene(RESERVE, text)
    assert report.agents.reserved == {"urgent": 1}
    assert needs(report) == {"dora": "ready, but kept for urgent (reserve)"}


def test_steps_of_the_policy() -> None:
    text = """
00:00  c1 arrives
00:00  c1 queues for stepwise
00:10  timer
00:15  c2 arrives
"""
    first, second, third, fourth, _ = scene(RULES, text).steps
    assert (first.taken_at_s, first.due_in_s, first.does) == (10.0, 15.0, "announce sorry")
    assert (second.taken_at_s, second.due_in_s, second.holds) == (None, 15.0, False)
    assert second.seen == {"segment": "", "waited_s": 15.0}
    assert (third.does, third.due_in_s) == ("ring 1; priority 9", 45.0)
    assert {step.hindered for step in (first, second, third)} == {""}
    assert (fourth.hindered, fourth.idle) == ("this call has no exit 'callback'", True)
    assert (fourth.due_in_s, fourth.seen) == (None, {"calls_waiting": 1.0, "position": 1.0})


def test_who_was_tried_and_how_the_wait_may_end() -> None:
    text = """
00:00  on shift: anna 1001
00:01  c1 arrives
00:01  c1 queues for sales for at most 60 s
00:02  c1 rings
00:05  c1 is not taken: declined
00:11  c2 arrives
"""
    report = scene(PLAN, text)
    assert [(tried.agent, tried.failure, tried.ago_s) for tried in report.tried] == [
        ("anna", "declined", 6.0)
    ]
    assert report.leaves_in_s == 50.0
    assert needs(report) == {"anna": "to go ready"}


def test_a_big_house_is_counted_beyond_the_first() -> None:
    profiles = {
        f"a{n}": AgentProfile(f"a{n}", f"A{n}", str(2000 + n), {"sales" if n % 2 else "support": 5})
        for n in range(60)
    }
    logins = "\n".join(f"00:00  20{n:02} is idle\n00:00  a{n} logs in on 20{n:02}" for n in range(60))
    report = scene(replace(PLAN, agents=profiles), logins + "\n00:01  c1 arrives\n00:01  c1 queues for sales")
    assert len(report.agents.able) == 12
    assert report.agents.more_able == ("18 not ready",)
    assert len(report.agents.unable) == 12
    assert report.agents.more_unable == ("18 sales >= 1 (has 0)",)


def test_only_of_a_call_that_waits() -> None:
    with pytest.raises(ValueError, match="c1 does not wait"):
        scene(PLAN, "00:00  c1 arrives")


def test_what_a_step_cannot_do_to_this_call() -> None:
    leave, move = scene(RULES, STEPS_IN_VAIN).steps
    assert (leave.taken_at_s, leave.hindered, leave.idle) == (30.0, "this call has no exit 'callback'", True)
    assert (move.taken_at_s, move.hindered, move.idle) == (None, "waits for room in short", False)


def test_nothing_is_said_to_the_entry_of_a_callback() -> None:
    steps = (PolicyStep(condition("waited_s >= 60"), (Announce("sorry"),)),)
    plan = replace(CALLBACKS, groups={"back": replace(CALLBACKS.groups["back"], steps=steps)})
    text = "00:06  c1 is to be called back for back by c2\n00:07  c3 arrives"
    (step,) = scene(plan, text, call="c2").steps
    assert (step.hindered, step.idle) == ("nobody is on the line to hear it", True)
