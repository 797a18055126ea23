"""What agents do with their calls, where Asterisk refuses a part of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest

from acd.core.events import CallAttendedTransferred, CallEnded, CallHeld, CallResumed, Event, OwnCallsJoined
from acd.core.facts import EndedBy
from acd.core.hands import Listening
from acd.errors import TelephonyError
from acd.telephony.call_hands import CallHands
from acd.telephony.channels import Pair
from acd.telephony.merges import Merges
from acd.telephony.switch import Switchboard
from acd.telephony.sync import SpySeen
from acd.telephony.watch import Watch
from tests.runtime.fakes import FakeMirror

CALLER, AGENT, THIRD = "PJSIP/trunk-out-00000001", "PJSIP/1001-00000002", "PJSIP/1002-00000003"


class FakeLink:
    """Says yes to everything but `refused`; channels are wherever they were sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.refused: set[str] = set()
        self.variables: dict[tuple[str, str], str] = {}
        self.places: dict[str, dict[str, str]] = {}
        self.on_bridge: Callable[[], None] = lambda: None
        self.asked_where: Callable[[str], None] = lambda _channel: None

    async def action(self, name: str, **headers: Any) -> None:
        """One action."""
        if name in self.refused:
            raise TelephonyError(f"{name} was refused")
        self.sent.append((name, headers))
        if name == "Setvar":
            self.variables[headers["Channel"], headers["Variable"]] = headers["Value"]
        elif name == "Bridge":
            for channel in (headers["Channel1"], headers["Channel2"]):
                self.places[channel] = {"BridgeID": "b1"}
            self.on_bridge()
        elif name == "Redirect" and headers["Exten"] == "join":
            joined = self.places.get(self.variables[headers["Channel"], "ACD_JOIN"], {})
            self.places[headers["Channel"]] = {"Application": "BridgeAdd", **joined}
        elif name == "Redirect":
            waits = "MusicOnHold" if headers["Exten"] == "music" else "Wait"
            self.places[headers["Channel"]] = {"Application": waits}
            if "ExtraChannel" in headers:
                self.places[headers["ExtraChannel"]] = {"Application": "Wait"}

    order = action

    async def list_action(self, _name: str, **headers: Any) -> list[dict[str, str]]:
        """Where the channel is."""
        channel = headers["Channel"]
        self.asked_where(channel)
        return [{"Uniqueid": f"id of {channel}", **self.places.get(channel, {})}]


class Talk:
    """Anna talks with a customer in c1."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.link = FakeLink()
        link: Any = self.link
        unused: Any = None
        self.watch = Watch(["1001"], self.hear, lambda *_: None)
        self.switch = Switchboard(self.watch, link, unused, Merges(FakeMirror()), unused)
        self.own: set[str] = set()  # calls that anna has dialled
        self.hands = CallHands(
            self.watch,
            link,
            self.switch,
            self.hear,
            lambda call: call not in self.own,
            lambda call: "1001" if call in self.own else None,
        )
        self.watch.bind("c1", CALLER, "a-1.1")
        self.watch.leg_of["c1"] = AGENT

    def dialled(self) -> None:
        """Instead, anna has dialled o1 and talks with somebody outside."""
        self.own.add("o1")
        self.watch.unbind("c1")
        del self.watch.leg_of["c1"]
        self.watch.bind("o1", AGENT, "a-1.2")
        self.watch.leg_of["o1"] = CALLER

    def answered(self, consult_id: str) -> None:
        """The consultation, which anna's leg asks about, has come to ben."""
        self.watch.bind(consult_id, AGENT, "a-1.2")
        self.watch.leg_of[consult_id] = THIRD

    def hung_up(self, channel: str, uniqueid: str) -> None:
        """One AMI event."""
        self.watch.on_event({"Event": "Hangup", "Channel": channel, "Uniqueid": uniqueid, "Cause": "16"})

    def redirects(self) -> list[tuple[str, str, str]]:
        """Who was led where."""
        return [(h["Channel"], h["Context"], h["Exten"]) for name, h in self.link.sent if name == "Redirect"]

    def hear(self, event: Event) -> None:
        """As the engine would."""
        self.heard.append(event)


