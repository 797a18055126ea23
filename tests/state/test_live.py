"""Disk and Redis together: the newer of the two is taken at the start, and both have it afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from acd.settings.model import RedisSettings
from acd.state.live import LiveMirror
from acd.state.redis_hash import RedisServer
from tests.redis_server import RedisProcess
from tests.state.test_redis import there, until


@asynccontextmanager
async def live_in(folder: Path, server: RedisServer | None) -> AsyncIterator[LiveMirror]:
    """Both, for as long as a process would have them."""
    settings = None if server is None else RedisSettings(server.address, server.port)
    live = LiveMirror.configured(folder / "live", settings, "")
    await live.open()
    task = asyncio.create_task(live.run())
    try:
        yield live
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await live.close()


async def all_there(live: LiveMirror) -> None:
    """Wait until Redis has all."""
    await until(lambda: live.facts()["in_redis"] and live.facts()["waiting_for_redis"] == 0)


async def test_without_redis_there_is_the_disk(tmp_path: Path) -> None:
    async with live_in(tmp_path, None) as live:
        live.put("a", {"n": 1})
        live.put("b", {})
        live.drop("b")
        assert live.facts() == {"on_disk": True, "in_redis": None, "waiting_for_redis": 0}
        assert live.safe
    async with live_in(tmp_path, None) as live:
        assert live.load() == {"a": {"n": 1}}


async def first_life(folder: Path, server: RedisServer) -> None:
    """Two keys, in both places."""
    async with live_in(folder, server) as live:
        live.put("call:1", {"state": "waiting"})
        live.put("agent:anna", {"state": "ready"})
        live.put("call:0", {})
        live.drop("call:0")
        await all_there(live)


FIRST = {"call:1": {"state": "waiting"}, "agent:anna": {"state": "ready"}}


def disk_lost(folder: Path, _process: RedisProcess) -> None:
    (folder / "live" / "live.jsonl").unlink()


def redis_lost(_folder: Path, process: RedisProcess) -> None:
    process.cli("flushall")


def nothing_lost(_folder: Path, _process: RedisProcess) -> None:
    pass


@pytest.mark.parametrize("lose", [disk_lost, redis_lost, nothing_lost])
async def test_what_one_of_the_two_has_is_not_lost(
    tmp_path: Path, server: RedisServer, process: RedisProcess, lose: Callable[[Path, RedisProcess], None]
) -> None:
    await first_life(tmp_path, server)
    lose(tmp_path, process)
    async with live_in(tmp_path, server) as live:
        assert live.load() == FIRST
        await all_there(live)
        assert there(process) == FIRST
    async with live_in(tmp_path, None) as live:
        assert live.load() == FIRST


async def test_both_lost(tmp_path: Path, server: RedisServer, process: RedisProcess) -> None:
    await first_life(tmp_path, server)
    disk_lost(tmp_path, process)
    redis_lost(tmp_path, process)
    async with live_in(tmp_path, server) as live:
        assert live.load() == {}


async def test_the_disk_is_newer_after_a_life_without_redis(
    tmp_path: Path, server: RedisServer, process: RedisProcess
) -> None:
    await first_life(tmp_path, server)
    async with live_in(tmp_path, None) as live:
        live.drop("call:1")
    async with live_in(tmp_path, server) as live:
        assert live.load() == {"agent:anna": {"state": "ready"}}
        await all_there(live)
        assert there(process) == {"agent:anna": {"state": "ready"}}


async def test_redis_is_newer_after_a_life_on_another_machine(
    tmp_path: Path, server: RedisServer, process: RedisProcess
) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    await first_life(here, server)
    async with live_in(elsewhere, server) as live:
        assert live.load() == FIRST
        live.put("call:2", {"state": "ivr"})
        await all_there(live)
    async with live_in(here, server) as live:
        assert live.load() == FIRST | {"call:2": {"state": "ivr"}}
        live.drop("call:2")
    async with live_in(here, None) as live:
        assert live.load() == FIRST


async def test_started_without_redis_it_goes_on_from_the_disk_and_says_so(
    tmp_path: Path, server: RedisServer, process: RedisProcess
) -> None:
    await first_life(tmp_path, server)
    process.stop()
    with capture_logs() as logs:
        async with live_in(tmp_path, server) as live:
            assert live.load() == FIRST
            assert live.facts() == {"on_disk": True, "in_redis": False, "waiting_for_redis": 2}
            assert live.safe
            live.put("call:1", {"state": "talking"})
            process.start()
            await all_there(live)
            assert there(process) == FIRST | {"call:1": {"state": "talking"}}
    assert [line["event"] for line in logs] == [
        "live state is not mirrored to Redis, routing goes on",
        "starting with the live state on disk alone, Redis may have newer",
        "live state is in Redis again",
    ]


async def test_a_full_disk_beside_redis_loses_nothing(
    tmp_path: Path, server: RedisServer, process: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    class FullDisk:
        def write(self, _data: bytes) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    await first_life(tmp_path, server)
    async with live_in(tmp_path, server) as live:
        assert live._disk._file is not None
        live._disk._file.close()
        live._disk._file = FullDisk()  # type: ignore[assignment]
        live.put("call:1", {"state": "talking"})
        assert live.facts()["on_disk"] is False
        await all_there(live)
        assert live.safe
        process.stop()
        await until(lambda: not live.safe)
        process.start()
        await all_there(live)
    async with live_in(tmp_path, server) as live:
        assert live.load()["call:1"] == {"state": "talking"}
