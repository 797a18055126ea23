"""What agents may do when: the table, and the requests against hands that do as told, or do not."""

from __future__ import annotations

import asyncio
import errno
import wave
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acd.core import events
from acd.core.consults import is_consult
from acd.core.facts import CallKind, Consent, ConsentSaid, EndedBy, TalkRecorded
from acd.core.hands import Listening
from acd.core.outside_events import OutsideAnswered, OutsideDialed
from acd.errors import RequestRefused, TelephonyError
from acd.runtime import turns
from acd.runtime.call_control import ALLOWED, Phase, Verb, check, in_hand
from acd.runtime.call_desk import CallDesk
from acd.runtime.destinations import Destinations
from acd.runtime.observers import Audience
from acd.runtime.talk_files import as_wav, unfinished
from acd.runtime.talk_recorder import TalkRecorder
from acd.settings.load import load_centre
from acd.settings.model import RecordRule
from tests.runtime.fakes import CHECKOUT, Desk


class FakeHands:
    """Does what it is told by telling the engine, as telephony would; `fails`: what it raises instead."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.done: list[tuple[str, ...]] = []
        self.fails: Exception | None = None
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def _do(self, *what: str) -> None:
        await self.go_on.wait()
        if self.fails is not None:
            raise self.fails
        self.done.append(what)

    def _feed(self, event: events.Event) -> None:
        self.desk.shell.feed(event)

    async def answer(self, call_id: str) -> None:
        """The phone answers."""
        await self._do("answer", call_id)
        self._feed(events.OfferAnswered(call_id))

    async def hang_up(self, call_id: str, *, dialled: bool) -> None:
        """The agent is out."""
        await self._do("hang up", call_id)
        self._feed(events.AgentHungUp(call_id) if not dialled else events.CallEnded(call_id))

    async def hold(self, call_id: str, *, dialled: bool) -> None:
        """Music."""
        await self._do("hold", call_id, str(dialled))
        self._feed(events.CallHeld(call_id))

    async def resume(self, call_id: str, *, dialled: bool) -> None:
        """No more music."""
        await self._do("resume", call_id, str(dialled))
        self._feed(events.CallResumed(call_id))

    async def take_up(self, call_id: str) -> None:
        await self._do("take_up", call_id)

    async def mute(self, call_id: str, *, dialled: bool, on: bool) -> None:
        """Silence."""
        await self._do("mute", call_id, str(dialled), str(on))

    async def keys(self, call_id: str, keys: str, *, dialled: bool) -> None:
        """Keys."""
        await self._do("keys", call_id, keys, str(dialled))

    async def send(self, call_id: str, target: str, *, dialled: bool) -> None:
        """Away."""
        await self._do("send", call_id, target, str(dialled))
        self._feed(events.CallBlindTransferred(call_id, target))

    async def consult(self, call_id: str, consult_id: str, target: str, name: str, *, dialled: bool) -> None:
        """An own call of the agent's."""
        await self._do("consult", call_id, consult_id, target, name, str(dialled))
        self._feed(events.CallHeld(call_id))
        self._feed(events.CallArrived(consult_id, CallKind.INTERNAL, "1001", "", target, None, "anna"))
        self._feed(events.CallDirected(consult_id, "ben"))

    async def complete(self, call_id: str, consult_id: str) -> None:
        """Handed over."""
        await self._do("complete", call_id, consult_id)
        if self.desk.shell.engine.floor.calls[call_id].is_customers:
            self._feed(events.CallAttendedTransferred(call_id, consult_id))
        else:
            self._feed(events.OwnCallsJoined(call_id, consult_id, "1002"))

    async def cancel(self, call_id: str, consult_id: str) -> None:
        """Back."""
        await self._do("cancel", call_id, consult_id)
        self._feed(events.CallEnded(consult_id))
        self._feed(events.CallResumed(call_id))

    async def join(self, call_id: str, consult_id: str) -> None:
        """Three."""
        await self._do("join", call_id, consult_id)
        self._feed(events.CallResumed(call_id))

    async def dial(self, phone: str, number: str, name: str) -> None:
        """The phone rings."""
        await self._do("dial", phone, number, name)
        self._feed(events.PhoneChanged(phone, True, True))

    async def spy(self, phone: str, call_id: str, mode: str, *, dialled: bool) -> None:
        """Listen."""
        await self._do("spy", phone, call_id, mode, str(dialled))
        self._feed(events.PhoneChanged(phone, True, True))

    async def spy_no_more(self, phone: str) -> None:
        """Enough."""
        await self._do("spy no more", phone)

    def listening(self, phone: str) -> Listening:
        """As long as nobody has told it to end."""
        spied = [what[0] for what in self.done if what[0].startswith("spy") and what[1] == phone]
        return Listening.CONNECTED if spied[-1:] == ["spy"] else Listening.NONE

    async def record(self, call_id: str, said: str, heard: str) -> None:
        """Two files."""
        await self._do("record", call_id)
        for file in (said, heard):
            await asyncio.to_thread(Path(file).write_bytes, b"\1\0" * 800)

    async def record_pause(self, call_id: str, *, on: bool) -> None:
        """Silence in it."""
        await self._do("record pause", call_id, str(on))


