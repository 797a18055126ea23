"""A new call waits for the directory: what may happen meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from acd.core.calls import CallState
from acd.core.facts import Customer
from acd.core.ports import Ask, AskKind
from acd.errors import TelephonyError
from acd.runtime.arrival import arrive
from acd.runtime.dial_plan import DialPlan
from acd.runtime.numbers import NumberBook
from tests.runtime.fakes import Desk, FakeLine

ASK = Ask(AskKind.NEW, "c1", None, "+8613800138000", "", "8000")


async def test_who_hangs_up_while_the_directory_is_asked_is_no_call_for_ever() -> None:
    desk, asked, answered = Desk(), asyncio.Event(), asyncio.Event()

    async def find(_number: str) -> Customer | None:
        asked.set()
        await answered.wait()
        return Customer("C-1", "Wang")

    numbers = NumberBook(desk.now, DialPlan(desk.now), lambda: {})
    arriving = asyncio.create_task(arrive(desk.shell, numbers, find, ASK, FakeLine(), desk.switch))
    async with asyncio.timeout(5):
        await asked.wait()
        assert "c1" not in desk.shell.engine.floor.calls
        desk.switch.hung_up.add("c1")
        answered.set()
        with pytest.raises(TelephonyError, match="hung up"):
            await arriving
    call = desk.shell.engine.floor.calls.get("c1")
    assert call is None or call.state is CallState.ENDED
