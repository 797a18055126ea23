"""One browser on the live picture: how far it may fall behind, in bytes and in time."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import pytest

from acd.web.live.client import BEHIND_MAX_BYTES, BEHIND_MAX_S, CLOSE_LIMIT_S, SLOWEST_BYTES_S, Client


class Socket:
    """Takes a message when it is let."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.takes = asyncio.Semaphore(0)
        self.closed: list[str] = []

    async def send_str(self, text: str) -> None:
        await self.takes.acquire()
        self.sent.append(text)

    async def close(self, *, code: int, message: bytes, drain: bool) -> None:
        self.closed.append(message.decode())


class Transport(asyncio.WriteTransport):
    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


class Time:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
async def socket() -> Socket:
    return Socket()


def client_of(socket: Socket) -> Client:
    return Client(cast("Any", socket), cast("Any", None), cast("Any", None))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_what_changes_while_a_large_first_picture_is_sent_waits(socket: Socket) -> None:
    client = client_of(socket)
    sending = asyncio.create_task(client.send())
    client.push("x" * (8 * BEHIND_MAX_BYTES), picture="all")
    for _ in range(7):
        client.push("y" * BEHIND_MAX_BYTES)
    socket.takes.release()
    await settle()
    assert (len(socket.sent), socket.closed) == (1, [])
    for _ in range(7):
        socket.takes.release()
    await settle()
    assert len(socket.sent) == 8
    sending.cancel()


@pytest.mark.parametrize("times", [0, 3])
async def test_who_is_further_behind_than_that_is_cut_off(socket: Socket, times: int) -> None:
    client = client_of(socket)
    sending = asyncio.create_task(client.send())
    client.push("x" * (times * BEHIND_MAX_BYTES), picture="all")
    for _ in range(max(1, times) + 2):
        client.push("y" * BEHIND_MAX_BYTES)
    socket.takes.release()
    await settle()
    assert socket.closed == ["too-slow"]
    await sending


async def test_each_message_has_its_time(socket: Socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long those before it took: a picture of many megabytes takes a slow line many seconds."""
    clock = Time(monkeypatch)
    client = client_of(socket)
    sending = asyncio.create_task(client.send())
    client.push("x" * (10 * SLOWEST_BYTES_S), picture="all")
    client.push("small")
    for after_s in (BEHIND_MAX_S + 9.9, BEHIND_MAX_S - 0.1):
        clock.now += after_s
        client.heard_at = clock.now
        client.check(clock.now)
        await settle()
        assert socket.closed == []
        socket.takes.release()
        await settle()
    client.push("small")
    clock.now += BEHIND_MAX_S + 0.1
    client.heard_at = clock.now
    client.check(clock.now)
    socket.takes.release()
    await settle()
    assert socket.closed == ["too-slow"]
    await sending
    assert time.monotonic() == clock.now


async def test_who_asks_for_all_again_and_again_is_cut_off(socket: Socket) -> None:
    """The first picture of each topic waits for free; another one of a topic counts while that waits."""
    client = client_of(socket)
    sending = asyncio.create_task(client.send())
    for topic in ("calls", "agents", "me"):
        client.push("x" * BEHIND_MAX_BYTES, picture=topic)
    for _ in range(3):
        client.push("x" * BEHIND_MAX_BYTES, picture="me")
    socket.takes.release()
    await settle()
    assert socket.closed == ["too-slow"]
    await sending


async def test_a_picture_that_was_taken_may_be_asked_for_again(socket: Socket) -> None:
    client = client_of(socket)
    sending = asyncio.create_task(client.send())
    for n in range(5):
        client.push("x" * BEHIND_MAX_BYTES, picture="me")
        socket.takes.release()
        await settle()
        assert len(socket.sent) == n + 1
    sending.cancel()


async def test_one_that_is_closed_while_it_takes_nothing_is_ended(
    socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Time(monkeypatch)
    transport = Transport()
    client = Client(cast("Any", socket), cast("Any", None), transport)
    sending = asyncio.create_task(client.send())
    client.push("x")
    await settle()
    client.close(1000, "session-over")
    client.check(clock.now + CLOSE_LIMIT_S)
    assert not transport.aborted
    client.check(clock.now + CLOSE_LIMIT_S + 0.1)
    assert transport.aborted
    sending.cancel()
