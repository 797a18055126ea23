"""Who hung up in line and calls again goes on where the wait was."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from acd.core import events, facts
from acd.core.facts import EndedBy
from acd.core.policy import MoveTo, PolicyStep, RaisePriority, condition
from acd.runtime.abandoned import AbandonedWaits
from acd.settings.load import load_centre
from tests.runtime.fakes import CHECKOUT, START, Desk, FakeMirror


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """Nobody is ready; 60 s to call again."""
    centre = replace(load_centre(CHECKOUT / "config", CHECKOUT / "tests" / "flows"), resume_within_s=60.0)
    made = Desk(centre)
    yield made
    await made.close()


async def gives_up(desk: Desk, call_id: str, after_s: float, by: EndedBy = EndedBy.CALLER) -> None:
    """The caller of this call hangs up in line."""
    desk.after(after_s)
    desk.shell.feed(events.CallEnded(call_id, by))


def waiting_since(desk: Desk, call_id: str) -> float:
    """In seconds after the start."""
    since = desk.shell.engine.floor.calls[call_id].waiting_since
    assert since is not None
    return since - START


async def test_the_wait_goes_on_once(desk: Desk) -> None:
    await desk.ask("c1")
    await gives_up(desk, "c1", 30.0)
    desk.after(10.0)
    await desk.ask("c2")
    await desk.ask("c3", caller_number="+4930999")
    assert waiting_since(desk, "c2") == 0.0
    assert waiting_since(desk, "c3") == 40.0
    taken_up = [f for f in desk.facts("c2") if isinstance(f, facts.WaitTakenUp)]
    assert taken_up == [facts.WaitTakenUp(START + 40.0, "c1", 40.0)]
    await desk.ask("c4")  # the same number once more: there was one wait only
    assert waiting_since(desk, "c4") == 40.0


async def test_too_late_or_another_group(desk: Desk) -> None:
    await desk.ask("c1")
    await gives_up(desk, "c1", 5.0)
    await desk.ask("c2", dialed_number="8002")
    assert waiting_since(desk, "c2") == 5.0
    desk.after(60.5)
    await desk.ask("c3")
    assert waiting_since(desk, "c3") == 65.5


async def test_a_hidden_number_is_nobodys(desk: Desk) -> None:
    await desk.ask("c1", caller_number="anonymous")
    await gives_up(desk, "c1", 5.0)
    await desk.ask("c2", caller_number="anonymous")
    assert waiting_since(desk, "c2") == 5.0


@pytest.mark.parametrize("by", [EndedBy.SYSTEM, EndedBy.UNKNOWN])
async def test_who_did_not_hang_up(desk: Desk, by: EndedBy) -> None:
    await desk.ask("c1")
    await gives_up(desk, "c1", 5.0, by)
    await desk.ask("c2")
    assert waiting_since(desk, "c2") == 5.0


async def test_who_left_the_line_by_key_or_talked(desk: Desk) -> None:
    await desk.ask("c1")
    desk.shell.feed(events.CallLeftLine("c1"))
    await gives_up(desk, "c1", 5.0)
    await desk.talking("c2")
    await gives_up(desk, "c2", 5.0)
    desk.shell.feed(events.AgentLoggedOut("anna"))
    await desk.ask("c3")
    assert waiting_since(desk, "c3") == 10.0


async def test_who_hung_up_while_a_phone_rang(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask("c1")
    assert desk.state("c1") == "ringing"
    await gives_up(desk, "c1", 3.0)
    desk.shell.feed(events.AgentLoggedOut("anna"))
    await desk.ask("c2")
    assert waiting_since(desk, "c2") == 0.0


async def test_a_wait_that_a_policy_has_moved_to_another_group(desk: Desk) -> None:
    """The caller dials what was dialled before; the wait is taken up once."""
    sales = desk.centre.plan.groups["sales"]
    moving = replace(sales, steps=(PolicyStep(condition("waited_s >= 10"), (MoveTo("support"),)),))
    plan = replace(desk.centre.plan, groups={**desk.centre.plan.groups, "sales": moving})
    other = Desk(replace(desk.centre, plan=plan))
    await other.ask("c1")
    await gives_up(other, "c1", 20.0)
    await other.ask("c2")
    assert waiting_since(other, "c2") == 0.0
    await other.ask("c3", dialed_number="8002")
    assert waiting_since(other, "c3") == 20.0
    await other.close()


async def test_the_book_is_bounded(desk: Desk) -> None:
    book = AbandonedWaits(60.0, desk.clock, FakeMirror(), most=2)
    for number in ("1", "2", "3"):
        await desk.ask(f"c{number}", caller_number=f"+49{number}")
        call = desk.shell.engine.floor.calls[f"c{number}"]
        desk.shell.feed(events.CallEnded(call.id))
        book.call_changed(call)
    for number, known in (("1", False), ("2", True), ("3", True)):
        await desk.ask(f"d{number}", caller_number=f"+49{number}")
        assert (book.take(desk.shell.engine.floor.calls[f"d{number}"], "sales") is not None) is known


async def test_switched_off(desk: Desk) -> None:
    book = AbandonedWaits(0.0, desk.clock, FakeMirror())
    await desk.ask("c1")
    call = desk.shell.engine.floor.calls["c1"]
    desk.shell.feed(events.CallEnded("c1"))
    book.call_changed(call)
    await desk.ask("c2")
    assert book.take(desk.shell.engine.floor.calls["c2"], "sales") is None


async def test_the_wait_goes_on_after_a_restart(desk: Desk) -> None:
    for number in ("1", "2", "3"):
        await desk.ask(f"c{number}", caller_number=f"+49{number}")
    await gives_up(desk, "c1", 10.0)
    await gives_up(desk, "c2", 40.0)
    await gives_up(desk, "c3", 1.0)
    kept = {k: v for k, v in desk.mirror.load().items() if k.startswith("abandoned:")}
    assert set(kept) == {"abandoned:c1", "abandoned:c2", "abandoned:c3"}
    mirror = FakeMirror({**kept, "abandoned:c9": {"number": "+499"}})
    desk.after(30.0)  # since c1 has hung up it is 71 s, since c2 31 s
    book = AbandonedWaits(60.0, desk.clock, mirror)
    book.restore(mirror.load())
    assert set(mirror.load()) == {"abandoned:c2", "abandoned:c3"}, "too old, and unreadable, are dropped"
    for call_id, number, known in (("d1", "+491", None), ("d2", "+492", "c2"), ("d3", "+492", None)):
        await desk.ask(call_id, caller_number=number)
        found = book.take(desk.shell.engine.floor.calls[call_id], "sales")
        assert (None if found is None else found.call_id) == known
    assert set(mirror.load()) == {"abandoned:c3"}


async def test_what_time_had_done_to_a_wait_is_there_again_also_after_a_reload(desk: Desk) -> None:
    """Steps are not taken twice; one that a reload has written anew counts once."""
    often, late = (condition("waited_s >= 10"), condition("waited_s >= 15"))
    steps = (PolicyStep(often, (RaisePriority(1),), 10.0), PolicyStep(late, (RaisePriority(5),)))
    sales = replace(desk.centre.plan.groups["sales"], steps=steps)
    plan = replace(desk.centre.plan, groups={**desk.centre.plan.groups, "sales": sales})
    other = Desk(replace(desk.centre, plan=plan))
    await other.ask("c1")
    await other.ask("c2", caller_number="+4930999")
    for _ in range(3):
        other.after(10.0)
        await other.settled()
    calls = other.shell.engine.floor.calls
    assert [calls[c].priority for c in ("c1", "c2")] == [8, 8]
    await gives_up(other, "c1", 1.0)
    await gives_up(other, "c2", 1.0)
    await other.ask("c3")
    assert calls["c3"].priority == 8
    anew = replace(sales, steps=(PolicyStep(late, (RaisePriority(6),)), steps[0]))
    groups = {**plan.groups, "sales": anew}
    other.abandoned.groups_changed(plan.groups, groups)
    other.shell.feed(events.PlanChanged(replace(plan, groups=groups)))
    await other.ask("c4", caller_number="+4930999")
    assert [calls[c].priority for c in ("c3", "c4")] == [9, 9]
    assert other.in_line("sales") == ["c3", "c4"]
    await other.close()