class Page:
    """The example centre whose calls are steered; anna has the call c1."""

    def __init__(self, folder: Path, rule: RecordRule = RecordRule.ON_DEMAND) -> None:
        centre = load_centre(CHECKOUT / "config", CHECKOUT / "tests" / "flows")
        self.desk = Desk(replace(centre, recorded=dict.fromkeys(centre.plan.groups, rule)))
        self.floor = self.desk.shell.engine.floor
        self.hands = FakeHands(self.desk)
        self.recorder = TalkRecorder(self.desk.now, self.desk.shell, self.hands, folder)
        to = Destinations(self.desk.now, self.floor, lambda: centre.flow_set.flows)
        self.calls = CallDesk(self.desk.shell, self.hands, to, self.recorder, self.desk.mirror)
        self.desk.shell.observer = Audience(of_all=[self.calls])

    async def ring(self) -> None:
        """A call for anna."""
        self.desk.ready("anna")
        await self.desk.ask("c1")

    async def talk(self) -> None:
        """And she takes it."""
        await self.ring()
        self.desk.shell.feed(events.OfferAnswered("c1"))

    async def ask(self, do: str, agent: str = "anna", **fields: Any) -> Mapping[str, Any]:
        """One request."""
        answer = self.calls.handlers()[do]({"do": do, "agent": agent, **fields})
        assert asyncio.iscoroutine(answer)
        found: Mapping[str, Any] = await answer
        return found

    async def refused(self, do: str, agent: str = "anna", **fields: Any) -> str:
        """The code with which it is."""
        with pytest.raises(RequestRefused) as refusal:
            await self.ask(do, agent, **fields)
        return refusal.value.code


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """Nobody is logged in."""
    page = Page(tmp_path)
    yield page
    await page.recorder.stop()
    page.desk.shell.close()


def test_every_phase_is_in_the_table_and_every_verb_is_possible_somewhere() -> None:
    assert set(ALLOWED) == set(Phase)
    assert set().union(*ALLOWED.values()) == set(Verb)


async def test_the_gate(page: Page) -> None:
    await page.talk()
    hand = in_hand(page.floor, "anna")
    assert (hand.phase, hand.call and hand.call.id, hand.dialled) == (Phase.TALKING, "c1", False)
    for phase in Phase:
        for verb in Verb:
            if verb in ALLOWED[phase]:
                check(replace(hand, phase=phase), verb)
                continue
            with pytest.raises(RequestRefused) as refusal:
                check(replace(hand, phase=phase), verb)
            assert refusal.value.code == "not-now"
            with pytest.raises(RequestRefused, match="no call"):
                check(replace(hand, phase=phase, call=None), verb)


def test_names_of_consultations() -> None:
    assert is_consult("a1-c2", "a1")
    assert not is_consult("a1", "a1")
    assert not is_consult("a1-cb1", "a1")
    assert not is_consult("a11-c1", "a1")


