"""Connections that say nothing, or half of what they should, by the hundred: others are served."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from acd.web import connections, serving
from tests.web.desktop import Desktop, desktop
from tests.web.test_tls import anyone, over_tls

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
MANY = 200
LIMIT_S = 20.0


OPEN: list[asyncio.StreamWriter] = []


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    """Our ends of all of them, at last."""
    yield
    for writer in OPEN:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in OPEN), return_exceptions=True)
    OPEN.clear()


async def silent(
    house: Desktop, said: bytes = b"", tls: ssl.SSLContext | None = None, source: str = "127.0.0.1"
) -> Ends:
    """A connection that says this, and then nothing."""
    ends = await asyncio.open_connection("127.0.0.1", house.process.port, ssl=tls, local_addr=(source, 0))
    OPEN.append(ends[1])
    ends[1].write(said)
    return ends


async def ended(ends: Ends) -> bytes:
    """Wait until the other side has closed it; what it had said before."""
    said = b""
    async with asyncio.timeout(LIMIT_S):
        try:
            while part := await ends[0].read(1000):
                said += part
        except ConnectionResetError:
            pass
    return said


def make_small(house: Desktop, all_max: int = 1000) -> None:
    """20 connections of an address."""
    house.process.connections.of_address = lambda: 20
    house.process.connections.all_max = all_max


@pytest.mark.parametrize("by_tls", [False, True])
async def test_silent_connections_of_an_address_make_room_the_oldest_first(
    tmp_path: Path, by_tls: bool
) -> None:
    async with AsyncExitStack() as stack:
        if by_tls:
            house, _ = await stack.enter_async_context(over_tls(tmp_path))
        else:
            house = await stack.enter_async_context(desktop(tmp_path))
        make_small(house)
        live = None
        if not by_tls:
            await house.sign_in("anna")
            live = await house.live("me")
        # Neither TLS nor a header: nothing at all.
        knocking = [await silent(house) for _ in range(MANY)]
        assert len(house.process.connections) <= 20
        for one in knocking[:-20]:
            assert await ended(one) == b""
        scheme, context = ("https", anyone()) if by_tls else ("http", None)
        url = f"{scheme}://127.0.0.1:{house.process.port}/api/session"
        async with house.browser() as browser, browser.get(url, ssl=context or True) as answer:
            assert answer.status in (200, 401)
        refused = house.process.services.limits.refused["connections"]
        assert refused >= MANY - 20
        if live is not None:  # an open WebSocket is not silent, however long nothing is said
            await live.socket.send_json({"do": "ping"})
            assert (await live.next(type="pong"))["type"] == "pong"
            await live.socket.close()


async def test_in_all_there_are_so_many_and_a_proxy_may_have_them_all(tmp_path: Path) -> None:
    async with desktop(tmp_path, http_proxies=frozenset({"127.0.0.9"})) as house:
        make_small(house, all_max=60)
        passed_on = [await silent(house, source="127.0.0.9") for _ in range(70)]
        for one in passed_on[:10]:
            assert await ended(one) == b""
        assert len(house.process.connections) == 60
        async with house.client.get("/api/session") as answer:
            assert answer.status == 401
        assert len(house.process.connections) == 60
        async with house.client.get("/metrics") as answer:
            assert 'acd_requests_refused_total{by="connections"} 11.0' in await answer.text()


async def test_where_all_are_busy_nobody_more_is_let_in(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        await house.sign_in("anna")
        async with house.client.get("/api/session", headers={"Connection": "close"}) as answer:
            assert answer.status == 200
        live = await house.live("me")
        assert len(house.process.connections) == 1
        make_small(house, all_max=1)
        assert await ended(await silent(house)) == b""
        await live.socket.send_json({"do": "ping"})
        assert (await live.next(type="pong"))["type"] == "pong"
        await live.socket.close()


async def test_a_proxy_is_no_neighbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is in the network of a busy proxy has room of its own, and takes none of the proxy's."""
    monkeypatch.setattr(connections, "network_of", lambda address: address.rpartition(".")[0])
    async with desktop(tmp_path, http_proxies=frozenset({"127.0.0.9"})) as house:
        make_small(house)
        passed_on = [await silent(house, source="127.0.0.9") for _ in range(30)]
        neighbours = [await silent(house, source="127.0.0.2") for _ in range(25)]
        for one in neighbours[:5]:
            assert await ended(one) == b""
        assert len(house.process.connections) == 30 + 20
        for reader, writer in passed_on:
            writer.write(b"GET /api/session HTTP/1.1\r\nHost: here\r\n\r\n")
            async with asyncio.timeout(LIMIT_S):
                assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")


FILE_BYTES = 30_000_000
"""More than is on the way to somebody who does not read."""


@pytest.fixture
def big_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """What asks for it."""
    pages = tmp_path / "pages"
    pages.mkdir()
    with (pages / "big.bin").open("wb") as file:
        file.truncate(FILE_BYTES)
    monkeypatch.setattr("acd.web.process.FOLDER", pages)
    return b"GET /big.bin HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"


