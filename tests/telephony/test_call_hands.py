"""What agents do with their calls, where Asterisk refuses a part of it."""

from __future__ import annotations

from typing import Any

import pytest

from acd.core.events import CallHeld, CallResumed, Event
from acd.errors import TelephonyError
from acd.telephony.call_hands import CallHands
from acd.telephony.merges import Merges
from acd.telephony.switch import Switchboard
from acd.telephony.watch import Watch
from tests.runtime.fakes import FakeMirror

CALLER, AGENT = "PJSIP/trunk-out-00000001", "PJSIP/1001-00000002"


class FakeLink:
    """Says yes to everything but `refused`; channels are wherever they were sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.refused: set[str] = set()
        self.variables: dict[tuple[str, str], str] = {}
        self.places: dict[str, dict[str, str]] = {}

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
        elif name == "Redirect":
            self.places[headers["Channel"]] = {"Application": "MusicOnHold"}
            if "ExtraChannel" in headers:
                self.places[headers["ExtraChannel"]] = {"Application": "Wait"}

    order = action

    async def list_action(self, _name: str, **headers: Any) -> list[dict[str, str]]:
        """Where the channel is."""
        return [self.places.get(headers["Channel"], {})]


class Talk:
    """Anna talks with a customer in c1."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.link = FakeLink()
        link: Any = self.link
        unused: Any = None
        self.watch = Watch(["1001"], self.hear, lambda *_: None)
        switch = Switchboard(self.watch, link, unused, Merges(FakeMirror()), unused)
        self.hands = CallHands(self.watch, link, switch, self.hear, lambda _call: True)
        self.watch.bind("c1", CALLER, "a-1.1")
        self.watch.leg_of["c1"] = AGENT

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
        await talk.hands.consult("c1", "c1-c1", target, "Anna")
    assert talk.link.sent == []
