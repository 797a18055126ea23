"""Bounds of calls outside: how many, for how much, when, and what is said of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acd.core import events, outside_facts
from acd.core.facts import EndedBy
from acd.core.outside_events import OutsideAnswered
from acd.core.outside_facts import FLOW
from acd.core.ports import AskKind
from acd.ivr.hours import Calendar
from acd.runtime.dial_plan import Denial
from acd.runtime.outside_guard import Alarm, OutsideGuard
from acd.runtime.spending import SpendingBook
from acd.settings.outside import Dialing
from acd.settings.spending import OutsideLimits, Rate, Rates
from tests.runtime.fakes import Desk, FakeLine, FakeMirror
from tests.runtime.test_dial_plan import centre

NUMBER = "03012345678"
RATES = Rates("EUR", {"+49": Rate(0.6, 0.1), "+4917": Rate(1.2), "+44": Rate(6.0)}, step_s=60)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A centre with a dial plan; limits are set by `bound`."""
    desk = Desk(centre())
    desk.ready("anna", "ben", "dora")
    yield desk
    desk.shell.close()


def bound(desk: Desk, limits: OutsideLimits, rates: Rates | None = RATES, **of_seller: Any) -> None:
    """From here on these hold."""
    dialing = desk.now.now.dialing
    assert isinstance(dialing, Dialing)
    seller = replace(dialing.roles["seller"], **of_seller)
    roles = {**dialing.roles, "seller": seller}
    desk.now.now = replace(
        desk.now.now, dialing=replace(dialing, limits=limits, rates=rates, roles=roles, flow_role="seller")
    )


async def dial(desk: Desk, call_id: str, phone: str = "1001", number: str = NUMBER) -> FakeLine:
    """An agent's phone dials."""
    return await desk.ask(call_id, phone=phone, caller_number=phone, dialed_number=number)


async def talk(desk: Desk, call_id: str, seconds: float, phone: str = "1001", number: str = NUMBER) -> None:
    """A whole call."""
    await dial(desk, call_id, phone, number)
    desk.shell.feed(OutsideAnswered(call_id))
    desk.after(seconds)
    desk.shell.feed(events.CallEnded(call_id, EndedBy.CALLER))


def reason(desk: Desk, call_id: str) -> str | None:
    """Why the call was refused, as it is on record."""
    refused = [f for f in desk.facts(call_id) if isinstance(f, outside_facts.OutsideRefused)]
    return refused[-1].reason if refused else None


async def test_so_many_at_a_time(desk: Desk) -> None:
    bound(desk, OutsideLimits(calls_max=2), None)
    await dial(desk, "c1")
    await dial(desk, "c2", "1002", "+442079460123")
    line = await dial(desk, "c3", "1004")
    assert reason(desk, "c3") == "outside-calls-full"
    assert line.heard == ["There are too many calls to the outside. Please try again later."]
    await dial(desk, "c4", "1005", "112")
    assert reason(desk, "c4") is None
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    desk.shell.feed(events.CallEnded("c3", EndedBy.CALLER))
    await dial(desk, "c5")
    assert reason(desk, "c5") is None
    assert +desk.guard.refused == {"outside-calls-full": 1}


async def test_an_emergency_call_takes_nobodys_place(desk: Desk) -> None:
    bound(desk, OutsideLimits(calls_max=1), None)
    await dial(desk, "c1", "1005", "112")
    await dial(desk, "c2")
    assert reason(desk, "c2") is None


async def test_so_many_of_an_agent_whom_customers_are_sent_by_included(desk: Desk) -> None:
    bound(desk, OutsideLimits(agent_calls_max=1), None)
    await desk.talking(agent="anna")
    await desk.ask("c1", kind=AskKind.BLIND_TRANSFER, trunk="main", target=NUMBER)
    assert desk.guard.denial("anna", "+493012345678") is Denial.OWN_CALLS_FULL
    assert desk.guard.denial("dora", "+493012345678") is None
    assert desk.guard.denial(FLOW, "+493012345678") is None


