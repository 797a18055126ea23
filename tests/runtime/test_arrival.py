"""A new call waits for the directory: what may happen meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from acd.core.calls import CallState
from acd.core.facts import Customer
from acd.core.ports import Ask, AskKind
from acd.errors import TelephonyError
from acd.runtime.arrival import Clocks, arrive
from acd.runtime.dial_plan import DialPlan
from acd.runtime.numbers import NumberBook
from tests.runtime.fakes import START, Desk, FakeLine

ASK = Ask(AskKind.NEW, "c1", None, "+8613800138000", "", "8000")


async def test_who_hangs_up_while_the_directory_is_asked_is_no_call_for_ever() -> None:
    desk, asked, answered = Desk(), asyncio.Event(), asyncio.Event()

    async def find(_number: str) -> Customer | None:
        asked.set()
        await answered.wait()
        return Customer("C-1", "Wang")

    numbers = NumberBook(desk.now, DialPlan(desk.now), lambda: {})
    arriving = asyncio.create_task(
        arrive(desk.shell, numbers, find, ASK, FakeLine(), desk.switch, Clocks(START, START))
    )
    async with asyncio.timeout(5):
        await asked.wait()
        assert "c1" not in desk.shell.engine.floor.calls
        desk.switch.hung_up.add("c1")
        answered.set()
        with pytest.raises(TelephonyError, match="hung up"):
            await arriving
    call = desk.shell.engine.floor.calls.get("c1")
    assert call is None or call.state is CallState.ENDED


@pytest.mark.parametrize(
    ("began", "asks_after_s"), [(0.0, 0.02), (0.97, 0.05), (0.7, 1.3), (0.99, 1.4), (0.0, 0.9), (0.2, 30.0)]
)
@pytest.mark.parametrize("set_by_s", [0.0, 3600.0, -3600.0])
def test_a_call_that_could_not_ask_at_once_began_when_asterisk_took_it(
    began: float, asks_after_s: float, set_by_s: float
) -> None:
    """To a second, whatever was done to the machine's clock since the controller's start."""
    second, engine_ahead_s = 1_795_740_249, -set_by_s
    now = second + began + asks_after_s
    clocks = Clocks(now - 60, now - 60 + engine_ahead_s)
    at = clocks.begun_at(second + 0.5, now, now + engine_ahead_s)
    truly = now + engine_ahead_s - asks_after_s
    told = at if at is not None else now + engine_ahead_s
    assert abs(told - truly) <= 1.0
    assert at is not None or asks_after_s <= 1.0


@pytest.mark.parametrize("set_by_s", [3600.0, -3600.0, 5.0])
@pytest.mark.parametrize("is_taken_before", [True, False])
def test_a_call_that_comes_as_the_clock_is_set_began_just_now(set_by_s: float, is_taken_before: bool) -> None:
    second, engine_now = 1_795_740_249, 1_000.0
    clocks = Clocks(second - 60, engine_now - 61)
    began = second if is_taken_before else second + set_by_s
    for asks_after_s in (1.0, 1.3):  # another one at the same time
        told = clocks.begun_at(began + 0.5, second + asks_after_s + set_by_s, engine_now + asks_after_s - 1)
        assert told is None or abs(told - engine_now) <= 1.0
