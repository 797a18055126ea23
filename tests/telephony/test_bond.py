"""The bond with Asterisk: a fresh look in its order, heartbeat, leases, stray callers."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from acd.core import callback_events, events
from acd.core.agents import Agent
from acd.core.calls import Call, CallState
from acd.core.engine import Engine
from acd.core.events import Event
from acd.core.facts import Answered, CallKind, Ended, EndedBy, FellBack
from acd.core.outside_events import OutsideAnswered, OutsideDialed
from acd.core.plan import AgentProfile, GroupPolicy, Plan
from acd.core.requirement import Requirement
from acd.records.fold import fold
from acd.runtime.clock import EngineClock
from acd.telephony import account_news, account_reader, cdr, doubtful_ends, fresh_look
from acd.telephony import bond as bond_module
from acd.telephony.ami import AmiLink
from acd.telephony.bond import Bond, Mark
from acd.telephony.channels import Pair
from acd.telephony.merges import Merges
from acd.telephony.prompts import PromptStore
from acd.telephony.switch import Switchboard
from acd.telephony.sync import SpySeen
from acd.telephony.watch import Watch
from tests.runtime.fakes import FakeMirror
from tests.telephony.fake_ami import SECRET, FakeAmi, listing, refusal
from tests.telephony.test_cdr import row

pytestmark = pytest.mark.timeout(10)
AGENTS = {"anna": "1001", "ben": "1002"}
PLAN = Plan(
    {name: AgentProfile(name, name, phone, {"sales": 5}) for name, phone in AGENTS.items()},
    {"sales": GroupPolicy("sales", "Sales", Requirement.of({"sales": 1}))},
)
CALLER = "PJSIP/trunk-lab-00000001"
LEG = "PJSIP/1001-00000002"
THIRD = "PJSIP/1002-00000003"


def status(
    channel: str,
    uniqueid: str,
    application: str,
    call: str,
    *,
    caller: bool,
    bridge: str = "",
    hold: str = "",
) -> dict[str, str]:
    """One channel as `Status` lists it."""
    variables = f"ACD_CALL={call}\r\nVariable: ACD_CALLER={int(caller) or ''}\r\nVariable: ACD_DIALED=8001"
    variables += f"\r\nVariable: ACD_HOLD={hold}" if hold else ""
    return {
        "Event": "Status", "Channel": channel, "Uniqueid": uniqueid, "Application": application,
        "BridgeID": bridge, "CallerIDNum": "+4930123", "CallerIDName": "<unknown>", "Variable": variables,
    }  # fmt: skip


class Hands:
    """Is told who is apart, who is together, and who listens."""

    def __init__(self) -> None:
        self.apart: dict[str, Pair] = {}
        self.together: dict[str, str] = {}
        self.spies: dict[str, SpySeen] = {}

    def found_apart(self, call_id: str, pair: Pair) -> None:
        """Two."""
        self.apart[call_id] = pair

    def found_together(self, call_id: str, consult_id: str) -> None:
        """Three."""
        self.together[call_id] = consult_id

    def found_spies(self, spies: Mapping[str, SpySeen], node: str) -> None:
        """All of them."""
        self.spies = dict(spies)


class House:
    """A bond on an engine; `story` has what the engine heard and what Asterisk was asked, in order."""

    def __init__(self, ami: FakeAmi, folder: Path, node: str = "") -> None:
        self.ami = ami
        self.engine = Engine(PLAN)
        self.story: list[str] = []
        self.heard: list[Event] = []
        self.known = asyncio.Event()
        self.ended = asyncio.Event()
        self.watch = Watch(["1001"], self._feed, lambda _call, _consult: None)
        self.bond = Bond(self.watch, self._feed, self.engine.floor, folder / "acd.csv", 4.0, node)
        way = ("127.0.0.1", ami.port), ("acd", SECRET)
        self.link = AmiLink(*way, self.watch.on_event, self.bond.up_again, self.bond.down, node)
        self.mirror = FakeMirror()
        self.merges = Merges(self.mirror)
        self.switch = Switchboard(
            self.watch, self.link, PromptStore(folder, {"*": ("none",)}), self.merges, self._nobody
        )
        self.bond.attach(self.link, self.switch)
        self.bond.on_known = self.known.set
        self.hands = Hands()
        self.bond.hands = self.hands
        self.running: list[asyncio.Task[None]] = []

    def _feed(self, event: Event) -> None:
        self.story.append(type(event).__name__)
        self.heard.append(event)
        self.engine.handle(event, EngineClock()())
        if isinstance(event, events.CallEnded):
            self.ended.set()

    async def _nobody(self, _ask: object, _line: object) -> None:
        raise AssertionError("nobody asks here")

    async def start(self) -> None:
        """Connected, and the floor is known."""
        self.running.append(asyncio.create_task(self.link.run()))
        await self.known.wait()

    async def stop(self) -> None:
        """Gone."""
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        await self.bond.stop()
        await self.switch.stop()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Not started yet; Asterisk has phone 1001 and no calls."""
    ami = FakeAmi()
    await ami.start()
    house = House(ami, tmp_path)
    for name in ("Setvar", "DeviceStateList", "Status", "Redirect"):
        _note(house, name)
    yield house
    await house.stop()
    await ami.stop()


def _note(house: House, name: str, *items: dict[str, str]) -> None:
    """Answer this action with a list, and put it into the story."""
    if name == "DeviceStateList":
        items = ({"Event": "DeviceStateChange", "Device": "PJSIP/1001", "State": "NOT_INUSE"},)
    answer = listing(name, *items) if name.startswith(("Dev", "Sta")) else None

    def noted(action: object) -> object:
        house.story.append(name)
        return answer(action) if answer is not None else [{"Response": "Success"}]  # type: ignore[arg-type]

    house.ami.answers[name] = noted  # type: ignore[assignment]


