"""AMI events as Asterisk 22 sends them, and what the engine hears of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest

from acd.core import events
from acd.core.events import Event
from acd.core.facts import EndedBy
from acd.core.outside_events import OutsideAlerting, OutsideAnswered
from acd.telephony.doubtful_ends import End
from acd.telephony.node_clock import NodeClock
from acd.telephony.phone_watch import phone_of
from acd.telephony.watch import Watch

CALLER = "PJSIP/trunk-lab-00000001"
LEG = "PJSIP/1001-00000002"
OTHER_LEG = "PJSIP/1002-00000003"


class Ear:
    """A watch over phones 1001 to 1003, and what it has told."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.heard: list[Event] = []
        self.transfers: list[tuple[str, str]] = []
        self.watch = Watch(
            ["1001", "1002", "1003"],
            self._feed,
            lambda call, consult: self.transfers.append((call, consult)),
            now,
        )
        self.watch.bind("c1", CALLER, "1.1")

    def _feed(self, event: Event) -> None:
        self.heard.append(event)

    def event(self, name: str, **headers: str) -> list[Event]:
        """One event; what the engine hears of it."""
        self.heard.clear()
        self.watch.on_event({"Event": name, **headers})
        return list(self.heard)

    def dialling(self, status: str, leg: str = LEG, uniqueid: str = "1.1") -> list[Event]:
        """The phone says something."""
        name = "DialEnd" if status == "ANSWER" else "DialState"
        return self.event(
            name, Channel=CALLER, Uniqueid=uniqueid, DestChannel=leg, DestUniqueid="1.2", DialStatus=status
        )

    def hangup(self, channel: str, uniqueid: str) -> list[Event]:
        """A channel is gone."""
        return self.event(
            "Hangup", Channel=channel, Uniqueid=uniqueid, Cause="16", **{"Cause-txt": "Normal Clearing"}
        )


@pytest.fixture
def ear() -> Ear:
    """Fresh, with call c1 on the trunk."""
    return Ear()


@pytest.mark.parametrize(
    ("channel", "phone"),
    [
        (LEG, "1001"),
        (CALLER, "trunk-lab"),
        ("PJSIP/desk-a-0000001f", "desk-a"),
        ("Local/1001@acd-member-00000001;1", None),
        ("PJSIP/1001", None),
        ("PJSIP/1001-0000002", None),
        ("", None),
    ],
)
def test_phone_of(channel: str, phone: str | None) -> None:
    assert phone_of(channel) == phone


# --- offers -----------------------------------------------------------------------------------
def test_a_ring_and_its_answer(ear: Ear) -> None:
    assert ear.dialling("RINGING") == [events.OfferAlerting("c1", "1001")]
    assert ear.watch.leg_of == {"c1": LEG}
    assert ear.dialling("ANSWER") == [events.OfferAnswered("c1", "1001")]


def test_early_media_is_a_ring(ear: Ear) -> None:
    assert ear.dialling("PROGRESS") == [events.OfferAlerting("c1", "1001")]


@pytest.mark.parametrize("status", ["PROCEEDING", "BUSY", ""])
def test_other_states_of_a_dial_are_no_news(ear: Ear, status: str) -> None:
    assert ear.dialling(status) == []


def test_a_dial_of_somebody_else_is_no_news(ear: Ear) -> None:
    assert ear.dialling("RINGING", uniqueid="9.9") == []
    assert ear.event("DialEnd", DialStatus="BUSY", Uniqueid="1.1") == []


def test_a_leg_that_is_gone_is_not_taken_for_the_next_one(ear: Ear) -> None:
    ear.dialling("RINGING")
    ear.hangup(LEG, "1.2")
    assert ear.watch.leg_of == {}


# --- the caller's channel ---------------------------------------------------------------------
def test_an_agents_phone_hangs_up_and_is_free_before_its_channel_is_gone(ear: Ear) -> None:
    ear.event("Newchannel", Channel=LEG, Uniqueid="1.2")
    ear.dialling("ANSWER")
    free = events.PhoneChanged("1001", reachable=False, in_use=False)
    assert ear.event("HangupRequest", Channel=LEG, Uniqueid="1.2", Cause="16") == [
        free,
        events.AgentDisconnected("c1", "1001"),
    ]
    assert ear.event("HangupRequest", Channel=LEG, Uniqueid="1.2", Cause="16") == []
    assert ear.hangup(LEG, "1.2") == []