async def test_so_many_of_a_role_and_to_a_destination(desk: Desk) -> None:
    bound(desk, OutsideLimits(destinations={"+44": 1}), None, calls_max=1)
    await dial(desk, "c1")
    await dial(desk, "c2", "1004")
    assert reason(desk, "c2") == "outside-calls-full"
    await dial(desk, "c3", "1002", "+442079460123")
    assert desk.guard.denial("ben", "+442079460124") is Denial.DESTINATION_FULL
    assert desk.guard.denial("ben", "+33142345678") is None


async def test_only_while_the_calendar_is_open(desk: Desk) -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = datetime.fromtimestamp(desk.clock.now, zone)
    minute = now.hour * 60 + now.minute
    closed = Calendar("office", zone)
    opened = Calendar("office", zone, weekly={now.weekday(): ((minute, minute + 1),)})
    bound(desk, OutsideLimits(), None, hours=closed)
    assert desk.guard.denial("anna", "+493012345678") is Denial.OUT_OF_HOURS
    assert desk.guard.denial("anna", "112") is None
    bound(desk, OutsideLimits(), None, hours=opened)
    assert desk.guard.denial("anna", "+493012345678") is None


async def test_a_budget_a_day_and_the_alarms_before(desk: Desk) -> None:
    told: list[Alarm] = []
    desk.guard.on_alarm = told.append
    bound(desk, OutsideLimits(budget=9.0, agent_budget=6.0), budget=3.0)
    await talk(desk, "c1", 181)  # four minutes begun: 2.50
    assert desk.book.spent() == {"anna": pytest.approx(2.5)}
    desk.guard.look()
    desk.guard.look()
    assert [(a.who, a.percent) for a in told] == [("anna", 80)]
    await dial(desk, "c2")
    assert reason(desk, "c2") == "own-budget-spent"
    assert desk.guard.denial("dora", "+493012345678") is None
    await talk(desk, "c3", 60, "1002", "+442079460123")  # 6.00
    assert desk.guard.denial("dora", "+491701234567") is Denial.BUDGET_SPENT
    assert desk.guard.denial("dora", "112") is None
    desk.guard.look()
    assert [(a.who, a.percent) for a in told[1:]] == [("", 80), ("ben", 100)]
    desk.clock.now += 86_400
    assert desk.book.spent() == {}
    assert desk.guard.denial("anna", "+493012345678") is None
    assert desk.guard.alarms() == []


async def test_an_alarm_comes_once_a_day_whatever_restarts(desk: Desk) -> None:
    bound(desk, OutsideLimits(agent_budget=3.0))
    await talk(desk, "c1", 181)  # 2.50
    desk.guard.look()
    began = desk.guard.told()
    assert [(a.who, a.percent) for a in began] == [("anna", 80)]
    kept = desk.mirror.load()
    book = SpendingBook(desk.now, desk.clock, FakeMirror(kept))
    again, told = OutsideGuard(desk.now, desk.shell.engine.floor, desk.clock, book), list[Alarm]()
    again.on_alarm = told.append
    book.restore(kept)
    again.restore(kept)
    desk.clock.now += 60
    again.look()
    assert (told, again.told()) == ([], began)  # the same moment, so that who has heard of it can tell
    desk.clock.now += 86_400
    assert again.told() == []
    again.restore({"outside-told": {"day": book.day, "alarms": [{"who": "anna"}]}})  # told, not fatal
    assert again.told() == []


async def test_a_talk_that_goes_on_is_counted_too(desk: Desk) -> None:
    bound(desk, OutsideLimits(agent_budget=1.0))
    await dial(desk, "c1")
    desk.shell.feed(OutsideAnswered("c1"))
    assert desk.guard.denial("anna", "+493012345678") is Denial.OWN_BUDGET_SPENT
    assert desk.book.spent() == {"anna": pytest.approx(0.7)}


