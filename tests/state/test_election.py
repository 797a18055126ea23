"""Who leads: two and three controllers on a real Redis, whatever is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NoReturn

import pytest
import pytest_asyncio

from acd import election
from acd.election import Election
from acd.gate import Gate
from acd.runtime.peers import PeerAnswer, Reach
from acd.settings.controllers import ControllerPlace
from acd.state import lease
from acd.state.lease import Holder, Lease
from acd.state.redis_hash import RedisServer
from tests.redis_server import RedisProcess

LIMIT_S = 10.0


class Ended(Exception):
    """The process would have ended."""


def _end(reason: str) -> NoReturn:
    raise Ended(reason)


class Town:
    """Controllers that can ask each other, unless the way is cut, or one is dead or frozen."""

    def __init__(self, server: RedisServer, hosts: Mapping[str, str]) -> None:
        self.places = {name: ControllerPlace(name, host) for name, host in hosts.items()}
        self.gates = {name: Gate(_end) for name in hosts}
        self.leases = {name: Lease(server, "acd", name) for name in hosts}
        self.dead: set[str] = set()
        self.cut: set[frozenset[str]] = set()
        self.all = {
            name: Election(
                place,
                [other for other in self.places.values() if other is not place],
                self.leases[name],
                self._asker(name),
                self.gates[name],
            )
            for name, place in self.places.items()
        }
        self.keeping: dict[str, asyncio.Task[None]] = {}

    def _asker(self, of: str) -> election.AskPeer:
        async def ask(
            place: ControllerPlace, do: str, limit_s: float, fields: Mapping[str, Any]
        ) -> PeerAnswer:
            if frozenset({of, place.name}) in self.cut:
                await asyncio.sleep(limit_s)
                return PeerAnswer(Reach.SILENT)
            if place.name in self.dead:
                return PeerAnswer(Reach.REFUSED)
            other = self.all[place.name]
            if do == "promise":
                return PeerAnswer(
                    Reach.ANSWERED, other.promise(fields["name"], fields["fence"], fields["for_s"])
                )
            return PeerAnswer(Reach.ANSWERED, other.leadership())

        return ask

    async def lead(self, name: str, limit_s: float = LIMIT_S) -> None:
        """It leads, and keeps at it."""
        async with asyncio.timeout(limit_s):
            await self.all[name].until_leading()
        self.keeping[name] = asyncio.create_task(self.all[name].keep())

    async def dies(self, name: str) -> None:
        """Without a word."""
        self.dead.add(name)
        self.keeping[name].cancel()
        await asyncio.gather(self.keeping[name], return_exceptions=True)

    async def ends(self, name: str, limit_s: float = LIMIT_S) -> str:
        """Why it found that it must not lead any more."""
        async with asyncio.timeout(limit_s):
            with pytest.raises(Ended) as why:
                await self.keeping[name]
        return str(why.value)

    async def close(self) -> None:
        for task in self.keeping.values():
            task.cancel()
        await asyncio.gather(*self.keeping.values(), return_exceptions=True)
        for one in self.leases.values():
            one.close()


@pytest.fixture(autouse=True)
def quick_election(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(election, "LEASE_S", 0.6)
    monkeypatch.setattr(election, "RENEW_EVERY_S", 0.1)
    monkeypatch.setattr(election, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(election, "NOT_RENEWED_S", 0.25)
    monkeypatch.setattr(election, "PEER_ANSWERS_WITHIN_S", 0.1)
    monkeypatch.setattr(lease, "ANSWER_WITHIN_S", 0.15)


@pytest_asyncio.fixture
async def town(server: RedisServer) -> AsyncIterator[Town]:
    """Two, each on a machine of its own."""
    made = Town(server, {"one": "192.0.2.1", "two": "192.0.2.2"})
    yield made
    await made.close()


async def _stays_by(town: Town, name: str, for_s: float = 1.0) -> None:
    with pytest.raises(TimeoutError):
        await town.lead(name, for_s)


async def _until(there: Callable[[], bool]) -> None:
    for _ in range(round(LIMIT_S / 0.02)):
        if there():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come about")


async def test_one_leads_and_the_other_takes_over_from_the_dead(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(election, "LEASE_S", 2.0)
    town = Town(server, {"one": "192.0.2.1", "two": "192.0.2.1"})
    await town.lead("one")
    await _stays_by(town, "two")
    assert town.all["two"].leader == "one"
    await town.dies("one")
    began = asyncio.get_running_loop().time()
    await town.lead("two")
    assert asyncio.get_running_loop().time() - began < 1.7, "sooner than the lease runs out"
    assert town.all["two"].fence == 2
    await town.close()


async def test_another_machine_that_refuses_connections_may_lead_until_its_lease_is_over(town: Town) -> None:
    """A firewall that rejects answers as a machine without the process does."""
    await town.lead("one")
    town.keeping["one"].cancel()  # cut off from Redis, and from the other one by such a firewall
    town.dead.add("one")
    await town.lead("two")
    assert not town.gates["one"].is_open, "never two at a time"


async def test_a_frozen_leader_finds_that_it_is_over(town: Town) -> None:
    await town.lead("one")
    town.keeping["one"].cancel()  # frozen: it renews nothing, and its machine takes connections
    await town.lead("two")
    with pytest.raises(Ended, match="ran out"):
        town.gates["one"].check()
    town.keeping["one"] = asyncio.create_task(town.all["one"].keep())
    assert await town.ends("one") == "two leads under number 2"


async def test_a_machine_that_refuses_connections_is_not_dead_while_it_renews(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(election, "LEASE_S", 2.0)
    monkeypatch.setattr(election, "NOT_RENEWED_S", 0.8)  # it renews in time on a busy machine, too
    await town.lead("one")
    town.dead.add("one")  # a firewall that refuses looks like it
    await _stays_by(town, "two")


async def test_redis_away_stops_nothing_as_long_as_the_others_stand_back(
    town: Town, process: RedisProcess
) -> None:
    await town.lead("one")
    process.stall()
    standing_by = asyncio.create_task(_stays_by(town, "two", 1.5))
    await standing_by
    town.gates["one"].check()
    process.thaw()
    await _stays_by(town, "two", 0.5)
    town.gates["one"].check()


async def test_emptied_redis_changes_nothing(town: Town, process: RedisProcess) -> None:
    await town.lead("one")
    for _ in range(5):
        await asyncio.to_thread(process.cli, "flushall")
        await _stays_by(town, "two", 0.2)
    town.gates["one"].check()


async def test_cut_off_from_redis_and_from_the_others_a_leader_ends(
    town: Town, process: RedisProcess
) -> None:
    await town.lead("one")
    town.cut.add(frozenset({"one", "two"}))
    process.stall()
    assert await town.ends("one") == "the lease ran out before it could be renewed"
    process.thaw()
    await town.lead("two")


async def test_a_dead_neighbour_on_the_same_machine_need_not_promise(
    server: RedisServer, process: RedisProcess
) -> None:
    town = Town(server, {"one": "127.0.0.1", "two": "127.0.0.1"})
    await town.lead("one")
    town.dead.add("two")
    process.stop()
    await asyncio.sleep(1.0)
    town.gates["one"].check()
    await town.close()


async def test_on_another_machine_it_might_lead(town: Town, process: RedisProcess) -> None:
    await town.lead("one")
    town.dead.add("two")
    process.stop()
    assert await town.ends("one") == "the lease ran out before it could be renewed"
    town.all["one"].mine = None
    town.all["one"].others_are_down()
    await town.lead("one")  # an operator has said that no other one runs
    town.gates["one"].check()


async def test_without_redis_from_the_start_the_others_decide(
    server: RedisServer, process: RedisProcess
) -> None:
    process.stop()
    town = Town(server, {"one": "192.0.2.1", "two": "192.0.2.2", "three": "192.0.2.3"})
    waiting = {asyncio.create_task(one.until_leading()): name for name, one in town.all.items()}
    done, rest = await asyncio.wait(waiting, timeout=LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
    leaders = {waiting[task] for task in done}
    assert len(leaders) == 1
    town.keeping = {name: asyncio.create_task(town.all[name].keep()) for name in leaders}
    done, rest = await asyncio.wait(rest, timeout=1.5)
    assert not done, "the others stand back"
    await asyncio.to_thread(process.start)
    done, rest = await asyncio.wait(rest, timeout=1.0)
    assert not done, "the leader has the lease now"
    seen = await town.leases[leaders.copy().pop()].look()
    assert seen.holder is not None
    assert {seen.holder.name} == leaders
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    await town.close()


async def test_a_lease_that_is_free_in_redis_may_be_led_without(town: Town, process: RedisProcess) -> None:
    """Redis is away from the leader only: the other sees a free lease, and asks first."""
    await town.lead("one")
    town.leases["one"]._server = RedisServer(port=1)
    town.leases["one"].close()
    await _stays_by(town, "two", 1.5)
    town.gates["one"].check()


async def test_handed_over(town: Town) -> None:
    await town.lead("one")
    town.all["two"].expect(1.0)
    waiting = asyncio.create_task(town.lead("two"))
    assert (await town.all["one"].hand_over("two")).name == "two"
    await waiting
    await town.keeping["one"]
    assert town.all["one"].leadership()["leads"] is False


async def test_a_promise_given_while_the_lease_is_taken_holds(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(election, "LEASE_S", 2.0)
    two, taken, gives_up = town.all["two"], town.leases["two"].take, town.leases["two"].give_up
    given_up = asyncio.Event()

    async def take(for_s: float, least: int, instead_of: Holder | None = None) -> Holder:
        holder = await taken(for_s, least, instead_of)
        assert two.promise("one", 1, election.LEASE_S)["promised"]
        return holder

    async def give_up(mine: Holder) -> None:
        await gives_up(mine)
        given_up.set()

    monkeypatch.setattr(town.leases["two"], "take", take)
    monkeypatch.setattr(town.leases["two"], "give_up", give_up)
    trying = asyncio.create_task(_stays_by(town, "two", LIMIT_S))
    async with asyncio.timeout(LIMIT_S):
        await given_up.wait()
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    await _stays_by(town, "two", 0.3)
    monkeypatch.undo()
    assert (await town.leases["one"].look()).holder is None, "it has given the lease up"


async def test_that_the_others_are_down_holds_of_none_who_answers_later(
    server: RedisServer, process: RedisProcess
) -> None:
    town = Town(server, {"one": "192.0.2.1", "two": "192.0.2.2", "three": "192.0.2.3"})
    for name in ("two", "three"):
        town.cut.add(frozenset({"one", name}))
    process.stop()
    town.all["one"].others_are_down()
    await town.lead("one")
    town.cut.discard(frozenset({"one", "two"}))
    await _until(lambda: town.all["two"].leader == "one")
    await asyncio.sleep(2 * election.LEASE_S)
    town.gates["one"].check()  # the third is still down
    town.cut.add(frozenset({"one", "two"}))
    assert await town.ends("one") == "the lease ran out before it could be renewed"
    await town.close()


async def test_that_the_others_are_down_holds_until_redis_is_there(town: Town, process: RedisProcess) -> None:
    town.cut.add(frozenset({"one", "two"}))
    process.stop()
    town.all["one"].others_are_down()
    await town.lead("one")
    await asyncio.to_thread(process.start)
    await _until(lambda: town.all["one"].in_redis)
    process.stop()
    assert await town.ends("one") == "the lease ran out before it could be renewed"


async def test_one_that_could_not_lead_does_not_stand_for_it(town: Town, process: RedisProcess) -> None:
    two = town.all["two"]
    two.unfit = "the configuration is faulty"
    standing_by = asyncio.create_task(_stays_by(town, "two", LIMIT_S))
    await _until(lambda: two.in_redis)
    standing_by.cancel()
    await asyncio.gather(standing_by, return_exceptions=True)
    await _stays_by(town, "two", 0.3)
    process.stop()
    await _stays_by(town, "two", 0.3)
    await town.lead("one")
    assert two.leader == "one", "it stands back for others"
    two.unfit = ""