def test_a_phone_hangs_up_a_call_of_its_own(ear: Ear) -> None:
    ear.event("Newchannel", Channel=OTHER_LEG, Uniqueid="1.3")
    assert ear.event("HangupRequest", Channel=OTHER_LEG, Uniqueid="1.3") == [
        events.PhoneChanged("1002", reachable=False, in_use=False)
    ]


def test_the_end_of_a_caller_who_hangs_up_is_told_by_the_hang_up_itself(ear: Ear) -> None:
    assert ear.event("HangupRequest", Channel=CALLER, Uniqueid="1.1") == []


def test_the_caller_hangs_up(ear: Ear) -> None:
    ear.dialling("RINGING")
    assert ear.hangup(CALLER, "1.1") == [events.CallEnded("c1", EndedBy.CALLER, "Normal Clearing")]
    assert (dict(ear.watch.leg_of), ear.watch.channel_of, ear.watch.call_of("1.1")) == ({}, {}, None)


def test_we_hang_up(ear: Ear) -> None:
    ear.watch.mark_ending("c1")
    assert ear.hangup(CALLER, "1.1") == [events.CallEnded("c1", EndedBy.SYSTEM, "Normal Clearing")]


@pytest.mark.parametrize(("ago_s", "told"), [(30.0, True), (0.1, False), (-5.0, False)])
def test_an_end_that_is_read_late_was_when_it_was(ear: Ear, ago_s: float, told: bool) -> None:
    """The controller had stood still: Asterisk says when the caller went."""
    at = round(time.time() - ago_s, 6)
    heard = ear.event("Hangup", Channel=CALLER, Uniqueid="1.1", Timestamp=f"{at:.6f}")
    (when,) = [event.at for event in heard if isinstance(event, events.CallEnded)]
    assert when == (pytest.approx(at, abs=0.5) if told else None)


@pytest.mark.parametrize(("ago_s", "told"), [(30.0, True), (0.1, False)])
@pytest.mark.parametrize("off_s", [-300.0, 4000.0])
def test_a_clock_that_is_off_makes_nothing_earlier_or_later(off_s: float, ago_s: float, told: bool) -> None:
    """Neither the node's, nor ours that was set since the engine began to count."""
    ear, clock = Ear(now=lambda: 1000.0), NodeClock()
    ear.watch.clocks = {"b": clock}
    shown = time.time() + off_s
    compared_at = time.monotonic() - 40
    clock.compare(f"{shown - 40:.6f}", compared_at, compared_at)
    heard = ear.event("Hangup", Channel=CALLER, Uniqueid="1.1", Timestamp=f"{shown - ago_s:.6f}", Node="b")
    (when,) = [event.at for event in heard if isinstance(event, events.CallEnded)]
    assert when == (pytest.approx(1000.0 - ago_s, abs=0.5) if told else None)


@pytest.mark.parametrize("by_s", [-3600.0, 3600.0, -90.0])
def test_a_clock_that_is_set_makes_nothing_long_ago(by_s: float) -> None:
    """Until it is compared again what it tells counts as told now, and ages by it are right at once."""
    clock, now = NodeClock(), time.monotonic()
    shown = time.time() + 20.0
    clock.compare(f"{shown - 10:.6f}", now - 10, now - 10)
    assert clock.age_s(f"{shown - 4:.6f}") == pytest.approx(4.0, abs=0.5)
    assert clock.age_s(f"{shown + by_s:.6f}") == pytest.approx(0.0, abs=0.5)
    assert clock.age_s(f"{shown + by_s + 0.3:.6f}") == pytest.approx(-0.3, abs=0.1)
    clock.compare(f"{shown + by_s + 10:.6f}", now + 10, now + 10)
    assert clock.age_s(f"{shown + by_s + 7:.6f}") == pytest.approx(0.0, abs=0.5)  # older than the last one


