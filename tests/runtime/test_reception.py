"""Where callers go: each kind of question, in each state that it can meet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from acd.core import events, facts
from acd.core.facts import CallKind, EndedBy, OfferFailure
from acd.core.plan import Heir
from acd.core.ports import AskKind
from acd.core.requirement import Requirement
from tests.runtime.fakes import Desk, FakeLine


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The example centre; nobody is logged in."""
    desk = Desk()
    yield desk
    desk.shell.close()


# --- new calls --------------------------------------------------------------------------------
async def test_a_number_that_leads_to_a_group(desk: Desk) -> None:
    await desk.ask(dialed_number="8001")
    assert desk.told() == [("hold", "c1", "sales", "default")]
    assert desk.state() == "waiting"


async def test_a_ready_agent_is_rung_at_once(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask(dialed_number="8001")
    assert desk.told()[-1] == ("offer", "c1", "1001")


@pytest.mark.parametrize(("key", "group"), [("1", "sales"), ("2", "support"), ("0", "support")])
async def test_a_number_that_leads_to_a_flow(desk: Desk, key: str, group: str) -> None:
    line = await desk.ask(line=FakeLine("9", key), dialed_number="8000")
    assert line.answered
    assert line.heard[0] == "Welcome to Example Telecom."
    assert "That is not one of the choices." in line.heard
    assert desk.told() == [("hold", "c1", group, "default")]
    assert desk.mirror.keys("flow") == []


async def test_a_caller_who_hangs_up_in_the_menu_can_come_back_to_it(desk: Desk) -> None:
    await desk.ask(line=FakeLine("9"), dialed_number="8000")
    assert desk.mirror.values["flow:c1"]["frames"][-1]["step"] == "menu"
    line = await desk.ask(line=FakeLine("1"), dialed_number="8000")
    assert line.heard[0] == "That is not one of the choices."
    assert desk.told() == [("hold", "c1", "sales", "default")]


async def test_the_place_in_a_flow_outlives_the_controller(desk: Desk) -> None:
    await desk.ask(line=FakeLine("9"), dialed_number="8000")
    kept = desk.mirror.load()
    again = Desk(kept=kept)
    again.reception.walker.restore(kept)
    again.shell.restore()
    again.shell.feed(events.DispatchResumed())
    line = await again.ask(line=FakeLine("2"), dialed_number="8000")
    assert line.heard[0] == "That is not one of the choices."
    assert again.told() == [("hold", "c1", "support", "default")]
    again.shell.close()


async def test_when_the_call_has_ended_nothing_of_its_flow_is_kept(desk: Desk) -> None:
    line = FakeLine("9")
    line.before_key = lambda: desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    await desk.ask(line=line, dialed_number="8000")
    assert desk.mirror.keys("flow") == []
    assert desk.state() is None


async def test_a_number_that_leads_nowhere(desk: Desk) -> None:
    await desk.ask(dialed_number="4711")
    assert desk.told() == [("hang up", "c1", "unknown_number")]


async def test_an_agents_extension(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask(dialed_number="1001")
    assert desk.told() == [("offer", "c1", "1001")]


@pytest.mark.parametrize(("phone", "told"), [("1002", "hang up"), (None, "hold")])
async def test_an_agent_who_is_not_there(desk: Desk, phone: str | None, told: str) -> None:
    desk.ready("ben")
    await desk.ask(phone=phone, dialed_number="1001")
    assert told in [t[0] for t in desk.told()]  # a colleague hears so, a customer goes to a group


async def test_the_customer_is_shown_on_the_agents_phone(desk: Desk) -> None:
    line = await desk.ask(caller_number="+4930777")
    assert line.shown == ["王芳 (gold)"]
    line = await desk.ask("c2", caller_number="+4930000")
    assert line.shown == []


async def test_a_call_between_agents_shows_who_calls(desk: Desk) -> None:
    desk.ready("anna", "ben")
    line = await desk.ask(phone="1001", caller_number="+4930777", dialed_number="1002")
    assert line.shown == ["Anna Weber"]
    assert desk.told() == [("offer", "c1", "1002")]
    assert desk.shell.engine.floor.calls["c1"].kind is facts.CallKind.INTERNAL


# --- feature codes ----------------------------------------------------------------------------
async def feature(desk: Desk, code: str, phone: str = "1001") -> str:
    """What the agent hears."""
    line = await desk.ask("f1", phone=phone, dialed_number=code)
    assert desk.told()[-1] == ("hang up", "f1", "normal")
    assert desk.state("f1") is None
    assert line.answered
    return line.heard[-1]


async def test_a_day_by_phone(desk: Desk) -> None:
    assert await feature(desk, "*13") == "Please log in first."
    assert (await feature(desk, "*11")).startswith("You are logged in")
    assert await feature(desk, "*13") == "You are ready."
    assert desk.agent("anna") == "ready"
    assert await feature(desk, "*15") == "You are not in wrap up."
    assert await feature(desk, "*14*2") == "You are not ready."
    assert desk.shell.engine.floor.agents["anna"].reason == "lunch"
    assert await feature(desk, "*14") == "You are not ready."
    assert desk.shell.engine.floor.agents["anna"].reason == "break"
    assert await feature(desk, "*149") == "There is no such reason."
    assert await feature(desk, "*99") == "There is no such code."
    assert await feature(desk, "*12") == "You are logged out. Goodbye."
    assert desk.agent("anna") == "logged_out"


async def test_on_somebody_elses_phone(desk: Desk) -> None:
    assert (await feature(desk, "*11*1002", phone="1001")).startswith("You are logged in")
    assert desk.shell.engine.floor.agents["ben"].phone == "1001"
    assert await feature(desk, "*111001", phone="1001") == "Somebody else is logged in on this phone."
    assert await feature(desk, "*119999", phone="1003") == "There is no such agent."


async def test_a_phone_that_is_not_registered(desk: Desk) -> None:
    await feature(desk, "*11")
    desk.shell.feed(events.PhoneChanged("1001", False, False))
    assert await feature(desk, "*13") == "This phone is not registered."


async def test_wrap_up_is_ended_by_phone(desk: Desk) -> None:
    await desk.talking()
    await desk.ask(kind=AskKind.AGENT_LEFT)
    assert desk.agent("anna") == "wrap_up"
    assert await feature(desk, "*15") == "Your wrap up has ended."
    assert desk.agent("anna") == "ready"


async def test_codes_are_for_phones_only(desk: Desk) -> None:
    await desk.ask(dialed_number="*11")
    assert desk.told() == [("hang up", "c1", "unknown_number")]


# --- after a dial -----------------------------------------------------------------------------
async def test_a_failed_ring_goes_on_to_the_next_agent(desk: Desk) -> None:
    desk.ready("anna")
    desk.clock.now += 1
    desk.ready("ben")
    await desk.ask()
    desk.told()
    await desk.ask(kind=AskKind.DIAL_FAILED, failure=OfferFailure.DECLINED)
    assert desk.told() == [("offer", "c1", "1002")]
    assert desk.agent("anna") == "not_ready"


async def test_the_agent_hung_up(desk: Desk) -> None:
    await desk.talking()
    await desk.ask(kind=AskKind.AGENT_LEFT)
    assert desk.told() == [("hang up", "c1", "normal")]


async def test_the_agents_browser_is_gone(desk: Desk) -> None:
    await desk.talking()
    await desk.ask(kind=AskKind.LEFT_ON_HOLD)
    assert desk.state() == "waiting"
    assert desk.told()[-1][0] == "hold"


async def test_the_browser_of_a_colleague_is_gone(desk: Desk) -> None:
    """Who had called is an agent, no customer for a line: that call is over."""
    desk.ready("anna")
    await desk.ask(dialed_number="1001", phone="1002")
    desk.shell.feed(events.OfferAnswered("c1"))
    await desk.ask(kind=AskKind.LEFT_ON_HOLD, phone="1002")
    assert desk.told()[-1] == ("hang up", "c1", "normal")


async def test_nothing_follows_a_talk_where_nothing_is_planned(desk: Desk) -> None:
    await desk.talking()
    assert desk.reception.ends_with_agent("c1")
    assert not desk.reception.ends_with_agent("unknown")


async def test_an_agents_own_call_is_always_asked_about(desk: Desk) -> None:
    """It looks as if it were over while a transfer takes the colleague out of it."""
    desk.ready("anna")
    await desk.ask(dialed_number="1001", phone="1002")
    assert desk.state() == "ringing"
    assert not desk.reception.ends_with_agent("c1")


async def test_an_answer_whose_news_got_lost(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask()
    await desk.ask(kind=AskKind.AGENT_LEFT)
    assert desk.told()[-1] == ("hang up", "c1", "normal")
    assert desk.agent("anna") == "wrap_up"


async def test_an_end_of_a_talk_that_nobody_knows(desk: Desk) -> None:
    await desk.ask(kind=AskKind.AGENT_LEFT)
    assert desk.told() == [("hang up", "c1", "normal")]


# --- blind transfer ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("8002", ("hold", "c1", "support", "default")),
        ("1004", ("offer", "c1", "1004")),
        ("4711", ("hold", "c1", "sales", "default")),  # no such number: back to where it came from
        ("1005", ("hold", "c1", "sales", "default")),  # nobody there: likewise
    ],
)
async def test_blind_transfer(desk: Desk, target: str, told: tuple[str, ...]) -> None:
    await desk.talking()
    if target == "1004":
        desk.ready("dora")
    await desk.ask(kind=AskKind.BLIND_TRANSFER, target=target)
    assert told in desk.told()
    assert desk.agent("anna") == "wrap_up"


async def test_a_taken_back_caller_is_at_the_head_of_the_line(desk: Desk) -> None:
    await desk.talking("c1")
    desk.after(5)
    await desk.ask("c2", dialed_number="8001")
    await desk.ask("c1", kind=AskKind.BLIND_TRANSFER, target="4711")
    assert desk.in_line("sales") == ["c1", "c2"]
    returned = [f for f in desk.shell.engine.floor.calls["c1"].facts if isinstance(f, facts.Returned)]
    assert [f.reason for f in returned] == ["no such number: 4711"]


async def test_a_taken_back_caller_has_the_priority_and_the_needs_of_before(desk: Desk) -> None:
    asked = replace(events.CallQueued("c1", "sales"), priority=10, requirement=Requirement.parse("english"))
    desk.ready("anna")
    desk.shell.feed(events.CallArrived("c1", CallKind.INBOUND, "+4930111", "", "8001"))
    desk.shell.feed(asked)
    desk.shell.feed(events.OfferAnswered("c1"))
    await desk.ask("c2", dialed_number="8001")
    await desk.ask("c1", kind=AskKind.BLIND_TRANSFER, target="4711")
    call = desk.shell.engine.floor.calls["c1"]
    assert (call.priority, call.requirement) == (10, "english")


async def test_a_blind_transfer_into_a_flow(desk: Desk) -> None:
    await desk.talking()
    line = await desk.ask(line=FakeLine("2"), kind=AskKind.BLIND_TRANSFER, target="8000")
    assert line.heard[0] == "Welcome to Example Telecom."
    assert desk.told() == [("hold", "c1", "support", "default")]


async def test_a_blind_transfer_of_a_call_nobody_knows(desk: Desk) -> None:
    await desk.ask(kind=AskKind.BLIND_TRANSFER, target="8002")
    assert desk.told() == [("hold", "c1", "support", "default")]


@pytest.mark.parametrize("target", ["1006", "4711", "9999"])  # nobody there; no such numbers
async def test_a_failed_transfer_of_a_caller_without_a_group(desk: Desk, target: str) -> None:
    await desk.talking(number="1001")
    await desk.ask(kind=AskKind.BLIND_TRANSFER, target=target)
    assert desk.told() == [("hold", "c1", "support", "default")]  # transfer_fallback_group


@pytest.mark.parametrize("target", ["1006", "4711"])
async def test_the_group_before_comes_before_the_fallback_group(desk: Desk, target: str) -> None:
    await desk.talking(number="8001")
    await desk.ask(kind=AskKind.BLIND_TRANSFER, target=target)
    assert desk.told() == [("hold", "c1", "sales", "default")]


async def test_a_colleague_who_is_transferred_to_nowhere_hears_so(desk: Desk) -> None:
    desk.ready("anna", "ben")
    await desk.ask(phone="1001", dialed_number="1002")
    desk.shell.feed(events.OfferAnswered("c1"))
    desk.told()
    await desk.ask(kind=AskKind.BLIND_TRANSFER, phone="1001", target="4711")
    assert desk.told() == [("hang up", "c1", "unknown_number")]


async def test_an_ask_out_of_a_dial_is_no_second_transfer(desk: Desk) -> None:
    """After a blind transfer the next dial rings; a channel brought back out of it says nothing new."""
    desk.ready("dora")
    await desk.talking()
    await desk.ask(kind=AskKind.BLIND_TRANSFER, target="1004")
    assert desk.told() == [("offer", "c1", "1004")]
    await desk.ask()  # state 'dialling'
    assert not any(isinstance(f, facts.Answered) and f.agent == "dora" for f in desk.facts())
    assert [f.target for f in desk.facts() if isinstance(f, facts.Transferred)] == ["1004"]


# --- callers who come back --------------------------------------------------------------------
async def test_a_waiting_caller_who_asks_again_keeps_the_place(desk: Desk) -> None:
    await desk.ask("c1")
    desk.clock.now += 1
    await desk.ask("c2")
    await desk.ask("c1")
    assert desk.in_line("sales") == ["c1", "c2"]


async def test_a_ringing_caller_who_asks_again_is_offered_anew(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask()
    desk.told()
    await desk.ask()
    assert [t[0] for t in desk.told()] == ["offer"]
    assert desk.state() == "ringing"


async def test_a_talking_caller_who_asks_again_is_done(desk: Desk) -> None:
    await desk.talking()
    await desk.ask()
    assert desk.told() == [("hang up", "c1", "normal")]


async def test_a_caller_in_hand_without_a_flow_is_led_again(desk: Desk) -> None:
    desk.shell.feed(events.CallArrived("c1", facts.CallKind.INBOUND, "+49", "", "8002"))
    await desk.ask(dialed_number="8002")
    assert desk.told() == [("hold", "c1", "support", "default")]


# --- the fallback queue -----------------------------------------------------------------------
async def test_a_stranger_from_the_fallback_queue_goes_into_the_same_line(desk: Desk) -> None:
    await desk.ask(kind=AskKind.FALLBACK, group="support", dialed_number="8001")
    assert ("hold", "c1", "support", "default") in desk.told()
    kinds = [type(f).__name__ for f in desk.shell.engine.floor.calls["c1"].facts]
    assert kinds == ["Arrived", "FellBack", "Queued"]


async def test_a_stranger_whose_group_is_unknown_is_led_by_number(desk: Desk) -> None:
    await desk.ask(kind=AskKind.FALLBACK, group="gone", dialed_number="8001")
    assert ("hold", "c1", "sales", "default") in desk.told()


async def test_a_known_caller_from_the_fallback_queue_keeps_the_place(desk: Desk) -> None:
    await desk.ask()
    desk.told()
    await desk.ask(kind=AskKind.FALLBACK, group="sales")
    assert desk.state() == "waiting"


@pytest.mark.parametrize("known", [False, True])
async def test_served_by_the_fallback_queue(desk: Desk, known: bool) -> None:
    if known:
        await desk.ask()
        desk.told()
    await desk.ask(kind=AskKind.AFTER_FALLBACK, group="sales")
    assert desk.told()[-1] == ("hang up", "c1", "normal")


@pytest.mark.parametrize(("member", "agent"), [("anna", "anna"), ("gone", None)])
async def test_who_served_a_caller_in_the_fallback_queue_is_noted(
    desk: Desk, member: str, agent: str | None
) -> None:
    await desk.ask()
    call = desk.shell.engine.floor.calls["c1"]
    await desk.ask(kind=AskKind.AFTER_FALLBACK, served_by=member, served_at=desk.shell.clock())
    fell_back = [f.agent for f in call.facts if isinstance(f, facts.FellBack)]
    assert fell_back == [agent]
    desk.shell.feed(events.CallEnded("c1", EndedBy.SYSTEM))
    ended = call.facts[-1]
    assert isinstance(ended, facts.Ended)
    assert ended.by is EndedBy.AGENT


async def test_a_talk_that_began_as_the_second_one_on_a_phone_is_over(desk: Desk) -> None:
    await desk.talking("c0")
    await desk.ask(dialed_number="8001")
    call = desk.shell.engine.floor.calls["c1"]
    desk.shell.feed(events.CallerAway("c1"))
    desk.shell.feed(events.OfferAnswered("c1", "1001"))
    desk.told()
    await desk.ask(kind=AskKind.AGENT_LEFT)
    assert desk.told() == [("hang up", "c1", "normal")]
    assert [f.agent for f in call.facts if isinstance(f, facts.FellBack)] == ["anna"]


async def test_served_by_the_queue_of_a_node_that_was_taken_for_dead(desk: Desk) -> None:
    await desk.ask(dialed_number="8001")
    call = desk.shell.engine.floor.calls["c1"]
    desk.shell.feed(events.FloorSeen(frozenset(), node="", lost=True))
    await desk.ask(kind=AskKind.AFTER_FALLBACK, served_by="anna", served_at=desk.shell.clock())
    desk.shell.feed(events.CallEnded("c1", EndedBy.SYSTEM))
    assert [f.agent for f in call.facts if isinstance(f, facts.FellBack)] == ["anna"]
    ended = call.facts[-1]
    assert isinstance(ended, facts.Ended)
    assert ended.by is EndedBy.AGENT


async def test_served_by_the_fallback_queue_and_seen_talking(desk: Desk) -> None:
    await desk.talking()
    await desk.ask(kind=AskKind.AFTER_FALLBACK)
    assert desk.told() == [("hang up", "c1", "normal")]
    assert desk.agent("anna") == "wrap_up"


# --- attended transfer ------------------------------------------------------------------------
async def test_a_consultation_in_a_menu_becomes_the_customers(desk: Desk) -> None:
    await desk.talking()
    line = FakeLine("2")

    def transfer() -> None:
        desk.shell.feed(events.CallAttendedTransferred("c1", "c2"))
        desk.reception.merged("c1", "c2")

    line.before_key = transfer
    await desk.ask("c2", line=line, phone="1001", dialed_number="8000")
    assert desk.told() == [("hold", "c1", "support", "default")]
    assert desk.state("c2") is None
    assert desk.mirror.keys("flow") == []


async def test_merging_what_is_in_no_flow_is_fine(desk: Desk) -> None:
    desk.reception.merged("c1", "c2")
    assert desk.mirror.keys("flow") == []


async def test_without_a_fallback_group_the_first_one_takes_failed_transfers(desk: Desk) -> None:
    system = replace(desk.centre.system, transfer_fallback_group=None)
    other = Desk(replace(desk.centre, system=system))
    await other.talking(number="1001")
    await other.ask(kind=AskKind.BLIND_TRANSFER, target="1006")
    assert ("offer", "c1", "1001") in other.told()
    other.shell.close()


# --- groups that are removed ------------------------------------------------------------------
def changed(desk: Desk, **heirs: Heir) -> events.PlanChanged:
    """The plan without these groups."""
    groups = {name: group for name, group in desk.centre.plan.groups.items() if name not in heirs}
    return events.PlanChanged(replace(desk.centre.plan, groups=groups, removed=heirs))


async def test_a_caller_of_a_removed_group_waits_for_its_heir(desk: Desk) -> None:
    await desk.ask(dialed_number="8002")
    desk.shell.feed(changed(desk, support=Heir("sales")))
    assert desk.told()[-1] == ("hold", "c1", "sales", "default")


async def test_a_caller_of_a_removed_group_enters_a_flow_when_the_channel_asks_again(desk: Desk) -> None:
    await desk.ask(dialed_number="8002")
    news = changed(desk, support=Heir(flow="main"))
    desk.now.now = replace(desk.centre, plan=news.plan)
    desk.shell.feed(news)
    assert desk.told()[-1] == ("ask again", "c1")
    line = await desk.ask(line=FakeLine("1"), dialed_number="8002")
    assert line.heard[0] == "Welcome to Example Telecom."
    assert desk.told()[-1] == ("hold", "c1", "sales", "default")


async def test_a_caller_of_a_group_without_an_heir_is_taken_back(desk: Desk) -> None:
    await desk.ask(dialed_number="8001")
    news = changed(desk, sales=Heir())
    desk.now.now = replace(desk.centre, plan=news.plan)
    desk.shell.feed(news)
    assert desk.told()[-1] == ("hold", "c1", "support", "default")