async def test_a_call_from_the_first_click_to_the_last(page: Page) -> None:
    assert await page.refused("call-answer") == "logged-out"
    assert await page.refused("call-answer", "zoe") == "unknown-agent"
    await page.ring()
    assert await page.refused("call-hold") == "not-now"
    early = asyncio.create_task(page.ask("call-answer"))
    await asyncio.sleep(0)
    assert page.hands.done == [], "the phone does not ring yet, and would not know what is meant"
    page.desk.shell.feed(events.OfferAlerting("c1"))
    assert await early == {"phase": "talking", "call": "c1"}
    assert (await page.ask("call-hold"))["phase"] == "held"
    assert page.calls.picture("c1")["parties"][0]["on_hold"] is True
    assert (await page.ask("call-resume"))["phase"] == "talking"
    await page.ask("call-mute", on=True)
    assert page.calls.picture("c1")["muted"] is True
    assert page.desk.mirror.keys("muted") == ["muted:c1"]
    assert await page.refused("call-mute", on="yes") == "bad-request"
    assert await page.refused("call-keys", keys="12a") == "bad-request"
    await page.ask("call-keys", keys="12#")
    assert (await page.ask("call-hangup"))["phase"] == "idle"
    assert ("keys", "c1", "12#", "False") in page.hands.done
    page.desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    assert page.desk.mirror.keys("muted") == []


async def test_no_other_phone_is_told_to_answer(page: Page) -> None:
    """Before the phone has rung the call goes to somebody else, and the agent has the next one."""
    await page.ring()
    early = asyncio.create_task(page.refused("call-answer"))
    await asyncio.sleep(0)
    feed = page.desk.shell.feed
    feed(events.CallerAway("c1"))
    feed(events.CallArrived("c2", CallKind.INBOUND, "+49", "", "8001"))
    feed(events.CallQueued("c2", page.floor.calls["c1"].group or ""))
    page.desk.ready("ben")
    feed(events.CallerReturned("c1"))
    feed(events.OfferAlerting("c1"))
    feed(events.OfferAlerting("c2"))
    assert (page.floor.calls["c1"].agent, page.floor.calls["c2"].agent) == ("ben", "anna")
    assert await early == "call-over"
    assert page.hands.done == []


async def test_a_call_that_is_over_before_the_phone_rings_is_not_answered(page: Page) -> None:
    await page.ring()
    early = asyncio.create_task(page.refused("call-answer"))
    await asyncio.sleep(0)
    page.desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    assert await early == "call-over"
    assert page.hands.done == []


async def test_a_browser_takes_up_the_call_that_it_has_lost(page: Page) -> None:
    await page.talk()
    assert await page.refused("call-take-up") == "not-now"  # a desk phone loses nothing
    page.floor.agents["anna"].phone = "w1001"
    await page.ask("call-mute", on=True)
    await page.ask("call-hold")
    assert await page.ask("call-take-up") == {"phase": "held", "call": "c1"}
    assert page.hands.done[-2:] == [("take_up", "c1"), ("mute", "c1", "False", "True")]


async def test_what_the_agent_wants_waits_until_the_browser_has_taken_its_place(page: Page) -> None:
    """The button is there as soon as the browser hears the talk again."""
    await page.talk()
    page.floor.agents["anna"].phone = "w1001"
    await page.ask("call-hold")
    page.hands.go_on.clear()
    taking_up = asyncio.create_task(page.ask("call-take-up"))
    await asyncio.sleep(0)
    resuming = asyncio.create_task(page.ask("call-resume"))
    await asyncio.sleep(0)
    page.hands.go_on.set()
    assert (await taking_up)["phase"] == "held"
    assert (await resuming)["phase"] == "talking"
    assert [what[0] for what in page.hands.done[-2:]] == ["take_up", "resume"]