async def download(house: Desktop, ask: bytes, tls: ssl.SSLContext | None = None) -> Ends:
    """One that has begun; no more of it is read."""
    ends = await silent(house, ask, tls)
    async with asyncio.timeout(LIMIT_S):
        assert (await ends[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
    return ends


async def rest_of(ends: Ends) -> int:
    """How many bytes come until the other side has closed it, or has dropped it."""
    count = 0
    async with asyncio.timeout(LIMIT_S):
        try:
            while part := await ends[0].read(1 << 20):
                count += len(part)
        except ConnectionResetError:
            pass
    return count


@pytest.mark.parametrize("by_tls", [False, True])
async def test_a_download_is_not_silent_however_slowly_it_is_read(
    tmp_path: Path, big_file: bytes, by_tls: bool
) -> None:
    async with AsyncExitStack() as stack:
        if by_tls:
            house, _ = await stack.enter_async_context(over_tls(tmp_path))
        else:
            house = await stack.enter_async_context(desktop(tmp_path))
        make_small(house)
        slow = await download(house, big_file, anyone() if by_tls else None)
        knocking = [await silent(house) for _ in range(25)]
        for one in knocking[:6]:
            assert await ended(one) == b""
        assert len(house.process.connections) == 20
        assert await rest_of(slow) == FILE_BYTES


async def test_those_who_never_read_what_they_asked_for_make_room_where_nobody_is_silent(
    tmp_path: Path, big_file: bytes
) -> None:
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: faults.append(told))
    async with desktop(tmp_path) as house:
        make_small(house)
        never_read = [await download(house, big_file) for _ in range(20)]
        more = [await download(house, big_file) for _ in range(5)]  # on the sockets of the first ones
        for one in never_read[:5]:
            assert await rest_of(one) < FILE_BYTES
        assert len(house.process.connections) == 20
        for one in (*never_read[5:], *more):
            assert await rest_of(one) == FILE_BYTES
        left = [one for one in asyncio.all_tasks() if "RequestHandler" in repr(one)]
        await asyncio.wait_for(asyncio.gather(*left, return_exceptions=True), LIMIT_S)
    assert faults == []


async def test_after_its_answers_a_connection_is_silent_again(tmp_path: Path) -> None:
    async with desktop(tmp_path) as house:
        make_small(house)
        ask = b"GET /api/session HTTP/1.1\r\nHost: here\r\n\r\n"
        kept = await silent(house, ask * 3)  # at once
        async with asyncio.timeout(LIMIT_S):
            for _ in range(3):
                assert (await kept[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 401 ")
                await kept[0].readuntil(b"}")
        knocking = [await silent(house) for _ in range(20)]
        await ended(kept)
        knocking[0][1].write(ask)
        async with asyncio.timeout(LIMIT_S):
            assert (await knocking[0][0].readline()).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("said", [b"", b"GET /api/session HTTP/1.1\r\nHost: here\r\nX-Half:"])
async def test_who_does_not_finish_a_header_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(connections, "FIRST_LIMIT_S", 0.3)
    async with desktop(tmp_path) as house:
        assert await ended(await silent(house, said)) == b""
        assert len(house.process.connections) == 0


async def test_who_does_not_agree_on_tls_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HANDSHAKE_LIMIT_S", 0.3)
    async with over_tls(tmp_path) as (house, _):
        half = await silent(house, b"\x16\x03\x01\x02\x00\x01")
        plain = await silent(house, b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        await ended(half)
        await ended(plain)
        assert len(house.process.connections) == 0


async def test_what_comes_with_the_last_word_of_tls_is_heard(tmp_path: Path) -> None:
    async with over_tls(tmp_path) as (house, _):
        request = b"GET /api/session HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
        said = await ended(await silent(house, request, anyone()))
        assert said.startswith(b"HTTP/1.1 401 ")


async def test_between_two_requests_a_connection_is_kept_for_a_while_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acd.web.process.KEPT_S", 0.5)
    monkeypatch.setattr(connections, "FIRST_LIMIT_S", 0.2)
    async with desktop(tmp_path) as house:
        ask = b"GET /api/session HTTP/1.1\r\nHost: here\r\n\r\n"
        ends = await silent(house, ask)
        async with asyncio.timeout(LIMIT_S):
            await ends[0].readuntil(b"\r\n\r\n")
        ends[1].write(ask)
        assert (await ended(ends)).count(b"HTTP/1.1 401 ") == 1
        assert len(house.process.connections) == 0


async def test_a_body_that_does_not_come_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "PATIENCE_S", 0.3)
    async with desktop(tmp_path) as house:
        head = (
            f"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1:{house.process.port}\r\nOrigin: {house.url}\r\n"
        )
        rest = "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        ends = await silent(house, (head + rest).encode())
        async with asyncio.timeout(LIMIT_S):
            assert (await ends[0].readline()).startswith(b"HTTP/1.1 408 ")
            await ends[0].readuntil(b'"too-slow"')