async def test_hold_and_resume() -> None:
    talk = Talk()
    await talk.hands.hold("c1", dialled=False)
    assert talk.link.variables == {(AGENT, "ACD_HOLD"): CALLER, (CALLER, "ACD_HOLD"): AGENT}
    await talk.hands.resume("c1", dialled=False)
    assert set(talk.link.variables.values()) == {""}
    assert talk.heard[-2:] == [CallHeld("c1"), CallResumed("c1")]


@pytest.mark.parametrize("do", ["hold", "send"])
async def test_nobody_is_led_away_who_has_answered_and_hears_nobody_yet(do: str) -> None:
    """The other one would be hung up on, or go back into line."""
    talk = Talk()
    talk.link.places[AGENT] = {"Application": "AppDial"}
    asked: list[str] = []

    def asterisk_gets_on(channel: str) -> None:
        asked.append(channel)
        if asked == [AGENT, AGENT]:
            assert talk.link.sent == []
            talk.link.places[AGENT] = {"Application": "AppDial", "BridgeID": "b1"}

    talk.link.asked_where = asterisk_gets_on
    more = {"target": "group:support"} if do == "send" else {}
    await getattr(talk.hands, do)("c1", dialled=False, **more)
    assert asked[:2] == [AGENT, AGENT]
    assert len(talk.redirects()) == 1


async def test_a_hold_that_asterisk_does_not_end_goes_on() -> None:
    """Without the other's name the music would lead to the end of the call."""
    talk = Talk()
    await talk.hands.hold("c1", dialled=False)
    talk.link.refused = {"Bridge"}
    with pytest.raises(TelephonyError):
        await talk.hands.resume("c1", dialled=False)
    assert talk.link.variables == {(AGENT, "ACD_HOLD"): CALLER, (CALLER, "ACD_HOLD"): AGENT}
    talk.link.refused = set()
    await talk.hands.resume("c1", dialled=False)
    assert talk.heard[-1] == CallResumed("c1")


async def test_who_could_not_be_sent_on_is_taken_back() -> None:
    talk = Talk()
    await talk.hands.hold("c1", dialled=False)
    talk.link.refused = {"Redirect"}
    with pytest.raises(TelephonyError):
        await talk.hands.send("c1", "group:sales", dialled=False)
    talk.link.refused = set()
    await talk.hands.resume("c1", dialled=False)
    assert talk.heard[-1] == CallResumed("c1")
    assert ("Bridge", {"Channel1": CALLER, "Channel2": AGENT, "Tone": "no"}) in talk.link.sent


@pytest.mark.parametrize("target", ["8001,h", "8001&PJSIP/x", "group:a b", "8001\n", "${X}", "٣", ""])
async def test_what_is_no_target_is_not_dialled(target: str) -> None:
    talk = Talk()
    with pytest.raises(TelephonyError):
        await talk.hands.send("c1", target, dialled=False)
    with pytest.raises(TelephonyError):
        await talk.hands.consult("c1", "c1-c1", target, "Anna", dialled=False)
    assert talk.link.sent == []


async def test_a_call_that_the_agent_has_dialled_is_turned_for_a_consultation() -> None:
    talk = Talk()
    talk.dialled()
    await talk.hands.consult("o1", "o1-c1", "1002", "Anna", dialled=True)
    assert talk.redirects() == [(CALLER, "acd-hold", "music"), (AGENT, "acd-consult", "s")]
    variables = talk.link.variables
    assert (variables[CALLER, "ACD_CALLER"], variables[CALLER, "__ACD_CALL"]) == ("1", "o1")
    assert (variables[CALLER, "ACD_TURNED"], variables[AGENT, "ACD_CALLER"]) == ("1", "")
    assert (talk.watch.channel_of["o1"], talk.watch.leg_of["o1"]) == (CALLER, AGENT)
    talk.answered("o1-c1")
    await talk.hands.complete("o1", "o1-c1")
    assert talk.heard[-1] == OwnCallsJoined("o1", "o1-c1", "1002")
    assert dict(talk.watch.leg_of) == {"o1": THIRD}


