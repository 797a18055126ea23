"""A watcher of the live feed, as a web process is one."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any


class Seen:
    """What was told, in order, and what it comes to by now."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self.now: dict[str, Any] = {}
        self.history: list[tuple[str, Any]] = []

    async def until(self, holds: Callable[[dict[str, Any]], bool], limit_s: float = 20.0) -> None:
        """Take in lines until it does."""
        async with asyncio.timeout(limit_s):
            while not holds(self.now):
                told = json.loads(await self._reader.readline())
                changed = told.get("all", {}) | told.get("set", {})
                self.now.update(changed)
                self.history += changed.items()
                for key in told.get("drop", ()):
                    del self.now[key]
                    self.history.append((key, None))

    def states(self, key: str) -> list[str | None]:
        """Those of one object, each once; None: it is gone."""
        states = [None if value is None else value["state"] for name, value in self.history if name == key]
        return [state for i, state in enumerate(states) if i == 0 or states[i - 1] != state]


@contextlib.asynccontextmanager
async def watching(socket: Path, *desktops: str) -> AsyncIterator[Seen]:
    """From here on, with a desktop open for these agents."""
    reader, writer = await asyncio.open_unix_connection(str(socket), limit=2**24)
    writer.write(json.dumps({"do": "watch", "desktops": desktops}).encode() + b"\n")
    seen = Seen(reader)
    await seen.until(lambda now: bool(now))
    try:
        yield seen
    finally:
        writer.close()
