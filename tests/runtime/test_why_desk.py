"""What operators ask of a running controller about one call, over the control socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from acd.core import events
from acd.errors import RequestRefused
from acd.runtime.control import request
from acd.runtime.control_server import ControlServer
from acd.runtime.why_desk import WhyDesk
from acd.runtime.world import GroupViews
from tests.runtime.fakes import Desk


class House:
    """The example centre and its control socket."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk()
        floor = self.desk.shell.engine.floor
        views = GroupViews(floor, self.desk.paces, self.desk.clock)
        self.socket = folder / "run" / "acd.sock"
        why = WhyDesk(floor, self.desk.clock, views.expected_wait)
        self.server = ControlServer(self.socket, why.handlers())

    async def why(self, call: Any = "") -> dict[str, Any]:
        return await request(self.socket, do="why", call=call)

    async def refused(self, call: Any = "") -> tuple[str, str]:
        with pytest.raises(RequestRefused) as refusal:
            await self.why(call)
        return refusal.value.code, str(refusal.value)


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path)
    await house.server.start()
    yield house
    await house.server.stop()
    await house.desk.close()


async def test_the_one_that_waits_need_not_be_named(house: House) -> None:
    house.desk.shell.feed(events.AgentLoggedIn("anna", "1001"))
    await house.desk.ask("c1")
    house.desk.clock.now += 12
    answer = await house.why()
    assert (answer["call"], answer["state"]) == ("c1", "waiting")
    why = answer["why"]
    assert (why["group"], why["position"], why["waited_s"]) == ("sales", 1, 12.0)
    assert [agent["id"] for agent in why["agents"]["able"]] == ["anna"]
    assert why["expected_known"] is False  # who is not ready takes no caller
    assert [fact["fact"] for fact in answer["facts"]][-1] == "Queued"


@pytest.mark.parametrize("name", ["c1", "+4930123", "+49 30 123", "c1 "])
async def test_by_id_and_by_number(house: House, name: str) -> None:
    await house.desk.ask("c1")
    await house.desk.ask("d2", caller_number="+4930999")
    assert (await house.why(name))["call"] == "c1"


@pytest.mark.parametrize("name", ["+49 30 12345678", "03012345678", "0049 30 12345678", "(030) 1234-5678"])
async def test_a_number_is_found_however_it_is_written(house: House, name: str) -> None:
    await house.desk.ask("c1", caller_number="+493012345678")
    assert (await house.why(name))["call"] == "c1"


async def test_a_caller_without_a_number_is_found_by_what_stands_in_its_place(house: House) -> None:
    await house.desk.ask("c1", caller_number="sipp")
    assert (await house.why("sipp"))["call"] == "c1"
    await house.desk.ask("c2", caller_number="sipp")
    assert await house.refused("sipp") == (
        "several-calls",
        "that may be one of 2 calls, name it: c1 (sales), c2 (sales)",
    )


async def test_by_the_beginning_of_the_id(house: House) -> None:
    await house.desk.ask("a261122-100000-1")
    assert (await house.why("a2611"))["call"] == "a261122-100000-1"


async def test_who_talks_does_not_wait(house: House) -> None:
    await house.desk.talking()
    answer = await house.why("c1")
    assert (answer["state"], answer["why"]) == ("talking", None)
    assert "Offered" in [fact["fact"] for fact in answer["facts"]]


async def test_a_call_that_has_just_ended_can_be_told(house: House) -> None:
    await house.desk.talking()
    house.desk.shell.feed(events.CallEnded("c1"))
    assert (await house.why("c1"))["state"] == "ended"
    assert (await house.refused("c"))[0] == "unknown-call"


async def test_what_cannot_be_told_is_refused_with_what_to_do(house: House) -> None:
    assert (await house.refused())[0] == "no-call-waits"
    assert await house.refused("nosuch") == (
        "unknown-call",
        "no call 'nosuch' goes on; 'acd status' shows those that do",
    )
    for number in range(12):
        await house.desk.ask(f"c{number}")
    code, message = await house.refused()
    assert code == "several-calls"
    assert message.startswith("that may be one of 12 calls, name it: c0 (sales), c1 (sales)")
    assert message.endswith(" and 4 more")
    assert (await house.why("c1"))["call"] == "c1"  # a whole id goes before beginnings of others
    assert (await house.refused(7))[0] == "bad-request"
    assert (await house.refused("x" * 10_000))[0] == "unknown-call"
