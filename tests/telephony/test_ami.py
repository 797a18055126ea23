"""The AMI link against a scripted manager interface on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from acd.errors import TelephonyError
from acd.telephony import ami
from acd.telephony.ami import AmiLink, Headers
from tests.telephony.fake_ami import (
    SECRET,
    Action,
    FakeAmi,
    encode,
    listing,
    refusal,
    silence,
    success,
)

LIMIT_S = 5.0
pytestmark = pytest.mark.timeout(LIMIT_S)


class Side:
    """The link, and what it told us: events, 'up' and 'down' in their order."""

    def __init__(self, port: int, secret: str = SECRET) -> None:
        self.told: list[Headers | str] = []
        self.link = AmiLink(
            ("127.0.0.1", port), ("acd", secret), self._on_event, self._on_up, lambda: self._tell("down")
        )
        self._news = asyncio.Event()
        self.task = asyncio.create_task(self.link.run())

    def _tell(self, what: Headers | str) -> None:
        self.told.append(what)
        self._news.set()

    def _on_event(self, event: Headers) -> None:
        self._tell(event)

    async def _on_up(self) -> None:
        self._tell("up")

    async def until_told(self, count: int) -> None:
        """Until so many things have been told."""
        while len(self.told) < count:
            self._news.clear()
            await self._news.wait()

    def values(self, header: str) -> list[str]:
        """That header of the events so far."""
        return [e[header] for e in self.told if not isinstance(e, str)]

    async def stop(self) -> None:
        """No more connections."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnects at once."""
    monkeypatch.setattr(ami, "BACKOFF_S", (0.0,))


