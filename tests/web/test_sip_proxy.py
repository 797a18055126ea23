"""`/sip`: messages of a browser's phone pass to Asterisk and back, within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from acd.settings.fronts import FrontPlace
from acd.web.own_phone import speaks_for
from acd.web.rate import Rate
from acd.web.sip_proxy import BURST_MAX, MESSAGE_MAX, RATE_MAX
from tests.web.desktop import desktop

REGISTER = 'REGISTER sip:127.0.0.1 SIP/2.0\r\nFrom: "Anna" <sip:w1001@x>;tag=1\r\nTo: <sip:w1001@x>\r\n\r\n'


@asynccontextmanager
async def asterisk(protocol: str = "sip") -> AsyncIterator[tuple[int, asyncio.Queue[str]]]:
    """Stands for Asterisk's HTTP server: answers every message with `200 ` and the message."""
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def serve(request: web.Request) -> web.WebSocketResponse:
        assert "Cookie" not in request.headers
        socket = web.WebSocketResponse(protocols=(protocol,))
        await socket.prepare(request)
        async for message in socket:
            heard.put_nowait(message.data)
            await socket.send_str(f"200 {message.data}")
        heard.put_nowait("closed")
        return socket

    app = web.Application()
    app.router.add_get("/ws", serve)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield int(runner.addresses[0][1]), heard
    finally:
        await runner.cleanup()


async def test_before_several_nodes_it_is_the_kamailio_that_answers(tmp_path: Path) -> None:
    async with asterisk() as (port, _):
        places = (FrontPlace("127.0.0.1", 1), FrontPlace("127.0.0.1", port))
        async with desktop(tmp_path, ws_port=1, kamailio=places) as house:
            await house.sign_in("anna")
            socket = await house.client.ws_connect("/sip", protocols=("sip",))
            await socket.send_str(REGISTER)
            assert await socket.receive_str(timeout=5) == f"200 {REGISTER}"
            await socket.close()


