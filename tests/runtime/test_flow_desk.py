"""What operators ask of a running controller about flows, over the control socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio

from acd.core.engine import Engine
from acd.core.events import CallArrived, FlowStarted
from acd.core.fact_json import fact_from_dict
from acd.core.facts import Arrived, CallKind, FlowEntered
from acd.errors import RequestRefused
from acd.runtime.announcements import Announcements
from acd.runtime.callbacks import CallbackDesk
from acd.runtime.control import request
from acd.runtime.control_server import ControlServer
from acd.runtime.flow_desk import FlowDesk
from acd.runtime.reload import Reloader
from tests.core.centre import PLAN
from tests.runtime.fakes import Clock, FakeMirror, FakeRecorder


class FakeReloader:
    """Takes what it is asked; refuses when told so."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.faults = ""

    async def reload(self, who: str) -> dict[str, Any]:
        """As `Reloader.reload`."""
        self.asked.append(("reload", who))
        if self.faults:
            raise RequestRefused("reload-refused", self.faults)
        return {"changed": True, "number": 7, "tests": "no tests", "later": []}

    async def rollback(self, number: int, who: str) -> dict[str, Any]:
        """As `Reloader.rollback`."""
        self.asked.append(("rollback", number, who))
        return {"number": 8}

    def listing(self) -> dict[str, Any]:
        """As `Reloader.listing`."""
        return {"active": 7, "calls": {"abc": 2}}


class Desk:
    """A flow desk behind a socket."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "run" / "acd.sock"
        self.reloader = FakeReloader()
        self.engine = Engine(PLAN)
        self.clock = Clock()
        mirror, recorder = FakeMirror(), FakeRecorder()
        self.open_wishes = {"c0-cb1": "+4930"}
        self.announcements = Announcements(mirror, self.clock, lambda: ["storm"])
        self.callbacks = CallbackDesk(mirror, recorder, self.clock)
        self.desk = FlowDesk(
            cast(Reloader, self.reloader),
            self.announcements,
            self.callbacks,
            lambda: dict(self.open_wishes),
            self.engine.floor,
        )
        self.server = ControlServer(self.socket, self.desk.handlers())

    async def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        return await request(self.socket, do=do, **fields)


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    await desk.server.start()
    await desk.desk.refresh_callbacks()
    yield desk
    await desk.server.stop()


async def test_reload_and_rollback_say_who_asked(desk: Desk) -> None:
    assert (await desk.ask("reload", who="anna"))["number"] == 7
    assert (await desk.ask("rollback", number=3, who="ben"))["number"] == 8
    assert desk.reloader.asked == [("reload", "anna"), ("rollback", 3, "ben")]
    assert (await desk.ask("versions"))["calls"] == {"abc": 2}


async def test_a_refused_reload_comes_back_whole(desk: Desk) -> None:
    desk.reloader.faults = "\n".join(f"ivr_flows/main.yml:{n}: steps: wrong" for n in range(2000))
    with pytest.raises(RequestRefused) as refused:
        await desk.ask("reload", who="anna")
    assert str(refused.value) == desk.reloader.faults


@pytest.mark.parametrize(
    "fields",
    [
        {"do": "reload"},
        {"do": "reload", "who": 7},
        {"do": "rollback", "number": "3", "who": "anna"},
        {"do": "rollback", "who": "anna"},
        {"do": "announce-on", "name": "storm", "who": "anna", "until": "18:00"},
        {"do": "announce-off", "name": None, "who": "anna"},
        {"do": "trace"},
    ],
)
async def test_what_is_no_request_is_answered_so(desk: Desk, fields: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused) as refused:
        await request(desk.socket, **fields)
    assert refused.value.code == "bad-request"
    assert desk.reloader.asked == []


async def test_announcements(desk: Desk) -> None:
    answer = await desk.ask("announce-on", name="storm", who="anna", until=desk.clock.now + 60)
    assert answer["announcements"][0]["on"]
    assert desk.announcements.on() == {"storm"}
    assert (await desk.ask("announcements"))["announcements"] == answer["announcements"]
    assert (await desk.ask("announce-off", name="storm", who="anna"))["was_on"]
    assert desk.announcements.on() == frozenset()


async def test_callbacks_that_were_done_elsewhere(desk: Desk) -> None:
    assert desk.callbacks.take("c1", "sales", "+4930", "en") is not None
    desk.open_wishes.clear()
    await desk.ask("callbacks-changed")
    assert desk.callbacks.take("c1", "sales", "+4930", "en") is None


async def test_the_facts_of_a_call_that_goes_on(desk: Desk) -> None:
    desk.engine.handle(CallArrived("c1", CallKind.INBOUND, "5", "", "8000"), 10.0)
    desk.engine.handle(FlowStarted("c1", "main", "abc"), 11.0)
    told = [fact_from_dict(fact) for fact in (await desk.ask("trace", call="c1"))["facts"]]
    assert told == [Arrived(10.0, CallKind.INBOUND, "5", "", "8000"), FlowEntered(11.0, "main", "abc")]
    with pytest.raises(RequestRefused, match="no call 'c2' goes on"):
        await desk.ask("trace", call="c2")
