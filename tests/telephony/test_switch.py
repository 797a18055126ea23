"""The switchboard: real AGI sessions, a scripted manager interface, and a reception by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.commands import Offer
from acd.core.events import CallEnded, CallerAway, Event
from acd.core.facts import EndedBy, OfferFailure
from acd.core.outside_facts import DialFailure
from acd.core.ports import Ask, AskKind, Refusal
from acd.telephony import sessions
from acd.telephony.agi import AgiServer, AgiSession
from acd.telephony.ami import AmiLink
from acd.telephony.ask import ARGUMENTS, knows_word, party_text, read_ask, renamed, variables_of
from acd.telephony.line import AgiLine
from acd.telephony.merges import Merges
from acd.telephony.prompts import PromptStore
from acd.telephony.switch import Switchboard
from acd.telephony.watch import Watch
from tests.runtime.fakes import FakeMirror
from tests.telephony.agi_client import HEADER, AgiClient, header
from tests.telephony.fake_ami import SECRET, FakeAmi, listing, refusal

pytestmark = pytest.mark.timeout(10)
CALLER = HEADER["agi_channel"]


# --- the question -----------------------------------------------------------------------------
def question(*arguments: str, **env: str) -> Ask | None:
    """What is read from a session with these arguments."""
    session = AgiSession.__new__(AgiSession)  # only what is read: no socket
    session.env = {**HEADER, **env, **{f"agi_arg_{n}": a for n, a in enumerate(arguments, 1)}}
    return read_ask(session)


@pytest.mark.parametrize(
    ("state", "dialstatus", "leg", "kind", "target", "failure"),
    [
        ("", "", "", AskKind.NEW, "", OfferFailure.UNREACHABLE),
        ("after-dial", "ANSWER", "", AskKind.AGENT_LEFT, "", OfferFailure.UNREACHABLE),
        ("after-dial", "BUSY", "SIP 486 Busy Here", AskKind.DIAL_FAILED, "", OfferFailure.BUSY),
        ("after-dial", "CHANUNAVAIL", "SIP 603 Decline", AskKind.DIAL_FAILED, "", OfferFailure.DECLINED),
        ("after-dial", "", "", AskKind.DIAL_FAILED, "", OfferFailure.UNREACHABLE),
        ("blind:8002", "ANSWER", "", AskKind.BLIND_TRANSFER, "8002", OfferFailure.UNREACHABLE),
        ("blind:", "", "", AskKind.BLIND_TRANSFER, "", OfferFailure.UNREACHABLE),
        ("fallback", "", "", AskKind.FALLBACK, "", OfferFailure.UNREACHABLE),
        ("after-fallback", "", "", AskKind.AFTER_FALLBACK, "", OfferFailure.UNREACHABLE),
        ("dialling", "ANSWER", "SIP 180 Ringing", AskKind.NEW, "", OfferFailure.UNREACHABLE),
        ("something else", "", "", AskKind.NEW, "", OfferFailure.UNREACHABLE),
    ],
)
def test_states(
    state: str, dialstatus: str, leg: str, kind: AskKind, target: str, failure: OfferFailure
) -> None:
    ask = question("c-1", state, "trunk", "8001", dialstatus, leg, "sales")
    expected = Ask(kind, "c-1", None, "+4930123456", "W. Fang", "8001", target, failure, "sales")
    assert ask is not None
    assert replace(ask, outside_failure=DialFailure.UNREACHABLE, cause="") == expected
    assert ask.cause == (leg if kind is AskKind.DIAL_FAILED else "")


@pytest.mark.parametrize(
    ("said", "named", "knows"),
    [
        ("secret", "run", True),
        ("", "run", False),
        ("Secret", "run", False),
        ("secr\xe9t", "\ufffd", False),
        ("", "secret", True),  # a dialplan of the version before
        ("", "run/secret", True),  # the same, where a leader of this version has set the address
        ("", "other/secret", False),
        ("", "", False),
    ],
)
def test_who_knows_the_word(said: str, named: str, knows: bool) -> None:
    session = AgiSession.__new__(AgiSession)
    arguments = ["c-1", *[""] * (ARGUMENTS - 1), *([said] if said else [])]
    session.env = {f"agi_arg_{n}": a for n, a in enumerate(arguments, 1)} | {"agi_network_script": named}
    assert knows_word(session, "secret") is knows


def test_who_says_less_than_a_question_knows_no_word() -> None:
    session = AgiSession.__new__(AgiSession)
    session.env = {"agi_arg_1": "secret"}
    assert not knows_word(session, "secret")


@pytest.mark.parametrize(
    ("member", "at", "served_by", "served_at"),
    [
        ("dora", "1795348707", "dora", 1795348707.0),
        ("dora", "soon", "dora", None),
        ("", "0", "", None),
    ],
)
def test_who_has_served(member: str, at: str, served_by: str, served_at: float | None) -> None:
    ask = question("c-1", "after-fallback", "trunk", "8001", "", "", "sales", member, at)
    assert ask is not None
    assert (ask.kind, ask.served_by, ask.served_at) == (AskKind.AFTER_FALLBACK, served_by, served_at)


def test_a_call_from_inside() -> None:
    ask = question("c-1", "", "phone:1001", "8001", "", "", "", agi_callerid="1001")
    assert ask is not None
    assert (ask.phone, ask.caller_number) == ("1001", "1001")


def test_missing_arguments_and_an_unknown_caller() -> None:
    ask = question("c-1", agi_callerid="unknown", agi_calleridname="unknown")
    assert ask == Ask(AskKind.NEW, "c-1", None, "", "", "")


@pytest.mark.parametrize(
    "call_id", ["", "ab", "x" * 65, "C1-ABC", "c1 c2", "c1\n", "../c1", "c'1", "${X}", "王小明"]
)
def test_what_is_no_call_is_refused(call_id: str) -> None:
    assert question(call_id) is None


@given(st.lists(st.text(max_size=300), max_size=9), st.text(max_size=300))
def test_hostile_values_never_raise(arguments: list[str], name: str) -> None:
    ask = question("c-1", *arguments, agi_calleridname=name)
    assert ask is not None
    assert len(ask.caller_name) <= 200


def test_renamed() -> None:
    ask = question("c-2", "blind:8002", "trunk", "8001")
    assert ask is not None
    assert renamed(ask, "c-1") == Ask(**{n: getattr(ask, n) for n in Ask.__slots__} | {"call_id": "c-1"})


@pytest.mark.parametrize(
    ("value", "variables"),
    [
        ("ACD_CALL=c1", {"ACD_CALL": "c1"}),
        (["ACD_CALL=c1", "X=a=b", "Y"], {"ACD_CALL": "c1", "X": "a=b", "Y": ""}),
        ([], {}),
    ],
)
def test_variables_of(value: object, variables: dict[str, str]) -> None:
    assert variables_of({"Variable": value}) == variables


# --- sessions and commands --------------------------------------------------------------------
class House:
    """A switchboard whose reception only notes who asks."""

    def __init__(self, ami: FakeAmi, folder: Path) -> None:
        self.ami = ami
        self.heard: list[Event] = []
        self.told = asyncio.Event()
        self.asks: asyncio.Queue[Ask] = asyncio.Queue()
        self.watch = Watch(["1001", "1002"], self._feed, lambda _call, _consult: None)
        self._up = asyncio.Event()
        link = AmiLink(
            ("127.0.0.1", ami.port), ("acd", SECRET), self.watch.on_event, self._on_up, lambda: None
        )
        self._running = asyncio.create_task(link.run())
        self.mirror = FakeMirror()
        self.merges = Merges(self.mirror)
        self.switch = Switchboard(
            self.watch, link, PromptStore(folder, {"*": ("none",)}), self.merges, self._reception
        )
        self._agi = AgiServer(self.switch.serve)
        self._clients: list[AgiClient] = []
        self._port = 0

    def _feed(self, event: Event) -> None:
        self.heard.append(event)
        self.told.set()

    async def _on_up(self) -> None:
        self._up.set()

    async def _reception(self, ask: Ask, _line: AgiLine) -> None:
        self.asks.put_nowait(ask)

    async def open(self) -> None:
        """Everything is there."""
        self._port = await self._agi.start("127.0.0.1", 0)
        await self._up.wait()

    async def close(self) -> None:
        """Everything is gone."""
        await self.switch.stop()
        await self._agi.stop()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        for client in self._clients:
            await client.close()

    async def settled(self) -> None:
        """Every command under way has been carried out."""
        while work := [t for t in asyncio.all_tasks() if "_hang_up_channel" in repr(t.get_coro())]:
            await asyncio.gather(*work)

    def ended_by(self, uniqueid: str) -> EndedBy:
        """The caller's channel is gone: who ended the call, as the engine hears it."""
        self.heard.clear()
        self.watch.on_event({"Event": "Hangup", "Channel": CALLER, "Uniqueid": uniqueid})
        (ended,) = (event for event in self.heard if isinstance(event, CallEnded))
        return ended.by

    async def connect(self, call_id: str = "c-1", **env: str) -> AgiClient:
        """A channel connects."""
        client = await AgiClient.connect(self._port)
        self._clients.append(client)
        client.send(header((call_id, "", "trunk", "8001"), **env))
        return client

    async def caller(self, call_id: str = "c-1", **env: str) -> AgiClient:
        """A channel asks, and is in our hands."""
        client = await self.connect(call_id, **env)
        await self.asks.get()
        return client


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Open."""
    ami = FakeAmi()
    await ami.start()
    house = House(ami, tmp_path)
    await house.open()
    yield house
    await house.close()
    await ami.stop()


async def test_who_does_not_say_the_word_is_not_served(house: House) -> None:
    house.switch._word = "secret"
    stranger = await house.connect(agi_network_script="run", agi_arg_11="guessed")
    assert await stranger.rest() == b""
    assert house.asks.empty()
    await house.caller("c-2", agi_network_script="run/secret")


async def commands(client: AgiClient, count: int) -> list[str]:
    """The next commands, answered."""
    return [await client.command() for _ in range(count)]


async def test_a_caller_is_asking_until_the_session_ends(house: House) -> None:
    client = await house.caller()
    assert house.switch.asking() == {"c-1"}
    assert house.watch.channel_of == {"c-1": CALLER}
    client.send(b"HANGUP\n")
    assert await client.rest() == b""
    assert house.switch.asking() == frozenset()


@pytest.mark.parametrize("says", [b"HANGUP\n", b""])
async def test_who_ends_the_session_and_is_not_known_to_be_gone_is_away(house: House, says: bytes) -> None:
    client = await house.caller()
    client.send(says)
    await client.close()
    await house.told.wait()
    assert house.heard == [CallerAway("c-1")]


async def test_who_is_led_on_by_us_is_not_away(house: House) -> None:
    client = await house.caller()
    house.switch.offer(Offer("c-1", "anna", "1001", 15.0, "", "sales"))
    assert await client.rest()
    await house.switch.stop()
    assert (house.switch._lines, house.heard) == ({}, [])


async def test_a_session_without_a_call_is_refused(house: House) -> None:
    client = await house.connect("NO CALL")
    assert await client.rest() == b""
    assert house.asks.empty()


async def test_a_new_session_takes_over_from_the_old(house: House) -> None:
    old = await house.caller()
    new = await house.caller()
    assert await old.rest() == b""
    assert house.switch.asking() == {"c-1"}
    house.switch.hold_in_line("c-1", "sales", "default")
    assert "SET MUSIC ON default" in await commands(new, 3)


async def test_a_session_that_nobody_is_at_is_closed(house: House) -> None:
    """As after packets were lost: the channel is elsewhere, and the end of the session was never heard."""
    there = await house.caller("c-1")
    dead = await house.caller("c-2", agi_channel="PJSIP/trunk-lab-00000002", agi_uniqueid="1.2")
    looking = asyncio.create_task(house.switch.drop_dead(""))
    assert await commands(there, 1) == ["GET VARIABLE UNIQUEID"]
    await looking
    assert house.switch.asking() == {"c-1"}
    assert await dead.rest() == b"GET VARIABLE UNIQUEID\n"


async def test_a_session_on_which_something_is_done_is_left_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where that begins while it is looked for dead ones: a recording must not be cut."""
    monkeypatch.setattr(sessions, "DEAD_AFTER_S", 0.2)
    client = await house.caller()
    line = house.switch._lines["c-1"]
    recording = asyncio.create_task(line.music("default"))
    looking = asyncio.create_task(house.switch.drop_dead(""))
    await looking
    assert await house.switch.still_asks("") is None
    assert house.switch.asking() == {"c-1"}
    assert await commands(client, 2) == ['EXEC Answer "0,i"', "SET MUSIC ON default"]
    await recording


