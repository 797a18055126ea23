"""The lease, on a real redis-server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from acd.errors import FencedOff, StateError
from acd.state.lease import ANSWER_WITHIN_S, Holder, Lease
from acd.state.redis_hash import NEW_KEPT_S, Fencing, RedisHash, RedisServer
from tests.redis_server import RedisProcess


@pytest_asyncio.fixture
async def leases(server: RedisServer) -> AsyncIterator[tuple[Lease, Lease]]:
    one, two = Lease(server, "acd", "one"), Lease(server, "acd", "two")
    yield one, two
    one.close()
    two.close()


async def test_one_has_it_and_numbers_only_grow(leases: tuple[Lease, Lease]) -> None:
    one, two = leases
    assert (await one.look()).holder is None
    mine = await one.take(5.0, 0)
    assert (mine.name, mine.fence) == ("one", 1)
    assert await two.take(5.0, 0) == mine, "it is held"
    seen = await two.look()
    assert seen.holder is not None
    assert (seen.holder.name, seen.holder.fence, seen.fence) == ("one", 1, 1)
    assert 4.0 < seen.holder.left_s <= 5.0
    await one.give_up(mine)
    later = await two.take(5.0, 0)
    assert (later.name, later.fence) == ("two", 2)
    assert await one.renew(mine, 5.0) == later, "who was the holder hears who is"
    assert (await one.take(5.0, 40, later)).fence == 41, "the number of a node of Asterisk may be higher"


async def test_who_has_renewed_since_somebody_looked_keeps_it(leases: tuple[Lease, Lease]) -> None:
    one, two = leases
    mine = await one.take(2.0, 0)
    seen = await two.look()
    await one.renew(mine, 5.0)
    assert await two.take(5.0, 0, seen.holder) == mine
    seen = await two.look()
    assert (await two.take(5.0, 0, seen.holder)).name == "two"


async def test_it_ends_by_itself(leases: tuple[Lease, Lease]) -> None:
    one, two = leases
    mine = await one.take(0.05, 0)
    for _ in range(400):
        if (await two.look()).holder is None:
            break
        await asyncio.sleep(0.005)
    assert (await two.look()).holder is None
    assert await one.renew(mine, 5.0) == mine, "nobody else has taken it"
    assert (await two.take(5.0, 0)) == mine


async def test_handed_over_in_one_step(leases: tuple[Lease, Lease]) -> None:
    one, two = leases
    mine = await one.take(5.0, 0)
    after = await one.hand_over(mine, "two", 5.0)
    assert (after.name, after.fence) == ("two", 2)
    assert await two.renew(after, 5.0) == after
    assert await one.hand_over(mine, "one", 5.0) == after, "it is no longer ours to give"


async def test_a_redis_that_came_back_empty_gets_it_again(
    leases: tuple[Lease, Lease], process: RedisProcess
) -> None:
    one, two = leases
    mine = await one.take(5.0, 7)
    process.cli("flushall")
    assert await one.renew(mine, 5.0) == mine
    assert (await two.look()).fence == mine.fence == 8


async def test_a_redis_that_stands_still_is_given_up_soon(
    leases: tuple[Lease, Lease], process: RedisProcess
) -> None:
    one, _ = leases
    mine = await one.take(5.0, 0)
    process.stall()
    with pytest.raises(StateError, match="no answer within"):
        await one.renew(mine, 5.0)
    process.thaw()
    assert await one.renew(mine, 5.0) == mine


async def test_what_is_no_lease(leases: tuple[Lease, Lease], process: RedisProcess) -> None:
    process.cli("set", "acd:leader", "nonsense")
    assert (await leases[0].look()).holder is None
    with pytest.raises(StateError, match="'nonsense', which is no controller"):
        await leases[0].take(5.0, 0)
    assert Holder("one", 3).token == "one 3"


async def test_a_writer_of_the_past_is_refused(server: RedisServer, process: RedisProcess) -> None:
    process.cli("set", "acd:fence", "5")
    present = await RedisHash.connect(server, "acd:live", Fencing("acd:fence", 5))
    past = await RedisHash.connect(server, "acd:live", Fencing("acd:fence", 4))
    await present.replace([{"call:1": "{}"}, {"call:2": "{}"}])
    await present.write({"call:3": "{}"})
    for attempt in (past.write({"call:1": "old"}), past.clear(["call:1"]), past.replace([{"call:9": "old"}])):
        with pytest.raises(FencedOff):
            await attempt
    assert await present.read() == {"call:1": "{}", "call:2": "{}", "call:3": "{}"}
    assert await present.clear(["call:3"]) == 2
    present.close()
    past.close()


async def test_of_several_servers_those_that_are_silent_cost_no_time(
    process: RedisProcess, tmp_path: Path
) -> None:
    """A leader hears within one limit that all are away, and of a master at once where there is one."""
    silent = RedisProcess(tmp_path)
    silent.start()
    silent.stall()
    lease = Lease(RedisServer(f"127.0.0.1:{silent.port},127.0.0.1:{process.port}"), "acd", "one")
    now = asyncio.get_running_loop().time
    try:
        assert (await lease.take(5.0, 0)).fence == 1
        lease.close()
        process.stall()
        began = now()
        with pytest.raises(StateError, match="no answer within"):
            await lease.look()
        assert now() - began < 1.8 * ANSWER_WITHIN_S
    finally:
        lease.close()
        silent.stop()
        process.thaw()


async def test_of_two_masters_all_take_the_one_named_first(process: RedisProcess, tmp_path: Path) -> None:
    other = RedisProcess(tmp_path)
    other.start()
    server = RedisServer(f"127.0.0.1:{process.port},127.0.0.1:{other.port}")
    try:
        for name in ("one", "two", "three"):
            lease = Lease(server, "acd", name)
            assert (await lease.take(5.0, 0)).name == "one"
            lease.close()
        assert other.cli("keys", "*") == ""
    finally:
        other.stop()


async def test_what_a_leader_of_the_past_has_left_half_done_goes_by_itself(
    server: RedisServer, process: RedisProcess
) -> None:
    """Its key has its number, so that nobody else writes there."""

    class Killed(Exception):
        pass

    def parts() -> Iterator[dict[str, str]]:
        yield {"call:1": "{}"}
        yield {"call:2": "{}"}
        raise Killed

    there = await RedisHash.connect(server, "acd:live", Fencing("acd:fence", 5))
    with pytest.raises(Killed):
        await there.replace(parts())
    assert 0 < int(process.cli("ttl", "acd:live:new:5")) <= NEW_KEPT_S
    await there.replace([{"call:1": "{}"}])
    assert process.cli("ttl", "acd:live") == "-1", "for ever"
    assert process.cli("keys", "*") == "acd:live"
    there.close()
