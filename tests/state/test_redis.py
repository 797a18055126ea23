"""The mirror in Redis: always the last values, few commands, and nobody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from acd.state import redis, redis_hash
from acd.state.kept import Kept
from acd.state.redis import RedisMirror
from acd.state.redis_hash import RedisServer
from tests.redis_server import RedisProcess

Values = Mapping[str, Mapping[str, Any]]
NOTHING: Values = {}


@asynccontextmanager
async def mirror_on(server: RedisServer, values: Values = NOTHING) -> AsyncIterator[RedisMirror]:
    """A mirror at work, with everything there, for as long as a process would have it."""
    mirror = RedisMirror(server, "acd", lambda: 17.5)
    mirror.begin(values)
    task = asyncio.create_task(mirror.run())
    try:
        yield mirror
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await mirror.close()


async def until(condition: Callable[[], object], what: str = "it", limit_s: float = 8.0) -> None:
    """Look until it holds."""
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"waited too long for {what}"
        await asyncio.sleep(0.002)


async def synced(mirror: RedisMirror) -> None:
    """Wait until Redis has all."""
    await until(lambda: not mirror.failing and mirror.waiting == 0, "Redis to have all")


def there(process: RedisProcess) -> dict[str, Any]:
    """What is in Redis, the emptied fields and the time left out."""
    lines = process.cli("hgetall", "acd:live").split("\n")
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return {key: json.loads(text) for key, text in pairs if text and key != redis.STAMP}


async def test_what_is_kept_is_found_by_the_next_process(server: RedisServer) -> None:
    async with mirror_on(server, {"agent:anna": {"state": "ready"}}) as mirror:
        mirror.put("call:1", {"name": "王芳", "none": None, "list": [1, 2.5]})
        mirror.put("call:2", {})
        mirror.drop("call:2")
        mirror.drop("call:3")
        assert mirror.load() == {
            "agent:anna": {"state": "ready"},
            "call:1": {"name": "王芳", "none": None, "list": [1, 2.5]},
        }
        await synced(mirror)
        kept = await RedisMirror(server, "acd").fetch()
        assert kept == Kept(mirror.load(), 17.5)
    assert await RedisMirror(server, "other").fetch() == Kept({}, 0.0)


async def test_changes_of_a_moment_are_one_command(server: RedisServer, process: RedisProcess) -> None:
    values = {f"call:{n}": {"n": 0} for n in range(20)}
    async with mirror_on(server, values) as mirror:
        await synced(mirror)
        process.cli("config", "resetstat")
        for n in range(1_000):
            mirror.put("agent:anna", {"n": n})
        for n in range(20):
            mirror.put(f"call:{n}", {"n": 1})
        mirror.put("call:short", {})
        mirror.drop("call:short")
        mirror.drop("call:0")
        await until(lambda: "agent:anna" in there(process))
        assert process.commands()["hmset"] == 1
        await until(lambda: "hdel" in process.commands())
        commands = process.commands()
        assert commands["hmset"] == 1
        assert commands["hdel"] == 1
        assert there(process) == mirror.load()
        assert "call:0" not in process.cli("hkeys", "acd:live").split()


async def test_who_waits_for_redis_need_not_wait_for_the_next_change(
    server: RedisServer, process: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call has ended, and nothing happens after that until its leader hands over."""
    monkeypatch.setattr(redis, "CHECK_S", 60.0)
    async with mirror_on(server, {"call:1": {}, "call:2": {}}) as mirror:
        await synced(mirror)
        mirror.drop("call:1")
        assert await mirror.flush(1.0)
        assert set(there(process)) == {"call:2"}


