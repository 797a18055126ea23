"""One browser on the live picture: how far it may fall behind, in bytes and in time."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import pytest

from acd.web.live.client import BEHIND_MAX_BYTES, BEHIND_MAX_S, SLOWEST_BYTES_S, Client


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
    client.push("x" * (8 * BEHIND_MAX_BYTES), counts=False)
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
    client.push("x" * (times * BEHIND_MAX_BYTES), counts=False)
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
    client.push("x" * (10 * SLOWEST_BYTES_S), counts=False)
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
