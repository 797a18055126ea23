"""What is learnt of groups while calls go by, and the wait that callers are told from it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd.core import events
from acd.core.expected_wait import WaitRange
from acd.core.facts import EndedBy, OfferFailure
from acd.core.pace import DEFAULT_HANDLE_TIME_S, Pace
from acd.core.ports import AskKind
from acd.ivr.talk import JoinQueue, News
from acd.runtime.kept_paces import KeptPaces
from acd.runtime.line_announcements import LineAnnouncements
from acd.runtime.queue_wait import QueueWait
from acd.runtime.world import GroupViews
from tests.runtime.fakes import Desk, FakeLine


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    """The example centre; nobody is logged in. Wrap-up takes 10 s in sales, 20 s in support."""
    desk = Desk()
    yield desk
    await desk.close()


def kept(desk: Desk, group: str = "sales") -> Pace:
    """The pace that a restart would find."""
    return Pace.from_dict(json.loads(json.dumps(desk.mirror.values[f"pace:{group}"])))


def views(desk: Desk) -> GroupViews:
    return GroupViews(desk.shell.engine.floor, desk.paces, desk.clock)


async def test_from_the_ring_to_the_end_of_the_wrap_up(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask()
    desk.after(2)
    desk.shell.feed(events.OfferAlerting("c1"))
    desk.after(3)
    desk.shell.feed(events.OfferAnswered("c1"))
    desk.after(100)
    assert desk.paces.busy_with("anna") == "sales"
    await desk.ask(kind=AskKind.AGENT_LEFT)
    assert desk.paces.busy_with("anna") == "sales"
    assert "pace:sales" not in desk.mirror.values
    desk.after(11)
    assert desk.paces.busy_with("anna") is None
    pace = kept(desk)
    assert pace.memories[0].calls == 1.0
    assert pace.lasted_s == pytest.approx(115.0)
    assert pace.memories[0].busy_s == pytest.approx(115.0, rel=0.01)


async def test_one_call_after_the_other_without_a_pause(desk: Desk) -> None:
    """The next ring begins in the same moment in which the wrap-up ends."""
    await desk.talking("c1")
    await desk.ask("c2")
    desk.after(50)
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    desk.after(10.5)
    assert desk.agent("anna") == "ringing"
    assert kept(desk).lasted_s == pytest.approx(60.0)
    assert desk.paces.busy_with("anna") == "sales"


async def test_a_ring_in_vain_is_no_call(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask()
    desk.after(1)
    desk.shell.feed(events.OfferEnded("c1", OfferFailure.DECLINED))
    assert desk.paces.busy_with("anna") is None
    assert "pace:sales" not in desk.mirror.values


async def test_an_own_call_is_no_work_of_a_group(desk: Desk) -> None:
    desk.ready("anna")
    await desk.ask("own", phone="1001", dialed_number="8002")
    assert desk.agent("anna") == "talking"
    assert desk.paces.busy_with("anna") is None


async def test_it_goes_on_after_a_restart(desk: Desk) -> None:
    await desk.talking("c1")
    desk.after(30)
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    desk.after(11)
    await desk.ask("c2")
    desk.shell.feed(events.OfferAnswered("c2"))
    again = Desk(kept=json.loads(json.dumps(desk.mirror.values)))
    again.clock.now = desk.clock.now + 60
    again.paces.restore(again.mirror.load())
    again.shell.restore()
    assert again.paces.busy_with("anna") == "sales"
    assert again.paces.habit("sales", again.clock.now) == desk.paces.habit("sales", desk.clock.now)
    again.shell.close()


async def test_what_cannot_be_read_or_has_no_group_is_dropped(desk: Desk) -> None:
    desk.mirror.values["pace:sales"] = {"at": "yesterday"}
    desk.mirror.values["pace:closed-down"] = Pace().to_dict()
    paces = KeptPaces(desk.shell.engine.floor, desk.mirror)
    paces.restore(desk.mirror.load())
    assert desk.mirror.keys("pace") == []
    assert paces.habit("sales", desk.clock.now).handle_time_s == DEFAULT_HANDLE_TIME_S


async def test_who_gives_up_shortens_the_wait_of_others(desk: Desk) -> None:
    await desk.talking("c0")
    for n in range(1, 21):
        await desk.ask(f"c{n}")
        desk.after(30)
        if n % 2:
            desk.shell.feed(events.CallEnded(f"c{n}", EndedBy.CALLER))
    rate = desk.paces.habit("sales", desk.clock.now).give_ups_per_s
    # Ten of those who waited 30 s each gave up; of the others 1, 2, … 10 waited on, in steps of 60 s.
    waited_s = 10 * 30 + sum(30 + 60 * k for k in range(10))
    assert rate == pytest.approx(10 / (waited_s + 600), rel=0.05)


async def test_the_wait_of_the_next_one(desk: Desk) -> None:
    nobody = views(desk)["sales"]
    assert (nobody.agents_logged_in, nobody.expected_wait_known) == (0, False)
    assert nobody.expected_wait_p90_s > nobody.expected_wait_s > 0
    desk.ready("anna")
    free = views(desk)["sales"]
    assert (free.expected_wait_s, free.expected_wait_p90_s, free.expected_wait_known) == (0.0, 0.0, True)
    await desk.ask("c1")
    desk.shell.feed(events.OfferAnswered("c1"))
    one = views(desk)["sales"]
    assert one.expected_wait_known
    await desk.ask("c2")
    two = views(desk)["sales"]
    assert two.expected_wait_s > 1.5 * one.expected_wait_s > 0
    desk.after(600)  # nobody becomes free
    assert views(desk)["sales"].expected_wait_s > 1.2 * two.expected_wait_s
    desk.shell.feed(events.AgentWentNotReady("anna", "lunch"))
    assert not views(desk)["sales"].expected_wait_known


async def test_an_agent_of_two_lines_counts_by_who_comes_first(desk: Desk) -> None:
    """Chen serves both lines, in the order of the callers' coming."""
    await desk.talking("c0", "chen")
    for call_id, number in (("s1", "8001"), ("t1", "8002"), ("s2", "8001"), ("t2", "8002")):
        desk.after(1)
        await desk.ask(call_id, dialed_number=number)
    waits = []
    for call_id in ("s1", "t1", "s2", "t2"):
        found = views(desk).expected_wait(desk.shell.engine.floor.calls[call_id])
        assert found is not None
        waits.append(found.p50_s)
    assert waits == sorted(waits)
    assert waits[3] > 3 * waits[0]
    assert views(desk).expected_wait(desk.shell.engine.floor.calls["c0"]) is None


async def said(desk: Desk) -> list[str]:
    """What a caller in line for sales is told after two seconds."""
    line = FakeLine()
    await desk.ask("c9")
    call = desk.shell.engine.floor.calls["c9"]
    news = News(2.0, 30.0, position=True, expected_wait=True, comfort=())
    order = JoinQueue("sales", 0, "en", news=news)
    desk.after(2)
    announcements = LineAnnouncements({}, "en")
    await QueueWait(desk.shell, views(desk), announcements, order, line).until_left(
        call, lambda: bool(line.heard)
    )
    return line.heard


async def test_the_wait_is_announced(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.talking("c0")
    monkeypatch.setattr(GroupViews, "expected_wait", lambda *_: WaitRange(130.0, 400.0))
    assert (await said(desk))[:2] == ["You are next in line.", "You will be served in about 3 minutes."]


async def test_no_wait_is_announced_that_nobody_knows(desk: Desk) -> None:
    assert [text for text in await said(desk) if text.startswith("You ")] == ["You are next in line."]