async def turned_and_consulting() -> Talk:
    """Anna has dialled somebody, who is kept apart while she talks with ben."""
    talk = Talk()
    talk.dialled()
    await talk.hands.consult("o1", "o1-c1", "1002", "Anna", dialled=True)
    talk.answered("o1-c1")
    return talk


async def test_an_agent_who_is_gone_before_the_two_are_known_to_be_joined_has_not_ended_the_call() -> None:
    talk = await turned_and_consulting()

    def goes() -> None:
        talk.watch.on_event({"Event": "HangupRequest", "Channel": AGENT})
        talk.hung_up(AGENT, "a-1.2")

    talk.link.on_bridge = goes
    await talk.hands.complete("o1", "o1-c1")
    assert [event for event in talk.heard if isinstance(event, CallEnded)] == []
    assert talk.heard[-1] == OwnCallsJoined("o1", "o1-c1", "1002")
    assert dict(talk.watch.leg_of) == {"o1": THIRD}


async def test_an_agent_who_is_gone_while_the_two_cannot_be_joined_has_ended_both() -> None:
    talk = await turned_and_consulting()

    def fails() -> None:
        talk.hung_up(AGENT, "a-1.2")
        raise TelephonyError("no such channel")

    talk.link.on_bridge = fails
    with pytest.raises(TelephonyError, match="no such channel"):
        await talk.hands.complete("o1", "o1-c1")
    assert {event.call_id for event in talk.heard if isinstance(event, CallEnded)} == {"o1", "o1-c1"}


async def test_a_turned_call_goes_on_as_one_of_the_agents_own() -> None:
    talk = Talk()
    talk.dialled()
    await talk.hands.consult("o1", "o1-c1", "1002", "Anna", dialled=True)
    talk.answered("o1-c1")
    talk.link.places[AGENT] = {"Application": "Wait"}
    await talk.hands.cancel("o1", "o1-c1")
    assert talk.heard[-2:] == [CallEnded("o1-c1", EndedBy.CALLER), CallResumed("o1")]
    await talk.hands.hold("o1", dialled=True)
    assert talk.link.variables[CALLER, "ACD_HOLD"] == AGENT
    await talk.hands.hang_up("o1", dialled=True)
    assert talk.link.sent[-1] == ("Hangup", {"Channel": AGENT, "Cause": "16"})
    talk.hung_up(AGENT, "a-1.2")
    assert talk.heard[-1].by is EndedBy.CALLER  # type: ignore[union-attr]


async def test_who_was_called_hangs_up_in_a_turned_call() -> None:
    talk = Talk()
    talk.dialled()
    await talk.hands.consult("o1", "o1-c1", "1002", "Anna", dialled=True)
    talk.answered("o1-c1")
    talk.hung_up(CALLER, f"id of {CALLER}")
    assert talk.heard[-1] == CallEnded("o1", EndedBy.OUTSIDE)
    assert (AGENT, "acd-hold", "over") not in talk.redirects()  # who goes on with the consultation


async def test_a_consultation_that_was_under_way_before_a_restart_is_completed() -> None:
    talk = Talk()
    talk.answered("c1-c7")
    talk.hands.found_apart("c1", Pair(AGENT, CALLER))
    assert talk.switch.keeps_leg("c1-c7")
    await talk.hands.complete("c1", "c1-c7")
    assert CallAttendedTransferred("c1", "c1-c7") in talk.heard
    await talk.hands.stop()