async def test_hung_up_while_asking(house: House) -> None:
    house.watch.on_event({"Event": "Hangup", "Channel": CALLER, "Uniqueid": HEADER["agi_uniqueid"]})
    client = await house.connect()
    assert await client.rest() == b""
    assert house.asks.empty()
    assert house.switch.asking() == frozenset()


async def test_music_in_line(house: House) -> None:
    client = await house.caller()
    house.switch.hold_in_line("c-1", "sales", "default")
    assert await commands(client, 3) == [
        'SET VARIABLE ACD_GROUP "sales"',
        'EXEC Answer "0,i"',
        "SET MUSIC ON default",
    ]


@pytest.mark.parametrize(
    ("music", "dial"),
    [
        ("default", "|PJSIP/1001,15,gim(default)"),
        ("", "|PJSIP/1001,15,gi"),
    ],
)
async def test_an_offer(house: House, music: str, dial: str) -> None:
    client = await house.caller()
    house.switch.offer(Offer("c-1", "anna", "1001", 15.0, music))
    assert await client.command() == f'SET VARIABLE ACD_DIAL "{dial}"'
    assert await client.rest() == b""


async def test_an_offer_that_tells_the_phone_our_id(house: House) -> None:
    house.switch.call_id_header = True
    client = await house.caller()
    house.switch.offer(Offer("c-1", "anna", "1001", 15.0, ""))
    assert await client.command() == 'SET VARIABLE ACD_DIAL "|PJSIP/1001,15,gib(acd-leg^s^1)"'