async def test_what_flows_and_transfers_spend(desk: Desk) -> None:
    bound(desk, OutsideLimits(), budget=50.0)
    await desk.talking(agent="anna")
    await desk.ask("c1", kind=AskKind.BLIND_TRANSFER, trunk="main", target=NUMBER)
    desk.shell.feed(OutsideAnswered("c1"))
    desk.after(61)
    await desk.ask("c1", kind=AskKind.AGENT_LEFT)
    assert desk.book.meters == {}
    assert desk.book.spent() == {"anna": pytest.approx(1.3)}


@pytest.mark.parametrize(("number", "why"), [("+33142345678", Denial.NO_RATE), ("+442079460123", None)])
async def test_what_has_no_price_is_not_dialled(desk: Desk, number: str, why: Denial | None) -> None:
    bound(desk, OutsideLimits())
    assert desk.guard.denial("ben", number) is why


async def test_too_long_or_too_dear(desk: Desk) -> None:
    over: list[str] = []
    desk.guard.on_over = over.append
    bound(desk, OutsideLimits(longest_s=600, dearest=3.1))
    assert desk.guard.longest_s("+493012345678") == pytest.approx(300)
    assert desk.guard.longest_s("112") is None
    ends_ms, tone_ms = desk.guard.dial_limit("+493012345678") or (0, 0)
    assert (ends_ms - tone_ms, ends_ms > 86_400_000) == (300_000, True)
    await dial(desk, "c1")
    desk.shell.feed(OutsideAnswered("c1"))
    desk.after(299)
    desk.guard.look()
    assert desk.guard.over_limit == 0
    desk.after(10)
    desk.guard.look()
    desk.guard.look()
    assert (desk.guard.over_limit, over) == (1, [])
    bound(desk, OutsideLimits(longest_s=100, ends=True))
    assert desk.guard.dial_limit("+493012345678") == (100_000, 50_000)
    desk.guard.look()
    assert over == ["c1"]


async def test_it_outlives_a_restart(desk: Desk) -> None:
    bound(desk, OutsideLimits())
    await talk(desk, "c1", 60)
    await dial(desk, "c2", "1002", "+442079460123")
    desk.shell.feed(OutsideAnswered("c2"))
    again = SpendingBook(desk.now, desk.clock, FakeMirror(desk.mirror.load()))
    again.restore(desk.mirror.load())
    again.stop_gone(lambda call_id: call_id == "c2")
    assert again.spent() == desk.book.spent() == {"anna": pytest.approx(0.7), "ben": pytest.approx(6.0)}
    again.stop_gone(lambda _: False)  # its end was missed
    assert again.meters == {}
    assert again.spent()["ben"] == pytest.approx(6.0)
    again.restore({"outside-spent": {"day": 1, "by": "no"}})  # unreadable: told, not fatal


@pytest.mark.parametrize(
    ("number", "talked_s", "cost"),
    [
        ("+4930123", 0, 0.7),
        ("+4930123", 60, 0.7),
        ("+4930123", 61, 1.3),
        ("+491701234567", 61, 2.4),  # the longest prefix
        ("+33142345678", 61, 0.0),
    ],
)
def test_what_a_call_costs(number: str, talked_s: float, cost: float) -> None:
    assert RATES.cost(number, talked_s) == pytest.approx(cost)


@pytest.mark.parametrize(
    ("agent", "number", "denied"),
    [
        ("ben", "+19002345678", True),  # 'everybody' has allow: ["+"]
        ("ben", "+881612345678", True),  # a satellite
        ("ben", "+18005551234", False),
        ("anna", "+499001234567", False),  # allowed by a prefix of its own
    ],
)
async def test_what_is_dear_everywhere_has_to_be_named(
    desk: Desk, agent: str, number: str, denied: bool
) -> None:
    decided = desk.reception._outbound._plan.permit(agent, number)
    assert (decided is Denial.PREMIUM) == denied
