"""Callers in line whom the rules of their group speak to, or lead out: into a flow, outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from acd.core import events, facts
from acd.core.facts import LeftBy
from acd.core.outside_facts import DialFailure
from acd.core.policy import Announce, LeaveBy, MoveTo, Operation, PolicyStep, RaisePriority, condition
from acd.core.ports import AskKind
from acd.core.requirement import Requirement
from acd.ivr import flow as steps
from acd.ivr.flow import Flow, FlowSet
from acd.settings.outside import NumberRoute
from tests.runtime.fakes import Desk, FakeLine
from tests.runtime.test_dial_plan import centre as dialing_centre
from tests.runtime.test_walker import menu

OUTSIDE = "+493012345678"
BARE = steps.Queue("sales")
FULL = replace(BARE, full="full", closed="closed", exits={"sorry": "sorry"}, keys={"1": "pressed"})
STEPS: dict[str, steps.Step] = {
    **{name: menu(name, _1="bye") for name in ("full", "closed", "sorry", "pressed", "after")},
    "bye": steps.HangUp(),
    "bare": BARE,
    "queue": replace(FULL, after="after"),
}
TEXTS = {"sales": {"sorry": {"en": "we are sorry", "zh": "抱歉"}}}


def policy(text: str, *operations: Operation) -> PolicyStep:
    """One step of a policy."""
    return PolicyStep(condition(text), operations)


Make = Callable[..., Desk]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """A desk whose 8000 leads to the flow `f`, and 8001 to the group; its group has this policy."""
    made: list[Desk] = []

    def desk(start: str, *policies: PolicyStep, max_waiting: int | None = None) -> Desk:
        base = dialing_centre()
        assert base.dialing is not None
        group = replace(base.plan.groups["sales"], steps=policies, max_waiting=max_waiting)
        centre = replace(
            base,
            plan=replace(base.plan, groups={**base.plan.groups, "sales": group}),
            numbers={
                "8000": NumberRoute("8000", flow="f"),
                "8001": NumberRoute("8001", group="sales", full="night"),
            },
            dialing=replace(base.dialing, flow_role="seller"),
            line_announcements=TEXTS,
        )
        night = Flow("night", "rest", ("en",), {"rest": menu("night", _1="bye"), "bye": steps.HangUp()})
        flows = FlowSet("v1", {"f": Flow("f", start, ("en",), STEPS), "night": night})
        made.append(Desk(centre, flow_set=flows, recordings=tmp_path))
        made[-1].shell.feed(events.AgentLoggedIn("anna", "1001"))
        return made[-1]

    yield desk
    for each in made:
        await each.close()


def left_by(desk: Desk, call_id: str = "c1") -> list[tuple[LeftBy, str]]:
    """How the caller left lines so far."""
    return [(f.how, f.exit) for f in desk.facts(call_id) if isinstance(f, facts.LeftLine)]


# --- announcements ----------------------------------------------------------------------------
@pytest.mark.parametrize(("start", "number"), [("queue", "8000"), ("bare", "8000"), ("bare", "8001")])
async def test_an_announcement_and_then_music_again(make: Make, start: str, number: str) -> None:
    """Also for those for whom no flow has planned anything."""
    desk = make(start, policy("waited_s >= 20", Announce("sorry")))
    line = await desk.ask(dialed_number=number)
    assert line.heard == []
    desk.after(20.0)
    await desk.settled()
    assert line.heard == ["we are sorry", "music default"]


async def test_announced_in_the_callers_language(make: Make) -> None:
    desk = make("bare", policy("waited_s >= 20", Announce("sorry")))
    line = await desk.ask(dialed_number="8001")
    desk.shell.feed(events.FlowNoted("c1", facts.LanguageChosen(0.0, "zh")))
    other = await desk.ask("c2", dialed_number="8001")
    desk.shell.feed(events.CallerReturned("c1"))
    line.hang_up()  # the session before the language was known
    line = await desk.ask("c1", dialed_number="8001")
    desk.after(20.0)
    await desk.settled()
    assert line.heard == ["抱歉", "music default"]
    assert other.heard == ["we are sorry", "music default"]


async def test_announced_as_soon_as_the_caller_waits(make: Make) -> None:
    desk = make("queue", policy("agents_ready == 0", Announce("sorry"), Announce("nothing")))
    line = await desk.ask(dialed_number="8000")
    assert line.heard == ["we are sorry", "music default"]


async def test_a_key_still_leads_out_afterwards(make: Make) -> None:
    desk = make("queue", policy("waited_s >= 20", Announce("sorry")))
    line = await desk.ask(dialed_number="8000")
    desk.after(20.0)
    await desk.settled()
    line.press("1")
    await desk.settled()
    assert line.heard[-1] == "pressed"


# --- out by what the flow has planned ---------------------------------------------------------
async def test_the_line_is_full_for_one_who_dialled_the_group(make: Make) -> None:
    desk = make("queue", max_waiting=1)
    await desk.ask("c0", dialed_number="8001")
    assert desk.state("c0") == "waiting"
    line = await desk.ask("c1", dialed_number="8001")
    assert line.heard == ["night"]
    assert left_by(desk) == [(LeftBy.FULL, "")]
    assert desk.state("c1") == "ivr"
    desk.shell.feed(events.CallEnded("c0"))
    await desk.ask("c2", dialed_number="8001")
    assert (desk.state("c2"), left_by(desk, "c2")) == ("waiting", [])


async def test_the_line_is_full(make: Make) -> None:
    desk = make("queue", max_waiting=1)
    await desk.ask("c0", dialed_number="8000")
    line = await desk.ask(dialed_number="8000")
    assert line.heard == ["full"]
    assert left_by(desk) == [(LeftBy.FULL, "")]
    assert [(f.step, f.arrow) for f in desk.facts() if isinstance(f, facts.StepTaken)] == [("queue", "full")]


async def test_the_group_closes(make: Make) -> None:
    desk = make("queue")
    line = await desk.ask(dialed_number="8000")
    desk.after(10.0)
    desk.shell.feed(events.GroupClosed("sales"))
    await desk.settled()
    assert line.heard == ["closed"]
    later = await desk.ask("c2", dialed_number="8000")
    assert (later.heard, desk.state("c2")) == ([], "waiting")


async def test_the_policy_leaves_by_an_exit_of_the_flow(make: Make) -> None:
    desk = make("queue", policy("waited_s >= 30", LeaveBy("strange"), LeaveBy("sorry")))
    line = await desk.ask(dialed_number="8000")
    desk.after(30.0)
    await desk.settled()
    assert line.heard == ["sorry"]
    assert left_by(desk) == [(LeftBy.POLICY, "sorry")]


# --- out by what nobody has planned -----------------------------------------------------------
TO_NIGHT = policy("waited_s >= 30", LeaveBy("flow:night"))
TO_NUMBER = policy("waited_s >= 30", LeaveBy(f"number:{OUTSIDE}"))


@pytest.mark.parametrize(("start", "number"), [("queue", "8000"), ("bare", "8000"), ("bare", "8001")])
async def test_into_another_flow(make: Make, start: str, number: str) -> None:
    desk = make(start, TO_NIGHT)
    line = await desk.ask(dialed_number=number)
    desk.after(30.0)
    await desk.settled()
    assert line.heard == ["night"]
    assert [f.flow for f in desk.facts() if isinstance(f, facts.FlowEntered)][-1] == "night"


async def test_into_another_flow_at_once(make: Make) -> None:
    desk = make("queue", policy("agents_ready == 0", LeaveBy("flow:night")))
    line = await desk.ask(dialed_number="8000")
    assert line.heard == ["night"]


@pytest.mark.parametrize("number", ["8000", "8001"])
async def test_a_flow_that_is_gone_leaves_the_caller_in_line(make: Make, number: str) -> None:
    desk = make("queue", policy("waited_s >= 30", LeaveBy("flow:gone")))
    line = await desk.ask(dialed_number=number)
    desk.after(90.0)
    await desk.settled()
    assert (line.heard, desk.state(), desk.in_line("sales")) == ([], "waiting", ["c1"])
    assert left_by(desk) == [(LeftBy.POLICY, "flow:gone")]  # once


async def test_to_a_number_outside(make: Make) -> None:
    desk = make("queue", TO_NUMBER)
    await desk.ask(dialed_number="8000")
    desk.told()
    desk.after(30.0)
    await desk.settled()
    assert desk.state() == "dialing_out"
    assert [done[0] for done in desk.told()] == ["dial out"]


async def test_nobody_answers_outside_and_the_wait_goes_on(make: Make) -> None:
    desk = make("queue", TO_NUMBER)
    first = await desk.ask(dialed_number="8000")
    desk.after(30.0)
    await desk.settled()
    first.hang_up()  # the session ends with the dial
    desk.after(12.0)
    line = await desk.ask(kind=AskKind.DIAL_FAILED, outside_failure=DialFailure.NO_ANSWER)
    call = desk.shell.engine.floor.calls["c1"]
    assert (call.state, call.waiting_since) == ("waiting", desk.clock.now - 42.0)
    desk.after(60.0)
    await desk.settled()
    assert desk.state() == "waiting"  # it is not dialled again
    line.press("1")  # and the flow's ways out are there
    await desk.settled()
    assert line.heard == ["pressed"]


async def test_what_steps_have_added_is_there_again_when_nobody_answers_outside(make: Make) -> None:
    desk = make("queue", PolicyStep(condition("waited_s >= 10"), (RaisePriority(1),), 10.0), TO_NUMBER)
    await desk.ask(dialed_number="8000")
    for _ in range(3):
        desk.after(10.0)
        await desk.settled()
    assert desk.state() == "dialing_out"
    desk.after(12.0)
    await desk.ask(kind=AskKind.DIAL_FAILED, outside_failure=DialFailure.NO_ANSWER)
    call = desk.shell.engine.floor.calls["c1"]
    assert (call.state, call.priority, call.base_priority) == ("waiting", 4, 0)


async def test_a_number_that_flows_may_not_dial(make: Make) -> None:
    desk = make("queue", policy("waited_s >= 30", LeaveBy("number:+1555")))
    line = await desk.ask(dialed_number="8000")
    desk.after(30.0)
    await desk.settled()
    assert desk.state() == "waiting"
    line.press("1")
    await desk.settled()
    assert line.heard == ["pressed"]


async def test_after_a_restart_the_caller_is_led_where_the_policy_said(make: Make, tmp_path: Path) -> None:
    desk = make("queue", TO_NIGHT)
    await desk.ask(dialed_number="8000")
    desk.reception.walker._in_line._waiting.clear()  # the controller was killed before it could say so
    desk.after(30.0)
    kept = desk.mirror.load()
    flows = desk.reception.walker._services.flows.active
    again = Desk(desk.centre, kept, flows, tmp_path)
    again.clock.now = desk.clock.now
    again.reception.walker.restore(kept)
    again.shell.restore()
    again.shell.feed(events.DispatchResumed())
    line = await again.ask(line=FakeLine(), dialed_number="8000")
    assert line.heard == ["night"]
    await again.close()


# --- who may serve ----------------------------------------------------------------------------
async def test_a_step_asks_for_skills(make: Make) -> None:
    desk = make("bare")
    queue = replace(BARE, requirement=Requirement.parse("chinese >= 8"))
    flow = Flow("f", "line", ("en",), {"line": queue})
    desk.reception.walker._services.flows._flows = FlowSet("v1", {"f": flow})  # type: ignore[attr-defined]
    desk.ready("anna", "ben")
    await desk.ask(dialed_number="8000")
    assert desk.state() == "waiting"
    desk.ready("chen")
    assert desk.shell.engine.floor.calls["c1"].agent == "chen"


async def test_groups_that_hand_a_caller_to_each_other_do_so_once(make: Make) -> None:
    desk = make("queue", policy("waited_s >= 10", MoveTo("support")))
    support = replace(desk.centre.plan.groups["support"], steps=(policy("waited_s >= 10", MoveTo("sales")),))
    plan = replace(desk.centre.plan, groups={**desk.centre.plan.groups, "support": support})
    both = Desk(replace(desk.centre, plan=plan), flow_set=desk.reception.walker._services.flows.active)
    both.shell.feed(events.AgentLoggedIn("chen", "1003"))
    await both.ask(dialed_number="8000")
    both.after(60.0)
    assert left_by(both) == [(LeftBy.POLICY, "support")]
    assert both.in_line("support") == ["c1"]
    await both.close()
