"""The link to the controller: its stream of changes comes in, who has a desktop open goes out.

The stream is asked for by `{"do": "watch", "desktops": [AGENT, …]}` on the control socket. The controller
then sends lines: first everything, `{"ok": true, "now_s": …, "all": {KEY: OBJECT, …}}`, then changes,
`{"now_s": …, "set": {…}, "drop": […]}`, at least one a second. It is told `{"here": [AGENT, …]}` and
`{"gone": […]}`; the end of the connection means that all are gone, and so does silence: `{"here": []}` is
said every two seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import structlog

from acd.web.picture import Picture

log = structlog.get_logger(__name__)

LINE_MAX = 64 * 1024 * 1024
SILENCE_MAX_S = 5.0
SAY_EVERY_S = 2.0
AGAIN_FIRST_S = 0.1
AGAIN_MAX_S = 2.0
FIGURES = "figures:"


class Link:
    """`up` tells whether the stream runs; then `picture` is at most a heartbeat old."""

    def __init__(self, socket: Path, picture: Picture) -> None:
        self._socket = socket
        self._picture = picture
        self._desktops: Counter[str] = Counter()
        self._writer: asyncio.StreamWriter | None = None
        self._ahead_s = time.time() - time.monotonic()
        self._told_away = False
        self._told_at = 0.0
        self.up = False
        self.on_link: Callable[[bool], None] = lambda _up: None

    def now_s(self) -> float:
        """The controller's clock: Unix seconds."""
        return time.monotonic() + self._ahead_s

    def here(self, agent: str) -> None:
        """One more desktop of the agent is open."""
        self._desktops[agent] += 1
        if self._desktops[agent] == 1:
            self._tell({"here": [agent]})

    def gone(self, agent: str) -> None:
        """One fewer."""
        self._desktops[agent] -= 1
        if self._desktops[agent] <= 0:
            del self._desktops[agent]
            self._tell({"gone": [agent]})

    async def run(self) -> None:
        """Until cancelled: whenever the stream ends it is asked for again, soon and then less often."""
        pause_s = AGAIN_FIRST_S
        while True:
            try:
                async with asyncio.timeout(None) as limit:
                    await self._follow(limit)
            except (OSError, ValueError, TimeoutError) as error:
                if self.up or not self._told_away:
                    self._told_away = True
                    log.warning("the controller is away", reason=str(error) or type(error).__name__)
            if self.up:
                pause_s = AGAIN_FIRST_S
                self._set_up(False)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, AGAIN_MAX_S)

    async def _follow(self, limit: asyncio.Timeout) -> None:
        """Read the stream until it ends. Raises OSError, ValueError or, after silence, TimeoutError."""
        loop = asyncio.get_running_loop()
        limit.reschedule(loop.time() + SILENCE_MAX_S)
        reader, writer = await asyncio.open_unix_connection(str(self._socket), limit=LINE_MAX)
        try:
            writer.write(_line({"do": "watch", "desktops": list(self._desktops)}))
            asked = dict(self._desktops)
            while line := await reader.readline():
                limit.reschedule(loop.time() + SILENCE_MAX_S)
                self._take(orjson.loads(line))
                if self._writer is None:
                    self._writer = writer
                    self._catch_up(asked)
                if loop.time() - self._told_at >= SAY_EVERY_S:
                    self._tell({"here": []})
            raise ConnectionResetError("the controller has closed the stream")
        finally:
            self._writer = None
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _take(self, told: Any) -> None:
        if not isinstance(told, dict) or "error" in told:
            raise ValueError(f"the controller gives no stream: {str(told)[:200]}")
        if "now_s" in told:
            self._ahead_s = float(told["now_s"]) - time.monotonic()
        if "all" in told:
            self._picture.replace(told["all"], but=FIGURES)
            self._set_up(True)
        else:
            self._picture.change(told.get("set") or {}, told.get("drop") or ())

    def _catch_up(self, asked: dict[str, int]) -> None:
        """Who came or went between the request and its answer."""
        if here := [agent for agent in self._desktops if agent not in asked]:
            self._tell({"here": here})
        if gone := [agent for agent in asked if agent not in self._desktops]:
            self._tell({"gone": gone})

    def _tell(self, told: dict[str, list[str]]) -> None:
        if self._writer is not None:
            self._told_at = time.monotonic()
            self._writer.write(_line(told))

    def _set_up(self, up: bool) -> None:
        if up != self.up:
            self.up, self._told_away = up, False
            self.on_link(up)


def _line(told: dict[str, Any]) -> bytes:
    return orjson.dumps(told) + b"\n"