async def test_a_caller_for_whom_nothing_is_planned_is_hung_up_by_the_dialplan(house: House) -> None:
    house.switch.ends_with_agent = lambda call_id: call_id == "c-1"
    client = await house.caller()
    house.switch.offer(Offer("c-1", "anna", "1001", 15.0, ""))
    assert await client.command() == 'SET VARIABLE ACD_DIAL "|PJSIP/1001,15,gi|hangup"'


async def test_a_cancelled_ring_that_is_answered_all_the_same_ends_no_call(house: House) -> None:
    """The dialplan has to ask then, and is told so before the leg is hung up."""
    house.watch.bind("c-1", CALLER, "1.1")
    house.watch.leg_of["c-1"] = "PJSIP/1001-00000002"
    house.switch.cancel_offer("c-1")
    await house.ami.until(lambda a: a.names() == ["Setvar", "Hangup"])
    assert given_to(house, CALLER) == {"ACD_AFTER": ""}


@pytest.mark.parametrize(
    "hostile", ["1001&1002", "1001,20,U(x)", "1001\n", "", "${X}", "a/b", "x" * 65, "王"]
)
async def test_nothing_unchecked_gets_into_a_dial_string(house: House, hostile: str) -> None:
    with pytest.raises(ValueError):
        house.switch.offer(Offer("c-1", "anna", hostile, 15.0, "default"))
    if hostile:
        with pytest.raises(ValueError):
            house.switch.offer(Offer("c-1", "anna", "1001", 15.0, hostile))


