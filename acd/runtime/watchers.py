"""`watch` on the control socket: a connection that hears the live feed, and says who has a desktop open.

Lines from the other side are `{"here": [AGENT, …]}` and `{"gone": [AGENT, …]}`; the end of the connection
means that all of its desktops are gone. Whoever has named one says something every few seconds, be it
`{"here": []}`: a process that has stopped, its connection open, has no desktops.

`{"direct": false}` says that the changes are heard as they are published, so that here the heartbeat is
enough from now on; `{"direct": true}` asks for everything once more, and for the changes.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import structlog

from acd.errors import RequestRefused
from acd.runtime.control import BAD_REQUEST, Request
from acd.runtime.feed import LiveFeed
from acd.runtime.presence import Presence

log = structlog.get_logger(__name__)

BEHIND_MAX = 8 * 1024 * 1024
"""Bytes that wait to be read by a watcher who is dropped then: it may come again for everything.

The longest line that it was ever told does not count, which is the first: of a large centre the whole picture
is larger than this.
"""

SILENCE_MAX_S = 10.0
"""After so long without a word from one who has named desktops they are gone, and the connection ends."""


class Watchers:
    """All connections that watch."""

    def __init__(self, feed: LiveFeed, presence: Presence) -> None:
        self._feed = feed
        self._presence = presence

    async def serve(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One of them, until it ends. Raises RequestRefused, BAD_REQUEST, for what it says and may not."""
        watcher = Watcher(writer)
        desktops = _agents(request.get("desktops", []), "desktops")
        try:
            self._presence.here(watcher, desktops)
            self._feed.join(watcher.take)
            await self._listen(watcher, reader, has_desktops=bool(desktops))
        except ValueError:
            raise RequestRefused(BAD_REQUEST, "that line is too long; name the agents in several") from None
        except TimeoutError:
            log.warning("who watches has stopped: its desktops count as gone", silent_s=SILENCE_MAX_S)
            writer.transport.abort()
        finally:
            self._feed.leave(watcher.take)
            self._presence.left(watcher)

    async def _listen(self, watcher: Watcher, reader: asyncio.StreamReader, *, has_desktops: bool) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(SILENCE_MAX_S if has_desktops else None) as limit:
            while line := await reader.readline():
                self._hear(watcher, line)
                limit.reschedule(loop.time() + SILENCE_MAX_S)

    def _hear(self, watcher: Watcher, line: bytes) -> None:
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict) or not said.keys() <= {"here", "gone", "direct"}:
            text = 'who watches says {"here": [AGENT, …]} or {"gone": [AGENT, …]} and nothing else'
            raise RequestRefused(BAD_REQUEST, text)
        self._presence.here(watcher, _agents(said.get("here", []), "here"))
        self._presence.gone(watcher, _agents(said.get("gone", []), "gone"))
        if said.get("direct") is False:
            self._feed.quieten(watcher.take)
        elif said.get("direct") is True:
            self._feed.join(watcher.take)


class Watcher:
    """One connection. Whoever reads too slowly is dropped, and costs nobody else anything."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._longest = 0

    def take(self, line: bytes) -> None:
        transport = self._writer.transport
        if transport.is_closing():
            return
        self._longest = max(self._longest, len(line))
        if transport.get_write_buffer_size() > BEHIND_MAX + self._longest:
            log.warning("who watches does not keep up and is dropped", bytes_behind=BEHIND_MAX)
            transport.abort()
            return
        self._writer.write(line)


def _agents(value: Any, name: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(agent, str) for agent in value):
        raise RequestRefused(BAD_REQUEST, f"'{name}' is a list of agents' ids")
    return value