@pytest.fixture
async def server() -> AsyncIterator[FakeAmi]:
    """The manager interface. A task or callback that fails unseen fails the test."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
    fake = FakeAmi()
    await fake.start()
    yield fake
    await fake.stop()
    await asyncio.sleep(0)
    assert complaints == []


@pytest.fixture
async def side(server: FakeAmi) -> AsyncIterator[Side]:
    """A link that is up."""
    side = Side(server.port)
    await asyncio.wait_for(side.until_told(1), LIMIT_S)
    assert side.told == ["up"]
    assert side.link.up
    yield side
    await side.stop()


# --- coming and going -------------------------------------------------------------------------
async def test_log_in(server: FakeAmi, side: Side) -> None:
    login = server.actions[0]
    assert (login["Action"], login["Username"], login["Secret"]) == ("Login", "acd", SECRET)
    assert login["Events"] == "on"


async def test_a_wrong_password_is_never_up(server: FakeAmi) -> None:
    side = Side(server.port, "wrong")
    await server.until(lambda s: len(s.actions) >= 3)  # it keeps trying
    assert side.told == []
    with pytest.raises(TelephonyError, match="away"):
        await side.link.action("Ping")
    await side.stop()


async def test_a_connection_lost_during_log_in_is_tried_again(server: FakeAmi) -> None:
    def cut_off(_action: Action) -> list[dict[str, str]]:
        server.cut()
        return []

    server.answers["Login"] = cut_off
    side = Side(server.port)
    await server.until(lambda s: len(s.actions) >= 2)
    del server.answers["Login"]
    await side.until_told(1)
    assert side.told == ["up"]
    await side.stop()


async def test_a_server_that_does_not_answer_the_log_in(
    server: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami, "ACTION_TIMEOUT_S", 0.01)
    server.answers["Login"] = silence
    side = Side(server.port)
    await server.until(lambda s: len(s.actions) >= 2)
    assert side.told == []
    await side.stop()


async def test_up_and_down_alternate(server: FakeAmi, side: Side) -> None:
    for round_ in range(1, 4):
        server.event(Event="Hangup", Number=str(round_))
        await side.until_told(3 * round_ - 1)
        server.cut()
        await side.until_told(3 * round_ + 1)
    assert [t if isinstance(t, str) else t["Number"] for t in side.told] == [
        *("up", "1", "down", "up", "2", "down", "up", "3", "down", "up")
    ]
    assert server.logins == 4


async def test_asterisk_that_is_away_is_waited_for(server: FakeAmi, side: Side) -> None:
    port = server.port
    await server.stop()
    await side.until_told(2)
    assert (side.told, side.link.up) == (["up", "down"], False)
    with pytest.raises(TelephonyError, match="Asterisk is away"):
        await side.link.action("Ping")
    await server.start(port)
    await side.until_told(3)
    assert (side.told[-1], side.link.up) == ("up", True)


@pytest.mark.parametrize("ended_in_order", [True, False])
async def test_a_refusal_of_another_machine_counts_after_an_orderly_end_only(
    server: FakeAmi, side: Side, monkeypatch: pytest.MonkeyPatch, ended_in_order: bool
) -> None:
    """A firewall that is put between the two refuses as well, and resets what was connected."""
    tries: asyncio.Queue[bool] = asyncio.Queue()

    async def about_to_connect() -> None:
        tries.put_nowait(side.link.refused)

    monkeypatch.setattr(ami, "is_on_this_machine", lambda _host: False)
    side.link.before_connecting = about_to_connect
    await server.end(in_order=ended_in_order)
    async with asyncio.timeout(LIMIT_S):
        told = [await tries.get() for _ in range(3)]
    assert told == [False, ended_in_order, ended_in_order]


async def test_a_refusal_of_this_machine_counts(server: FakeAmi, side: Side) -> None:
    tried = asyncio.Event()

    async def about_to_connect() -> None:
        if side.link.refused:
            tried.set()

    side.link.before_connecting = about_to_connect
    await server.end(in_order=False)
    async with asyncio.timeout(LIMIT_S):
        await tried.wait()


def test_it_waits_longer_each_time() -> None:
    assert list(ami.BACKOFF_S) == sorted(ami.BACKOFF_S)


async def test_a_shutdown_event_ends_the_connection(server: FakeAmi, side: Side) -> None:
    server.event(Event="Shutdown", Shutdown="Cleanly", Restart="False")
    await side.until_told(4)
    assert "down" in side.told
    assert side.told[-1] == "up"


async def test_an_asterisk_that_no_longer_answers_is_left(
    server: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami, "PING_INTERVAL_S", 0.01)
    monkeypatch.setattr(ami, "ACTION_TIMEOUT_S", 0.05)
    server.answers["Ping"] = silence
    side = Side(server.port)
    await side.until_told(3)
    assert side.told[:3] == ["up", "down", "up"]
    await side.stop()


# --- events -----------------------------------------------------------------------------------
async def test_events_come_in_the_order_of_the_wire(server: FakeAmi, side: Side) -> None:
    for n in range(500):
        server.event(Event="Newchannel", Number=str(n))
    await side.until_told(501)
    assert side.values("Number") == [str(n) for n in range(500)]


async def test_an_event_that_we_fail_at_makes_nobody_deaf(server: FakeAmi, side: Side) -> None:
    def tell(event: Headers) -> None:
        if event["Number"] == "0":
            raise ValueError("a fault of ours")
        side.told.append(event)
        side._news.set()

    side.link._connection._on_event = tell  # type: ignore[union-attr]
    for n in range(20):
        server.event(Event="Newchannel", Number=str(n))
    await side.until_told(20)
    assert side.values("Number") == [str(n) for n in range(1, 20)]


async def test_a_name_cut_at_any_byte_stays_whole(server: FakeAmi, side: Side) -> None:
    name = "王小明 Müller 😀"
    data = encode({"Event": "Newchannel", "CallerIDName": name})
    for count, cut in enumerate(range(1, len(data)), 2):
        server.send(data[:cut])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        server.send(data[cut:])
        await side.until_told(count)
    assert set(side.values("CallerIDName")) == {name}


async def test_byte_by_byte(server: FakeAmi, side: Side) -> None:
    for byte in encode({"Event": "Newchannel", "CallerIDName": "陈伟"}):
        server.send(bytes([byte]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await side.until_told(2)
    assert side.values("CallerIDName") == ["陈伟"]


async def test_bytes_that_are_no_utf_8_cost_only_themselves(server: FakeAmi, side: Side) -> None:
    server.send(b"Event: Newchannel\r\nCallerIDName: a\xffb\r\nNumber: 1\r\n\r\n")
    server.event(Event="Newchannel", CallerIDName="王", Number="2")
    await side.until_told(3)
    assert side.values("Number") == ["1", "2"]
    assert side.values("CallerIDName") == ["a\ufffdb", "王"]


async def test_a_header_that_comes_twice_is_a_list(server: FakeAmi, side: Side) -> None:
    server.send(b"Event: Status\r\nVariable: A=1\r\nVariable: B=2\r\n\r\n")
    await side.until_told(2)
    assert side.told[1]["Variable"] == ["A=1", "B=2"]  # type: ignore[index]


async def test_half_a_message_is_nothing_and_the_next_connection_begins_anew(
    server: FakeAmi, side: Side
) -> None:
    server.send(b"Event: Hangup\r\nNumber: lo")
    await asyncio.sleep(0)
    server.cut()
    await side.until_told(3)
    server.event(Event="Hangup", Number="2")
    await side.until_told(4)
    assert side.values("Number") == ["2"]


async def test_a_message_without_end_is_cut_off(
    server: FakeAmi, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami, "PARTIAL_MESSAGE_MAX", 10_000)
    server.send(b"Event: x\r\nLong: " + b"y" * 200_000)
    await side.until_told(3)
    assert side.told == ["up", "down", "up"]


async def test_a_flood_is_taken_in_and_not_kept(server: FakeAmi) -> None:
    last: list[str] = []
    done = asyncio.Event()

    def on_event(event: Headers) -> None:
        last[:] = [event["Number"]]
        if event["Number"] == "49999":
            done.set()

    async def on_up() -> None:
        done.set()

    link = AmiLink(("127.0.0.1", server.port), ("acd", SECRET), on_event, on_up, lambda: None)
    task = asyncio.create_task(link.run())
    await done.wait()
    done.clear()
    flood = [encode({"Event": "VarSet", "Variable": "X", "Number": str(n)}) for n in range(50_000)]
    server.send(b"".join(flood))
    await done.wait()
    assert last == ["49999"]
    protocol = link._connection.protocol  # type: ignore[union-attr]
    assert len(protocol.partial) == 0
    assert protocol.responses == {}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    "doubtful",
    [
        b"Event: Hangup\r\nNumber: 1\r\nEvent: Newchannel",
        b"Event: Hangup\r\nNumber: 1\r\nNumber: 2",
        b"Event: Hangup\r\nNumber: 1\r\nnUMBER: 2",
        b"no header at all",
        b": \r\n: ",
        b"Response: Success\r\nMessage: a\r\nMessage: b",
    ],
)
async def test_a_doubtful_message_is_dropped_and_the_next_one_is_heard(
    server: FakeAmi, side: Side, doubtful: bytes
) -> None:
    server.send(doubtful + b"\r\n\r\n")
    server.event(Event="Newchannel", Number="3")
    await side.until_told(2)
    assert side.values("Number") == ["3"]


async def test_connections_that_break_at_once_are_made_less_and_less_often(
    server: FakeAmi, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    real_sleep = asyncio.sleep

    async def sleep(delay_s: float) -> None:
        pauses.append(delay_s)
        await real_sleep(0)

    monkeypatch.setattr(ami, "BACKOFF_S", (1.0, 2.0, 3.0))
    monkeypatch.setattr(asyncio, "sleep", sleep)
    side = Side(server.port)
    for count in range(1, 5):
        await side.until_told(2 * count - 1)
        server.cut()
    await side.until_told(9)
    await side.stop()
    assert [pause for pause in pauses if pause != ami.PING_INTERVAL_S] == [1.0, 2.0, 3.0, 3.0]


# --- actions ----------------------------------------------------------------------------------
async def test_an_action_and_its_answer(server: FakeAmi, side: Side) -> None:
    server.answers["Getvar"] = lambda a: [{"Response": "Success", "Value": a["Variable"] + " 王"}]
    answer = await side.link.action("Getvar", Variable="X")
    assert answer["Value"] == "X 王"


async def test_answers_find_their_actions(server: FakeAmi, side: Side) -> None:
    server.answers["Getvar"] = lambda a: [{"Response": "Success", "Value": a["Variable"]}]
    answers = await asyncio.gather(*(side.link.action("Getvar", Variable=str(n)) for n in range(200)))
    assert [a["Value"] for a in answers] == [str(n) for n in range(200)]


async def test_a_header_may_come_several_times(server: FakeAmi, side: Side) -> None:
    sent: list[str] = []
    server.answers["Originate"] = lambda a: sent.append(str(a)) or success(a)  # type: ignore[func-returns-value]
    await side.link.action("Originate", Variable=["A=1", "B=2"])
    assert "B=2" in sent[0]


async def test_a_refusal(server: FakeAmi, side: Side) -> None:
    server.answers["Hangup"] = refusal
    with pytest.raises(TelephonyError, match="Hangup: No such channel"):
        await side.link.action("Hangup", Channel="PJSIP/1001-00000001")


async def test_a_list(server: FakeAmi, side: Side) -> None:
    items = [{"Event": "Status", "Channel": "PJSIP/1001-0000000" + str(n)} for n in range(3)]
    server.answers["Status"] = listing("Status", *items)
    assert [e["Channel"] for e in await side.link.list_action("Status")] == [i["Channel"] for i in items]
    assert side.told == ["up"]  # the items of a list are no news


async def test_an_empty_list(server: FakeAmi, side: Side) -> None:
    server.answers["Status"] = listing("Status")
    assert await side.link.list_action("Status") == []


async def test_a_list_with_news_in_between(server: FakeAmi, side: Side) -> None:
    def answer(_action: Action) -> list[dict[str, str]]:
        server.event(Event="Newchannel", Number="1")
        return [dict(m) for m in listing("Status", {"Event": "Status", "Channel": "a"})(_action)]

    server.answers["Status"] = answer
    assert len(await side.link.list_action("Status")) == 1
    assert side.values("Number") == ["1"]


async def test_a_list_that_is_refused_fails_at_once(server: FakeAmi, side: Side) -> None:
    server.answers["Status"] = refusal
    async with asyncio.timeout(1.0):
        with pytest.raises(TelephonyError, match="Status: No such channel"):
            await side.link.list_action("Status", Channel="gone")


@pytest.mark.parametrize("value", ["a\r\nAction: Hangup", "a\nb", "a\rb", "a\0b", "a\ud800b"])
async def test_a_line_break_injects_nothing(server: FakeAmi, side: Side, value: str) -> None:
    with pytest.raises(TelephonyError, match="Variable holds what cannot be sent"):
        await side.link.action("Setvar", Variable=value)
    with pytest.raises(TelephonyError, match="Variable holds what cannot be sent"):
        await side.link.action("Setvar", Variable=["fine", value])
    await side.link.action("Ping")
    assert server.names() == ["Ping"]


async def test_an_action_without_an_answer_has_a_time_limit(
    server: FakeAmi, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ami, "ACTION_TIMEOUT_S", 0.01)
    server.answers["Hangup"] = silence
    server.answers["Status"] = lambda a: listing("Status")(a)[:1]  # begins, and never completes
    with pytest.raises(TelephonyError, match="Hangup: no answer within"):
        await side.link.action("Hangup", Channel="x")
    with pytest.raises(TelephonyError, match="Status: no answer within"):
        await side.link.list_action("Status")
    assert side.link._connection.protocol.responses == {}  # type: ignore[union-attr]
    monkeypatch.undo()
    assert (await side.link.action("Ping"))["Response"] == "Success"


async def test_a_late_answer_is_nobodys(server: FakeAmi, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ami, "ACTION_TIMEOUT_S", 0.01)
    server.answers["Hangup"] = silence
    with pytest.raises(TelephonyError, match="no answer"):
        await side.link.action("Hangup", Channel="x")
    monkeypatch.setattr(ami, "ACTION_TIMEOUT_S", 1.0)
    server.event(Response="Success", ActionID=server.actions[-1]["ActionID"], Message="late")
    answer = await side.link.action("Ping")
    assert answer.get("Message") == "ok"
    assert side.told == ["up"]


async def test_a_lost_connection_fails_what_waits_and_nothing_is_sent_again(
    server: FakeAmi, side: Side
) -> None:
    server.answers["Redirect"] = server.answers["Status"] = silence
    waiting = [
        asyncio.create_task(side.link.action("Redirect", Channel="x")),
        asyncio.create_task(side.link.list_action("Status")),
    ]
    await server.until(lambda s: len(s.names()) == 2)
    server.cut()
    async with asyncio.timeout(1.0):
        for task in waiting:
            with pytest.raises(TelephonyError, match="the connection to Asterisk was lost"):
                await task
    await side.until_told(3)
    await side.link.action("Ping")
    assert server.names() == ["Redirect", "Status", "Ping"]


async def test_when_the_link_is_stopped_nothing_waits_on(server: FakeAmi) -> None:
    side = Side(server.port)
    await side.until_told(1)
    server.answers["Hangup"] = silence
    waiting = asyncio.create_task(side.link.action("Hangup", Channel="x"))
    await server.until(lambda s: s.names() == ["Hangup"])
    await side.stop()
    with pytest.raises(TelephonyError):
        await waiting
    assert side.told == ["up", "down"]
