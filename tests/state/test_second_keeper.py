"""A leader whose loop is busy for longer than its lease lasts: a thread keeps it, nobody else takes it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from typing import NoReturn

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from acd import election
from acd.election import Election
from acd.second_keeper import SecondKeeper
from acd.state.lease import Holder, Lease
from acd.state.redis_hash import RedisServer
from tests.state.test_election import Ended, Town

BUSY_S = 2.0
LIMIT_S = 10.0


@pytest.fixture(autouse=True)
def quick_election(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(election, "LEASE_S", 1.0)
    monkeypatch.setattr(election, "RENEW_EVERY_S", 0.1)
    monkeypatch.setattr(election, "LOOK_EVERY_S", 0.02)


@pytest_asyncio.fixture
async def town(server: RedisServer) -> AsyncIterator[Town]:
    """`one` leads; its loop keeps nothing."""
    made = Town(server, {"one": "192.0.2.1", "two": "192.0.2.2"})
    await made.all["one"].until_leading()
    yield made
    await made.close()


def second(town: Town, server: RedisServer, limit_s: float = LIMIT_S) -> SecondKeeper:
    """Of the one that leads."""
    return SecondKeeper(town.all["one"], Lease(server, "acd", "one"), town.gates["one"], limit_s)


def restore(for_s: float) -> None:
    """Holds the loop, and all of the interpreter that it gets."""
    until = time.monotonic() + for_s
    while time.monotonic() < until:
        pass


def stands_by(two: Election, lease: Lease, for_s: float, took: list[Holder]) -> None:
    """In a thread, as another process would."""

    async def until_leading() -> None:
        try:
            async with asyncio.timeout(for_s):
                took.append(await two.until_leading())
        finally:
            lease.close()  # it is of this loop

    with pytest.raises(TimeoutError):
        asyncio.run(until_leading())


async def test_a_restore_may_take_longer_than_the_lease(server: RedisServer, town: Town) -> None:
    took = list[Holder]()
    rival = threading.Thread(target=stands_by, args=(town.all["two"], town.leases["two"], BUSY_S, took))
    rival.start()
    with second(town, server).at_work():
        restore(BUSY_S)
        town.gates["one"].check()
    await asyncio.to_thread(rival.join, LIMIT_S)
    assert took == []
    seen = await town.leases["one"].look()
    assert seen.holder is not None
    assert seen.holder.token == "one 1"


async def test_it_ends_with_the_start(server: RedisServer, town: Town) -> None:
    with second(town, server).at_work():
        pass
    restore(election.LEASE_S + 0.3)
    with pytest.raises(Ended, match="ran out"):
        town.gates["one"].check()
    assert (await town.all["two"].until_leading()).fence == 2


async def test_one_that_has_lost_the_lead_ends_in_the_middle_of_its_start(
    server: RedisServer, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, ended = town.all["one"].mine, threading.Event()
    assert mine is not None
    await town.leases["one"].hand_over(mine, "two", LIMIT_S)

    def end(reason: str) -> NoReturn:
        ended.set()
        raise Ended(reason)

    monkeypatch.setattr(town.gates["one"], "_end", end)
    with capture_logs() as told, second(town, server).at_work():
        assert ended.wait(LIMIT_S), "while the loop does not get a turn"
        for thread in threading.enumerate():
            if thread.name == "second-keeper":
                thread.join(LIMIT_S)
    assert told[-1]["event"] == "the lease is not kept by a second one"


async def test_a_start_that_hangs_is_not_kept_for_ever(
    server: RedisServer, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the loop is idle meanwhile, and its own keeper renews."""
    ended, reasons = threading.Event(), list[str]()

    def end(reason: str) -> NoReturn:
        reasons.append(reason)
        ended.set()
        raise Ended(reason)

    monkeypatch.setattr(town.gates["one"], "_end", end)
    keeping = asyncio.create_task(town.all["one"].keep())
    with capture_logs(), second(town, server, 0.1).at_work():
        assert await asyncio.to_thread(ended.wait, LIMIT_S)
        for thread in threading.enumerate():
            if thread.name == "second-keeper":
                await asyncio.to_thread(thread.join, LIMIT_S)
    keeping.cancel()
    assert reasons == ["taking over has not come to an end in 0.1 s"]


async def test_of_two_keepers_the_one_that_is_told_late_takes_nothing_back(town: Town) -> None:
    """The loop hears of a renewal from before it was held up; the thread has renewed several times since."""
    gate = town.gates["one"]
    now = time.monotonic()
    gate.open_until(now + LIMIT_S)
    gate.open_until(now - 1.0)
    gate.check()
