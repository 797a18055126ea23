"""The shell: one timer, the mirror, the records, and the sense of having stood still."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

import pytest

from acd.core import commands, events, facts
from acd.core.commands import RefuseDirect
from acd.core.facts import CallKind, EndedBy
from acd.core.ports import AskKind
from acd.errors import RequestRefused
from acd.runtime import shell as shell_module
from acd.runtime.clock import EngineClock
from tests.runtime.fakes import START, Desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """The example centre; nobody is logged in."""
    desk = Desk()
    yield desk
    desk.shell.close()


def armed_for_s(desk: Desk) -> float | None:
    """In how many seconds of the event loop the timer fires."""
    timer = desk.shell._timer
    return None if timer is None else timer.when() - asyncio.get_running_loop().time()


async def test_who_asks_after_another_one_leads_is_refused(desk: Desk) -> None:
    desk.shell.resign()
    with pytest.raises(RequestRefused, match="another controller") as refused:
        desk.shell.feed(events.AgentLoggedIn("anna", "101"))
    assert refused.value.code == "standby", "for programs: it was not done"
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))  # the next one learns it from Asterisk


# --- the timer --------------------------------------------------------------------------------
async def test_no_deadline_no_timer(desk: Desk) -> None:
    assert armed_for_s(desk) is None


async def test_the_timer_is_armed_for_the_next_deadline(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask()
    assert armed_for_s(desk) == pytest.approx(3.0, abs=0.5)  # unreachable_after_s
    desk.shell.feed(events.OfferAlerting("c1"))
    assert armed_for_s(desk) == pytest.approx(20.0, abs=0.5)  # ring timeout and grace
    desk.shell.feed(events.OfferAnswered("c1"))
    assert armed_for_s(desk) is None


async def test_the_timer_stays_when_nothing_moves(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask()
    before = desk.shell._timer
    await desk.ask("c2")
    assert desk.shell._timer is before


async def test_a_deadline_that_has_passed_fires_at_once(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask()
    desk.told()
    desk.clock.now += 2.9
    desk.shell.feed(events.PhoneChanged("1002", True, False))
    desk.clock.now += 1.0
    desk.shell._arm()
    desk.shell._fire(START + 3.0)
    assert desk.told() == [("cancel", "c1")]


async def test_wrap_up_ends_by_time(desk: Desk) -> None:
    await desk.talking()
    await desk.ask(kind=AskKind.AGENT_LEFT)
    assert desk.agent("anna") == "wrap_up"
    desk.after(9.9)
    assert desk.agent("anna") == "wrap_up"
    desk.after(0.2)
    assert desk.agent("anna") == "ready"


def failing(*_arguments: object) -> None:
    """What a command that cannot be carried out meets."""
    raise ValueError("a fault of ours")


async def test_the_timer_is_armed_also_when_a_command_fails(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.ready("anna")
    monkeypatch.setattr(desk.switch, "offer", failing)
    with pytest.raises(ValueError, match="a fault of ours"):
        await desk.ask()
    assert armed_for_s(desk) == pytest.approx(3.0, abs=0.5)  # unreachable_after_s


async def test_a_timer_whose_work_fails_is_armed_anew(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.ready("anna", "ben")
    await desk.ask()
    monkeypatch.setattr(desk.switch, "cancel_offer", failing)
    with pytest.raises(ValueError, match="a fault of ours"):
        desk.after(3.1)
    assert armed_for_s(desk) is not None  # of the next phone that should ring, at the latest


async def test_the_tick_arms_what_nobody_has_armed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell_module, "TICK_S", 0.0)
    armed, next_deadline = asyncio.Event(), desk.shell.engine.next_deadline

    def asked() -> float | None:
        asyncio.get_running_loop().call_soon(armed.set)
        return next_deadline()

    desk.ready("anna")
    await desk.ask()
    desk.shell.close()
    monkeypatch.setattr(desk.shell.engine, "next_deadline", asked)
    ticking = asyncio.create_task(desk.shell.tick())
    async with asyncio.timeout(2):
        await armed.wait()
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    assert armed_for_s(desk) == pytest.approx(3.0, abs=0.5)


async def test_a_closed_shell_has_no_timer(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask()
    desk.shell.close()
    desk.shell.close()
    assert armed_for_s(desk) is None


# --- freezes ----------------------------------------------------------------------------------
async def test_a_freeze_is_noticed_before_anything_is_decided(desk: Desk) -> None:
    frozen: list[bool] = []
    desk.shell.on_frozen = lambda: frozen.append(desk.shell.engine.floor.suspended)
    desk.ready("anna")
    desk.clock.now += 3.1
    await desk.ask()
    assert frozen == [True]
    assert desk.told() == [("hold", "c1", "sales", "default")]  # nobody is rung on old beliefs
    desk.shell.feed(events.DispatchResumed())
    assert desk.told() == [("offer", "c1", "1001")]


async def test_a_failure_on_the_way_into_suspension_costs_no_event(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen: list[None] = []
    handle = desk.shell.engine.handle

    def with_more_to_do(event: events.Event, now: float) -> list[commands.Command]:
        more = [commands.ContinueCall("c0")] if isinstance(event, events.DispatchSuspended) else []
        return handle(event, now) + more

    monkeypatch.setattr(desk.shell.engine, "handle", with_more_to_do)
    desk.shell.on_continue = failing
    desk.shell.on_frozen = lambda: frozen.append(None)
    desk.clock.now += 3.1
    await desk.ask()
    assert desk.state("c1") == "waiting"
    assert frozen == [None]


async def test_a_short_pause_is_no_freeze(desk: Desk) -> None:
    desk.clock.now += 2.9
    await desk.ask()
    assert not desk.shell.engine.floor.suspended


async def test_the_tick_notices_a_freeze(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell_module, "TICK_S", 0.0)
    noticed = asyncio.Event()
    desk.shell.on_frozen = noticed.set
    ticking = asyncio.create_task(desk.shell.tick())
    desk.clock.now += 10
    await asyncio.wait_for(noticed.wait(), 2)
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)


# --- the mirror and the records ---------------------------------------------------------------
async def test_what_lives_is_mirrored_and_what_is_safe_is_dropped(desk: Desk) -> None:
    await desk.talking()
    assert desk.mirror.values["call:c1"]["state"] == "talking"
    assert desk.mirror.values["agent:anna"]["state"] == "talking"
    desk.recorder.all_safe()
    assert desk.mirror.keys("interval") == []
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    assert desk.recorder.calls[0][0] == "c1"
    desk.recorder.all_safe()
    assert desk.mirror.keys("call") == ["call:c1"]  # its wrap-up is still open
    desk.after(11)
    assert desk.mirror.keys("call") == ["call:c1"]
    assert len(desk.recorder.calls) == 2
    assert isinstance(desk.recorder.calls[1][1][-1], facts.WrapUpEnded)
    desk.recorder.all_safe()
    assert desk.mirror.keys("call") == desk.mirror.keys("interval") == []


async def test_a_first_record_that_is_stored_late_drops_nothing(desk: Desk) -> None:
    await desk.talking()
    desk.recorder.waiting.clear()
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    late = list(desk.recorder.waiting)
    for on_stored in late:
        on_stored()
    assert desk.mirror.keys("call") == ["call:c1"]


async def test_a_command_that_fails_costs_no_record(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.talking()

    def fail(_call_id: str) -> None:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(desk.switch, "forget", fail)
    with pytest.raises(ValueError, match="a fault of ours"):
        desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    assert desk.mirror.values["agent:anna"]["state"] == "wrap_up"
    assert desk.mirror.values["call:c1"]["state"] == "ended"
    assert desk.recorder.calls[0][0] == "c1"


async def test_a_merged_call_leaves_the_mirror(desk: Desk) -> None:
    await desk.talking()
    await desk.ask("c2", phone="1001", dialed_number="8002")
    desk.shell.feed(events.CallAttendedTransferred("c1", "c2"))
    assert desk.mirror.keys("call") == ["call:c1"]


async def test_restored_from_the_mirror(desk: Desk) -> None:
    await desk.talking("c1")
    await desk.ask("c2")
    desk.clock.now += 0.1
    await desk.ask("c3")
    again = Desk(kept=desk.mirror.load())
    again.shell.restore()
    assert (again.state("c1"), again.agent("anna")) == ("talking", "talking")
    assert again.shell.engine.floor.suspended
    assert len(again.recorder.intervals) == len(desk.recorder.intervals)
    for call_id in ("c3", "c2"):  # in whatever order they come back
        await again.ask(call_id)
    assert again.in_line("sales") == ["c2", "c3"]
    again.shell.close()


async def test_a_finished_call_that_was_not_stored_is_stored_after_a_restart(desk: Desk) -> None:
    await desk.ask()
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    again = Desk(kept=desk.mirror.load())
    again.shell.restore()
    assert [call_id for call_id, _ in again.recorder.calls] == ["c1"]
    assert again.state("c1") is None
    again.recorder.all_safe()
    assert again.mirror.keys("call") == []
    again.shell.close()


async def loses_two(desk: Desk) -> None:
    """With their node: c1 talks with anna, whose wrap-up goes on afterwards, and c2 waits."""
    await desk.talking("c1")
    await desk.ask("c2")
    desk.shell.feed(events.FloorSeen(frozenset(), node="", lost=True))
    desk.recorder.all_safe()
    assert (desk.mirror.keys("call"), desk.mirror.keys("lost")) == (["call:c1"], ["lost:c1", "lost:c2"])


def begun_anew(desk: Desk) -> Desk:
    """Another controller, with what this one has kept."""
    again = Desk(kept=json.loads(json.dumps(desk.mirror.load())))
    again.clock.now = desk.clock.now + 1.0
    again.shell.restore()
    return again


@pytest.mark.parametrize("wraps_up", [True, False])
async def test_calls_of_a_node_that_was_taken_for_dead_go_on_after_a_restart(
    desk: Desk, wraps_up: bool
) -> None:
    await loses_two(desk)
    if not wraps_up:
        desk.after(11)
        desk.recorder.all_safe()
        assert (desk.mirror.keys("call"), desk.mirror.keys("lost")) == ([], ["lost:c1", "lost:c2"])
    told = {call.id: list(call.facts) for call in desk.shell.engine.floor.lost.values()}
    again = begun_anew(desk)
    assert {call.id: call.facts for call in again.shell.engine.floor.lost.values()} == told
    assert again.state("c1") == ("ended" if wraps_up else None)
    again.shell.feed(events.FloorSeen(frozenset(told), node=""))
    for call_id in told:
        again.shell.feed(events.CallArrived(call_id, CallKind.INBOUND, "+4930123", "", "8001"))
    again.shell.feed(events.ConversationFound("c1", "1001"))
    assert (again.state("c1"), again.state("c2"), again.agent("anna")) == ("talking", "ivr", "talking")
    for call_id, known in told.items():
        assert again.facts(call_id)[: len(known)] == known
        assert isinstance(again.facts(call_id)[len(known)], facts.Returned)
    assert again.mirror.keys("lost") == []
    assert sorted(again.mirror.keys("call")) == ["call:c1", "call:c2"]
    again.shell.close()


async def test_a_lost_call_is_kept_as_it_is_until_its_node_was_looked_at(desk: Desk) -> None:
    await loses_two(desk)
    desk.after(11)
    desk.recorder.all_safe()
    assert desk.mirror.values["lost:c1"]["facts"][-1]["fact"] == "WrapUpEnded"
    assert desk.switch.forgotten == []  # ids that it is known by are its own still
    again = begun_anew(desk)
    again.shell.feed(events.FloorSeen(frozenset(), {"c1": desk.clock.now - 5.0}, node=""))
    assert (again.mirror.keys("lost"), again.shell.engine.floor.lost) == ([], {})
    assert set(again.switch.forgotten) == {"c1", "c2"}
    stored = [(call_id, told[-1]) for call_id, told in again.recorder.calls]
    assert [call_id for call_id, _ in stored] == ["c1"]
    assert isinstance(stored[0][1], facts.Ended)
    again.recorder.all_safe()
    assert again.mirror.keys("call") == []
    again.shell.close()


async def test_a_lost_call_whose_record_is_not_safe_yet_can_go_on_after_a_restart(desk: Desk) -> None:
    await desk.ask()
    desk.shell.feed(events.FloorSeen(frozenset(), node="", lost=True))
    again = begun_anew(desk)
    again.shell.feed(events.CallArrived("c1", CallKind.INBOUND, "+4930123", "", "8001"))
    again.recorder.all_safe()  # what was stored first
    assert (again.mirror.keys("call"), again.mirror.keys("lost")) == (["call:c1"], [])
    again.shell.close()


async def test_a_lost_call_that_cannot_be_read_is_set_aside(desk: Desk) -> None:
    await loses_two(desk)
    desk.mirror.values["lost:c2"] = {"id": "c2"}
    again = begun_anew(desk)
    assert list(again.shell.engine.floor.lost) == ["c1"]
    assert again.mirror.keys("unreadable") == ["unreadable:lost:c2"]
    again.shell.close()


async def test_a_wrap_up_ends_in_time_after_a_restart(desk: Desk) -> None:
    await desk.talking()
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    again = Desk(kept=desk.mirror.load())
    again.shell.restore()
    again.after(11)
    assert again.agent("anna") == "ready"
    again.shell.close()


# --- the rest ---------------------------------------------------------------------------------
async def test_a_refused_request_changes_nothing(desk: Desk) -> None:
    before = desk.mirror.load()
    with pytest.raises(RequestRefused):
        desk.shell.feed(events.AgentWentReady("anna"))
    assert desk.mirror.load() == before


async def test_the_owner_of_a_caller_in_hand_is_asked(desk: Desk) -> None:
    continued: list[str] = []
    refused: list[RefuseDirect] = []
    desk.shell.on_continue = continued.append
    desk.shell.on_refused = refused.append
    await desk.talking()
    desk.shell.feed(events.AgentHungUp("c1"))
    assert continued == ["c1"]
    await desk.ask("c2", dialed_number="1005")
    assert [(r.call_id, r.agent) for r in refused] == [("c2", "emil")]


async def test_without_a_switch_commands_go_nowhere() -> None:
    desk = Desk()
    desk.shell._switch = None
    await desk.ask()
    assert (desk.told(), desk.state()) == ([], "waiting")
    desk.shell.close()


def test_the_engine_clock_never_goes_back() -> None:
    clock = EngineClock()
    times = [clock() for _ in range(1000)]
    assert times == sorted(times)
    assert times[0] > 1_600_000_000


# --- one event at a time ----------------------------------------------------------------------
async def test_what_comes_of_an_answer_waits_until_that_is_carried_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.talking()
    happened: list[str] = []
    handle, put = desk.shell.engine.handle, desk.mirror.put

    def handled(event: events.Event, now: float) -> list[commands.Command]:
        happened.append(type(event).__name__)
        return handle(event, now)

    def mirrored(key: str, value: Mapping[str, object]) -> None:
        happened.append(key)
        put(key, value)

    def go_on(call_id: str) -> None:
        for name in ("first", "second"):
            step = facts.StepTaken(0.0, "main", "v1", name, "next", "", "")
            desk.shell.feed(events.FlowNoted(call_id, step))
        happened.append("on_continue")

    monkeypatch.setattr(desk.shell.engine, "handle", handled)
    monkeypatch.setattr(desk.mirror, "put", mirrored)
    monkeypatch.setattr(desk.shell, "on_continue", go_on)
    desk.shell.feed(events.AgentHungUp("c1"))
    first_note = happened.index("FlowNoted")
    assert happened[0] == "AgentHungUp"
    assert {"on_continue", "call:c1", "agent:anna"} <= set(happened[:first_note])
    assert happened[first_note:] == ["FlowNoted", "call:c1", "FlowNoted", "call:c1"]
    assert [f.step for f in desk.facts() if isinstance(f, facts.StepTaken)] == ["first", "second"]


async def test_an_event_of_them_that_fails_costs_only_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.talking()
    note = facts.StepTaken(0.0, "main", "v1", "a", "next", "", "")

    def go_on(call_id: str) -> None:
        desk.shell.feed(events.AgentWentReady("nobody"))
        desk.shell.feed(events.FlowNoted(call_id, note))

    monkeypatch.setattr(desk.shell, "on_continue", go_on)
    with pytest.raises(RequestRefused, match="no agent 'nobody'"):
        desk.shell.feed(events.AgentHungUp("c1"))
    assert [f.step for f in desk.facts() if isinstance(f, facts.StepTaken)] == ["a"]
    desk.shell.feed(events.AgentWentReady("anna"))