async def test_two_clicks_and_an_asterisk_that_does_not_say_so(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    await page.talk()
    page.hands.go_on.clear()
    first = asyncio.create_task(page.ask("call-hold"))
    await asyncio.sleep(0)
    assert await page.refused("call-hold") == "busy"
    page.hands.go_on.set()
    assert (await first)["phase"] == "held"
    page.hands.fails = TelephonyError("no such channel")
    assert await page.refused("call-resume") == "not-done"
    page.hands.fails = None
    monkeypatch.setattr(turns, "LIMIT_S", 0.02)
    page.hands.go_on.clear()
    assert await page.refused("call-resume") == "not-confirmed"
    monkeypatch.setattr(turns, "LIMIT_S", 10.0)
    assert page.floor.calls["c1"].on_hold
    page.hands.go_on.set()
    await page.calls._turns.late.ended()
    assert not page.floor.calls["c1"].on_hold
    assert (await page.ask("call-hold"))["phase"] == "held"


async def test_where_calls_may_be_sent(page: Page) -> None:
    await page.talk()
    for to, kind, code in (
        ("nobody", "group", "unknown-group"),
        ("nothing", "flow", "unknown-flow"),
        ("zoe", "agent", "unknown-agent"),
        ("ben", "agent", "agent-logged-out"),
        ("anna", "agent", "own-phone"),
        ("group:sales", "number", "unknown-number"),
        ("4711", "number", "unknown-number"),
        ("x", "planet", "bad-request"),
    ):
        assert await page.refused("call-transfer", to=to, to_kind=kind) == code
    page.desk.ready("ben")
    await page.ask("call-transfer", to="support", to_kind="group")
    assert page.hands.done == [("send", "c1", "group:support", "False")]
    assert await page.refused("call-hold") == "no-call"


async def test_a_consultation_that_becomes_three_and_is_handed_over(page: Page) -> None:
    await page.talk()
    page.desk.ready("ben")
    assert (await page.ask("consult", to="ben", to_kind="agent"))["phase"] == "calling"
    assert page.calls.picture("c1")["consult"] == {"call": "c1-c1", "to": "ben", "state": "ringing"}
    assert await page.refused("consult-join") == "not-now"
    page.desk.shell.feed(events.OfferAnswered("c1-c1"))
    assert (await page.ask("consult-join"))["phase"] == "conference"
    assert [party.get("agent") for party in page.calls.picture("c1")["parties"]] == [None, "anna", "ben"]
    await page.ask("consult-cancel")
    assert (await page.ask("consult", to="1002", to_kind="number"))["phase"] == "calling"
    page.desk.shell.feed(events.OfferAnswered("c1-c2"))
    assert (await page.ask("consult-complete"))["phase"] == "idle"
    assert page.floor.calls["c1"].agent == "ben"


async def test_the_third_one_is_added_by_the_answer(page: Page) -> None:
    await page.talk()
    page.desk.ready("ben")
    await page.ask("conference-add", to="ben", to_kind="agent")
    page.desk.shell.feed(events.OfferAnswered("c1-c1"))
    async with asyncio.timeout(2):
        while ("join", "c1", "c1-c1") not in page.hands.done:  # noqa: ASYNC110 - by a task of the desk's
            await asyncio.sleep(0)
    assert in_hand(page.floor, "anna").phase is Phase.CONFERENCE


def dialled_by_anna(page: Page) -> None:
    """The own call o1, with somebody outside."""
    page.desk.ready("anna")
    page.desk.shell.feed(events.CallArrived("o1", CallKind.OUTBOUND, "1001", "", "030123", None, "anna"))
    dialed = OutsideDialed("o1", "+4930123", "lab", "anna", "+4930100", "030123", "030100")
    page.desk.shell.feed(dialed)
    page.desk.shell.feed(OutsideAnswered("o1"))


async def test_a_consultation_about_a_call_that_the_agent_has_dialled(page: Page) -> None:
    dialled_by_anna(page)
    page.desk.ready("ben")
    assert (await page.ask("consult", to="ben", to_kind="agent"))["phase"] == "calling"
    assert page.hands.done[-1][-1] == "True"
    assert page.calls.picture("o1")["consult"] == {"call": "o1-c1", "to": "ben", "state": "ringing"}
    page.desk.shell.feed(events.OfferAnswered("o1-c1"))
    assert (await page.ask("consult-join"))["phase"] == "conference"
    assert [party.get("agent") for party in page.calls.picture("o1")["parties"]] == ["anna", None, "ben"]
    assert await page.ask("consult-cancel") == {"phase": "own", "call": "o1"}
    page.desk.shell.feed(events.PhoneChanged("1002", True, False))
    assert (await page.ask("conference-add", to="1002", to_kind="number"))["phase"] == "calling"
    page.desk.shell.feed(events.OfferAnswered("o1-c2"))
    async with asyncio.timeout(2):
        while in_hand(page.floor, "anna").phase is not Phase.CONFERENCE:  # noqa: ASYNC110 - by a task of theirs
            await asyncio.sleep(0)
    await page.ask("consult-cancel")
    await page.ask("consult", to="1002", to_kind="number")
    page.desk.shell.feed(events.OfferAnswered("o1-c3"))
    assert (await page.ask("consult-complete"))["phase"] == "idle"
    assert page.floor.calls["o1"].origin_agent == "ben"
    assert in_hand(page.floor, "ben").phase is Phase.OWN
    page.desk.shell.feed(events.CallEnded("o1", EndedBy.CALLER))
    assert {page.desk.agent(name) for name in ("anna", "ben")} == {"ready"}


async def test_who_was_to_be_added_is_added_after_a_restart(page: Page) -> None:
    await page.talk()
    page.desk.ready("ben")
    await page.ask("conference-add", to="ben", to_kind="agent")
    kept = page.desk.mirror.load()
    assert page.desk.mirror.keys("added") == ["added:c1-c1"]
    page.calls._third_ones._adds.clear()
    page.desk.shell.feed(events.OfferAnswered("c1-c1"))  # while nobody looked
    page.calls.restore(kept)
    page.hands.go_on.clear()
    page.calls.floor_is_known()
    page.calls.floor_is_known()  # as after another look, while they are being joined
    await asyncio.sleep(0)
    assert page.desk.mirror.keys("added") == ["added:c1-c1"], "not done yet"
    page.hands.go_on.set()
    async with asyncio.timeout(2):
        while page.desk.mirror.keys("added"):  # noqa: ASYNC110 - by a task of theirs
            await asyncio.sleep(0)
    assert in_hand(page.floor, "anna").phase is Phase.CONFERENCE
    assert page.hands.done.count(("join", "c1", "c1-c1")) == 1
    page.desk.mirror.put("added:c9-c1", {"on": True})
    page.calls.restore(page.desk.mirror.load())
    assert page.desk.mirror.keys("added") == []


async def test_dialling_and_listening(page: Page) -> None:
    page.desk.ready("anna", "ben")
    page.desk.shell.feed(events.PhoneChanged("1002", True, True))
    await page.ask("call-dial", agent_to="ben")
    assert page.hands.done == [("dial", "1001", "1002", "Anna Weber")]
    assert await page.refused("spy", "1004", target="ben", mode="listen") == "no-call"
    page.desk.shell.feed(events.PhoneChanged("1001", True, False))
    await page.desk.ask("c1")
    page.desk.shell.feed(events.OfferAnswered("c1"))
    assert await page.refused("spy", "9999", target="anna", mode="listen") == "unknown-phone"
    assert await page.refused("spy", "1004", target="anna", mode="shout") == "bad-request"
    assert await page.refused("spy", "anna", target="anna", mode="listen") == "own-phone"
    assert (await page.ask("spy", "1004", target="anna", mode="whisper"))["call"] == "c1"
    assert (await page.ask("listening", "1004"))["state"] == "connected"
    await page.ask("spy", "1004", mode="stop")
    assert (await page.ask("listening", "1004"))["state"] == "none"


async def test_recording_on_demand(page: Page, tmp_path: Path) -> None:
    await page.talk()
    assert await page.refused("record-pause", reason="card") == "not-recording"
    await page.ask("record-resume")
    assert page.calls.picture("c1")["recording"] == "on"
    assert await page.refused("record-resume") == "recording"
    assert await page.refused("record-pause", reason=" ") == "bad-request"
    await page.ask("record-pause", reason="card")
    assert page.calls.picture("c1")["recording"] == "paused"
    await page.ask("record-resume")
    page.desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER))
    facts = [f for f in page.floor.calls["c1"].facts if isinstance(f, TalkRecorded)]
    assert [(f.step.value, f.agent, f.reason) for f in facts] == [
        ("started", "anna", ""), ("paused", "anna", "card"), ("resumed", "anna", ""), ("ended", "", ""),
    ]  # fmt: skip
    await page.recorder._background.ended()
    with wave.open(str(tmp_path / f"{facts[0].name}.wav")) as file:
        assert (file.getnchannels(), file.getnframes()) == (2, 800)
    assert unfinished(tmp_path) == set()


