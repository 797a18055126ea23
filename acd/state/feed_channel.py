"""The live feed on Redis: what has changed is published once, however many web processes listen.

Nobody waits for it. What cannot be sent soon is dropped, all of it: who listens counts the lines, notices
that some are missing, and asks the controller for the whole picture.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

import structlog

from acd.errors import StateError
from acd.state.redis_channel import Publishing
from acd.state.redis_hash import RedisServer

log = structlog.get_logger(__name__)

WAITING_MAX_BYTES = 8 * 1024 * 1024
RETRY_S = 1.0


class FeedChannel:
    """`take` a line and forget it; `run` sends them, as a task of its own."""

    def __init__(self, server: RedisServer, prefix: str) -> None:
        self._server = server
        self._name = f"{prefix}:feed"
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._work = asyncio.Event()
        self._is_up = False
        self._said = False
        self.dropped = 0

    @property
    def place(self) -> Mapping[str, Any]:
        """Where to listen, for those who watch; without the password."""
        server = self._server
        return {
            "address": server.address,
            "port": server.port,
            "database": server.database,
            "channel": self._name,
        }

    def take(self, line: bytes) -> None:
        """Published soon, or dropped where Redis is away or does not keep up."""
        if not self._is_up:
            return
        if self._bytes + len(line) > WAITING_MAX_BYTES:
            self._drop()
            return
        self._lines.append(line)
        self._bytes += len(line)
        self._work.set()

    def _drop(self) -> None:
        self.dropped += len(self._lines) + 1
        self._lines.clear()
        self._bytes = 0

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                there = await Publishing.connect(self._server, self._name)
                try:
                    self._up()
                    await self._send(there)
                finally:
                    there.close()
            except StateError as error:
                self._away(error)
                await asyncio.sleep(RETRY_S)

    async def _send(self, there: Publishing) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._lines:
                line = self._lines.popleft()
                self._bytes -= len(line)
                await there.publish(line.decode())

    def _up(self) -> None:
        self._is_up = True
        if self._said:
            self._said = False
            log.info("the live feed is published on Redis again")

    def _away(self, error: StateError) -> None:
        self._is_up = False
        self._lines.clear()
        self._bytes = 0
        if not self._said:
            self._said = True
            log.warning("the live feed is not published, web processes get it directly", reason=str(error))
