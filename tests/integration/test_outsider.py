"""An outsider at every door at once, while callers call: who calls must not notice.

A scan of ports, a scan of SIP, guessed passwords, a bomb in the flows, half-open FastAGI connections and
WebSockets without a session. In every run a few of each; 10,000 and 1,000 of them with ACD_TEST_ALL=1.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from acd.errors import OperatorError, RequestRefused
from tests.integration.centre import CHECKOUT, Centre
from tests.integration.sip.phone import Phone
from tests.settings.test_hostile import bomb

pytestmark = [pytest.mark.asterisk, pytest.mark.alone]

LONG = bool(os.environ.get("ACD_TEST_ALL"))
HALF_OPEN, SOCKETS, SIP_MESSAGES, LOGINS = (10_000, 1000, 20_000, 200) if LONG else (700, 60, 500, 12)
PORTS = range(1, 65_536) if LONG else range(20_000, 32_000, 40)
CALLS = 100 if LONG else 6
SLOWER_S = 0.5
"""So much longer a call may take to ring while all of it goes on, on a machine that also makes the attack."""
NAMES = ("100", "1001", "admin", "test", "anonymous", "9" * 300, "%0d%0aX", "'", "w1001")
Attack = Callable[[Centre, Counter[str]], Coroutine[Any, Any, None]]


async def rings_within(centre: Centre, anna: Phone) -> float:
    """How long a call takes from the dialling to the agent's phone; it is answered and ended."""
    async with centre.customer() as caller:
        began = time.monotonic()
        call = await caller.dial("8001")
        at_anna = await anna.wait_incoming()
        took_s = time.monotonic() - began
        await at_anna.answer()
        await call.wait_answered()
        await call.hang_up()
        await at_anna.wait_ended()
    await centre.until(lambda s: not s["calls"], "the end of the call")
    await centre.until_agent("anna", "ready")
    return took_s


# --- what the outsider does ---------------------------------------------------------------------------
async def scan_ports(centre: Centre, seen: Counter[str]) -> None:
    """Connects, says something that is nothing, and leaves."""
    ours = [int(v) for k, v in centre.env.items() if k.startswith("ACD_") and k.endswith("_PORT")]
    for port in [*ours, *PORTS]:
        with contextlib.suppress(OSError):
            async with asyncio.timeout(2):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"\x16\x03\x01\0\xff GET / HTTP/9\r\n\r\n")
                writer.close()
                seen["open ports"] += 1


