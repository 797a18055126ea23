"""The WebSocket `/api/live`: what browsers send on it."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

import orjson
from aiohttp import WSCloseCode, WSMsgType, web

from acd.web.asker import Scope
from acd.web.live.client import Client
from acd.web.live.hub import Hub
from acd.web.live.topics import text_of
from acd.web.rate import Rate
from acd.web.refusal import Refusal, forbidden
from acd.web.services import Services
from acd.web.serving import check_origin, check_ready, identified

PATH = "/api/live"
MESSAGE_MAX = 4096
CLIENTS_MAX = 2000
TOPICS_MAX = 20
HEARTBEAT_S = 10.0
OF_SESSION_MAX = 40
"""Open WebSockets of one session or token: nobody takes the places of all others."""
RATE_MAX = 10
"""Messages a second of a browser, on the long run: each may be answered with a whole picture."""
BURST_MAX = 60


def live_handler(services: Services) -> Any:
    """The aiohttp handler."""

    hub = services.hub

    async def handle(request: web.Request) -> web.StreamResponse:
        asker = await identified(services, request)
        check_origin(request, asker, changes=True)
        if not asker.known:
            raise Refusal(401, "not-signed-in", "sign in first")
        check_ready(asker)
        if asker.scopes is not None and not asker.has_scope(Scope.READ_STATE):
            raise forbidden(f"the token lacks the scope {Scope.READ_STATE.value}", "scope-missing")
        if hub.clients >= CLIENTS_MAX:
            raise Refusal(503, "busy", f"{CLIENTS_MAX} browsers are connected already")
        services.limits.count_socket(asker.address, services.open_sockets.at(asker.address))
        if services.open_sockets.count(asker) >= OF_SESSION_MAX:
            raise Refusal(429, "too-many-sockets", "too many tabs of this session are open")
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, compress=False, max_msg_size=MESSAGE_MAX, autoclose=True
        )
        if not socket.can_prepare(request):
            raise Refusal(400, "no-websocket", "this is a WebSocket", headers={"Upgrade": "websocket"})
        await socket.prepare(request)
        assert request.transport is not None
        client = Client(socket, asker, request.transport)
        hub.come(client)
        sending = asyncio.create_task(client.send())
        over = partial(client.close, WSCloseCode.POLICY_VIOLATION, "session-over")
        renew = partial(
            client.close, WSCloseCode.SERVICE_RESTART, "rights-changed"
        )  # it comes back with them
        try:
            with services.open_sockets.of(asker, over, renew):
                await _listen(client, hub, services)
        finally:
            hub.go(client)
            await client.end(sending)
        return socket

    return handle


async def _listen(client: Client, hub: Hub, services: Services) -> None:
    rate = Rate(RATE_MAX, BURST_MAX, time.monotonic())
    async for message in client.socket:
        client.heard_at = time.monotonic()
        if not rate.allows(client.heard_at):
            client.close(WSCloseCode.POLICY_VIOLATION, "too-many-messages")
            return
        asked = _read(message.data) if message.type is WSMsgType.TEXT else None
        match asked:
            case {"do": "ping"}:
                client.push(text_of({"type": "pong", "now_s": services.link.now_s()}))
            case {"do": "watch", "topics": list(topics)} if _are_topics(topics):
                hub.watch(client, topics)
            case {"do": "all", "topic": str(topic)}:
                hub.show(client, topic)
            case _:
                client.close(WSCloseCode.UNSUPPORTED_DATA, "not-understood")
                return


def _are_topics(topics: list[Any]) -> bool:
    return len(topics) <= TOPICS_MAX and all(isinstance(topic, str) for topic in topics)


def _read(text: Any) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