async def test_commands_for_callers_who_are_not_there_do_nothing(house: House) -> None:
    house.switch.hold_in_line("gone", "sales", "default")
    house.switch.offer(Offer("gone", "anna", "1001", 15.0, ""))
    house.switch.hang_up("gone", Refusal.NORMAL)
    assert house.ami.names() == []


@pytest.mark.parametrize(
    ("refusal_", "cause"),
    [(Refusal.NORMAL, 16), (Refusal.BUSY, 17), (Refusal.NO_ANSWER, 19), (Refusal.UNKNOWN_NUMBER, 1)],
)
async def test_hang_up(house: House, refusal_: Refusal, cause: int) -> None:
    client = await house.caller()
    house.switch.hang_up("c-1", refusal_)
    assert await client.command() == f'SET VARIABLE ACD_NEXT "hangup:{cause}"'
    assert await client.rest() == b""
    assert house.ended_by(HEADER["agi_uniqueid"]) is EndedBy.SYSTEM


async def test_a_caller_who_hangs_up_before_we_do_has_hung_up(house: House) -> None:
    client = await house.caller()
    house.switch.hang_up("c-1", Refusal.NORMAL)
    assert await client.command("HANGUP")
    await client.rest()
    assert house.ended_by(HEADER["agi_uniqueid"]) is EndedBy.CALLER


