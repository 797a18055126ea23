"""One browser on `/api/live`: what waits to be sent to it, and whether it keeps up."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque

from aiohttp import ClientError, WSCloseCode, web

from acd.web.asker import Asker

BEHIND_MAX_BYTES = 256 * 1024
"""So much may wait for one that does not keep up; as much as its first picture, where that is greater."""
BEHIND_MAX_S = 5.0
"""So long one message may take, and a large one as long as it takes at SLOWEST_BYTES_S besides."""
SLOWEST_BYTES_S = 256 * 1024
CLOSE_LIMIT_S = 2.0
SILENT_MAX_S = 15.0
"""A page that sends nothing for so long, not even its ping, is frozen or gone."""


class Client:
    """`topics` are the keys of those that it watches."""

    def __init__(self, socket: web.WebSocketResponse, asker: Asker, transport: asyncio.BaseTransport) -> None:
        self.socket = socket
        self.asker = asker
        self.topics: set[str] = set()
        self.heard_at = time.monotonic()
        self._transport = transport
        self._waiting: deque[tuple[str, int, str | None]] = deque()  # text, what counts of it, whose picture
        self._first_since = 0.0  # the first of these has been the first
        self._behind_bytes = 0
        self._behind_max = BEHIND_MAX_BYTES
        self._more = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._closing_since = 0.0

    def push(self, text: str, *, picture: str | None = None) -> None:
        """Send it, after what waits already. `picture`: the topic of which it is all.

        That does not count against the bound, unless one of this topic waits already.
        """
        if self._closing is not None:
            return
        if self._behind_bytes > self._behind_max:
            self._give_up()
            return
        is_free = picture is not None and all(topic != picture for *_, topic in self._waiting)
        counted = 0 if is_free else len(text)
        if is_free:
            # What changes meanwhile waits, and in a large centre that is much.
            self._behind_max = max(self._behind_max, len(text))
        if not self._waiting:
            self._first_since = time.monotonic()
        self._waiting.append((text, counted, picture if is_free else None))
        self._behind_bytes += counted
        self._more.set()

    def close(self, code: int, reason: str) -> None:
        """Say why, and end it; what waits is not sent any more."""
        if self._closing is None:
            self._closing, self._closing_since = (code, reason), time.monotonic()
            self._waiting.clear()
            self._more.set()

    def check(self, now: float) -> None:
        """End it where it does not keep up, or is silent for too long, or does not take what was being sent
        when it was closed."""
        if self._closing is not None:
            if now - self._closing_since > CLOSE_LIMIT_S:
                self._abort()
            return
        limit_s = BEHIND_MAX_S + (len(self._waiting[0][0]) / SLOWEST_BYTES_S if self._waiting else 0.0)
        if self._waiting and now - self._first_since > limit_s:
            self._give_up()
        elif now - self.heard_at > SILENT_MAX_S:
            self.close(WSCloseCode.POLICY_VIOLATION, "silent")

    async def send(self) -> None:
        """Until it is closed, or cancelled."""
        with contextlib.suppress(ConnectionError, ClientError):
            while self._closing is None:
                await self._more.wait()
                self._more.clear()
                await self._send_waiting()
            await self.socket.close(code=self._closing[0], message=self._closing[1].encode(), drain=False)

    async def end(self, sending: asyncio.Task[None]) -> None:
        """The browser is heard no more: stop `send`, which is this task; a reason to close is still said."""
        if self._closing is None:
            sending.cancel()
        with contextlib.suppress(asyncio.CancelledError, TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT_S):
                await sending

    async def _send_waiting(self) -> None:
        while self._waiting:
            first = self._waiting[0]
            await self.socket.send_str(first[0])
            if self._waiting and self._waiting[0] is first:  # else it is being closed
                self._waiting.popleft()
                self._first_since = time.monotonic()
                self._behind_bytes -= first[1]

    def _give_up(self) -> None:
        """It takes nothing, so not even the reason why it is closed."""
        self.close(WSCloseCode.TRY_AGAIN_LATER, "too-slow")
        self._abort()

    def _abort(self) -> None:
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.abort()
