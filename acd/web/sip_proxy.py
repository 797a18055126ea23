"""`/sip`: SIP over WebSocket (RFC 7118) from the browser to Asterisk, through the port of the pages.

So one port and one certificate serve everything, and Asterisk's own HTTP server is reached by nobody else.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from aiohttp import (
    ClientError,
    ClientSession,
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSCloseCode,
    WSMsgType,
    web,
)

from acd.core.plan import BROWSER_PREFIX
from acd.settings.environment import Environment
from acd.settings.fronts import FrontPlace
from acd.web.asker import Asker
from acd.web.own_phone import speaks_for
from acd.web.rate import Rate
from acd.web.refusal import Refusal, away, forbidden
from acd.web.services import Services
from acd.web.serving import check_origin, check_ready, identified

log = structlog.get_logger(__name__)

PATH = "/sip"
PROTOCOL = "sip"
MESSAGE_MAX = 64 * 1024
"""Of either side; an INVITE with many candidates has about 6 KB."""
RATE_MAX = 50
"""Messages a second of a browser, on the long run; a phone sends a few in a call."""
BURST_MAX = 200
OF_SESSION_MAX = 8
CONNECT_LIMIT_S = 5.0
GOODBYE_LIMIT_S = 0.5
"""Whoever says none by then is cut off."""
HEARTBEAT_S = 20.0
Socket = web.WebSocketResponse | ClientWebSocketResponse
May = Callable[[str | bytes], bool]


def sip_handler(services: Services) -> Any:
    """The aiohttp handler."""
    urls = door_urls(services.environment)

    async def handle(request: web.Request) -> web.StreamResponse:
        asker = await _admit(services, request)
        phone = await _phone_of(services, asker)
        browser = web.WebSocketResponse(
            protocols=(PROTOCOL,), heartbeat=HEARTBEAT_S, compress=False, max_msg_size=MESSAGE_MAX
        )
        ready = browser.can_prepare(request)
        if not ready or ready.protocol != PROTOCOL:
            raise Refusal(400, "no-sip", f"this is a WebSocket of the subprotocol '{PROTOCOL}'")
        async with ClientSession() as client:
            asterisk = await _connect_to_one(client, urls)
            await browser.prepare(request)
            ended = asyncio.Event()
            with services.open_sockets.of(asker, ended.set):
                await _join(browser, asterisk, ended, phone)
        return browser

    return handle


async def _admit(services: Services, request: web.Request) -> Asker:
    asker = await identified(services, request)
    check_origin(request, asker, changes=True)
    if not asker.known:
        raise Refusal(401, "not-signed-in", "sign in first")
    if asker.session is None:
        raise forbidden("this is for people who are signed in, not for tokens", "no-token")
    check_ready(asker)
    services.limits.count_socket(asker.address, services.open_sockets.at(asker.address))
    if services.open_sockets.count(asker) >= OF_SESSION_MAX:
        raise Refusal(429, "too-many-phones", "too many tabs of this session are open")
    return asker


async def _phone_of(services: Services, asker: Asker) -> str:
    """The one in the browser of the agent who is signed in. Raises Refusal where there is none."""
    profile = (await services.centre.get()).agents.get(asker.agent or "")
    if profile is None:
        raise forbidden("this account belongs to no agent", "no-agent")
    return BROWSER_PREFIX + profile.extension


def door_urls(environment: Environment) -> tuple[str, ...]:
    """Where browsers' phones are taken: at Asterisk, or at each Kamailio where it is before several nodes."""
    alone = (FrontPlace(environment.asterisk_host, environment.ws_port),)
    places = environment.fronts if environment.kamailio else alone
    hosts = ((f"[{place.host}]" if ":" in place.host else place.host, place.port) for place in places)
    return tuple(f"http://{host}:{port}/ws" for host, port in hosts)


async def _connect_to_one(client: ClientSession, urls: Sequence[str]) -> ClientWebSocketResponse:
    """The first that answers; Refusal of the last one, if none does."""
    for url in urls[:-1]:
        with contextlib.suppress(Refusal):
            return await _connect(client, url)
    return await _connect(client, urls[-1])


async def _connect(client: ClientSession, url: str) -> ClientWebSocketResponse:
    try:
        async with asyncio.timeout(CONNECT_LIMIT_S):
            asterisk = await client.ws_connect(
                url,
                protocols=(PROTOCOL,),
                heartbeat=HEARTBEAT_S,
                max_msg_size=MESSAGE_MAX,
                timeout=ClientWSTimeout(ws_close=GOODBYE_LIMIT_S),
            )
    except (ClientError, OSError, TimeoutError) as error:
        log.warning("Asterisk takes no browser phones", reason=str(error) or type(error).__name__)
        raise away("asterisk-away", "Asterisk cannot be reached at the moment") from None
    if asterisk.protocol != PROTOCOL:
        await asterisk.close()
        raise away("asterisk-away", "Asterisk does not speak SIP on its WebSocket")
    return asterisk


async def _join(
    browser: web.WebSocketResponse, asterisk: ClientWebSocketResponse, ended: asyncio.Event, phone: str
) -> None:
    """Pass messages on both ways until one side is gone, or the session is over."""
    tasks = [
        asyncio.create_task(_pass_on(browser, asterisk, _within_bounds(phone))),
        asyncio.create_task(_pass_on(asterisk, browser)),
        asyncio.create_task(ended.wait()),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        code = WSCloseCode.POLICY_VIOLATION if ended.is_set() else WSCloseCode.GOING_AWAY
        # Together: a browser that is gone says no good-bye, and Asterisk is to know soon that its phone is.
        await asyncio.gather(browser.close(code=code), asterisk.close(), return_exceptions=True)


def _within_bounds(phone: str) -> May:
    """Of what a browser sends: only so much, and only of this phone."""
    rate = Rate(RATE_MAX, BURST_MAX, time.monotonic())

    def may_pass(message: str | bytes) -> bool:
        if not rate.allows(time.monotonic()):
            log.warning("a browser phone sends too much and is cut off", phone=phone)
            return False
        if not speaks_for(message, phone):
            log.warning("a browser phone speaks for another phone and is cut off", phone=phone)
            return False
        return True

    return may_pass


async def _pass_on(source: Socket, target: Socket, may_pass: May = lambda _message: True) -> None:
    with contextlib.suppress(ConnectionError, ClientError):
        async for message in source:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            if not may_pass(message.data):
                return
            if message.type is WSMsgType.TEXT:
                await target.send_str(message.data)
            else:
                await target.send_bytes(message.data)