async def scan_sip(centre: Centre, seen: Counter[str]) -> None:
    """OPTIONS, REGISTER and INVITE with many names."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.3", 0))
        udp.setblocking(False)
        mine = "{}:{}".format(*udp.getsockname())
        for number in range(SIP_MESSAGES):
            method = ("OPTIONS", "REGISTER", "INVITE")[number % 3]
            name = NAMES[number % len(NAMES)]
            udp.sendto(
                f"{method} sip:{name}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {mine};branch=z9hG4bK{number}\r\n"
                f"From: <sip:{name}@x>;tag={number}\r\nTo: <sip:{name}@127.0.0.1>\r\n"
                f"Call-ID: scan-{number}\r\n"
                f"CSeq: 1 {method}\r\nContact: <sip:{name}@{mine}>\r\nMax-Forwards: 70\r\n"
                "User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n".encode(),
                ("127.0.0.1", centre.sip_port),
            )
            seen["SIP messages"] += 1
            await asyncio.sleep(0.002)
            with contextlib.suppress(BlockingIOError):
                while True:
                    status = udp.recv(4096).split(b" ", 2)[1].decode("ascii", "replace")
                    assert status != "200" or method == "OPTIONS", "a stranger was let in"
                    seen["SIP answers"] += 1


async def guess_passwords(centre: Centre, seen: Counter[str]) -> None:
    """As a program would."""
    url = f"http://127.0.0.1:{centre.env['ACD_HTTP_PORT']}"
    async with aiohttp.ClientSession(url, headers={"Origin": url}) as browser:
        for number in range(LOGINS):
            body = {"username": "anna" if number % 2 else "admin", "password": f"guess number {number}"}
            async with browser.post("/api/session", json=body) as answer:
                seen[f"sign-in {answer.status}"] += 1
                assert answer.status in (401, 403, 429)


async def knock_without_session(centre: Centre, seen: Counter[str]) -> None:
    """WebSockets of nobody, to the live picture and to phones."""
    url = f"http://127.0.0.1:{centre.env['ACD_HTTP_PORT']}"
    async with aiohttp.ClientSession(url, headers={"Origin": url}) as browser:
        for number in range(SOCKETS):
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                await browser.ws_connect("/sip" if number % 2 else "/api/live", protocols=("sip",))
            seen[f"WebSocket {caught.value.status}"] += 1


async def half_open(centre: Centre, seen: Counter[str]) -> None:
    """FastAGI connections that say nothing, all kept."""
    port = int(centre.env["ACD_AGI_PORT"])
    kept: list[asyncio.StreamWriter] = []
    try:
        for _ in range(HALF_OPEN):
            with contextlib.suppress(OSError):
                kept.append((await asyncio.open_connection("127.0.0.1", port))[1])
        seen["half-open"] += len(kept)
        await asyncio.sleep(1.0)  # they are to be there for a while
    finally:
        for writer in kept:
            writer.transport.abort()


async def put_a_bomb(centre: Centre, seen: Counter[str]) -> None:
    """In a flow, and asks for a reload."""
    file = centre.flows / "main.yml"
    before = file.read_bytes()
    try:
        file.write_text(bomb())
        with pytest.raises((RequestRefused, OperatorError)):
            await centre.ask("reload")
        seen["bombs refused"] += 1
    finally:
        file.write_bytes(before)


ATTACKS: tuple[Attack, ...] = (
    scan_ports, scan_sip, guess_passwords, knock_without_session, half_open, put_a_bomb,
)  # fmt: skip


@contextlib.asynccontextmanager
async def web_process(centre: Centre) -> AsyncIterator[None]:
    """The pages of the centre."""
    log = (centre.home.parent / "web.log").open("ab")
    command = [sys.executable, "-m", "acd", "web"]
    program = await asyncio.create_subprocess_exec(
        *command, env=centre.env, cwd=CHECKOUT, stdout=log, stderr=log
    )
    try:
        async with asyncio.timeout(30), aiohttp.ClientSession() as browser:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with browser.get(
                        f"http://127.0.0.1:{centre.env['ACD_HTTP_PORT']}/api/openapi.json"
                    ) as answer:
                        if answer.status == 200:
                            break
                await asyncio.sleep(0.05)
        yield
    finally:
        program.terminate()
        await program.wait()
        log.close()


@pytest.mark.timeout(900 if LONG else 300)
async def test_callers_notice_nothing(centre: Centre) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, HALF_OPEN + 3000), hard))
    seen: Counter[str] = Counter()
    try:
        async with web_process(centre), centre.phone("1001") as anna:
            await anna.register()
            await centre.ready("anna")
            before = [await rings_within(centre, anna) for _ in range(CALLS)]
            attacks = [asyncio.create_task(attack(centre, seen)) for attack in ATTACKS]
            during: list[float] = []
            while len(during) < CALLS or not all(task.done() for task in attacks):
                during.append(await rings_within(centre, anna))
            for task in attacks:
                await task
            after = await rings_within(centre, anna)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    shown = {name: f"{sorted(each)[-1 - len(each) // 100]:.3f} s" for name, each in
             (("before", before), ("during", during))}  # fmt: skip
    told = f"rings within, p99: {shown}, {len(during)} calls; afterwards {after:.3f} s; {dict(seen)}"
    sys.stdout.write(told + "\n")
    assert max(during) < max(before) + SLOWER_S
    assert seen["WebSocket 401"] + seen["WebSocket 429"] == SOCKETS
    assert seen["half-open"] >= HALF_OPEN * 0.9
    assert seen["bombs refused"] == 1
    assert seen["sign-in 429"] + seen["sign-in 401"] + seen["sign-in 403"] == LOGINS