def test_whatever_is_told_shows_that_a_clock_was_set_back() -> None:
    """By a few seconds, soon after a word of something else."""
    ear, clock, now = Ear(now=lambda: 1000.0), NodeClock(), time.monotonic()
    ear.watch.clocks = {"b": clock}
    shown = time.time()
    clock.compare(f"{shown - 9:.6f}", now - 9, now - 9)
    ear.event("RTCPSent", Timestamp=f"{shown - 1:.6f}", Node="b")
    heard = ear.event("Hangup", Channel=CALLER, Uniqueid="1.1", Timestamp=f"{shown - 4:.6f}", Node="b")
    assert [event.at for event in heard if isinstance(event, events.CallEnded)] == [None]


def test_an_answer_that_took_long_says_nothing_of_a_clock() -> None:
    clock, now = NodeClock(), time.monotonic()
    clock.compare(f"{time.time() - 20:.6f}", now - 20, now)  # we stood still before we read it
    clock.compare("soon", now, now)
    clock.compare(None, now, now)
    assert clock.age_s(f"{time.time():.6f}") == pytest.approx(0.0, abs=0.5)
    assert clock.age_s("") is None


def test_a_phones_hang_up_that_is_read_late_was_when_it_was(ear: Ear) -> None:
    ear.event("Newchannel", Channel=LEG, Uniqueid="1.2")
    ear.dialling("ANSWER")
    at = round(time.time() - 5.0, 6)
    heard = ear.event("HangupRequest", Channel=LEG, Uniqueid="1.2", Timestamp=f"{at:.6f}")
    (when,) = [event.at for event in heard if isinstance(event, events.AgentDisconnected)]
    assert when == pytest.approx(at, abs=0.5)


def test_the_dialplan_hangs_up_when_the_agent_has(ear: Ear) -> None:
    """Whether or not the phone's BYE was told."""
    place = {"Context": "acd-run", "Exten": "over", "Cause-txt": "Normal Clearing"}
    assert ear.event("Hangup", Channel=CALLER, Uniqueid="1.1", **place) == [
        events.AgentHungUp("c1"),
        events.CallEnded("c1", EndedBy.SYSTEM, "Normal Clearing"),
    ]


def test_we_wanted_to_hang_up_but_the_caller_was_quicker(ear: Ear) -> None:
    ear.watch.mark_ending("c1")
    ear.watch.mark_ending("c1", ending=False)
    assert ear.hangup(CALLER, "1.1") == [events.CallEnded("c1", EndedBy.CALLER, "Normal Clearing")]


def test_the_mark_of_a_call_that_asks_again_or_is_not_there_is_forgotten(ear: Ear) -> None:
    ear.watch.mark_ending("c1")
    ear.watch.bind("c1", CALLER, "1.1")
    ear.watch.mark_ending("c2")
    ear.watch.bind("c2", "PJSIP/trunk-lab-00000002", "1.2")
    ended = ear.hangup(CALLER, "1.1") + ear.hangup("PJSIP/trunk-lab-00000002", "1.2")
    assert [e.by for e in ended if isinstance(e, events.CallEnded)] == [EndedBy.CALLER] * 2


def test_a_browser_that_is_gone_without_a_word_leaves_its_caller_alone(ear: Ear) -> None:
    for cause, alone in (("16", set()), ("44", {"c1"})):
        ear.dialling("ANSWER")
        ear.event("Hangup", Channel=LEG, Uniqueid="1.2", Cause=cause)
        assert ear.watch.left_alone == alone
    ear.watch.unbind("c1")
    assert ear.watch.left_alone == set()


def test_a_second_hang_up_is_no_news(ear: Ear) -> None:
    ear.hangup(CALLER, "1.1")
    assert ear.hangup(CALLER, "1.1") == []


def test_the_hang_up_of_a_former_channel_does_not_end_the_call(ear: Ear) -> None:
    ear.watch.bind("c1", "PJSIP/trunk-lab-00000009", "1.9")
    assert ear.hangup(CALLER, "1.1") == []
    assert ear.watch.call_of("1.9") == "c1"