async def test_a_fresh_look_in_its_order(house: House) -> None:
    _note(house, "Status", status(CALLER, "1.1", "MusicOnHold", "c1", caller=True))
    await house.start()
    assert house.story == [
        "DispatchSuspended", "Setvar", "DeviceStateList", "Status", "PhoneChanged", "FloorSeen", "Redirect",
        "DispatchResumed",
    ]  # fmt: skip
    assert house.ami.actions[1]["Variable"] == "ACD_HEARTBEAT"
    assert house.ami.actions[-1]["Channel"] == CALLER
    assert events.PhoneChanged("1001", True, False) in house.heard
    assert house.bond.up


async def test_those_who_dial_or_talk_are_left_alone(house: House) -> None:
    _note(
        house,
        "Status",
        status(CALLER, "1.1", "Dial", "c1", caller=True, bridge="b1"),
        status(LEG, "1.2", "AppDial", "c1", caller=False, bridge="b1"),
        status("PJSIP/trunk-lab-00000003", "1.3", "Dial", "c2", caller=True),
    )
    house.engine.handle(events.AgentLoggedIn("anna", "1001"), 0.0)
    await house.start()
    assert "Redirect" not in house.story
    assert events.ConversationFound("c1", "1001") in house.heard
    assert events.FloorSeen(frozenset({"c1", "c2"}), {}) in house.heard
    assert house.watch.leg_of == {"c1": LEG}
    assert set(house.watch.channel_of) == {"c1", "c2"}
    arrived = [e for e in house.heard if isinstance(e, events.CallArrived)]
    assert [(e.call_id, e.caller_number, e.caller_name, e.dialed_number) for e in arrived] == [
        ("c1", "+4930123", "", "8001")
    ]


async def test_who_was_served_while_we_were_away_has_not_given_up(house: House, tmp_path: Path) -> None:
    start = float(int(time.time()) - 20)
    times = {"start": f"{start + 5:.6f}", "end": f"{start + 9:.6f}"}
    member = row(channel="Local/1001@acd-member-00000003;2", answer=f"{start + 6:.6f}", **times)
    old = row("c2", channel="Local/1001@acd-member-00000004;2", answer=f"{start - 60:.6f}", **times)
    (tmp_path / "acd.csv").write_text(member + row(**times) + old)
    for call_id in ("c1", "c2"):
        house.engine.handle(events.CallArrived(call_id, CallKind.INBOUND, "+49", "", "8001"), start)
    await house.start()
    served = events.FallbackServed("c1", "anna", at=start + 6)
    assert [e for e in house.heard if isinstance(e, events.FallbackServed)] == [served]
    assert house.story.index("FallbackServed") < house.story.index("FloorSeen")


async def test_what_we_learnt_late_hides_nobody_who_was_served_before(house: House, tmp_path: Path) -> None:
    """A session's last word was on its way while Asterisk's own queue served the caller."""
    start = float(int(time.time()) - 20)
    times = {"start": f"{start + 5:.6f}", "end": f"{start + 9:.6f}"}
    (tmp_path / "acd.csv").write_text(
        row(channel="Local/1001@acd-member-00000003;2", answer=f"{start + 6:.6f}", **times) + row(**times)
    )
    house.engine.handle(events.CallArrived("c1", CallKind.INBOUND, "+49", "", "8001"), start)
    house.engine.handle(events.CallQueued("c1", "sales"), start + 12)
    call = house.engine.floor.calls["c1"]
    await house.start()
    assert events.FallbackServed("c1", "anna", at=start + 6) in house.heard
    assert [(visit.outcome.value, visit.agent) for visit in fold("c1", call.facts).visits] == [
        ("answered", "anna")
    ]