async def test_a_drop_is_told_with_the_changes_of_its_moment(
    server: RedisServer, process: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller who leaves the menu for a line is never in both, or in neither, in Redis."""
    monkeypatch.setattr(redis, "CHECK_S", 60.0)  # so that nothing is deleted in this test
    async with mirror_on(server, {"flow:1": {"step": "menu"}, "call:1": {}}) as mirror:
        await until(lambda: not mirror.failing)
        mirror.drop("flow:1")
        mirror.put("call:1", {"state": "waiting"})
        await until(lambda: there(process)["call:1"] == {"state": "waiting"})
        assert there(process) == {"call:1": {"state": "waiting"}}
        kept = await RedisMirror(server, "acd").fetch()
        assert kept is not None
        assert kept.values == {"call:1": {"state": "waiting"}}
        mirror.put("flow:1", {"step": "again"})
        await until(lambda: there(process).get("flow:1") == {"step": "again"})


async def test_many_keys_go_in_parts(server: RedisServer, process: RedisProcess) -> None:
    values = {f"call:{n}": {"n": n} for n in range(333)}
    async with mirror_on(server, values) as mirror:
        await synced(mirror)
        assert there(process) == values
        for n in range(333):
            mirror.put(f"call:{n}", {"n": -n})
        for n in range(0, 333, 2):
            mirror.drop(f"call:{n}")
        await synced(mirror)
        assert there(process) == mirror.load() == {f"call:{n}": {"n": -n} for n in range(1, 333, 2)}


async def test_nothing_waits_and_nothing_grows_while_redis_is_away(
    server: RedisServer, process: RedisProcess
) -> None:
    async with mirror_on(server, {"agent:anna": {}}) as mirror:
        await synced(mirror)
        process.stall()
        began = time.perf_counter()
        for n in range(50_000):
            mirror.put(f"call:{n}", {"n": n})
            mirror.put("agent:anna", {"n": n})
            mirror.drop(f"call:{n - 5}")
        assert time.perf_counter() - began < 10.0  # 150,000 changes; each is some dictionary work
        assert len(mirror._values) == 6
        assert len(mirror._changed) + len(mirror._dropped) + len(mirror._emptied) <= 7
        await until(lambda: mirror.failing, "the stall to be noticed")
        for n in range(1_000):
            mirror.put(f"flow:{n}", {})
            await asyncio.sleep(0)
            mirror.drop(f"flow:{n}")
        kept = (mirror._changed, mirror._dropped, mirror._emptied, mirror._there)
        assert sum(map(len, kept)) <= 14
        assert mirror.waiting == 6
        process.thaw()
        await synced(mirror)
        assert there(process) == mirror.load()


def restarted(process: RedisProcess) -> None:
    process.stop()
    process.start()


def emptied(process: RedisProcess) -> None:
    process.cli("flushall")


def another_field(process: RedisProcess) -> None:
    process.cli("hset", "acd:live", "call:of somebody else", "{}")


def another_kind(process: RedisProcess) -> None:
    process.cli("set", "acd:live", "text")


def connection_killed(process: RedisProcess) -> None:
    process.cli("client", "kill", "type", "normal", "skipme", "yes")


@pytest.mark.parametrize("harm", [restarted, emptied, another_field, another_kind, connection_killed])
@pytest.mark.parametrize("busy", [False, True])
async def test_everything_is_mirrored_again(
    server: RedisServer, process: RedisProcess, harm: Callable[[RedisProcess], None], busy: bool
) -> None:
    async with mirror_on(server, {f"call:{n}": {"n": n} for n in range(120)}) as mirror:
        await synced(mirror)

        async def change() -> None:
            while True:
                mirror.put(f"call:{random.randrange(120)}", {"n": random.random()})
                mirror.drop(f"call:{random.randrange(120)}")
                await asyncio.sleep(0.001)

        work = asyncio.create_task(change()) if busy else None
        await asyncio.to_thread(harm, process)
        if work is not None:
            await asyncio.sleep(0.1)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        mirror.put("agent:anna", {"after": True})

        def same() -> bool:
            with contextlib.suppress(AssertionError, ValueError):
                return there(process) == mirror.load()
            return False

        await until(same, "everything to be there again")


async def test_it_is_said_once_when_redis_goes_and_once_when_it_is_back(
    server: RedisServer, process: RedisProcess
) -> None:
    with capture_logs() as logs:
        async with mirror_on(server, {"call:1": {}}) as mirror:
            await synced(mirror)
            assert logs == []
            process.stop()
            await until(lambda: mirror.failing)
            await asyncio.sleep(0.2)  # ten attempts
            process.start()
            await synced(mirror)
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("error", "live state is not mirrored to Redis, routing goes on"),
        ("info", "live state is in Redis again"),
    ]


async def test_a_redis_that_refuses(server: RedisServer, process: RedisProcess) -> None:
    """Out of memory, or whatever else it says."""
    with capture_logs() as logs:
        async with mirror_on(server, {"call:1": {}}) as mirror:
            await synced(mirror)
            process.cli("config", "set", "maxmemory", "1")
            mirror.put("call:1", {"n": 1})
            await until(lambda: mirror.failing)
            process.cli("config", "set", "maxmemory", "0")
            await synced(mirror)
            assert there(process) == {"call:1": {"n": 1}}
    assert logs[0]["reason"].startswith("refused: OOM")
    assert len(logs) == 2


async def test_a_redis_that_is_away_at_the_start(server: RedisServer, process: RedisProcess) -> None:
    process.stop()
    mirror = RedisMirror(server, "acd")
    with capture_logs() as logs:
        assert await mirror.fetch() is None
        process.start()
        process.stall()
        assert await mirror.fetch() is None
        process.thaw()
    assert len(logs) == 1
    assert logs[0]["reason"] == f"cannot connect: Connect call failed ('127.0.0.1', {server.port})"


async def test_the_last_changes_go_out_at_the_end(
    server: RedisServer, process: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis, "GATHER_S", 60.0)
    async with mirror_on(server, {"call:1": {}}) as mirror:
        await synced(mirror)
        mirror.drop("call:1")
        mirror.put("call:2", {"last": True})
    assert there(process) == {"call:2": {"last": True}}


async def test_the_end_does_not_wait_for_a_redis_that_is_away(
    server: RedisServer, process: RedisProcess
) -> None:
    async with mirror_on(server, {"call:1": {}}) as mirror:
        await synced(mirror)
        process.stall()
        began = time.monotonic()
    assert time.monotonic() - began < 5.0
    process.thaw()


async def test_damaged_fields_cost_only_themselves(server: RedisServer, process: RedisProcess) -> None:
    process.cli(
        "hset", "acd:live", redis.STAMP, "12.5", "call:1", '{"n":1}', "call:2", '{"n"', "call:3", "[1]",
        "call:4", "", "call:5", "7", "flow:1", "{}",
    )  # fmt: skip
    assert await RedisMirror(server, "acd").fetch() == Kept({"call:1": {"n": 1}, "flow:1": {}}, 12.5)
    process.cli("hset", "acd:live", redis.STAMP, '"text"')
    kept = await RedisMirror(server, "acd").fetch()
    assert kept is not None
    assert kept.changed_at == 0.0


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_it_ends_with_the_last_values(
    server: RedisServer, process: RedisProcess, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Puts and drops at random, while the server is stalled, restarted and emptied at random."""
    monkeypatch.setattr(redis_hash, "ANSWER_LIMIT_S", 0.3)  # so that some stalls are longer
    dice = random.Random(seed)
    async with mirror_on(server) as mirror:
        expected: dict[str, Any] = {}
        for n in range(400):
            key = f"call:{dice.randrange(60)}"
            if dice.random() < 0.6:
                expected[key] = {"n": n, "text": "x" * dice.randrange(2_000)}
                mirror.put(key, expected[key])
            else:
                expected.pop(key, None)
                mirror.drop(key)
            if dice.random() < 0.02:
                harm = dice.choice([restarted, emptied, another_field, connection_killed, RedisProcess.stall])
                await asyncio.to_thread(harm, process)
                await asyncio.sleep(dice.random() * 0.4)
                process.thaw()
            await asyncio.sleep(dice.choice([0, 0, 0.001, 0.01]))
        await synced(mirror)
        assert mirror.load() == expected
        await until(lambda: there(process) == expected, "the same in Redis")