def test_a_channel_that_was_hung_up_while_it_asked_is_not_bound(ear: Ear) -> None:
    ear.hangup("PJSIP/trunk-lab-00000005", "1.5")
    assert not ear.watch.bind("c5", "PJSIP/trunk-lab-00000005", "1.5")
    assert "c5" not in ear.watch.channel_of
    assert ear.watch.bind("c6", "PJSIP/trunk-lab-00000006", "1.6")


def test_only_late_hang_ups_are_remembered(ear: Ear) -> None:
    for n in range(1500):
        ear.hangup(f"PJSIP/x-{n:08x}", f"2.{n}")
    assert not ear.watch.bind("late", "x", "2.1499")
    assert ear.watch.bind("old", "x", "2.0")


def test_unbinding_what_is_not_bound_is_fine(ear: Ear) -> None:
    ear.watch.unbind("never")
    ear.watch.unbind("c1")
    ear.watch.unbind("c1")
    assert ear.hangup(CALLER, "1.1") == []


# --- hold -------------------------------------------------------------------------------------
def test_hold_by_the_agent(ear: Ear) -> None:
    ear.dialling("ANSWER")
    assert ear.event("Hold", Channel=LEG) == [events.CallHeld("c1", "1001")]
    assert ear.event("Unhold", Channel=LEG) == [events.CallResumed("c1", "1001")]
    assert ear.event("Hold", Channel=CALLER, Uniqueid="1.1") == [], "the customer's own hold"
    assert ear.event("Unhold", Channel="PJSIP/other-00000001") == []


def test_hold_by_an_agent_whose_phone_was_rung_first(ear: Ear) -> None:
    """Of a callback: the call's own channel is the agent's, the leg that was dialled is the customer's."""
    ear.watch.bind("c2", LEG, "1.9")
    trunk = "PJSIP/trunk-lab-00000004"
    ear.dialling("ANSWER", leg=trunk, uniqueid="1.9")
    assert ear.event("Hold", Channel=LEG, Uniqueid="1.9") == [events.CallHeld("c2", "1001")]
    assert ear.event("Unhold", Channel=LEG, Uniqueid="1.9") == [events.CallResumed("c2", "1001")]
    assert ear.event("Hold", Channel=trunk, Uniqueid="1.10") == []


# --- phones -----------------------------------------------------------------------------------
def test_a_fresh_look_reports_every_phone(ear: Ear) -> None:
    ear.heard.clear()
    ear.watch.set_phones(["1001", "1002", "9999"], [LEG, CALLER])
    assert ear.heard == [
        events.PhoneChanged("1001", True, True),
        events.PhoneChanged("1002", True, False),
        events.PhoneChanged("1003", False, False),
    ]


def test_a_phone_is_in_use_as_long_as_it_has_a_channel(ear: Ear) -> None:
    ear.watch.set_phones(["1001"], [])
    assert ear.event("Newchannel", Channel=LEG) == [events.PhoneChanged("1001", True, True)]
    second = "PJSIP/1001-0000000a"
    assert ear.event("Newchannel", Channel=second) == [events.PhoneChanged("1001", True, True)]
    assert ear.hangup(LEG, "1.2") == [events.PhoneChanged("1001", True, True)]
    assert ear.hangup(second, "1.3") == [events.PhoneChanged("1001", True, False)]
    assert ear.event("Newchannel", Channel=CALLER) == []
    assert ear.event("Newchannel", Channel="Local/1001@acd-member-00000001;1") == []


@pytest.mark.parametrize(
    ("state", "reachable"),
    [
        ("NOT_INUSE", True),
        ("INUSE", True),
        ("BUSY", True),
        ("RINGING", True),
        ("RINGINUSE", True),
        ("ONHOLD", True),
        ("UNAVAILABLE", False),
        ("INVALID", False),
        ("UNKNOWN", False),
    ],
)
def test_a_device_state_says_whether_the_phone_can_be_reached(ear: Ear, state: str, reachable: bool) -> None:
    before = ["1001"] if not reachable else []
    ear.watch.set_phones(before, [])
    heard = ear.event("DeviceStateChange", Device="PJSIP/1001", State=state)
    assert heard == [events.PhoneChanged("1001", reachable, False)]
    assert ear.event("DeviceStateChange", Device="PJSIP/1001", State=state) == []


