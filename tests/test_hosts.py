"""Hosts by name while names are found, and while no name server answers."""

from __future__ import annotations

import asyncio
import threading

import pytest

from acd import hosts
from acd.election import PEER_ANSWERS_WITHIN_S
from acd.errors import StateError
from acd.hosts import Hosts, connected
from acd.runtime.peers import Reach, ask_peer
from acd.settings.controllers import ControllerPlace


class Names:
    """A name server: `dead` lets look-ups hang, `gone` knows no name."""

    def __init__(self) -> None:
        self.asked = 0
        self.gone = False
        self.answers = threading.Event()
        self.answers.set()

    def __call__(self, host: str) -> tuple[str, ...]:
        self.asked += 1
        self.answers.wait(10)
        if self.gone:
            raise OSError("Name or service not known")
        return "192.0.2.1", "192.0.2.2"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    monkeypatch.setattr(hosts, "LOOK_UP_LIMIT_S", 10.0)  # one that answers is waited for, however busy
    made = Names()
    monkeypatch.setattr(hosts, "HOSTS", Hosts(made))
    return made


async def test_a_name_that_hangs_is_asked_for_once_and_was_where_it_is(names: Names) -> None:
    found = ("192.0.2.1", "192.0.2.2")
    assert await hosts.HOSTS.addresses_of("redis") == found
    names.answers.clear()
    several = (hosts.HOSTS.addresses_of("redis") for _ in range(5))
    assert await asyncio.gather(*several) == [found] * 5
    assert await hosts.HOSTS.addresses_of("redis") == found
    assert names.asked == 2
    names.gone = True
    names.answers.set()
    assert await hosts.HOSTS.addresses_of("redis") == found
    assert await hosts.HOSTS.addresses_of("192.0.2.9") == ("192.0.2.9",)


async def test_one_that_was_never_found_is_said_and_found_later(names: Names) -> None:
    names.gone = True
    with pytest.raises(OSError, match="the name redis is not found: Name or service not known"):
        await hosts.HOSTS.addresses_of("redis")
    names.gone = False
    assert await hosts.HOSTS.addresses_of("redis") == ("192.0.2.1", "192.0.2.2")


async def test_another_controller_is_asked_at_its_last_address_within_its_own_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    asked, hangs = threading.Event(), threading.Event()

    def look_up(_: str) -> tuple[str, ...]:
        if asked.is_set():
            hangs.wait(10)
        asked.set()
        return ("127.0.0.1",)

    assert 2 * hosts.KNOWN_LIMIT_S < PEER_ANSWERS_WITHIN_S
    monkeypatch.setattr(hosts, "LOOK_UP_LIMIT_S", 30.0)
    monkeypatch.setattr(hosts, "HOSTS", Hosts(look_up))
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        place = ControllerPlace("two", "controller-two", server.sockets[0].getsockname()[1])
        for _ in range(3):  # the second and the third while no name server answers
            answer = await ask_peer(place, "password", limit_s=5.0)
            assert answer.reach is Reach.BROKEN, answer
    hangs.set()


async def test_what_is_no_name_is_said() -> None:
    with pytest.raises(OSError, match=r"the name a\.\.b is not found: it is no name"):
        await Hosts().addresses_of("a..b")


async def test_the_next_address_is_tried(names: Names) -> None:
    async def connect(address: str) -> str:
        if address == "192.0.2.1":
            raise StateError("nobody listens")
        return address

    assert await connected("redis", connect) == "192.0.2.2"

    async def refuse(address: str) -> str:
        raise OSError(address)

    with pytest.raises(OSError, match=r"192\.0\.2\.2"):
        await connected("redis", refuse)