@pytest.mark.parametrize(("rule", "recorded"), [(RecordRule.ALWAYS, True), (RecordRule.NEVER, False)])
async def test_recording_by_rule(tmp_path: Path, rule: RecordRule, recorded: bool) -> None:
    page = Page(tmp_path, rule)
    await page.talk()
    await page.recorder._background.ended()
    assert (page.calls.picture("c1")["recording"] == "on") is recorded
    if not recorded:
        assert await page.refused("record-resume") == "not-recorded"
    await page.recorder.stop()
    page.desk.shell.close()


@pytest.mark.parametrize(
    ("rule", "said", "recorded", "refused"),
    [
        (RecordRule.WITH_CONSENT, None, False, "no-consent"),
        (RecordRule.WITH_CONSENT, Consent.GIVEN, True, "recording"),
        (RecordRule.WITH_CONSENT, Consent.DECLINED, False, "recording-declined"),
        (RecordRule.ALWAYS, Consent.DECLINED, False, "recording-declined"),
        (RecordRule.ON_DEMAND, Consent.DECLINED, False, "recording-declined"),
    ],
)
async def test_the_callers_word_is_above_the_rule_and_the_agents_wish(
    tmp_path: Path, rule: RecordRule, said: Consent | None, recorded: bool, refused: str
) -> None:
    page = Page(tmp_path, rule)
    await page.ring()
    if said is not None:
        page.desk.shell.feed(events.FlowNoted("c1", ConsentSaid(0.0, said)))
    page.desk.shell.feed(events.OfferAnswered("c1"))
    await page.recorder._background.ended()
    assert (page.calls.picture("c1")["recording"] == "on") is recorded
    assert await page.refused("record-resume") == refused
    assert any(done[0] == "record" for done in page.hands.done) is recorded
    await page.recorder.stop()
    page.desk.shell.close()