def test_a_phone_that_dials_is_there_whatever_asterisk_says_of_it(ear: Ear) -> None:
    ear.watch.set_phones([], [])
    dialling = {"Channel": LEG, "Uniqueid": "1.2"}
    assert ear.event("Newchannel", ChannelStateDesc="Ring", **dialling) == [
        events.PhoneChanged("1001", True, True)
    ]
    gone = ear.event("Hangup", Context="acd-run", Exten="s", Cause="16", **dialling)
    assert gone == [events.PhoneChanged("1001", False, False)]
    assert ear.event("Newchannel", ChannelStateDesc="Down", **dialling) == [
        events.PhoneChanged("1001", False, True)
    ]


@pytest.mark.parametrize("device", ["PJSIP/9999", "Queue:acd-all", "Custom:1001", ""])
def test_other_devices_are_no_news(ear: Ear, device: str) -> None:
    assert ear.event("DeviceStateChange", Device=device, State="NOT_INUSE") == []


# --- attended transfer ------------------------------------------------------------------------
@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("answered", [False, True])
def test_attended_transfer(ear: Ear, swapped: bool, answered: bool) -> None:
    ear.dialling("ANSWER")
    consulting = "PJSIP/1001-00000004"
    ear.watch.bind("c2", consulting, "1.4")
    if answered:
        ear.dialling("ANSWER", leg=OTHER_LEG, uniqueid="1.4")
    legs = [(LEG, "1.2"), (consulting, "1.4")]
    (orig, orig_id), (second, second_id) = reversed(legs) if swapped else legs
    heard = ear.event(
        "AttendedTransfer",
        Result="Success",
        OrigTransfererChannel=orig,
        OrigTransfererUniqueid=orig_id,
        SecondTransfererChannel=second,
        SecondTransfererUniqueid=second_id,
        TransfereeChannel=CALLER,
    )
    assert heard == [events.CallAttendedTransferred("c1", "c2")]
    assert ear.transfers == [("c1", "c2")]
    # The consulting channel's end is not the end of a call any more.
    assert [e for e in ear.hangup(consulting, "1.4") if isinstance(e, events.CallEnded)] == []
    ear.hangup(LEG, "1.2")
    assert ear.watch.leg_of == ({"c1": OTHER_LEG} if answered else {})
    assert ear.hangup(CALLER, "1.1")[0] == events.CallEnded("c1", EndedBy.CALLER, "Normal Clearing")


@pytest.mark.parametrize("result", ["Fail", "Invalid", "Not Permitted", ""])
def test_a_transfer_that_failed_is_no_news(ear: Ear, result: str) -> None:
    ear.dialling("ANSWER")
    ear.watch.bind("c2", "PJSIP/1001-00000004", "1.4")
    heard = ear.event(
        "AttendedTransfer", Result=result, OrigTransfererChannel=LEG, SecondTransfererUniqueid="1.4"
    )
    assert (heard, ear.transfers) == ([], [])


def test_a_transfer_between_strangers_is_no_news(ear: Ear) -> None:
    ear.dialling("ANSWER")
    assert ear.event("AttendedTransfer", Result="Success", OrigTransfererChannel=LEG) == []
    assert ear.event("AttendedTransfer", Result="Success", SecondTransfererUniqueid="1.1") == []
    assert ear.transfers == []


# --- the rest ---------------------------------------------------------------------------------
def test_who_strays_into_the_fallback_queue_is_told(ear: Ear) -> None:
    joined: list[tuple[str, bool]] = []
    ear.watch.on_queue_join = lambda *told: joined.append(told)
    assert ear.event("QueueCallerJoin", Channel=CALLER, Queue="acd-all") == []
    assert joined == [(CALLER, False)]


def test_of_who_has_strayed_long_ago_it_is_told_that_it_was_long_ago(ear: Ear) -> None:
    joined: list[tuple[str, bool]] = []
    ear.watch.on_queue_join = lambda *told: joined.append(told)
    ear.event("QueueCallerJoin", Channel=CALLER, Timestamp=f"{time.time() - 5:.6f}")
    ear.event("QueueCallerJoin", Channel=LEG, Timestamp=f"{time.time():.6f}")
    assert joined == [(CALLER, True), (LEG, False)]