async def test_the_agents_leg_that_is_gone_at_once_does_not_break_the_transfer() -> None:
    talk = Talk()
    talk.answered("c1-c7")
    talk.hands.found_apart("c1", Pair(AGENT, CALLER))
    talk.link.on_bridge = lambda: talk.hung_up(AGENT, "a-1.2")
    await talk.hands.complete("c1", "c1-c7")
    await asyncio.sleep(0)
    assert talk.redirects() == []
    assert dict(talk.watch.leg_of) == {"c1": THIRD}


@pytest.mark.parametrize(("channel", "uniqueid"), [(AGENT, "a-1.2"), (CALLER, "a-1.1")])
async def test_who_is_gone_when_a_transfer_fails_is_not_kept_apart(channel: str, uniqueid: str) -> None:
    talk = Talk()
    talk.answered("c1-c7")
    talk.hands.found_apart("c1", Pair(AGENT, CALLER))
    talk.hands.floor_is_known()

    def fails() -> None:
        talk.hung_up(channel, uniqueid)
        raise TelephonyError("no such channel")

    talk.link.on_bridge = fails
    with pytest.raises(TelephonyError, match="no such channel"):
        await talk.hands.complete("c1", "c1-c7")
    assert not talk.switch.keeps_leg("c1-c7")
    with pytest.raises(TelephonyError, match=r"has gone|has no call"):
        await talk.hands.resume("c1", dialled=False)
    await talk.hands.stop()


async def test_a_transfer_that_asterisk_refuses_leaves_the_consultation_as_it_was() -> None:
    talk = Talk()
    talk.answered("c1-c7")
    talk.hands.found_apart("c1", Pair(AGENT, CALLER))
    talk.link.refused.add("Bridge")
    with pytest.raises(TelephonyError, match="Bridge was refused"):
        await talk.hands.complete("c1", "c1-c7")
    talk.link.refused.clear()
    await talk.hands.complete("c1", "c1-c7")
    assert CallAttendedTransferred("c1", "c1-c7") in talk.heard


@pytest.mark.parametrize("do", ["join", "complete"])
async def test_nobody_is_taken_to_one_who_has_answered_and_hears_nobody_yet(do: str) -> None:
    """A customer on hold who was led into no talk was hung up on."""
    talk = Talk()
    talk.answered("c1-c7")
    talk.hands.found_apart("c1", Pair(AGENT, CALLER))
    talk.link.places[THIRD] = {"Application": "AppDial"}
    asked: list[str] = []

    def asterisk_gets_on(channel: str) -> None:
        asked.append(channel)
        if asked == [THIRD, THIRD]:
            assert talk.link.sent == []
            talk.link.places[THIRD] = {"Application": "AppDial", "BridgeID": "b1"}
            talk.link.places[AGENT] = {"Application": "Dial", "BridgeID": "b1"}

    talk.link.asked_where = asterisk_gets_on
    await getattr(talk.hands, do)("c1", "c1-c7")
    assert asked[:2] == [THIRD, THIRD]
    assert talk.heard[-1] == (CallResumed("c1") if do == "join" else CallAttendedTransferred("c1", "c1-c7"))
    if do == "join":
        assert talk.link.variables[CALLER, "ACD_HOLD"] == "", "nobody is to think it is on hold later"


async def test_who_answers_and_is_joined_with_nobody_joins_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acd.telephony.channels.HEARD_WITHIN_S", 0.05)
    talk = Talk()
    talk.answered("c1-c7")
    talk.hands.found_apart("c1", Pair(AGENT, CALLER))
    talk.link.places[THIRD] = {"Application": "AppDial"}
    with pytest.raises(TelephonyError, match="joined with anybody"):
        await talk.hands.join("c1", "c1-c7")
    assert talk.link.sent == []


