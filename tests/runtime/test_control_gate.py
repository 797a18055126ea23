"""The control port: who proves to know the password is let in, and nobody else hears a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from acd.errors import OperatorError
from acd.runtime import control_gate
from acd.runtime.control import close, exchange
from acd.runtime.control_proof import NotProved, check, prove
from acd.runtime.control_server import ControlServer
from acd.runtime.peers import Reach, ask_peer
from acd.settings.controllers import ControllerPlace
from tests.runtime.controllers import HERE, free_port, frozen

PASSWORD = "a" * 32
HEX = b"0" * 64


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ControlServer]:
    """At the port and behind the socket."""
    server = ControlServer(tmp_path / "acd.sock", {"echo": lambda asked: {"came": dict(asked)}})
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def port(server: ControlServer) -> int:
    """Where it listens."""
    return await server.listen_at(HERE, 0, PASSWORD)


async def heard_of(port: int, *said: bytes) -> bytes:
    """All that comes back until the connection ends."""
    reader, writer = await asyncio.open_connection(HERE, port)
    try:
        for line in said:
            writer.write(line)
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        await close(writer)


async def test_who_proves_it_asks_as_behind_the_socket(port: int) -> None:
    reader, writer = await asyncio.open_connection(HERE, port)
    await prove(reader, writer, PASSWORD)
    for name in ("anna", "王芳"):
        answer = await exchange(reader, writer, 2, {"do": "echo", "name": name})
        assert answer == {"ok": True, "came": {"do": "echo", "name": name}}
    await close(writer)


async def test_another_password_is_none(server: ControlServer, port: int) -> None:
    reader, writer = await asyncio.open_connection(HERE, port)
    with pytest.raises(NotProved, match="does not accept"):
        await prove(reader, writer, "b" * 32)
    await close(writer)
    assert server.refused == 1


@pytest.mark.parametrize(
    "said",
    [
        b'{"do": "echo"}\n' + b" " * 100,
        b"GET /health HTTP/1.1\r\nHost: acd\r\nUser-Agent: " + b"a" * 100 + b"\r\n\r\n",
        b"\x16\x03\x01" + b"\0" * 200,
        b"x" * 1_000_000,
        b"acd-control 2 " + HEX + b"\n",
        b"acd-control 1 " + b"g" * 64 + b"\n",
        b"acd-control 1 " + HEX + b"0",
    ],
    ids=["request", "http", "tls", "long", "version", "no hex", "no line"],
)
async def test_a_stranger_hears_nothing(server: ControlServer, port: int, said: bytes) -> None:
    assert await heard_of(port, said) == b""
    assert server.refused == 1


@pytest.mark.parametrize("proof", [HEX + b"\n", b"\xff" * 65, b'{"do": "echo"}' + b" " * 60])
async def test_who_only_begins_as_ours_do_hears_a_nonce(
    server: ControlServer, port: int, proof: bytes
) -> None:
    told = await heard_of(port, b"acd-control 1 " + HEX + b"\n", proof)
    assert len(told) == 65 or told == b""
    assert server.refused == 1


async def test_who_says_nothing_is_gone_after_a_moment(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_gate, "PROOF_LIMIT_S", 0.05)
    assert await heard_of(port) == b""


async def test_what_the_server_said_to_one_does_not_open_the_door_to_another(port: int) -> None:
    """A reflection: the server's own proof is no client's."""
    reader, writer = await asyncio.open_connection(HERE, port)
    writer.write(b"acd-control 1 " + HEX + b"\n")
    nonce = await reader.readexactly(65)
    other_reader, other = await asyncio.open_connection(HERE, port)
    other.write(b"acd-control 1 " + nonce)
    await other_reader.readexactly(65)
    writer.write(nonce)
    assert await reader.read() == b""
    await close(writer)
    await close(other)


async def test_an_impostor_of_the_server_is_noticed() -> None:
    async def pretend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(79)
        writer.write(HEX + b"\n")
        await reader.readexactly(65)
        writer.write(HEX + b"\n")
        await close(writer)

    impostor = await asyncio.start_server(pretend, HERE, 0)
    port = impostor.sockets[0].getsockname()[1]
    found = await ask_peer(ControllerPlace("two", HERE, port), PASSWORD)
    impostor.close()
    assert (found.reach, found.reason) == (Reach.BROKEN, "it does not know our control password")


async def test_the_oldest_of_too_many_strangers_goes(port: int) -> None:
    opened = [await asyncio.open_connection(HERE, port) for _ in range(control_gate.UNPROVED_MAX + 1)]
    async with asyncio.timeout(2):
        with pytest.raises((EOFError, ConnectionResetError)):
            await opened[0][0].readexactly(1)
    assert (await ask_peer(ControllerPlace("one", HERE, port), PASSWORD, do="echo")).reach is Reach.ANSWERED
    for _, writer in opened:
        await close(writer)


async def test_strangers_are_told_of_now_and_then(server: ControlServer, port: int) -> None:
    with capture_logs() as logs:
        for _ in range(20):
            await heard_of(port, b"x" * 100)
    assert server.refused == 20
    assert [(line["log_level"], line["refused"]) for line in logs] == [("warning", 1)]


async def test_too_many_inside(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_gate, "INSIDE_MAX", 0)
    assert (await ask_peer(ControllerPlace("one", HERE, port), PASSWORD)).reach is Reach.BROKEN


async def test_a_port_that_is_taken(server: ControlServer, port: int, tmp_path: Path) -> None:
    other = ControlServer(tmp_path / "other.sock", {})
    with pytest.raises(OperatorError, match=rf"port {port} on {HERE} cannot be used"):
        await other.listen_at(HERE, port, PASSWORD)
    with pytest.raises(OperatorError, match="control password"):
        await other.listen_at(HERE, 0, "")
    await other.stop()


async def test_a_long_line_of_who_is_inside_ends_the_connection(port: int) -> None:
    reader, writer = await asyncio.open_connection(HERE, port)
    await prove(reader, writer, PASSWORD)
    writer.write(b"x" * 200_000)
    async with asyncio.timeout(2):
        with pytest.raises((EOFError, ConnectionResetError)):
            await reader.readexactly(1)
    await close(writer)


async def test_how_a_try_to_reach_a_peer_ends(server: ControlServer, port: int) -> None:
    place = ControllerPlace("one", HERE, port)
    there = await ask_peer(place, PASSWORD, do="echo", word="well")
    assert (there.reach, there.answer["came"]) == (Reach.ANSWERED, {"do": "echo", "word": "well"})
    assert (await ask_peer(place, PASSWORD)).answer["error"] == "bad-request"
    assert (await ask_peer(place, "b" * 32)).reach is Reach.BROKEN
    await server.stop()
    assert (await ask_peer(place, PASSWORD)).reach is Reach.REFUSED
    with frozen(port):
        assert (await ask_peer(place, PASSWORD, limit_s=0.05)).reach is Reach.SILENT
    nowhere = ControllerPlace("two", "no-such-host.invalid", free_port())
    assert (await ask_peer(nowhere, PASSWORD)).reach is Reach.SILENT


async def test_both_sides_need_the_same_of_the_same() -> None:
    """The proof by itself, either way round."""
    ends: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    taken = asyncio.Event()

    def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.append((reader, writer))
        taken.set()

    listener = await asyncio.start_server(take, HERE, 0)
    ours = await asyncio.open_connection(*listener.sockets[0].getsockname()[:2])
    await taken.wait()
    await asyncio.gather(prove(*ours, PASSWORD), check(*ends[0], PASSWORD))
    await close(ours[1])
    await close(ends[0][1])
    listener.close()