@pytest.mark.parametrize("kept", [True, False])
def test_the_end_of_a_call_may_be_told_by_somebody_who_knows_how_it_went(kept: bool) -> None:
    ear = Ear(now=lambda: 1000.0)
    given: list[tuple[str, Sequence[End], float]] = []

    def keeps(channel: str, told: Sequence[End], now: float) -> bool:
        given.append((channel, told, now))
        return kept

    ear.watch.keeps_end = keeps
    ended = events.CallEnded("c1", EndedBy.CALLER, "Normal Clearing")
    assert ear.hangup(CALLER, "1.1") == ([] if kept else [ended])
    assert given == [(CALLER, [ended], 1000.0)]
    assert ear.watch.channel_of == {}


def test_a_caller_who_has_ended_the_session_and_is_not_gone_is_away(ear: Ear) -> None:
    ear.watch.asks_no_more("c1")
    assert ear.heard == [events.CallerAway("c1")]
    ear.hangup(CALLER, "1.1")
    ear.heard.clear()
    ear.watch.asks_no_more("c1")
    assert ear.heard == []


@pytest.mark.parametrize(
    "name", ["VarSet", "Newexten", "", "Hold", "Hangup", "DialState", "AttendedTransfer"]
)
def test_events_without_headers_are_no_crash(ear: Ear, name: str) -> None:
    assert ear.event(name) == []
    ear.watch.on_event({})


# --- an agent joins two calls of their own ------------------------------------------------------
FIRST_OWN, SECOND_OWN = "PJSIP/1001-00000010", "PJSIP/1001-00000012"


def own_calls(ear: Ear, *, second_answered: bool = True) -> None:
    """Phone 1001 talks to 1002 (call c1) and has dialled c2, where 1003 has answered or nobody yet."""
    ear.watch.bind("c1", FIRST_OWN, "1.10")
    ear.dialling("ANSWER", leg=OTHER_LEG, uniqueid="1.10")
    ear.watch.bind("c2", SECOND_OWN, "1.12")
    if second_answered:
        ear.dialling("ANSWER", leg="PJSIP/1003-00000013", uniqueid="1.12")


def joined(ear: Ear, *, first: tuple[str, str], second: tuple[str, str], **more: str) -> list[Event]:
    """The transfer; what the engine hears."""
    return ear.event(
        "AttendedTransfer",
        Result="Success",
        OrigTransfererChannel=first[0],
        OrigTransfererUniqueid=first[1],
        SecondTransfererChannel=second[0],
        SecondTransfererUniqueid=second[1],
        **more,
    )


C1, C2 = (FIRST_OWN, "1.10"), (SECOND_OWN, "1.12")
BEN = {"Channel": OTHER_LEG, "Uniqueid": "1.11"}


def test_two_agents_are_joined(ear: Ear) -> None:
    own_calls(ear)
    named: list[str] = []
    ear.watch.on_new_caller = named.append
    heard = joined(
        ear,
        first=C1,
        second=C2,
        OrigBridgeUniqueid="b1",
        SecondBridgeUniqueid="b2",
        TransfereeChannel=OTHER_LEG,
        TransfereeUniqueid="1.11",
        TransferTargetChannel="PJSIP/1003-00000013",
        TransferTargetUniqueid="1.13",
    )
    assert heard == [events.OwnCallsJoined("c2", "c1", "1002")]
    assert (named, ear.transfers) == (["c2"], [])
    assert ear.watch.channel_of == {"c2": OTHER_LEG}
    assert ear.watch.leg_of == {"c2": "PJSIP/1003-00000013"}
    # The agent who joined them leaves: that ends no call. The colleague's hang-up does.
    for channel, uniqueid in (C1, C2):
        assert not [e for e in ear.hangup(channel, uniqueid) if isinstance(e, events.CallEnded)]
    assert ear.hangup(OTHER_LEG, "1.11")[0] == events.CallEnded("c2", EndedBy.CALLER, "Normal Clearing")


