"""FastAGI over real sockets: conversations as Asterisk has them, and peers that are not Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from acd.errors import TelephonyError
from acd.telephony import agi
from acd.telephony.agi import AgiServer, AgiSession, SessionClosed, quoted
from acd.telephony.peers import Peers
from tests.telephony.agi_client import AgiClient, header

Handler = Callable[[AgiSession], Awaitable[None]]
LIMIT_S = 5.0


@pytest.fixture(autouse=True)
async def nothing_left_over() -> AsyncIterator[None]:
    """Fails a test that leaves a task behind or has a task end with an exception nobody expected."""
    loop = asyncio.get_running_loop()
    complaints: list[object] = []
    loop.set_exception_handler(lambda _loop, context: complaints.append(context))
    before = asyncio.all_tasks()
    yield
    if rest := asyncio.all_tasks() - before - {asyncio.current_task()}:
        await asyncio.wait_for(asyncio.gather(*rest, return_exceptions=True), LIMIT_S)
    assert complaints == []


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[int]:
    """A running server; its port."""
    server = AgiServer(handler)
    port = await server.start("127.0.0.1", 0)
    try:
        async with asyncio.timeout(LIMIT_S):
            yield port
    finally:
        await server.stop()


@asynccontextmanager
async def session(
    arguments: tuple[str, ...] = (), **changed: str
) -> AsyncIterator[tuple[AgiSession, AgiClient]]:
    """Both ends of a session whose handler waits until it is over."""
    opened: asyncio.Future[AgiSession] = asyncio.get_running_loop().create_future()

    async def handler(session: AgiSession) -> None:
        opened.set_result(session)
        await session.closed.wait()

    async with serving(handler) as port:
        client = await AgiClient.connect(port)
        client.send(header(arguments, **changed))
        yield await opened, client
        await client.close()


async def refused(data: bytes, *, close: bool = False) -> None:
    """The server ends a connection that begins like this without calling anybody."""

    async def handler(_session: AgiSession) -> None:
        raise AssertionError("no session begins like this")

    async with serving(handler) as port:
        client = await AgiClient.connect(port)
        client.send(data)
        if not close:
            assert await client.rest() == b""
        await client.close()


# --- good conversations -----------------------------------------------------------------------
async def test_a_good_session() -> None:
    results: list[object] = []

    async def handler(session: AgiSession) -> None:
        results.append(session.env["agi_channel"])
        results.append(await session.command("WAIT FOR DIGIT 5000"))
        results.append(await session.get_variable("UNIQUEID"))
        await session.set_variable("ACD_DIAL", 'PJSIP/1001,15,g"m"')

    async with serving(handler) as port:
        client = await AgiClient.connect(port)
        client.send(header())
        assert await client.command("200 result=49") == "WAIT FOR DIGIT 5000"
        assert await client.command("200 result=1 (1763805600.1)") == "GET VARIABLE UNIQUEID"
        assert await client.command("200 result=1") == 'SET VARIABLE ACD_DIAL "PJSIP/1001,15,g\\"m\\""'
        assert await client.rest() == b""
        await client.close()
    assert results == ["PJSIP/trunk-lab-00000001", (49, ""), "1763805600.1"]


async def test_commands_of_two_tasks_take_turns() -> None:
    async with session() as (server, client):
        first = asyncio.create_task(server.command("FIRST"))
        second = asyncio.create_task(server.command("SECOND"))
        assert await client.command("200 result=1") == "FIRST"
        assert await client.command("200 result=2") == "SECOND"
        assert (await first, await second) == ((1, ""), (2, ""))


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ((), []),
        (("c1",), ["c1"]),
        (("c1", "", "trunk", "", "", ""), ["c1", "", "trunk", "", "", ""]),
        (("", "", "x"), ["", "", "x"]),
        (("a:b", " 王芳 "), ["a:b", "王芳"]),
    ],
)
async def test_arguments(sent: tuple[str, ...], read: list[str]) -> None:
    async with session(sent) as (server, _):
        assert server.arguments == read


async def test_arguments_end_at_a_gap() -> None:
    async with session(("a",), agi_arg_3="c") as (server, _):
        assert server.arguments == ["a"]


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("200 result=1 (PJSIP/1001-00000002)", "PJSIP/1001-00000002"),
        ("200 result=1 (a (b) c)", "a (b) c"),
        ("200 result=1 ()", ""),
        ("200 result=0", ""),
    ],
)
async def test_get_variable(reply: str, value: str) -> None:
    async with session() as (server, client):
        asking = asyncio.create_task(server.get_variable("CHANNEL(name)"))
        assert await client.command(reply) == "GET VARIABLE CHANNEL(name)"
        assert await asking == value


@pytest.mark.parametrize(
    ("value", "argument"),
    [
        ("", '""'),
        ("plain", '"plain"'),
        ('a "b" c', '"a \\"b\\" c"'),
        ("back\\slash", '"back\\\\slash"'),
        ("two\r\nlines\0\t", '"two  lines  "'),
        ("王芳 Müller", '"王芳 Müller"'),
        ("\u2028\u202e\ud800", '"   "'),
    ],
)
def test_quoted(value: str, argument: str) -> None:
    assert quoted(value) == argument
    assert quoted(value).encode()


# --- refusals and ends ------------------------------------------------------------------------
async def test_a_hang_up_ends_the_waiting_command() -> None:
    async with session() as (server, client):
        asking = asyncio.create_task(server.command("STREAM FILE hello ''"))
        client.send(b"HANGUP\n")
        with pytest.raises(SessionClosed):
            await asking
        with pytest.raises(SessionClosed):
            await server.command("ANSWER")


async def test_511_means_that_the_channel_is_gone() -> None:
    async with session() as (server, client):
        asking = asyncio.create_task(server.command("ANSWER"))
        await client.command("511 Command Not Permitted on a dead channel or intercept routine")
        with pytest.raises(SessionClosed):
            await asking


@pytest.mark.parametrize(
    "reply",
    [
        "510 Invalid or unknown command",
        "520-Invalid command syntax.  Proper usage follows:\nUsage: ANSWER\n520 End of proper usage.",
        "999 whatever",
        "200result=1",
    ],
)
async def test_a_refusal_belongs_to_its_command_and_the_session_goes_on(reply: str) -> None:
    async with session() as (server, client):
        asking = asyncio.create_task(server.command("ANSWER x"))
        await client.command(reply)
        with pytest.raises(TelephonyError, match="ANSWER: ") as refusal:
            await asking
        assert not isinstance(refusal.value, SessionClosed)
        asking_again = asyncio.create_task(server.command("ANSWER"))
        await client.command("200 result=7 (rest)")
        assert await asking_again == (7, "(rest)")


@pytest.mark.parametrize("result", ["-", "", "x", "9" * 5000, "--1", "１"])
async def test_a_strange_result_is_no_crash(result: str) -> None:
    async with session() as (server, client):
        asking = asyncio.create_task(server.command("ANSWER"))
        await client.command(f"200 result={result}")
        number, _ = await asking
        assert isinstance(number, int)


async def test_a_closed_socket_ends_the_waiting_command() -> None:
    async with session() as (server, client):
        asking = asyncio.create_task(server.command("ANSWER"))
        await client.close()
        with pytest.raises(SessionClosed):
            await asking


async def test_a_handler_that_fails_ends_only_its_session() -> None:
    async def handler(session: AgiSession) -> None:
        await session.command("ANSWER")

    async with serving(handler) as port:
        for reply in ("510 no", "HANGUP", "200 result=0"):
            client = await AgiClient.connect(port)
            client.send(header())
            assert await client.command(reply) == "ANSWER"
            assert await client.rest() == b""
            await client.close()


# --- peers that are not Asterisk --------------------------------------------------------------
@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b"agi_network: yes\n\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        bytes(range(256)) * 4 + b"\n",
        b"agi_no_colon\n",
        header().replace(b"agi_uniqueid", b"agi_other"),
        header().replace(b"agi_channel", b"agi_other"),
        b"agi_x: y\n" * 200,
        b"agi_x: " + b"y" * 1_000_000 + b"\n",
        b"x" * 1_000_000,
    ],
)
async def test_garbage_is_refused(data: bytes) -> None:
    await refused(data)


@pytest.mark.parametrize("data", [b"", b"agi_network: yes\n", b"agi_netw", header()[:-1]])
async def test_a_peer_that_leaves_before_the_blank_line(data: bytes) -> None:
    await refused(data, close=True)


@pytest.mark.parametrize("data", [b"", b"agi_network: yes\nagi_cha"])
async def test_a_silent_peer_is_not_kept(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agi, "HEADER_TIMEOUT_S", 0.01)
    await refused(data)


async def test_a_flood_of_unasked_replies_ends_the_session() -> None:
    async with session() as (server, client):
        client.send(b"200 result=1\n" * 10_000)
        await server.closed.wait()
        with pytest.raises(SessionClosed):
            await server.command("ANSWER")


async def test_a_line_without_end_ends_the_session() -> None:
    async with session() as (server, client):
        asking = asyncio.create_task(server.command("ANSWER"))
        client.send(b"2" * 1_000_000)
        with pytest.raises(SessionClosed):
            await asking


async def test_chatter_that_is_no_reply_is_passed_over() -> None:
    async with session() as (server, client):
        asking = asyncio.create_task(server.command("ANSWER"))
        client.send(b"\n\xff\xfe\nhello\n" * 100 + b"200 result=3\n")
        assert await asking == (3, "")


async def test_only_so_many_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agi, "SESSIONS_MAX", 2)

    async def handler(session: AgiSession) -> None:
        await session.command("ANSWER")
        await session.closed.wait()

    async with serving(handler) as port:

        async def newcomer() -> tuple[AgiClient, bool]:
            client = await AgiClient.connect(port)
            client.send(header())
            try:
                return client, await client.command() == "ANSWER"
            except ConnectionResetError:
                return client, False

        clients = [await newcomer() for _ in range(2)]
        assert [served for _, served in clients] == [True, True]
        clients.append(await newcomer())
        assert clients[-1][1] is False
        await clients[0][0].close()
        while not clients[-1][1]:  # the place is free as soon as the server has seen the first one leave
            clients.append(await newcomer())
        for client, _ in clients[1:]:
            await client.close()


async def test_stop_ends_open_sessions_and_half_open_ones() -> None:
    ended: list[str] = []
    opened = asyncio.Event()

    async def handler(session: AgiSession) -> None:
        opened.set()
        try:
            await session.command("STREAM FILE long ''")
        finally:
            ended.append(session.env["agi_uniqueid"])

    server = AgiServer(handler)
    port = await server.start("127.0.0.1", 0)
    talking, half, silent = [await AgiClient.connect(port) for _ in range(3)]
    talking.send(header())
    half.send(b"agi_network: yes\n")
    await opened.wait()
    await asyncio.wait_for(server.stop(), LIMIT_S)
    assert ended == ["1763805600.1"]
    for client in (talking, half, silent):
        await client.rest()
        await client.close()
    with pytest.raises(ConnectionRefusedError):
        await AgiClient.connect(port)


async def test_stop_before_start_is_fine() -> None:
    await AgiServer(lambda _session: asyncio.sleep(0)).stop()


async def test_those_who_only_connect_make_room_for_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agi, "OPENING_MAX", 3)

    async def handler(session: AgiSession) -> None:
        await session.command("ANSWER")

    async with serving(handler) as port:
        strangers = []
        for _ in range(5):
            stranger = await AgiClient.connect(port)
            stranger.send(b"agi_network: yes\n")
            strangers.append(stranger)
        caller = await AgiClient.connect(port)
        caller.send(header())
        assert await caller.command() == "ANSWER"
        for stranger in strangers[:3]:
            assert await stranger.rest() == b""
        for client in (*strangers, caller):
            await client.close()


async def test_who_is_not_asterisk_is_closed_before_anything_is_read() -> None:
    served = asyncio.Event()

    async def handler(_session: AgiSession) -> None:
        served.set()

    now = [0.0]
    server = AgiServer(handler)
    server.peers = Peers(["127.0.0.1", "192.0.2.0/28"], lambda: now[0])
    port = await server.start("127.0.0.1", 0)
    try:
        async with asyncio.timeout(LIMIT_S):
            with capture_logs() as logs:
                for _ in range(3):
                    reader, writer = await asyncio.open_connection(
                        "127.0.0.1", port, local_addr=("127.0.0.3", 0)
                    )
                    assert await reader.read() == b""
                    writer.close()
                now[0] = 61.0
                assert not server.peers.admits("::ffff:127.0.0.3")
            assert (server.peers.refused, served.is_set()) == (4, False)
            assert [(entry["address"], entry["times"]) for entry in logs] == [
                ("127.0.0.3", 1),
                ("::ffff:127.0.0.3", 3),
            ]
            client = await AgiClient.connect(port)
            client.send(header())
            await served.wait()
            await client.close()
    finally:
        await server.stop()


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("192.0.2.15", True),
        ("192.0.2.16", False),
        ("::ffff:192.0.2.1", True),
        ("2001:db8::1", True),
        ("fe80::1%eth0", False),
        ("nonsense", False),
    ],
)
def test_which_addresses_are_let_in(address: str, admitted: bool) -> None:
    assert Peers(["192.0.2.0/28", "2001:db8::/64"], lambda: 0.0).admits(address) == admitted


async def test_closed_at_once_for_another_controller() -> None:
    """Callers ask again: those here are cut off, and those who come are refused."""
    opened = asyncio.Event()

    async def handler(session: AgiSession) -> None:
        opened.set()
        await session.closed.wait()

    server = AgiServer(handler)
    port = await server.start("127.0.0.1", 0)
    client, silent = await AgiClient.connect(port), await AgiClient.connect(port)
    client.send(header(()))
    async with asyncio.timeout(LIMIT_S):
        await opened.wait()
        server.close()
        assert await client.rest() == b""
        assert await silent.rest() == b""
    with pytest.raises(ConnectionRefusedError):
        await AgiClient.connect(port)
    await client.close()
    await silent.close()
    await server.stop()


# --- replies that have been on their way for long -------------------------------------------------
async def test_a_late_reply_counts_where_somebody_is_there_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way was cut: the channel may have gone elsewhere since."""
    monkeypatch.setattr(agi, "LATE_S", -1.0)
    async with session() as (ours, client):
        ours.is_seen = lambda: False
        asking = asyncio.create_task(ours.command("ANSWER"))
        assert await client.command() == "ANSWER"
        assert await client.command("200 result=1 (1.1)") == "GET VARIABLE UNIQUEID"
        assert await asking == (0, "")
        ours.is_seen = lambda: True
        asking = asyncio.create_task(ours.command("ANSWER"))
        assert await client.command() == "ANSWER"
        assert await asking == (0, "")


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_late_reply_of_one_who_has_left_is_none(
    at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agi, "LATE_S", -1.0)
    async with session() as (ours, client):
        ours.is_seen = lambda: False
        asking = asyncio.create_task(ours.command("ANSWER"))
        assert await client.order() == "ANSWER"
        client.send(b"200 result=0\nHANGUP\n" if at_once else b"200 result=0\n")
        if not at_once:
            assert await client.order() == "GET VARIABLE UNIQUEID"
            client.send(b"HANGUP\n")
        with pytest.raises(SessionClosed):
            await asking
        assert ours.left


async def test_who_is_let_go_by_us_has_not_left() -> None:
    async with session() as (ours, client):
        ours.finish("ACD_DIAL", "x")
        assert await client.rest()
        assert not ours.left