async def test_hang_up_of_a_caller_who_is_talking(house: House) -> None:
    house.watch.bind("c-1", CALLER, "1.1")
    house.switch.hang_up("c-1", Refusal.NORMAL)
    await house.ami.until(lambda a: a.names() == ["Hangup"])
    assert house.ami.actions[-1]["Channel"] == CALLER
    assert house.ended_by("1.1") is EndedBy.SYSTEM


async def test_a_talking_caller_who_hangs_up_before_we_do_has_hung_up(house: House) -> None:
    house.ami.answers["Hangup"] = refusal
    house.watch.bind("c-1", CALLER, "1.1")
    house.switch.hang_up("c-1", Refusal.NORMAL)
    await house.settled()
    assert house.ended_by("1.1") is EndedBy.CALLER


async def test_a_ring_is_cancelled_at_its_leg(house: House) -> None:
    house.watch.leg_of["c-1"] = "PJSIP/1001-00000002"
    house.switch.cancel_offer("c-1")
    await house.ami.until(lambda a: a.names() == ["Hangup"])
    action = house.ami.actions[-1]
    assert (action["Channel"], action["Cause"]) == ("PJSIP/1001-00000002", "19")


async def test_a_phone_that_never_rang_is_found_by_its_call(house: House) -> None:
    """One that was answered meanwhile, and of which nothing was heard, is left alone."""
    channels = [(CALLER, "c-1", "1", "6"), ("PJSIP/1003-00000001", "c-1", "", "6")]
    channels += [("PJSIP/1001-00000002", "c-1", "", "0"), ("PJSIP/1002-00000003", "c-2", "", "0")]
    house.ami.answers["Status"] = listing(
        "Status",
        *(
            {
                "Event": "Status",
                "Channel": channel,
                "ChannelState": state,
                "Variable": f"ACD_CALL={call}\r\nVariable: ACD_CALLER={caller}",
            }
            for channel, call, caller, state in channels
        ),
    )
    house.switch.cancel_offer("c-1")
    await house.ami.until(lambda a: a.names() == ["Status", "Hangup"])
    assert house.ami.actions[-1]["Channel"] == "PJSIP/1001-00000002"


async def test_leases_of_those_who_ask_are_renewed(house: House) -> None:
    await house.caller()
    house.watch.bind("talking", "PJSIP/x-00000009", "9.9")
    await house.switch.renew_leases(12.0)
    sent = [a for a in house.ami.actions if a["Action"] == "Setvar"]
    assert [(a["Channel"], a["Variable"], a["Value"]) for a in sent] == [(CALLER, "TIMEOUT(absolute)", "12")]


async def test_a_renewal_that_comes_too_late_is_taken_back(house: House) -> None:
    """The caller is sent to an agent while the renewal is under way: no lease may run out in a talk."""
    client = await house.caller()
    line = next(iter(house.switch._lines.values()))

    def late(action: object) -> object:
        line.close()
        return [{"Response": "Success"}]

    house.ami.answers["Setvar"] = late  # type: ignore[assignment]
    await house.switch.renew_leases(12.0)
    sent = [a["Value"] for a in house.ami.actions if a["Action"] == "Setvar"]
    assert sent == ["12", "0"]
    await client.close()


async def test_a_caller_is_brought_back(house: House) -> None:
    house.ami.answers["Redirect"] = refusal  # gone meanwhile: no matter
    await house.switch.bring_back(CALLER)
    action = house.ami.actions[-1]
    assert [action[k] for k in ("Action", "Channel", "Context", "Exten", "Priority")] == [
        "Redirect", CALLER, "acd-back", "s", "1",
    ]  # fmt: skip


def given_to(house: House, channel: str) -> dict[str, str]:
    """The variables that this channel was given."""
    given = [a for a in house.ami.actions if a["Action"] == "Setvar" and a["Channel"] == channel]
    return {a["Variable"]: a["Value"] for a in given}


