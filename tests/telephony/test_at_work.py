"""What Asterisk's own database is told of who is at work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from acd.core.agents import AgentState
from acd.core.engine import Engine
from acd.core.plan import AgentProfile, GroupPolicy, Plan
from acd.core.requirement import Requirement
from acd.telephony.ami import AmiLink
from acd.telephony.at_work import AtWork
from tests.telephony.fake_ami import SECRET, Action, FakeAmi, refusal

pytestmark = pytest.mark.timeout(10)
SKILLS = {"anna": ("1001", "sales"), "ben": ("1002", "sales"), "dora": ("1004", "support")}
PLAN = Plan(
    {name: AgentProfile(name, name, phone, {skill: 5}) for name, (phone, skill) in SKILLS.items()},
    {skill: GroupPolicy(skill, skill, Requirement.of({skill: 1})) for skill in ("sales", "support")},
)


class Database:
    """Asterisk's, behind a manager interface by script."""

    def __init__(self, ami: FakeAmi) -> None:
        self.entries: set[tuple[str, str]] = set()
        ami.answers |= {"DBPut": self._put, "DBDel": self._delete, "DBGetTree": self._tree}

    def _put(self, action: Action) -> Sequence[Mapping[str, str]]:
        assert action["Val"] == "1"
        self.entries.add((action["Family"], action["Key"]))
        return [{"Response": "Success", "Message": "Updated database successfully"}]

    def _delete(self, action: Action) -> Sequence[Mapping[str, str]]:
        self.entries.remove((action["Family"], action["Key"]))
        return [{"Response": "Success", "Message": "Key deleted successfully"}]

    def _tree(self, action: Action) -> Sequence[Mapping[str, str]]:
        found = [
            {"Event": "DBGetTreeResponse", "Key": f"/{family}/{key}", "Val": "1"}
            for family, key in sorted(self.entries)
            if family == action["Family"]
        ]
        return [
            {"Response": "Success", "EventList": "start", "Message": "Result will follow"},
            *found,
            {"Event": "DBGetTreeComplete", "EventList": "Complete", "ListItems": str(len(found))},
        ]


class House:
    """An engine's floor, and Asterisk."""

    def __init__(self, ami: FakeAmi) -> None:
        self.ami = ami
        self.database = Database(ami)
        self.floor = Engine(PLAN).floor
        self.link = AmiLink(
            ("127.0.0.1", ami.port), ("acd", SECRET), lambda _event: None, self._up, lambda: None
        )
        self.up = asyncio.Event()
        self.at_work = AtWork(self.floor, self.link)

    async def _up(self) -> None:
        self.up.set()

    def are(self, state: AgentState, *agents: str) -> None:
        """In this state from now on."""
        for agent in agents:
            self.floor.agents[agent].state = state


@pytest.fixture
async def house() -> AsyncIterator[House]:
    ami = FakeAmi()
    await ami.start()
    house = House(ami)
    running = asyncio.create_task(house.link.run())
    await house.up.wait()
    yield house
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await ami.stop()


async def test_who_is_logged_in_and_on_no_break_is_at_work(house: House) -> None:
    house.are(AgentState.READY, "anna")
    house.are(AgentState.NOT_READY, "ben")
    await house.at_work.tell()
    assert house.database.entries == {
        ("acd-work", "1001"), ("acd-staffed", "sales"), ("acd-staffed", "all"),
    }  # fmt: skip
    house.are(AgentState.LOGGED_OUT, "anna")
    house.are(AgentState.TALKING, "dora")
    await house.at_work.tell()
    assert house.database.entries == {
        ("acd-work", "1004"), ("acd-staffed", "support"), ("acd-staffed", "all"),
    }  # fmt: skip
    house.are(AgentState.LOGGED_OUT, "dora")
    await house.at_work.tell()
    assert house.database.entries == set()


async def test_who_is_leaving_is_not_at_work(house: House) -> None:
    """No longer in the plan, and still in a talk."""
    house.are(AgentState.READY, "anna")
    house.are(AgentState.TALKING, "dora")
    agents = {name: profile for name, profile in PLAN.agents.items() if name != "dora"}
    house.floor.plan = replace(PLAN, agents=agents)
    await house.at_work.tell()
    assert house.database.entries == {
        ("acd-work", "1001"), ("acd-staffed", "sales"), ("acd-staffed", "all"),
    }  # fmt: skip


async def test_a_fault_of_ours_ends_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.telephony.at_work.TELL_INTERVAL_S", 0.01)
    told = asyncio.Event()

    def wanted() -> frozenset[tuple[str, str]]:
        if told.is_set():
            return frozenset()
        told.set()
        raise KeyError("a fault")

    monkeypatch.setattr(house.at_work, "wanted", wanted)
    with capture_logs() as logs:
        keeping = asyncio.create_task(house.at_work.keep())
        await told.wait()
        await asyncio.sleep(0)
        assert not keeping.done()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    assert [entry["event"] for entry in logs] == ["who is at work cannot be told"]


async def test_only_what_has_changed_is_written(house: House) -> None:
    house.are(AgentState.READY, "anna", "ben", "dora")
    await house.at_work.tell()
    before = len(house.ami.actions)
    house.are(AgentState.WRAP_UP, "ben")
    await house.at_work.tell()
    assert len(house.ami.actions) == before


async def test_what_was_left_there_is_put_right(house: House) -> None:
    house.database.entries = {("acd-work", "1002"), ("acd-work", "9999"), ("acd-staffed", "gone")}
    house.are(AgentState.READY, "ben")
    await house.at_work.tell()
    right = {("acd-work", "1002"), ("acd-staffed", "sales"), ("acd-staffed", "all")}
    assert house.database.entries == right
    house.database.entries = set()  # another Asterisk
    await house.at_work.tell()
    assert house.database.entries == set()
    house.at_work.anew()
    await house.at_work.tell()
    assert house.database.entries == right


async def test_a_refusal_is_said_once_and_tried_again(house: House) -> None:
    house.are(AgentState.READY, "anna")
    put = house.ami.answers["DBPut"]
    house.ami.answers["DBPut"] = refusal
    with capture_logs() as logs:
        await house.at_work.tell()
        await house.at_work.tell()
    assert [entry["event"] for entry in logs] == ["asterisk does not keep who is at work"]
    house.ami.answers["DBPut"] = put
    await house.at_work.tell()
    assert ("acd-work", "1001") in house.database.entries
