"""The guards around asyncio-redis, on a real server and on peers that are none."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from acd.errors import StateError
from acd.state.redis_hash import RedisHash, RedisServer
from tests.integration.centre import free_ports, wait_until
from tests.redis_server import RedisProcess


@pytest_asyncio.fixture
async def there(server: RedisServer) -> AsyncIterator[RedisHash]:
    """An open connection."""
    connection = await RedisHash.connect(server, "acd:live")
    yield connection
    connection.close()


async def test_fields_are_set_counted_and_deleted(there: RedisHash, process: RedisProcess) -> None:
    assert await there.read() == {}
    await there.write({"call:1": '{"name":"王芳"}', "call:2": "", "agent:anna": "x" * 200_000})
    assert await there.read() == {
        "call:1": '{"name":"王芳"}',
        "call:2": "",
        "agent:anna": "x" * 200_000,
    }
    assert await there.clear(["call:2", "call:9"]) == 2
    assert await there.clear([]) == 2
    assert process.cli("keys", "*") == "acd:live"


async def test_replace_leaves_nothing_of_before(there: RedisHash, process: RedisProcess) -> None:
    await there.write({"old": "1", "both": "1"})
    process.cli("hset", "acd:live:new", "left by a crash", "1")
    await there.replace([{"both": "2"}, {"new": "2"}])
    assert await there.read() == {"both": "2", "new": "2"}
    assert process.cli("keys", "*") == "acd:live"


async def test_until_replace_is_done_the_old_one_is_there(there: RedisHash, server: RedisServer) -> None:
    await there.write({"old": "1"})

    class Killed(Exception):
        pass

    def parts() -> Iterator[dict[str, str]]:
        yield {"new": "2"}
        raise Killed

    with pytest.raises(Killed):
        await there.replace(parts())
    assert await there.read() == {"old": "1"}


async def test_password_and_database(tmp_path: Path, quick: None) -> None:
    process = RedisProcess(tmp_path, password="correct horse")
    process.start()
    try:
        server = RedisServer(port=process.port, database=3, password="correct horse")
        there = await RedisHash.connect(server, "acd:live")
        await there.write({"a": "1"})
        there.close()
        assert process.cli("-n", "3", "hget", "acd:live", "a") == "1"
        assert "correct" not in repr(server)
        with pytest.raises(StateError, match="refused: WRONGPASS"):
            await RedisHash.connect(RedisServer(port=process.port, password="battery"), "acd:live")
        without = await RedisHash.connect(RedisServer(port=process.port), "acd:live")
        with pytest.raises(StateError, match="refused: NOAUTH"):
            await without.read()
        without.close()
        with pytest.raises(StateError, match="refused: ERR DB index"):
            await RedisHash.connect(RedisServer("127.0.0.1", process.port, 99, "correct horse"), "acd:live")
    finally:
        process.stop()


async def test_another_kind_of_key(there: RedisHash, process: RedisProcess) -> None:
    process.cli("set", "acd:live", "text")
    with pytest.raises(StateError, match="refused: WRONGTYPE"):
        await there.read()


async def test_texts_of_somebody_else(there: RedisHash, process: RedisProcess) -> None:
    process.cli("eval", r"return redis.call('hset', KEYS[1], '\255', '1')", "1", "acd:live")
    with pytest.raises(StateError, match="not an answer"):
        await there.read()


async def test_nobody_listens(quick: None) -> None:
    with pytest.raises(StateError, match="cannot connect"):
        await RedisHash.connect(RedisServer(port=free_ports(1)[0]), "acd:live")
    with pytest.raises(StateError, match="cannot connect"):
        await RedisHash.connect(RedisServer("no-such-host.invalid"), "acd:live")


async def test_a_server_that_stands_still(
    there: RedisHash, server: RedisServer, process: RedisProcess
) -> None:
    process.stall()
    with pytest.raises(StateError, match="no answer"):
        await there.write({"a": "1"})
    silent = await RedisHash.connect(server, "acd:live")  # the kernel takes the connection
    with pytest.raises(StateError, match="no answer"):
        await silent.read()
    silent.close()


async def test_a_server_that_goes(there: RedisHash, process: RedisProcess) -> None:
    process.stop()
    for _ in range(2):
        with pytest.raises(StateError):
            await there.write({"a": "1"})
    there.close()
    there.close()


STRANGE = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"+OK\r\n",
    b":7\r\n",
    b":x\r\n",
    b"*1\r\n$1\r\n",
    b"$-1\r\n",
    b"",
]


@pytest.mark.parametrize("answer", STRANGE)
async def test_a_peer_that_is_no_redis(answer: bytes, quick: None, caplog: pytest.LogCaptureFixture) -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        gone.set()

    peer = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = peer.sockets[0].getsockname()[1]
    there = await RedisHash.connect(RedisServer(port=port), "acd:live")
    with pytest.raises(StateError):
        await there.read()
    there.close()
    await gone.wait()
    del there
    gc.collect()
    assert not caplog.records
    peer.close()
    await peer.wait_closed()


async def test_of_several_servers_the_master_is_taken(tmp_path: Path, quick: None) -> None:
    """Also when another one has become it; who was connected to the old one is told by a refusal."""
    first, second = RedisProcess(tmp_path), RedisProcess(tmp_path)
    first.start()
    second.start(first)
    try:
        server = RedisServer(f"127.0.0.1:{second.port},127.0.0.1", first.port)
        there = await RedisHash.connect(server, "acd:live")
        await there.write({"a": "1"})
        assert first.cli("hget", "acd:live", "a") == "1"
        has_it = lambda: second.cli("hget", "acd:live", "a") == "1"  # noqa: E731
        await asyncio.to_thread(wait_until, has_it, 5.0, "the replica")
        second.lead()
        first.cli("replicaof", "127.0.0.1", str(second.port))
        with pytest.raises(StateError, match="READONLY"):
            await there.write({"a": "2"})
        there.close()
        again = await RedisHash.connect(server, "acd:live")
        await again.write({"a": "3"})
        again.close()
        assert second.cli("hget", "acd:live", "a") == "3"
        second.stop()
        with pytest.raises(StateError, match=r"cannot connect.*; 127\.0\.0\.1:\d+: is a replica"):
            await RedisHash.connect(server, "acd:live")
    finally:
        first.stop()
        second.stop()