async def test_who_goes_while_the_account_is_read_is_asked_for_too(house: House, tmp_path: Path) -> None:
    start = float(int(time.time()) - 20)
    times = {"start": f"{start + 5:.6f}", "end": f"{start + 9:.6f}"}
    member = row("c2", channel="Local/1001@acd-member-00000003;2", answer=f"{start + 6:.6f}", **times)
    (tmp_path / "acd.csv").write_text(row("c1", **times) + member + row("c2", **times))
    for call_id in ("c1", "c2"):
        house.engine.handle(events.CallArrived(call_id, CallKind.INBOUND, "+49", "", "8001"), start)
    _note(house, "Status", status(CALLER, "1.1", "Queue", "c2", caller=True))
    whole, empty = house.ami.answers["Status"], listing("Status")

    def first(action: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        house.ami.answers["Status"] = empty
        return whole(action)

    house.ami.answers["Status"] = first
    await house.start()
    assert events.FallbackServed("c2", "anna", at=start + 6) in house.heard
    (seen,) = (event for event in house.heard if isinstance(event, events.FloorSeen))
    assert seen.ended_at == {"c1": start + 9, "c2": start + 9}


async def test_who_was_rung_and_answered_as_another_leader_had_decided_has_been_answered(
    house: House, tmp_path: Path
) -> None:
    """It had led on without Redis, so that all we know of the caller is that they waited."""
    start = float(int(time.time()) - 20)
    house.engine.handle(events.PhoneChanged("1001", True, False), start)
    house.engine.handle(events.AgentLoggedIn("anna", "1001"), start)
    for call_id in ("c1", "c2"):
        house.engine.handle(events.CallArrived(call_id, CallKind.INBOUND, "+49", "", "8001"), start)
        house.engine.handle(events.CallQueued(call_id, "sales"), start + 1)
    times = {"start": f"{start:.6f}", "end": f"{start + 9:.6f}"}
    (tmp_path / "acd.csv").write_text(
        row("c1", **times) + row("c2", dest_channel="PJSIP/1002-00000003", disposition="BUSY", **times)
    )
    calls = dict(house.engine.floor.calls)
    await house.start()
    visits = {c: [(v.outcome.value, v.agent) for v in fold(c, calls[c].facts).visits] for c in calls}
    assert visits == {"c1": [("answered", "anna")], "c2": [("abandoned", None)]}


def _rung_for(house: House, start: float) -> Call:
    """Anna's phone rings for c1, as far as we know."""
    told: list[Event] = [events.PhoneChanged("1001", True, False), events.AgentLoggedIn("anna", "1001")]
    told += [events.AgentWentReady("anna"), events.CallArrived("c1", CallKind.INBOUND, "+49", "", "8001")]
    for event in (*told, events.CallDirected("c1", "anna")):
        house.engine.handle(event, start)
    return house.engine.floor.calls["c1"]


@pytest.mark.parametrize("answered", [True, False])
async def test_an_end_that_is_told_late_is_told_with_how_the_call_went(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answered: bool
) -> None:
    """The manager interface stood still while the phone was answered, or was not; the caller has hung up."""
    monkeypatch.setattr(doubtful_ends, "WRITTEN_S", 0.001)
    start = EngineClock()() - 20
    call = _rung_for(house, start)
    disposition = "ANSWERED" if answered else "NO ANSWER"
    line = row(start=f"{start:.6f}", end=f"{start + 9:.6f}", disposition=disposition)
    (tmp_path / "acd.csv").write_text(line)
    _note(house, "Status", status(CALLER, "1.1", "Dial", "c1", caller=True))
    await house.start()
    house.watch.keeps_end = lambda _channel, told, now: house.bond.doubts_end(told, now)
    house.ami.event(Event="Hangup", Channel=CALLER, Uniqueid="1.1", Timestamp=f"{time.time() - 11:.6f}")
    await house.ended.wait()
    talks = [fact for fact in call.facts if isinstance(fact, Answered)]
    assert talks == ([Answered(start, "anna")] if answered else [])
    ended = next(fact for fact in call.facts if isinstance(fact, Ended))
    assert ended.by is EndedBy.CALLER
    assert ended.at == pytest.approx(start + 9, abs=0.5)
    assert house.bond._doubtful.calls == frozenset()


async def test_of_a_call_that_is_not_in_the_account_yet_it_is_asked_again(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine Asterisk writes it late."""
    monkeypatch.setattr(doubtful_ends, "WRITTEN_S", 0.001)
    monkeypatch.setattr(account_news, "WRITTEN_S", 0.02)
    start = EngineClock()() - 20
    call = _rung_for(house, start)
    _note(house, "Status", status(CALLER, "1.1", "Dial", "c1", caller=True))
    await house.start()
    house.watch.keeps_end = lambda _channel, told, now: house.bond.doubts_end(told, now)
    line = row(start=f"{start:.6f}", end=f"{start + 9:.6f}", disposition="ANSWERED")
    asyncio.get_running_loop().call_later(0.03, (tmp_path / "acd.csv").write_text, line)
    house.ami.event(Event="Hangup", Channel=CALLER, Uniqueid="1.1", Timestamp=f"{time.time() - 11:.6f}")
    await house.ended.wait()
    assert [fact for fact in call.facts if isinstance(fact, Answered)] == [Answered(start, "anna")]


async def test_a_callback_that_waits_is_in_no_account(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look does not wait for a row of it."""
    asked: list[set[str]] = []

    async def ends(_reader: object, calls: Collection[str], _since: float) -> cdr.Ends:
        asked.append(set(calls))
        return cdr.Ends()

    monkeypatch.setattr(account_reader.AccountReader, "ends", ends)
    wanted = callback_events.CallbackPlaced("c0-cb1", "c0", "sales", "+4930123", "en")
    house.engine.handle(wanted, EngineClock()())
    await house.start()
    assert house.engine.floor.calls["c0-cb1"].state is CallState.WAITING
    assert asked == [{"c0-cb1"}]


async def test_only_of_ends_that_we_may_not_have_followed_the_account_is_asked(house: House) -> None:
    call, now = _rung_for(house, EngineClock()()), time.time()
    _note(house, "Status", status(CALLER, "1.1", "Dial", "c1", caller=True))
    await house.start()
    prompt, late = events.CallEnded("c1"), events.CallEnded("c1", at=now - 5)
    assert not house.bond.doubts_end([prompt], now)
    assert not house.bond.doubts_end([events.CallEnded("c9", at=now - 5)], now)
    house.engine.handle(events.OfferAnswered("c1"), EngineClock()())
    assert not house.bond.doubts_end([late], now)  # there was a talk, and we know of it
    house.engine.handle(events.AgentDisconnected("c1", "1001"), EngineClock()())
    assert call.agent_left
    assert not house.bond.doubts_end([late], now)


async def test_an_end_is_in_doubt_while_nobody_knows_the_floor(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is told, a look takes the call neither for gone nor for one that waits."""
    monkeypatch.setattr(doubtful_ends, "WRITTEN_S", 0.001)
    house.engine.handle(events.CallArrived("c1", CallKind.INBOUND, "+49", "", "8001"), time.time() - 20)
    house.engine.handle(events.CallQueued("c1", "sales"), time.time() - 20)
    call = house.engine.floor.calls["c1"]
    assert house.bond.doubts_end([events.CallEnded("c1")], EngineClock()())
    assert house.bond._doubtful.calls == {"c1"}
    assert not call.present
    await house.ended.wait()
    assert call.state is CallState.ENDED


async def test_who_has_strayed_long_ago_and_talks_is_left_alone(house: House) -> None:
    """Told of late: the caller is not fetched out of that talk."""
    await house.start()
    _note(
        house,
        "Status",
        status(CALLER, "1.1", "Queue", "c1", caller=True, bridge="b1"),
        status(LEG, "1.2", "AppDial", "c1", caller=False, bridge="b1"),
    )
    house.known.clear()
    house.ami.event(Event="QueueCallerJoin", Channel=CALLER, Timestamp=f"{time.time() - 5:.6f}")
    await house.known.wait()
    assert "Redirect" not in house.ami.names()
    assert events.FallbackServed("c1", "anna", None) in house.heard


@pytest.mark.parametrize("aged", [True, False])
async def test_nobody_is_fetched_by_a_picture_that_took_long(
    house: House, monkeypatch: pytest.MonkeyPatch, aged: bool
) -> None:
    """Whoever was with nobody in it may talk by now, as the second one shows."""
    monkeypatch.setattr(fresh_look, "AGED_S", -1.0 if aged else 60.0)
    monkeypatch.setattr(fresh_look, "LOOKED_MAX", 2)
    _note(
        house,
        "Status",
        status(CALLER, "1.1", "Queue", "c1", caller=True, bridge="b1"),
        status(LEG, "1.2", "AppDial", "c1", caller=False, bridge="b1"),
    )
    later = house.ami.answers["Status"]
    _note(house, "Status", status(CALLER, "1.1", "Queue", "c1", caller=True))
    former = house.ami.answers["Status"]

    def of_now(action: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        house.ami.answers["Status"] = later
        return former(action)

    house.ami.answers["Status"] = of_now
    await house.start()
    assert ("Redirect" in house.ami.names()) == (not aged)


async def test_who_was_answered_and_left_while_nothing_came_through_has_been_answered(
    house: House, tmp_path: Path
) -> None:
    """The phone rang when we heard the last of it; Asterisk's account has the talk."""
    start = EngineClock()() - 20
    call = _rung_for(house, start)
    assert call.state is CallState.RINGING
    rang_at = call.facts[-1].at
    (tmp_path / "acd.csv").write_text(row(start=f"{start:.6f}", end=f"{start + 9:.6f}"))
    await house.start()
    assert [fact for fact in call.facts if isinstance(fact, Answered)] == [Answered(rang_at, "anna")]
    ended = next(fact for fact in call.facts if isinstance(fact, Ended))
    assert ended.at == pytest.approx(start + 9, abs=0.001)


def begun_anew(house: House, folder: Path) -> House:
    """Another controller of the same Asterisk, with what was kept of the first."""
    again, floor = House(house.ami, folder, house.bond.node), house.engine.floor
    agents = [Agent.from_dict(agent.to_dict()) for agent in floor.agents.values()]
    calls, lost = ([Call.from_dict(c.to_dict()) for c in of.values()] for of in (floor.calls, floor.lost))
    again.engine.restore(agents, calls, floor.now, lost)
    return again


@pytest.mark.parametrize(("heartbeat", "anew"), [("1795348800", False), ("1795348800", True), ("", True)])
async def test_what_became_of_calls_that_were_taken_for_lost(
    house: House, tmp_path: Path, heartbeat: str, anew: bool
) -> None:
    """Their node had lived, and its account tells; one that was started again cannot have had them.

    `anew`: the controller that finds the node has begun since.
    """
    house = House(house.ami, tmp_path, "b")
    start = EngineClock()() - 60
    house.engine.handle(events.AgentLoggedIn("anna", "1001"), start)
    for call_id in ("served", "gave-up", "talk", "rang", "unknown"):
        house.engine.handle(events.CallArrived(call_id, CallKind.INBOUND, "+49", "", "8001", node="b"), start)
    house.engine.handle(events.PhoneChanged("1001", True, False), start)
    house.engine.handle(events.CallDirected("talk", "anna"), start)
    house.engine.handle(events.OfferAnswered("talk"), start)
    for call_id in ("served", "gave-up", "unknown"):
        house.engine.handle(events.CallQueued(call_id, "sales"), start)
    house.engine.handle(events.PhoneChanged("1002", True, False), start)
    house.engine.handle(events.AgentLoggedIn("ben", "1002"), start)
    house.engine.handle(events.CallDirected("rang", "ben"), start)
    calls = dict(house.engine.floor.calls)
    house.engine.handle(events.FloorSeen(frozenset(), node="b", lost=True), start + 12)
    if anew:
        house = begun_anew(house, tmp_path)
        calls = dict(house.engine.floor.lost)
    times = {"start": f"{start:.6f}", "end": f"{start + 40:.6f}"}
    answered = {**times, "answer": f"{start + 20:.6f}"}
    (tmp_path / "acd.csv").write_text(
        row("served", channel="Local/1001@acd-member-00000003;2", **answered)
        + row("gave-up", disposition="NO ANSWER", dest_channel="", **times)
        + row("talk", **times)
        + row("rang", **{**answered, "dest_channel": "PJSIP/1002-00000005"})
    )
    house.ami.answers["Getvar"] = lambda _action: [{"Response": "Success", "Value": heartbeat}]
    await house.start()
    found = {call_id: fold(call_id, call.facts) for call_id, call in calls.items()}
    ends = {call_id: record.ended_by for call_id, record in found.items()}
    visits = {call_id: [(v.outcome.value, v.agent) for v in found[call_id].visits] for call_id in found}
    assert house.engine.floor.lost == {}
    if not heartbeat:
        assert set(ends.values()) == {EndedBy.NODE}
        assert visits["served"] == [("left", None)]
    else:
        assert ends == {**dict.fromkeys(calls, EndedBy.UNKNOWN), "unknown": EndedBy.NODE}
        assert visits["served"] == [("answered", "anna")]
        assert visits["gave-up"] == [("abandoned", None)]
        assert visits["unknown"] == [("left", None)]
        assert [f.agent for f in calls["rang"].facts if isinstance(f, FellBack)] == ["ben"]
        ended_at = {found[call_id].ended_at for call_id in ("served", "gave-up", "talk", "rang")}
        assert {round(at.timestamp() - start) for at in ended_at if at is not None} == {40}
    await house.stop()


async def test_who_was_answered_and_left_before_the_loss_ended_then(house: House, tmp_path: Path) -> None:
    """The phone rang when the manager interface was cut; the talk was over when its node was given up."""
    house = House(house.ami, tmp_path, "b")
    start = EngineClock()() - 60
    house.engine.handle(events.AgentLoggedIn("anna", "1001"), start)
    house.engine.handle(events.PhoneChanged("1001", True, False), start)
    house.engine.handle(events.CallArrived("c1", CallKind.INBOUND, "+49", "", "8001", node="b"), start)
    house.engine.handle(events.CallDirected("c1", "anna"), start + 1)
    call = house.engine.floor.calls["c1"]
    house.engine.handle(events.FloorSeen(frozenset(), node="b", lost=True), start + 31)
    (tmp_path / "acd.csv").write_text(row("c1", start=f"{start:.6f}", end=f"{start + 9:.6f}"))
    house.ami.answers["Getvar"] = lambda _action: [{"Response": "Success", "Value": "1795348800"}]
    await house.start()
    record = fold("c1", call.facts)
    assert record.answered_at is not None
    assert record.ended_at is not None
    assert round(record.answered_at.timestamp() - start) == 1
    assert round(record.ended_at.timestamp() - start) == 9
    await house.stop()


async def test_an_account_that_cannot_be_read_holds_nothing_up(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a file on a server that is away; the call is over all the same."""
    monkeypatch.setattr(account_reader, "LIMIT_S", 0.05)
    account = tmp_path / "acd.csv"
    os.mkfifo(account)  # whoever opens it waits for somebody who writes
    house.engine.handle(events.CallArrived("c1", CallKind.INBOUND, "+49", "", "8001"), time.time())
    call = house.engine.floor.calls["c1"]
    await house.start()
    assert (call.state, getattr(call.facts[-1], "by", None)) == (CallState.ENDED, EndedBy.UNKNOWN)
    house.engine.handle(events.CallArrived("c2", CallKind.INBOUND, "+49", "", "8001"), time.time())
    with capture_logs() as logs:
        house.known.clear()
        house.bond.frozen()
        await house.known.wait()
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == [
        "the account of calls is still being read, and not asked"
    ]
    assert house.bond._fresh._news._account._reading is not None
    writer = os.open(account, os.O_RDWR)  # the thread goes on, and ends
    await house.bond._fresh._news._account._reading
    os.close(writer)


async def test_an_account_that_the_disk_refuses_holds_nothing_up(house: House, tmp_path: Path) -> None:
    """It is told once, not at each look."""
    account = tmp_path / "acd.csv"
    account.symlink_to(account)  # whoever asks for it gets an error, root too
    with capture_logs() as logs:
        for call_id in ("c1", "c2"):
            arrived = events.CallArrived(call_id, CallKind.INBOUND, "+49", "", "8001")
            house.engine.handle(arrived, time.time())
            call = house.engine.floor.calls[call_id]
            if call_id == "c1":
                await house.start()
            else:
                house.known.clear()
                house.bond.frozen()
                await house.known.wait()
            assert (call.state, getattr(call.facts[-1], "by", None)) == (CallState.ENDED, EndedBy.UNKNOWN)
            assert not house.engine.floor.suspended
    warnings = [line["event"] for line in logs if line["log_level"] in ("warning", "error")]
    assert warnings == ["the account of calls cannot be read"]


@pytest.mark.parametrize("logged_in", [False, True])
async def test_a_talk_in_the_fallback_queue_began_when_that_connected_them(
    house: House, logged_in: bool
) -> None:
    caller = status(CALLER, "1.1", "Queue", "c1", caller=True, bridge="b1")
    caller["Variable"] += "\r\nVariable: ACD_FELL=1795348700\r\nVariable: QEHOLDTIME=7"
    _note(house, "Status", caller, status(LEG, "1.2", "AppDial", "c1", caller=False, bridge="b1"))
    if logged_in:
        house.engine.handle(events.AgentLoggedIn("anna", "1001"), 0.0)
    await house.start()
    found = events.ConversationFound("c1", "1001", 1795348707.0)
    assert (found if logged_in else events.FallbackServed("c1", "anna", 1795348707.0)) in house.heard


async def test_a_lost_connection_suspends_and_a_new_one_looks_again(house: House) -> None:
    await house.start()
    house.story.clear()
    house.known.clear()
    house.ami.cut()
    await house.known.wait()
    assert house.story[0] == house.story[1] == "DispatchSuspended"
    assert house.story[-1] == "DispatchResumed"


async def test_after_a_freeze_it_looks_again(house: House) -> None:
    await house.start()
    house.story.clear()
    house.known.clear()
    house.bond.frozen()
    house.bond.frozen()  # once is enough
    await house.known.wait()
    assert house.story.count("Status") == 1


async def test_a_look_that_asterisk_refuses_is_tried_again_on_the_same_connection(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bond_module, "LOOK_AGAIN_S", (0.001, 0.002))
    await house.start()
    whole, refused = house.ami.answers["Status"], [refusal, refusal, refusal]

    def at_last(action: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        return (refused.pop() if refused else whole)(action)

    house.ami.answers["Status"] = at_last
    house.known.clear()
    house.bond.frozen()
    await house.known.wait()
    assert not refused
    assert not house.engine.floor.suspended
    assert house.ami.logins == 1


@pytest.mark.parametrize("freeze", [True, False])
async def test_a_fault_of_ours_during_a_look_is_logged_and_the_look_tried_again(
    house: House, monkeypatch: pytest.MonkeyPatch, freeze: bool
) -> None:
    monkeypatch.setattr(bond_module, "LOOK_AGAIN_S", (0.001,))
    faults: list[Exception] = [] if freeze else [ValueError("a fault of ours")]
    feed = house.bond._fresh._feed

    def failing(event: Event) -> None:
        if isinstance(event, events.FloorSeen) and faults:
            raise faults.pop()
        feed(event)

    house.bond._fresh._feed = failing
    with capture_logs() as logs:
        await house.start()
        if freeze:
            faults.append(ValueError("a fault of ours"))
            house.known.clear()
            house.bond.frozen()
            await house.known.wait()
    assert not faults
    assert not house.engine.floor.suspended
    assert house.ami.logins == 1
    failed = [line for line in logs if line["event"] == "cannot look at the floor, trying again"]
    assert [line["log_level"] for line in failed] == ["error"]
    assert failed[0]["exc_info"]


async def test_a_look_that_failed_is_left_to_the_next_connection(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bond_module, "LOOK_AGAIN_S", (0.001,))
    await house.start()
    whole = house.ami.answers["Status"]

    def cut(_action: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        house.ami.answers["Status"] = whole
        house.ami.cut()
        return []

    house.ami.answers["Status"] = cut
    house.known.clear()
    house.bond.frozen()
    await house.known.wait()
    assert house.ami.logins == 2


async def test_a_freeze_while_asterisk_is_away_waits_for_it(house: House) -> None:
    house.bond.frozen()
    assert house.story == []


async def test_a_caller_who_strays_into_the_fallback_queue_is_fetched(house: House) -> None:
    await house.start()
    house.ami.event(Event="QueueCallerJoin", Channel=CALLER, Queue="acd-all")
    await house.ami.until(lambda a: "Redirect" in a.names())
    assert house.ami.actions[-1]["Channel"] == CALLER


async def test_who_strays_while_the_floor_is_unknown_is_fetched_when_it_is_known(house: House) -> None:
    await house.start()
    house.bond.down()
    house.ami.event(Event="QueueCallerJoin", Channel=CALLER, Queue="acd-all")
    await house.link.action("Ping")
    assert "Redirect" not in house.ami.names()
    house.known.clear()
    house.bond.frozen()
    await house.known.wait()
    assert house.ami.actions[-1]["Action"] == "Redirect"
    assert house.ami.actions[-1]["Channel"] == CALLER
    assert house.story[-2:] == ["Redirect", "DispatchResumed"]


async def test_news_during_a_look_counts_for_more_than_the_look(house: House) -> None:
    """The list of channels is some milliseconds old when it is complete."""
    listed = [
        status(CALLER, "1.1", "MusicOnHold", "c1", caller=True),
        status("PJSIP/1001-00000009", "1.9", "AppDial", "c9", caller=False),
    ]
    _note(house, "Status", *listed)
    answer = house.ami.answers["Status"]

    def overtaken(action: Mapping[str, str]) -> object:
        # c1 hangs up, its phone's channel too, and c2 arrives, all after the list was made.
        house.ami.event(Event="Hangup", Channel=CALLER, Uniqueid="1.1")
        house.ami.event(Event="Hangup", Channel="PJSIP/1001-00000009", Uniqueid="1.9")
        return answer(action)

    house._feed(events.CallArrived("c1", CallKind.INBOUND, "+4930123", "", "8001"))
    house.ami.answers["Status"] = overtaken  # type: ignore[assignment]
    await house.start()
    seen = next(e for e in house.heard if isinstance(e, events.FloorSeen))
    assert seen.alive == frozenset()
    assert house.engine.floor.phones["1001"].in_use is False
    assert "Redirect" not in house.ami.names()


@dataclass
class Session:
    """Somebody asks, since a moment of the loop's time."""

    began: float
    gone: bool = False
    busy: bool = True


async def test_a_session_that_has_outlived_its_channel_keeps_no_call(house: House) -> None:
    """Its end was lost on the way; who asks since the look began is there, seen or not."""
    sessions: dict[str, Any] = house.switch._lines
    for call_id, began in (("c1", 0.0), ("c2", 0.0), ("c3", math.inf)):
        house.engine.handle(events.CallArrived(call_id, CallKind.INBOUND, "+49", "", "8001"), 0.0)
        sessions[call_id] = Session(began)
    _note(house, "Status", status(CALLER, "1.1", "AGI", "c1", caller=True))
    await house.start()
    (seen,) = (event for event in house.heard if isinstance(event, events.FloorSeen))
    assert seen.alive == {"c1", "c3"}
    sessions.clear()


async def test_a_call_that_arrives_during_a_look_is_not_taken_for_gone(house: House) -> None:
    def arriving(action: Mapping[str, str]) -> object:
        house._feed(events.CallArrived("c2", CallKind.INBOUND, "+4930123", "", "8001"))
        return listing("Status")(action)

    house.ami.answers["Status"] = arriving  # type: ignore[assignment]
    await house.start()
    assert "c2" in house.engine.floor.calls


async def test_heartbeats_and_leases(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.start()
    monkeypatch.setattr(bond_module, "HEARTBEAT_INTERVAL_S", 0.001)
    house.running.append(asyncio.create_task(house.bond.keep()))
    await house.ami.until(lambda a: a.names().count("Setvar") >= 4)
    beats = [a for a in house.ami.actions if a["Action"] == "Setvar"]
    assert {a["Variable"] for a in beats} == {"ACD_HEARTBEAT"}
    assert all(int(a["Value"]) > 1_600_000_000 for a in beats)


async def test_a_goodbye(house: House) -> None:
    await house.bond.say_goodbye()  # nobody there: no matter
    assert house.ami.actions == []
    await house.start()
    await house.bond.say_goodbye()
    assert (house.ami.actions[-1]["Variable"], house.ami.actions[-1]["Value"]) == ("ACD_HEARTBEAT", "0")


@pytest.mark.parametrize("agents_channel", [False, True])
async def test_a_caller_who_still_carries_the_consultations_id(house: House, agents_channel: bool) -> None:
    """Killed before the channel was given its call's id: it is that call all the same.

    With a channel of its own, the other one is the transferring agent's and stands for nothing.
    """
    house.mirror.put("call:c1", {})
    house.mirror.put("merged:c2", {"into": "c1"})
    house.merges.restore(house.mirror.load())
    channels = [status(CALLER, "1.1", "Dial", "c2", caller=True)]
    if agents_channel:
        channels = [
            status(CALLER, "1.1", "Dial", "c1", caller=True),
            status(LEG, "1.2", "Dial", "c2", caller=True),
        ]
    _note(house, "Status", *channels)
    await house.start()
    assert events.FloorSeen(frozenset({"c1"}), {}) in house.heard
    assert house.watch.channel_of == {"c1": CALLER}


async def test_a_transfer_during_the_look_counts_for_more_than_the_look(house: House) -> None:
    """The look still shows the transferring agent's channel as the caller of the call that goes on."""
    house._feed(events.CallArrived("c2", CallKind.INTERNAL, "1001", "", "8001"))
    colleague = "PJSIP/1002-00000005"
    own = listing("Status", status(LEG, "1.2", "AGI", "c2", caller=True))

    def meanwhile(action: object) -> object:
        house.watch.bind("c2", colleague, "1.5")
        house.watch.handed_over.add("c2")
        return own(action)  # type: ignore[arg-type]

    house.ami.answers["Status"] = meanwhile  # type: ignore[assignment]
    await house.start()
    assert events.FloorSeen(frozenset({"c2"}), {}) in house.heard
    assert house.watch.channel_of == {"c2": colleague}


async def test_who_talks_outside_is_seen_there(house: House) -> None:
    """Somebody outside answered while we were away: that is no talk of the fallback queue."""
    outside = "PJSIP/trunk-main-00000009"
    _note(
        house,
        "Status",
        status(CALLER, "1.1", "Dial", "c1", caller=True, bridge="b1"),
        status(outside, "1.2", "AppDial", "c1", caller=False, bridge="b1"),
    )
    start = EngineClock()()
    house.engine.handle(events.CallArrived("c1", CallKind.OUTBOUND, "1001", "", "030"), start)
    dialed = OutsideDialed("c1", "+4930123", "main", "anna", "+4930100", "030123", "030100")
    house.engine.handle(dialed, start)
    await house.start()
    assert OutsideAnswered("c1") in house.heard
    assert not any(isinstance(event, events.FallbackServed) for event in house.heard)
    assert house.engine.floor.calls["c1"].state is CallState.OUTSIDE
    assert house.watch.leg_of["c1"] == outside


def in_consultation(house: House) -> None:
    """As the engine was when we were killed: anna has c1 on hold and talks with ben, in c1-c1."""
    told: list[Event] = []
    for agent, phone in AGENTS.items():
        told += [events.PhoneChanged(phone, True, False), events.AgentLoggedIn(agent, phone)]
        told.append(events.AgentWentReady(agent))
    told += [
        events.CallArrived("c1", CallKind.INBOUND, "+4930123", "", "8001"),
        events.CallDirected("c1", "anna"),
        events.OfferAnswered("c1"),
        events.CallHeld("c1"),
        events.CallArrived("c1-c1", CallKind.INTERNAL, "1001", "", "1002", None, "anna"),
        events.CallDirected("c1-c1", "ben"),
        events.OfferAnswered("c1-c1"),
    ]
    for event in told:
        house.engine.handle(event, EngineClock()())
    assert house.engine.floor.calls["c1-c1"].state is CallState.TALKING


def agents(house: House) -> dict[str, tuple[str | None, str | None]]:
    """The call and the own call of each."""
    return {agent.id: (agent.call_id, agent.own_call_id) for agent in house.engine.floor.agents.values()}


async def test_a_consultation_under_way_is_found(house: House) -> None:
    in_consultation(house)
    _note(
        house,
        "Status",
        status(CALLER, "1.1", "MusicOnHold", "c1", caller=True, hold=LEG),
        status(LEG, "1.2", "Dial", "c1-c1", caller=True, bridge="b1"),
        status(THIRD, "1.3", "AppDial", "c1-c1", caller=False, bridge="b1"),
    )
    await house.start()
    assert house.hands.apart == {"c1": Pair(LEG, CALLER)}
    assert dict(house.watch.leg_of) == {"c1": LEG, "c1-c1": THIRD}
    assert house.engine.floor.calls["c1"].on_hold
    assert agents(house) == {"anna": ("c1", "c1-c1"), "ben": ("c1-c1", None)}
    assert "Redirect" not in house.story


async def test_three_in_a_talk_are_found(house: House) -> None:
    """Killed before anybody had heard that the hold was over."""
    in_consultation(house)
    _note(
        house,
        "Status",
        status(THIRD, "1.3", "AppDial", "c1-c1", caller=False, bridge="b1"),
        status(CALLER, "1.1", "BridgeAdd", "c1", caller=True, bridge="b1"),
        status(LEG, "1.2", "Dial", "c1-c1", caller=True, bridge="b1"),
    )
    await house.start()
    assert house.hands.together == {"c1": "c1-c1"}
    assert dict(house.watch.leg_of) == {"c1": LEG, "c1-c1": THIRD}
    assert not house.engine.floor.calls["c1"].on_hold
    assert agents(house) == {"anna": ("c1", "c1-c1"), "ben": ("c1-c1", None)}


async def test_two_are_left_of_three_when_the_third_one_has_gone(house: House) -> None:
    in_consultation(house)
    _note(
        house,
        "Status",
        status(CALLER, "1.1", "BridgeAdd", "c1", caller=True, bridge="b1"),
        status(LEG, "1.2", "Dial", "c1-c1", caller=True, bridge="b1"),
    )
    await house.start()
    assert house.watch.channel_of == {"c1": CALLER}
    assert dict(house.watch.leg_of) == {"c1": LEG}
    assert agents(house) == {"anna": ("c1", None), "ben": (None, None)}
    assert not any(isinstance(event, events.CallArrived) for event in house.heard)


async def test_the_agent_has_left_the_two_others_to_each_other(house: House) -> None:
    in_consultation(house)
    _note(
        house,
        "Status",
        status(CALLER, "1.1", "BridgeAdd", "c1", caller=True, bridge="b1"),
        status(THIRD, "1.3", "AppDial", "c1-c1", caller=False, bridge="b1"),
    )
    await house.start()
    assert events.CallAttendedTransferred("c1", "c1-c1") in house.heard
    assert dict(house.watch.leg_of) == {"c1": THIRD}
    assert agents(house) == {"anna": (None, None), "ben": ("c1", None)}
    assert house.engine.floor.calls["c1"].agent == "ben"


async def test_who_is_left_of_two_that_were_kept_apart_is_led_on(house: House) -> None:
    """The customer is not hung up on, the agent does not wait for somebody who has gone."""
    deserted = "PJSIP/1002-00000009"
    _note(
        house,
        "Status",
        status(CALLER, "1.1", "MusicOnHold", "c1", caller=True, hold=LEG),
        status(deserted, "1.9", "Wait", "c2", caller=False, hold="PJSIP/trunk-lab-00000008"),
        status("PJSIP/trunk-lab-00000010", "1.10", "MusicOnHold", "c3", caller=True, hold="(null)"),
        status("PJSIP/1002-00000011", "1.11", "Wait", "c4", caller=False, hold="(null)"),
    )
    await house.start()
    led = {a["Channel"]: a["Exten"] for a in house.ami.actions if a["Action"] == "Redirect"}
    assert led == {CALLER: "left", deserted: "over", "PJSIP/trunk-lab-00000010": "s"}


async def test_who_listens_in_is_found(house: House) -> None:
    spy = status("PJSIP/1002-0000000a", "acd-spy-17.s1", "ChanSpy", "", caller=False)
    _note(house, "Status", {**spy, "Data": f"{LEG},qdE"})
    await house.start()
    assert house.hands.spies == {"acd-spy-17.s1": SpySeen("1002", LEG)}


async def test_a_lower_number_in_asterisk_is_made_ours_again(house: House) -> None:
    """An older leader was frozen between reading whose number is there and writing its own."""
    house.ami.answers["Getvar"] = lambda _action: [{"Response": "Success", "Value": "4 two"}]
    house.bond.leads_as = Mark(5, "one", "127.0.0.1:4573/run", house.story.append)
    await house.start()
    told = [(a["Variable"], a["Value"]) for a in house.ami.actions if a["Action"] == "Setvar"]
    assert told[:2] == [("ACD_LEADER", "5 one"), ("ACD_CONTROLLER", "127.0.0.1:4573/run")]


async def test_a_leader_says_again_where_callers_ask(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dialplan that is read anew has the address with which it was written."""
    monkeypatch.setattr(bond_module, "HEARTBEAT_INTERVAL_S", 0.01)
    house.ami.answers["Getvar"] = lambda _action: [{"Response": "Success", "Value": "5 one"}]
    house.bond.leads_as = Mark(5, "one", "127.0.0.1:4573/run", house.story.append)
    await house.start()
    begun = len(house.ami.actions)
    house.running.append(asyncio.create_task(house.bond.keep()))
    await house.ami.until(lambda ami: len(ami.actions) >= begun + 4)
    await house.bond.say_goodbye()
    told = [a["Variable"] for a in house.ami.actions[begun:] if a["Action"] == "Setvar"]
    assert told[:4] == ["ACD_HEARTBEAT", "ACD_CONTROLLER"] * 2
    assert told[-1] == "ACD_HEARTBEAT", "whoever leaves asks nobody to come"
