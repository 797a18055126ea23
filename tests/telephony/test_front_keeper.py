"""Kamailio is told who is drained and what was written: at once, after it was away, after its restart."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from structlog.testing import capture_logs

from acd.errors import OperatorError
from acd.telephony import front_keeper, front_scans
from acd.telephony.front import TABLES, Front, FrontAway, NodeState
from acd.telephony.front_keeper import FrontKeeper


class PlayedFront:
    """One Kamailio; `why` it cannot be told anything."""

    names = frozenset({"a", "b"})
    where = "192.0.2.9:8088"

    def __init__(self) -> None:
        self.drained: set[str] = set()
        self.read: list[set[str]] = []
        self.told = 0
        self.why = ""
        self.why_not_read = ""
        self.why_not_set = ""
        self.listed = {"a", "b"}
        self.has_read = asyncio.Event()
        self.was_asked = asyncio.Event()

    def each(self) -> list[PlayedFront]:
        return [self]

    async def states(self) -> dict[str, NodeState]:
        if self.why:
            raise FrontAway(self.why)
        return {name: NodeState(up=True, drained=name in self.drained) for name in self.listed}

    async def drain(self, node: str) -> None:
        if self.why_not_set:
            raise FrontAway(self.why_not_set)
        self.told += 1
        self.drained.add(node)

    async def resume(self, node: str) -> None:
        self.told += 1
        self.drained.remove(node)

    async def reload(self, files: set[str]) -> None:
        if self.why_not_read:
            raise FrontAway(self.why_not_read)
        self.read.append(set(files))
        self.has_read.set()

    async def refused(self) -> dict[str, int]:
        self.was_asked.set()
        return {"unknown": 1}


class Kept:
    """A keeper of one, and what it should know."""

    def __init__(self) -> None:
        self.front = PlayedFront()
        self.drained: set[str] = set()
        self.keeper = FrontKeeper(lambda: cast(Front, self.front), lambda: self.drained)


@pytest.fixture
async def kept() -> Kept:
    found = Kept()
    assert await found.keeper.tell() == []
    assert found.front.read == [set(TABLES)]  # what it may have missed while nobody led
    found.front.read.clear()
    return found


async def test_a_kamailio_that_was_started_anew_is_told_who_is_drained(kept: Kept) -> None:
    kept.drained.add("b")
    assert await kept.keeper.tell() == []
    assert kept.front.drained == {"b"}
    assert await kept.keeper.tell() == []
    assert kept.front.told == 1
    kept.front.drained.clear()  # it was
    await kept.keeper.tell()
    assert kept.front.drained == {"b"}
    kept.drained.clear()
    await kept.keeper.tell()
    assert kept.front.drained == set()
    assert kept.front.read == []


async def test_one_that_was_away_is_told_what_it_has_missed(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    kept.front.why = "no Kamailio answers"
    (note,) = await kept.keeper.have_read(["db/phone"])
    assert note.startswith("Kamailio has not read its files anew (no Kamailio answers): until it has")
    kept.drained.add("a")
    assert await kept.keeper.tell() == ["no Kamailio answers"]
    kept.front.why = ""
    assert await kept.keeper.tell() == []
    assert (kept.front.drained, kept.front.read) == ({"a"}, [set(TABLES)])


async def test_what_was_written_is_read_once_and_what_needs_a_start_is_said(kept: Kept) -> None:
    assert await kept.keeper.have_read([]) == []
    (note,) = await kept.keeper.have_read(["nodes.list", "settings.cfg", "db/trunk"])
    assert note == "Kamailio's settings.cfg: takes effect when Kamailio is started again"
    kept.front.why_not_read = "htable.reload: No"
    (note,) = await kept.keeper.have_read(["db/trunk"])
    assert "htable.reload: No" in note
    kept.front.why_not_read = ""
    await kept.keeper.tell()
    assert kept.front.read == [{"nodes.list", "db/trunk"}, set(TABLES)]


async def test_nodes_that_another_leader_has_written_are_read_once(kept: Kept) -> None:
    """Not each time a controller begins to lead: nodes begin anew as if all were up."""
    kept.front.listed = {"a", "192.0.2.99"}
    assert await kept.keeper.tell() == []
    assert await kept.keeper.tell() == []
    assert kept.front.read == [{"nodes.list"}]  # the file may say the same
    kept.front.listed = {"a", "b"}
    await kept.keeper.tell()
    assert kept.front.read == [{"nodes.list"}]


async def test_nodes_that_were_written_before_kamailio_was_found_are_read() -> None:
    front, lost = PlayedFront(), ["node-b: no address"]
    front.listed = {"a"}

    def make() -> Front:
        if lost:
            raise OperatorError(lost.pop())
        return cast(Front, front)

    keeper = FrontKeeper(make, set)
    (note,) = await keeper.have_read(["nodes.list"])
    assert "node-b: no address" in note
    assert await keeper.tell() == []
    assert front.read == [{*TABLES, "nodes.list"}]


async def test_a_node_that_cannot_be_set_keeps_no_new_phone_back(kept: Kept) -> None:
    kept.front.why_not_set = "Kamailio does not know node b"
    kept.drained.add("b")
    (note,) = await kept.keeper.have_read(["db/phone"])
    assert note == "Kamailio has read its files, but: Kamailio does not know node b"
    assert kept.front.read == [{"db/phone"}]
    await kept.keeper.tell()
    assert kept.front.read == [{"db/phone"}]


async def test_who_leads_no_more_tells_nothing(kept: Kept) -> None:
    class NoLeader(Exception):
        pass

    def may_act() -> None:
        raise NoLeader

    kept.keeper.may_act = may_act
    kept.drained.add("a")
    with pytest.raises(NoLeader):
        await kept.keeper.tell()
    assert kept.front.told == 0


async def test_a_name_that_is_not_found_is_looked_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_keeper, "LOOK_S", 0.001)
    front, lost = PlayedFront(), ["node-b: no address"]

    def make() -> Front:
        if lost:
            raise OperatorError(lost.pop())
        return cast(Front, front)

    running = asyncio.create_task(FrontKeeper(make, set).run())
    async with asyncio.timeout(5):
        await front.has_read.wait()
    running.cancel()


async def test_a_fault_of_ours_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_keeper, "LOOK_S", 0.001)
    front, faults = PlayedFront(), [IndexError("of an answer") for _ in range(3)]

    def drained() -> set[str]:
        if faults:
            raise faults.pop()
        return set()

    with capture_logs() as told:
        running = asyncio.create_task(FrontKeeper(lambda: cast(Front, front), drained).run())
        reading = asyncio.create_task(front.has_read.wait())
        await asyncio.wait({running, reading}, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert reading.done()
    assert [line["event"] for line in told if line["log_level"] == "error"] == [
        "kamailio cannot be told anything"
    ]
    running.cancel()


async def test_what_runs_also_asks_what_kamailio_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_scans, "ASK_EVERY_S", 0.001)
    front = PlayedFront()
    keeper = FrontKeeper(lambda: cast(Front, front), set)
    running = [asyncio.create_task(work) for work in keeper.running()]
    async with asyncio.timeout(5):
        await front.was_asked.wait()
        await front.has_read.wait()
    for task in running:
        task.cancel()