@pytest.mark.parametrize("swapped", [False, True])
def test_an_agent_is_joined_with_a_line(ear: Ear, swapped: bool) -> None:
    """Whichever call the phone names first: the one that has nobody yet goes on."""
    own_calls(ear, second_answered=False)
    side, bridge = ("TransferTarget", "Second") if swapped else ("Transferee", "Orig")
    heard = joined(
        ear,
        first=C2 if swapped else C1,
        second=C1 if swapped else C2,
        **{f"{bridge}BridgeUniqueid": "b1", **{f"{side}{name}": value for name, value in BEN.items()}},
    )
    assert heard == [events.OwnCallsJoined("c2", "c1", "1002")]
    assert ear.watch.channel_of == {"c2": OTHER_LEG}


def test_a_join_with_somebody_unknown_is_no_news(ear: Ear) -> None:
    own_calls(ear)
    bridges = {"OrigBridgeUniqueid": "b1", "SecondBridgeUniqueid": "b2"}
    assert joined(ear, first=C1, second=C2, **bridges, TransfereeChannel="PJSIP/1002-000000ff") == []
    assert joined(ear, first=C1, second=C1, **bridges, TransfereeChannel=OTHER_LEG) == []
    assert ear.watch.channel_of == {"c1": FIRST_OWN, "c2": SECOND_OWN}


def test_a_channel_that_begins_another_call_ends_the_one_before(ear: Ear) -> None:
    """A colleague who had taken a caller's place is sent elsewhere, as a new call of the own phone."""
    ear.dialling("ANSWER")
    ear.heard.clear()
    ear.watch.has_moved_on("c1", "1.1")
    assert ear.heard == []
    ear.watch.has_moved_on("c9", "1.1")
    assert ear.watch.bind("c9", CALLER, "1.1")
    assert ear.heard == [events.CallEnded("c1", EndedBy.AGENT, "transferred")]
    assert (ear.watch.channel_of, dict(ear.watch.leg_of)) == ({"c9": CALLER}, {})


def test_news_that_overtake_a_look_are_not_undone_by_it(ear: Ear) -> None:
    ear.watch.set_phones(["1002"], [])
    ear.watch.look_begins()
    ear.event("DeviceStateChange", Device="PJSIP/1001", State="NOT_INUSE")
    ear.event("DeviceStateChange", Device="PJSIP/1002", State="UNAVAILABLE")
    ear.event("Newchannel", Channel=LEG, Uniqueid="1.2")
    ear.hangup(OTHER_LEG, "1.3")
    ear.heard.clear()
    ear.watch.set_phones(["1002"], [OTHER_LEG])
    assert ear.heard == [
        events.PhoneChanged("1001", True, True),
        events.PhoneChanged("1002", False, False),
        events.PhoneChanged("1003", False, False),
    ]


def test_nothing_is_collected_when_nobody_looks(ear: Ear) -> None:
    ear.watch.look_begins()
    ear.watch.set_phones(["1001"], [])
    for n in range(10):
        ear.event("Newchannel", Channel=f"PJSIP/1001-{n:08x}", Uniqueid=f"2.{n}")
        ear.hangup(f"PJSIP/1001-{n:08x}", f"2.{n}")
    assert ear.watch._looks == {}


# --- somebody outside -------------------------------------------------------------------------
OUTSIDE = "PJSIP/trunk-main-00000007"


def test_a_trunk_says_how_far_the_call_has_come(ear: Ear) -> None:
    assert ear.dialling("PROCEEDING", OUTSIDE) == [OutsideAlerting("c1", rings=False)]
    assert ear.dialling("RINGING", OUTSIDE) == [OutsideAlerting("c1")]
    assert ear.dialling("ANSWER", OUTSIDE) == [OutsideAnswered("c1")]
    assert ear.watch.leg_of == {"c1": OUTSIDE}


def test_a_phone_that_has_only_got_the_invite_has_not_rung(ear: Ear) -> None:
    assert ear.dialling("PROCEEDING") == []
    assert ear.watch.leg_of == {}
