"""Whether a node counts as dead: what is heard of it over FastAGI while its manager interface is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.core import events
from acd.core.calls import CallState
from acd.core.engine import Engine
from acd.core.events import Event
from acd.core.facts import CallKind
from acd.core.plan import Plan
from acd.core.ports import Ask
from acd.ivr.ports import RecordOrder
from acd.runtime.clock import EngineClock
from acd.telephony import node_life, sessions
from acd.telephony.agi import AgiServer
from acd.telephony.ami import AmiLink
from acd.telephony.line import AgiLine
from acd.telephony.merges import Merges
from acd.telephony.node_life import NodeLife
from acd.telephony.prompts import PromptStore
from acd.telephony.switch import Switchboard
from acd.telephony.watch import Watch
from tests.runtime.fakes import FakeMirror
from tests.telephony.agi_client import AgiClient, header

pytestmark = pytest.mark.timeout(10)


class House:
    """Node b, whose manager interface is away; its channels may ask us. One of its calls is a talk."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(Plan({}, {}))
        self.watch = Watch([], self.feed, lambda _call, _consult: None)
        self.link = AmiLink(("127.0.0.1", 1), ("acd", "x"), self.watch.on_event, _nothing, lambda: None, "b")
        prompts, merges = PromptStore(folder, {"*": ("none",)}), Merges(FakeMirror())
        self.switch = Switchboard(self.watch, self.link, prompts, merges, self._reception)
        self.switch.nodes = frozenset("b")
        self.life = NodeLife(self.link, self.switch, self.watch, self.feed, self.engine.floor)
        self.agi = AgiServer(self.switch.serve)
        self.asked = asyncio.Event()
        self.clients: list[AgiClient] = []
        self.port = 0
        self.feed(events.CallArrived("talk", CallKind.INBOUND, "", "", "8001", node="b"))

    def feed(self, event: Event) -> None:
        """To the engine."""
        self.engine.handle(event, EngineClock()())

    async def _reception(self, ask: Ask, line: AgiLine) -> None:
        self.asked.set()
        if ask.call_id == "message":
            await line.record(RecordOrder("message", 180.0, 5.0))

    async def caller(self, call_id: str) -> AgiClient:
        """A channel asks."""
        self.asked.clear()
        client = await AgiClient.connect(self.port)
        names = {"agi_channel": "PJSIP/trunk-lab-00000007", "agi_uniqueid": f"{call_id}.1"}
        arguments = (call_id, "", "trunk", "8001", "", "", "", "", "", "b")
        self.clients.append(client)
        client.send(header(arguments, **names))
        await self.asked.wait()
        return client

    @property
    def is_lost(self) -> bool:
        """Whether the talk is."""
        call = self.engine.floor.calls.get("talk")
        return call is None or call.state is CallState.ENDED


async def _nothing() -> None:
    pass


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Away since now. Nothing is waited for; who does not answer is given up at once."""
    monkeypatch.setattr(node_life, "LOST_AFTER_S", 0.0)
    monkeypatch.setattr(sessions, "ANSWERS_WITHIN_S", 0.05)
    house = House(tmp_path)
    house.port = await house.agi.start("127.0.0.1", 0)
    house.life.is_away()
    yield house
    await house.switch.stop()
    await house.agi.stop()
    for client in house.clients:
        await client.close()


async def test_where_nothing_can_be_known_talks_are_not_lost_early(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.life.give_up()
    assert not house.is_lost
    monkeypatch.setattr(node_life, "UNKNOWN_LOST_AFTER_S", 0.0)
    await house.life.give_up()
    assert house.is_lost


async def test_where_nobody_listens_talks_are_lost(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.link.refused = True
    await house.life.give_up()
    assert not house.is_lost  # the machine may be starting it again
    monkeypatch.setattr(node_life, "REFUSED_LOST_AFTER_S", 0.0)
    await house.life.give_up()
    assert house.is_lost


async def test_a_channel_that_does_not_answer_tells_that_its_node_is_dead(house: House) -> None:
    await house.caller("wait")
    await house.life.give_up()
    assert house.is_lost


async def test_a_channel_that_answers_keeps_its_node_alive(house: House) -> None:
    client = await house.caller("wait")
    asked_at = house.switch.heard_at("b")
    asking = asyncio.create_task(house.life.give_up())
    await client.command("200 result=1 (uniqueid)")
    await asking
    assert not house.is_lost
    assert house.switch.heard_at("b") > asked_at


async def test_a_session_since_then_is_a_sign_of_life(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """For so long as the interface may be away; after that it counts as dead like any other."""
    monkeypatch.setattr(node_life, "LOST_AFTER_S", 12.0)
    assert house.life._away_since is not None
    house.life._away_since -= 60.0
    await (await house.caller("wait")).close()
    await house.life.give_up()
    assert not house.is_lost
    house.switch._heard_at["b"] -= 40.0
    await house.life.give_up()
    assert house.is_lost


async def test_a_recording_is_not_cut_where_nothing_can_be_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its channel says nothing before it is over; but not for ever."""
    client = await house.caller("message")
    await client.command("200 result=0 endpos=1")  # the beep
    recording = await client.order()
    monkeypatch.setattr(node_life, "UNKNOWN_LOST_AFTER_S", 0.0)
    await house.life.give_up()
    assert recording.startswith("RECORD FILE")
    assert not house.is_lost
    assert house.switch.is_busy_at("b")
    monkeypatch.setattr(node_life, "BUSY_LOST_AFTER_S", 0.0)
    await house.life.give_up()
    assert house.is_lost
    assert not house.switch.is_busy_at("b")


async def test_one_that_was_taken_for_dead_and_is_not_can_die(house: House) -> None:
    """Its calls of after that are lost, too."""
    await house.caller("wait")
    await house.life.give_up()
    assert house.is_lost
    await house.life.give_up()  # nothing new
    await house.caller("late")
    house.feed(events.CallArrived("late", CallKind.INBOUND, "", "", "8001", node="b"))
    await house.life.give_up()
    assert "late" not in house.engine.floor.calls
    assert set(house.engine.floor.lost) == {"talk", "late"}
    assert house.life.calls_lost == 2