async def test_who_declines_in_a_flow_between_two_talks_is_not_recorded_any_more(tmp_path: Path) -> None:
    page = Page(tmp_path, RecordRule.ALWAYS)
    await page.talk()
    await page.recorder._background.ended()
    page.desk.shell.feed(events.FlowNoted("c1", ConsentSaid(0.0, Consent.DECLINED)))
    await page.recorder._background.ended()
    assert page.calls.picture("c1")["recording"] == "paused"
    page.desk.shell.feed(events.CallHeld("c1"))
    page.desk.shell.feed(events.CallResumed("c1"))
    await page.recorder._background.ended()
    assert page.calls.picture("c1")["recording"] == "paused"
    assert await page.refused("record-resume") == "recording-declined"
    await page.recorder.stop()
    page.desk.shell.close()


async def test_who_is_sent_into_a_flow_while_the_recording_begins_is_not_recorded_there(
    tmp_path: Path,
) -> None:
    page = Page(tmp_path, RecordRule.ALWAYS)
    page.hands.go_on.clear()
    await page.talk()
    page.desk.shell.feed(events.CallBlindTransferred("c1", "8000"))
    page.hands.go_on.set()
    async with asyncio.timeout(2):
        while page.calls.picture("c1")["recording"] != "paused":  # noqa: ASYNC110 - by a task of the recorder's
            await asyncio.sleep(0)
    assert ("record pause", "c1", "True") in page.hands.done
    await page.recorder.stop()
    page.desk.shell.close()


async def test_what_a_crash_has_left_is_finished_but_not_what_goes_on(page: Page, tmp_path: Path) -> None:
    await page.talk()
    day = tmp_path / "2026-11-26"
    day.mkdir()
    for name in ("c1", "c0"):
        (day / f"{name}-talk.caller.sln").write_bytes(b"\1\0\2\0")
    page.recorder.take_up()
    async with asyncio.timeout(5):
        await page.recorder._background.ended()
    assert sorted(path.name for path in day.iterdir()) == ["c0-talk.wav", "c1-talk.caller.sln"]


async def test_a_recording_waits_until_the_disk_has_room(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day, tries, really = tmp_path / "2026-11-26", 0, as_wav

    def twice_full(talk: Path) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        really(talk)

    day.mkdir()
    (day / "c0-talk.caller.sln").write_bytes(b"\1\0\2\0")
    monkeypatch.setattr("acd.runtime.talk_recorder.AGAIN_AFTER_S", 0.0)
    monkeypatch.setattr("acd.runtime.talk_files.as_wav", twice_full)
    page.recorder.take_up()
    async with asyncio.timeout(5):
        await page.recorder._background.ended()
    assert ([path.name for path in day.iterdir()], tries) == (["c0-talk.wav"], 3)
