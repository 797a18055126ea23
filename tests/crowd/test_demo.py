"""The demo's agents, against a registrar and a controller that only note what is asked of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from acd.crowd import demo, sip
from acd.crowd.demo import Demo
from acd.runtime.control import Request
from acd.runtime.control_server import ControlServer
from acd.runtime.leader import Leader
from acd.settings.environment import Environment
from acd.settings.load import load_centre

CHECKOUT = Path(__file__).parents[2]
LIMIT_S = 10.0


class Server(asyncio.DatagramProtocol):
    """Lets every phone register; answers nothing else. A call can be sent to a phone."""

    def __init__(self) -> None:
        self.contacts: dict[str, tuple[str, int]] = {}
        self.answers: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        message = sip.parse(data)
        if message.status is not None:
            self.answers.append(message.start_line)
        elif message.method == "REGISTER":
            number = sip.address_in(message.require("to")).removeprefix("sip:").partition("@")[0]
            if message.require("expires") == "0":
                del self.contacts[number]
            else:
                self.contacts[number] = addr
            self.transport.sendto(sip.response(message, 200, "OK", "s", "<sip:s>"), addr)

    def call(self, number: str) -> None:
        headers = (
            ("Via", "SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1"), ("From", "<sip:1@127.0.0.1>;tag=a"),
            ("To", f"<sip:{number}@127.0.0.1>"), ("Call-ID", f"call-{number}"), ("CSeq", "1 INVITE"),
            ("Contact", "<sip:s@127.0.0.1>"),
        )  # fmt: skip
        data = sip.encode(f"INVITE sip:{number}@127.0.0.1 SIP/2.0", headers)
        self.transport.sendto(data, self.contacts[number])


class Floor:
    """Two agents; what the demo asks for happens at once."""

    def __init__(self) -> None:
        self.agents = [self.agent("anna", "1001"), self.agent("ben", "1002")]
        self.asked: list[tuple[str, str]] = []
        self.looks = 0

    @staticmethod
    def agent(name: str, extension: str) -> dict[str, Any]:
        return {"id": name, "extension": extension, "phone": None, "state": "logged_out", "desktop": False}

    def status(self, _request: Request) -> dict[str, Any]:
        self.looks += 1
        return {"agents": self.agents}

    def change(self, state: str) -> Callable[[Request], dict[str, Any]]:
        def handle(request: Request) -> dict[str, Any]:
            self.asked.append((request["do"], request["agent"]))
            for agent in self.agents:
                if agent["id"] == request["agent"]:
                    agent["state"] = state
                    agent["phone"] = None if state == "logged_out" else agent["extension"]
            return {}

        return handle

    async def looked(self) -> None:
        """The demo has seen what is so now, and done what it does about it."""
        looks = self.looks
        await until(lambda: self.looks >= looks + 3)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110 - by the demo, which tells nobody
            await asyncio.sleep(0.005)


@asynccontextmanager
async def running(tmp_path: Path) -> AsyncIterator[tuple[Server, Floor]]:
    """The demo of the example centre; at the end it is stopped as `acd server` does."""
    floor, loop = Floor(), asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(Server, local_addr=("127.0.0.1", 0))
    address = transport.get_extra_info("sockname")
    states = {"login": "not_ready", "ready": "ready", "not-ready": "not_ready", "logout": "logged_out"}
    environment = Environment(tmp_path, CHECKOUT / "config", CHECKOUT / "ivr_flows")
    control = ControlServer(
        environment.control_socket,
        {"status": floor.status} | {do: floor.change(s) for do, s in states.items()},
    )
    await control.start()
    centre = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")
    played = Demo(centre, dict.fromkeys(centre.phones, "secret"), address, Leader(environment))
    task = asyncio.create_task(played.run())
    try:
        await until(lambda: {a["state"] for a in floor.agents} == {"ready"})
        yield server, floor
    finally:
        task.cancel()
        await asyncio.wait((task,))
        await control.stop()
        transport.close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No breaks by chance, no pauses; phones ring for ever."""
    monkeypatch.setattr(demo, "LOOK_S", 0.01)
    monkeypatch.setattr(demo, "BREAK", 0.0)
    monkeypatch.setattr(demo, "BREAK_S", (0.0, 0.0))
    monkeypatch.setattr(demo, "UNANSWERED", 1.0)


By = Callable[[dict[str, Any]], None]


@pytest.mark.parametrize(
    "by",
    [
        pytest.param(lambda anna: anna.update(desktop=True), id="a desktop"),
        pytest.param(lambda anna: anna.update(phone="w1001"), id="a browser's phone"),
    ],
)
async def test_an_agent_whom_somebody_plays_is_left_alone_for_good(tmp_path: Path, by: By) -> None:
    async with running(tmp_path) as (server, floor):
        anna = floor.agents[0]
        by(anna)
        await until(lambda: "1001" not in server.contacts)
        assert "1002" in server.contacts
        floor.asked.clear()
        for state in ("not_ready", "logged_out"):
            anna.update(desktop=False, phone=None, state=state)
            await floor.looked()
        anna.update(phone="1003", state="ready")
        await until(lambda: "1003" not in server.contacts)
        assert floor.asked == []
        floor.agents[1]["state"] = "logged_out"
        await until(lambda: ("ready", "ben") in floor.asked)
    assert ("logout", "ben") in floor.asked
    assert ("logout", "anna") not in floor.asked


async def test_a_call_that_rings_there_goes_on_to_the_next_agent(tmp_path: Path) -> None:
    async with running(tmp_path) as (server, floor):
        server.call("1001")
        server.call("1002")
        await until(lambda: len(server.answers) == 2)
        floor.agents[0]["desktop"] = True
        await until(lambda: "1001" not in server.contacts)
        await until(lambda: len(server.answers) == 3)
        assert server.answers == ["SIP/2.0 180 Ringing"] * 2 + ["SIP/2.0 486 Busy Here"]