async def test_messages_pass_both_ways_until_one_side_is_gone(tmp_path: Path) -> None:
    async with asterisk() as (port, heard), desktop(tmp_path, ws_port=port) as house:
        await house.sign_in("anna")
        socket = await house.client.ws_connect("/sip", protocols=("sip",))
        assert socket.protocol == "sip"
        await socket.send_str(REGISTER)
        assert await socket.receive_str(timeout=5) == f"200 {REGISTER}"
        await socket.close()
        async with asyncio.timeout(5):
            assert [await heard.get(), await heard.get()] == [REGISTER, "closed"]
        socket = await house.client.ws_connect("/sip", protocols=("sip",))
        async with house.client.delete("/api/session"):
            pass
        message = await socket.receive(timeout=5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_without_asterisk_and_without_the_subprotocol_there_is_no_phone(tmp_path: Path) -> None:
    async with desktop(tmp_path, ws_port=1) as house:
        await house.sign_in("anna")
        for protocols, status in ((("sip",), 503), ((), 400), (("chat",), 400)):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await house.client.ws_connect("/sip", protocols=protocols)
            assert caught.value.status == status
    async with asterisk("chat") as (port, _), desktop(tmp_path / "other", ws_port=port) as house:
        await house.sign_in("anna")
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await house.client.ws_connect("/sip", protocols=("sip",))
        assert caught.value.status == 503


async def test_a_browser_speaks_for_its_own_phone_alone(tmp_path: Path) -> None:
    """Nobody guesses a colleague's password from the web process's address, which all of them share."""
    async with asterisk() as (port, heard), desktop(tmp_path, ws_port=port) as house:
        await house.sign_in("anna")
        socket = await house.client.ws_connect("/sip", protocols=("sip",))
        await socket.send_str(REGISTER.replace("w1001", "w1002"))
        message = await socket.receive(timeout=5)
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        async with asyncio.timeout(5):
            assert await heard.get() == "closed"
        async with house.browser() as admin:
            await house.sign_in("root", browser=admin)
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await admin.ws_connect("/sip", protocols=("sip",))
            assert caught.value.status == 403


@pytest.mark.parametrize(
    ("method", "headers", "passes"),
    [
        ("INVITE", ("From: <sip:w1001@x>;tag=1", "To: <sip:8000@x>"), True),
        ("INVITE", ('f: "A \\"B\\" <sip:w1002@x>" <sip:w1001@x;p=1>;tag=1', "t: <sip:8000@x>"), True),
        ("BYE", ("From: <sip:w1001@x.invalid>;tag=1", 'To: "Caller" <sip:+4930@x>;tag=2'), True),
        ("SIP/2.0 200 OK", (), True),
        ("SIP/2.0 200 OK", ("From: <sip:+4930@x>;tag=1", "Content-Length: 0"), True),
        ("BYE", ("From: <sip:o3k1@x.invalid>;tag=1", "To: <sip:+4930@x>;tag=2"), False),
        ("INVITE", ("From: <sip:w1002@x>;tag=1", "To: <sip:8000@x>;tag=invented"), False),
        ("MESSAGE", ("From: <sip:w1002@x>;tag=1", "To: <sip:8000@x>;tag=invented"), False),
        ("INVITE", ("From: <sip:w1002@x>;tag=1", "To: <sip:8000@x>"), False),
        ("INVITE", ('From: "<sip:w1001@x>" <sip:w1002@x>;tag=1', "To: <sip:8000@x>"), False),
        ("INVITE", ("From: sip:w1001@x", "To: <sip:8000@x>"), False),
        ("INVITE", ("From: <sip:w1001@x>", "f: <sip:w1002@x>", "To: <sip:8000@x>"), False),
        ("INVITE", ("Subject: x\rFrom: <sip:w1002@x>", "From: <sip:w1001@x>", "To: <sip:8000@x>"), False),
        ("INVITE", ("From: <sip:w1002@x>;tag=1", "To: <sip:8000@x;tag=2>"), False),
        ("REGISTER", ("From: <sip:w1002@x>;tag=1", "To: <sip:w1002@x>;tag=2"), False),
        ("REGISTER", ("From: <sip:%77100@x>;tag=1", "To: <sip:w1001@x>"), False),
        ("REGISTER", ("To: <sip:w1001@x>",), False),
        ("REGISTER", ("From: <sip:w1001@x>;tag=1", "To: <sip:w1002@x>"), False),
        ("\r\nREGISTER", ("From: <sip:w1002@x>;tag=1", "To: <sip:w1002@x>;tag=2"), False),
        ("\r\nREGISTER", ("From: <sip:w1001@x>;tag=1", "To: <sip:w1001@x>"), False),
        ("register", ("From: <sip:w1001@x>;tag=1", "To: <sip:w1002@x>"), False),
        ("INVITE", ("From: <sip:w1001@x>", " <sip:w1002@x>"), False),
        ("INVITE", ("From: Anna <sip:w1001@[::1]:80;transport=ws;ob> ; tag=1", "To: <sip:8000@x>"), True),
        ("INVITE", ('From: "安娜" <sip:w1001@x>;tag=1', "To: <sip:8000@x>"), True),
        ("INVITE", ("From: <sip:w1001@x>;tag=1,sip:w1002@x", "To: <sip:8000@x>"), False),
        ("INVITE", ("From: <sip:w1001@x@y>;tag=1", "To: <sip:8000@x>"), False),
        ("INVITE", ("From: <sip:w1001@x?From=sip:w1002>;tag=1", "To: <sip:8000@x>"), False),
        ("INVITE", ("From: <sip:w1001@x> w1002;tag=1", "To: <sip:8000@x>"), False),
        ("INVITE", ("From: \x1c<sip:w1001@x>;tag=1", "To: <sip:8000@x>"), False),
        ("INVITE", ("From: <sip:w1001@x>", "Content-Length: 3"), False),
        ("INVITE", ("From: <sip:w1001@x>", "Content-Length: 0", "l: 0"), False),
    ],
)
def test_whom_a_message_is_of(method: str, headers: tuple[str, ...], passes: bool) -> None:
    first = method if method.startswith("SIP/2.0") else f"{method} sip:x SIP/2.0"
    message = "\r\n".join((first, *headers, "", ""))
    assert speaks_for(message, "w1001") is passes
    assert speaks_for(message.encode(), "w1001") is passes
    assert speaks_for("\r\n\r\n", "w1001")


OPTIONS = "OPTIONS sip:x SIP/2.0\r\nFrom: <sip:w1001@x>;tag=1\r\n"
ANOTHERS = REGISTER.replace("w1001", "w1002")


@pytest.mark.parametrize(
    ("message", "passes"),
    [
        (f"{OPTIONS}Content-Length: 5\r\n\r\nv=0\r\n", True),
        (f"{OPTIONS}l: 3\r\n\r\n€", True),
        ("\r\n", True),
        ("", False),
        (OPTIONS, False),
        (f"{OPTIONS}\r\nv=0\r\n", False),
        (f"{OPTIONS}Content-Length: 1\r\n\r\n€", False),
        (f"{OPTIONS}Content-Length: -1\r\n\r\n", False),
        (f"{OPTIONS}Content-Length: 0\r\n\r\n{ANOTHERS}", False),
        (f"{OPTIONS}\r\n{ANOTHERS}", False),
        (f"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n{ANOTHERS}", False),
        (f"SIP/2.0 200 OK\n\n{ANOTHERS}", False),
        (f"\r\n\r\n{ANOTHERS}", False),
    ],
)
def test_one_message_is_sent_at_a_time(message: str, passes: bool) -> None:
    """What is behind the end of the first one would be the words of whomever."""
    assert speaks_for(message, "w1001") is passes
    assert speaks_for(message.encode(), "w1001") is passes


async def test_a_phone_that_sends_too_much_is_cut_off(tmp_path: Path) -> None:
    async with asterisk() as (port, heard), desktop(tmp_path, ws_port=port) as house:
        await house.sign_in("anna")
        socket = await house.client.ws_connect("/sip", protocols=("sip",))
        await socket.send_str("x" * (MESSAGE_MAX + 1))
        while (message := await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        async with asyncio.timeout(5):
            assert await heard.get() == "closed"


def test_the_rate_lets_bursts_pass_and_no_floods() -> None:
    rate = Rate(RATE_MAX, BURST_MAX, 0.0)
    assert sum(rate.allows(0.0) for _ in range(1000)) == BURST_MAX
    assert sum(rate.allows(1.0) for _ in range(1000)) == RATE_MAX
    assert sum(rate.allows(1000.0) for _ in range(1000)) == BURST_MAX