async def test_a_merged_call_keeps_the_consultations_session(house: House) -> None:
    """The customer's channel has been put where the agent's was, in the middle of its session."""
    customer = "PJSIP/trunk-lab-00000007"
    house.watch.bind("c-1", customer, "7.7")
    client = await house.caller("c-2")
    house.switch.merged("c-1", "c-2")
    assert house.switch.asking() == {"c-1"}
    await house.ami.until(lambda a: a.names() == ["Setvar"] * 4)
    assert given_to(house, customer) == {
        "ACD_AFTER": "",
        "__ACD_CALL": "c-1",
        "ACD_CALLER": "1",
        "ACD_ORIGIN": "trunk:lab",
    }
    client.send(b"HANGUP\n")
    await client.rest()


async def test_a_question_under_the_old_name_is_the_callers_if_the_channel_is(house: House) -> None:
    house.watch.bind("c-1", "PJSIP/trunk-lab-00000007", "7.7")
    house.switch.merged("c-1", "c-2")
    client = await house.connect("c-2")
    assert await client.command("200 result=1 (PJSIP/trunk-lab-00000007)") == "GET VARIABLE CHANNEL(name)"
    assert await client.command("200 result=1 (7.7)") == "GET VARIABLE UNIQUEID"
    assert (await house.asks.get()).call_id == "c-1"
    assert house.watch.call_of("7.7") == "c-1"


async def test_the_agents_channel_that_is_left_behind_does_not_speak_for_the_caller(house: House) -> None:
    house.watch.bind("c-1", "PJSIP/trunk-lab-00000007", "7.7")
    house.switch.merged("c-1", "c-2")
    client = await house.connect("c-2")
    await client.command("200 result=1 (PJSIP/1001-00000008)")
    await client.command("200 result=1 (8.8)")
    assert await client.command() == 'SET VARIABLE ACD_NEXT "hangup:16"'
    assert house.asks.empty()
    assert house.watch.call_of("7.7") == "c-1"


async def test_a_merge_without_a_session_names_the_caller_too(house: House) -> None:
    """While the consultation rings, its channel is in a dial and asks nothing."""
    house.watch.bind("c-1", "PJSIP/1003-00000007", "7.7")  # a call of phone 1003, which 1001 hands on
    house.switch.merged("c-1", "c-2")
    await house.ami.until(lambda a: a.names() == ["Setvar"] * 4)
    assert given_to(house, "PJSIP/1003-00000007")["ACD_ORIGIN"] == "trunk"  # no phone of ours
    house.watch.bind("c-3", "PJSIP/1002-00000008", "8.8")
    house.switch.name_caller("c-3")
    await house.ami.until(lambda a: a.names() == ["Setvar"] * 8)
    assert given_to(house, "PJSIP/1002-00000008") == {
        "ACD_AFTER": "",
        "__ACD_CALL": "c-3",
        "ACD_CALLER": "1",
        "ACD_ORIGIN": "phone:1002",
    }


async def test_a_merge_lasts_as_long_as_the_call(house: House) -> None:
    house.switch.merged("c-1", "c-2")
    assert house.mirror.keys("merged") == ["merged:c-2"]
    assert house.switch.present_name("c-2") == "c-1"
    house.switch.forget("c-1")
    assert house.mirror.keys("merged") == []
    assert house.switch.present_name("c-2") == "c-2"


async def test_stop_lets_every_caller_go(house: House) -> None:
    clients = [await house.caller(f"c-{n}", agi_uniqueid=f"1.{n}") for n in range(3)]
    await house.switch.stop()
    for client in clients:
        assert await client.rest() == b""
    assert house.switch.asking() == frozenset()


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("unknown", ""),
        ("<unknown>", ""),
        ("王小明", "王小明"),
        ('He said \\"hi\\" \\\\ x', 'He said "hi" \\ x'),
        ("a\x1b[31m\tb\u202e\r\nc", "a [31m b   c"),
        ("x" * 1000, "x" * 200),
        (["listed"], "['listed']"),
    ],
)
def test_a_callers_name_is_for_people_to_read(told: object, text: str) -> None:
    assert party_text(told) == text