async def test_who_goes_before_the_third_one_is_heard_joins_nobody() -> None:
    talk = Talk()
    talk.answered("c1-c7")
    talk.hands.found_apart("c1", Pair(AGENT, CALLER))
    talk.link.places[THIRD] = {"Application": "AppDial", "BridgeID": "b1"}
    talk.link.asked_where = lambda _channel: talk.hung_up(THIRD, "a-1.3")
    with pytest.raises(TelephonyError, match="somebody has gone"):
        await talk.hands.join("c1", "c1-c7")
    assert talk.link.sent == []


async def test_three_who_talked_before_a_restart_are_told_apart() -> None:
    talk = Talk()
    talk.answered("c1-c7")
    talk.hands.found_together("c1", "c1-c7")
    await talk.hands.cancel("c1", "c1-c7")
    assert talk.link.sent == [("Hangup", {"Channel": THIRD, "Cause": "16"})]
    talk.hung_up(THIRD, "a-1.3")
    assert talk.heard == [CallEnded("c1-c7", EndedBy.AGENT)]


async def test_what_comes_to_nothing_before_asterisk_was_looked_at_waits_for_that() -> None:
    talk = Talk()
    talk.answered("c1-c7")
    assert talk.switch.keeps_leg("c1-c7")
    talk.link.places[AGENT] = {"Application": "Wait"}
    talk.hands.found_apart("c1", Pair(AGENT, CALLER))
    talk.hands.floor_is_known()
    async with asyncio.timeout(2):
        while CallEnded("c1-c7", EndedBy.CALLER) not in talk.heard:  # noqa: ASYNC110 - by a task of theirs
            await asyncio.sleep(0)
    assert talk.redirects() == [(AGENT, "acd-consult", "back")]
    assert not talk.switch.keeps_leg("c1")


async def test_a_spy_who_has_gone_unheard_is_forgotten_and_one_from_before_is_known() -> None:
    talk = Talk()
    await talk.hands.spy("1003", "c1", "listen", dialled=False)
    with mock.patch("time.monotonic", return_value=time.monotonic() + 3):
        seen = {"acd-spy-1.s1": SpySeen("1004", AGENT), "acd-spy-2.s1": SpySeen("1005", "")}
        talk.hands.found_spies(seen, "")
    sent = len(talk.link.sent)
    for phone in ("1003", "1005"):
        assert talk.hands.listening(phone) is Listening.NONE
        await talk.hands.spy_no_more(phone)  # over already: no fault
    assert len(talk.link.sent) == sent
    assert talk.hands.listening("1004") is Listening.CONNECTED
    await talk.hands.spy("1004", "c1", "whisper", dialled=False)
    assert talk.link.sent[-1][0] == "PlayDTMF"
    await talk.hands.spy_no_more("1004")
    assert talk.link.sent[-1] == ("Hangup", {"Channel": "acd-spy-1.s1", "Cause": "16"})


async def test_a_spy_listens_when_the_phone_was_answered_and_until_it_hangs_up() -> None:
    talk = Talk()
    await talk.hands.spy("1003", "c1", "listen", dialled=False)
    assert talk.hands.listening("1003") is Listening.RINGING
    channel = talk.link.sent[-1][1]["ChannelId"]
    talk.hands.hear({"Event": "OriginateResponse", "Response": "Success", "Uniqueid": "acd-spy-other"})
    assert talk.hands.listening("1003") is Listening.RINGING
    talk.hands.hear({"Event": "OriginateResponse", "Response": "Success", "Uniqueid": channel})
    assert talk.hands.listening("1003") is Listening.CONNECTED
    talk.hands.hear({"Event": "Hangup", "Uniqueid": channel})
    assert talk.hands.listening("1003") is Listening.NONE


async def test_a_spy_whom_asterisk_refuses_may_try_again() -> None:
    talk = Talk()
    talk.link.refused = {"Originate"}
    with pytest.raises(TelephonyError):
        await talk.hands.spy("1003", "c1", "listen", dialled=False)
    talk.link.refused = set()
    await talk.hands.spy("1003", "c1", "listen", dialled=False)
    assert talk.link.sent[-1][0] == "Originate"
