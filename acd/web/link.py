"""The link to the controller: its stream of changes comes in, who has a desktop open goes out.

The stream is asked for by `{"do": "watch", "desktops": [AGENT, …]}` of the controller that leads, which
then sends lines: first everything, `{"ok": true, "now_s": …, "all": {KEY: OBJECT, …}}`, then changes,
`{"now_s": …, "set": {…}, "drop": […]}`, at least one a second. It is told `{"here": [AGENT, …]}` and
`{"gone": […]}`; the end of the connection means that all are gone, and so does silence: `{"here": []}` is
said every two seconds.

Where the controller publishes the changes on Redis, too, they are taken from there once they come, and the
stream has only the heartbeat then, with the number of the last change. When one is missing, or Redis is away,
everything is asked for again, and the changes come on the stream as before.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any

import orjson
import structlog

from acd.errors import OperatorError
from acd.runtime.leader import Leader
from acd.web.feed_order import FeedOrder
from acd.web.picture import Picture
from acd.web.published import Published

log = structlog.get_logger(__name__)

LINE_MAX = 64 * 1024 * 1024
SILENCE_MAX_S = 5.0
SAY_EVERY_S = 2.0
AGAIN_FIRST_S = 0.1
AGAIN_MAX_S = 2.0
PUBLISHED_AFTER_S = 1.0
"""So long what is published is heard beside the stream before it takes its place."""
PUBLISHED_AGAIN_AFTER_S = 10.0
"""After something was missing."""
FIGURES = "figures:"


class Way(Enum):
    """How changes come. `CHANGING`: the stream was told to be quiet and has not said that it is."""

    DIRECT = "direct"
    CHANGING = "changing"
    PUBLISHED = "published"


class Link:
    """`up` tells whether the stream runs; then `picture` is at most a heartbeat old."""

    def __init__(
        self, leader: Leader, picture: Picture, redis_host: str | None = None, redis_password: str = ""
    ) -> None:
        self._leader = leader
        self._published = Published(redis_host, redis_password, self._take_published, self._redis_is_away)
        self._order = FeedOrder()
        self._beat = 0
        self._published_from_s = 0.0
        self.way = Way.DIRECT
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

    async def listen(self) -> None:
        """Until cancelled: to what is published, where anything is."""
        await self._published.run()

    async def run(self) -> None:
        """Until cancelled: whenever the stream ends it is asked for again, soon and then less often."""
        pause_s = AGAIN_FIRST_S
        while True:
            try:
                async with asyncio.timeout(None) as limit:
                    await self._follow(limit)
            except (OSError, ValueError, TimeoutError, OperatorError) as error:
                if self.up or not self._told_away:
                    self._told_away = True
                    log.warning("the controller is away", reason=str(error) or type(error).__name__)
            if self.up:
                pause_s = AGAIN_FIRST_S
                self._set_up(False)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, AGAIN_MAX_S)

    async def _follow(self, limit: asyncio.Timeout) -> None:
        """Read the stream until it ends. Raises OSError, ValueError, OperatorError or TimeoutError."""
        loop = asyncio.get_running_loop()
        limit.reschedule(loop.time() + SILENCE_MAX_S)
        async with self._leader.connection(LINE_MAX) as found:
            try:
                await self._hear(found.reader, found.writer, limit)
            finally:
                self._writer = None
                self.way = Way.DIRECT

    async def _hear(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit: asyncio.Timeout
    ) -> None:
        loop = asyncio.get_running_loop()
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

    def _take(self, told: Any) -> None:
        if not isinstance(told, dict) or "error" in told:
            raise ValueError(f"the controller gives no stream: {str(told)[:200]}")
        if "now_s" in told:
            self._ahead_s = float(told["now_s"]) - time.monotonic()
        if "all" in told:
            self._picture.replace(told["all"], but=FIGURES)
            self._change(self._order.start(str(told.get("feed", "")), int(told.get("seq", 0))))
            self._published_from_s = max(self._published_from_s, time.monotonic() + PUBLISHED_AFTER_S)
            self._published.listen_at(told.get("published"))
            self._set_up(True)
        elif "set" in told or "drop" in told:
            self._change(self._order.take(told))
        else:
            self._heartbeat(int(told.get("seq", 0)))

    def _change(self, lines: Iterable[Mapping[str, Any]]) -> None:
        for line in lines:
            self._picture.change(line.get("set") or {}, line.get("drop") or ())

    # --- what is published --------------------------------------------------------------------
    def _take_published(self, text: str) -> None:
        """As on the stream; once it is heard there, it need not come on the stream."""
        try:
            told = orjson.loads(text)
            is_ours = self.up and told["feed"] == self._order.feed and isinstance(told["seq"], int)
        except (ValueError, KeyError, TypeError):
            return  # whoever else may publish there
        if not is_ours:
            return
        self._change(self._order.take(told))
        if self.way is Way.PUBLISHED and self._order.is_missing_some:
            self._go_direct("some lines were lost")
        elif self._may_change_over() and told["seq"] <= self._order.at:
            self.way = Way.CHANGING
            self._tell({"direct": False})

    def _may_change_over(self) -> bool:
        is_time = time.monotonic() >= self._published_from_s
        return self.way is Way.DIRECT and self._writer is not None and is_time

    def _heartbeat(self, told: int) -> None:
        """The number of the last change a second ago must have come the other way by now."""
        if self.way is Way.CHANGING:
            self.way = Way.PUBLISHED
        elif self.way is Way.PUBLISHED and self._order.at < self._beat:
            self._go_direct("it is late")
        self._beat = told

    def _redis_is_away(self) -> None:
        if self.way is not Way.DIRECT:
            self._go_direct("Redis is away")

    def _go_direct(self, reason: str) -> None:
        log.warning("the live feed comes directly from the controller again", reason=reason)
        self.way = Way.DIRECT
        self._published_from_s = time.monotonic() + PUBLISHED_AGAIN_AFTER_S
        self._tell({"direct": True})

    def _catch_up(self, asked: dict[str, int]) -> None:
        """Who came or went between the request and its answer."""
        if here := [agent for agent in self._desktops if agent not in asked]:
            self._tell({"here": here})
        if gone := [agent for agent in asked if agent not in self._desktops]:
            self._tell({"gone": gone})

    def _tell(self, told: dict[str, Any]) -> None:
        if self._writer is not None:
            self._told_at = time.monotonic()
            self._writer.write(_line(told))

    def _set_up(self, up: bool) -> None:
        if up != self.up:
            self.up, self._told_away = up, False
            self.on_link(up)


def _line(told: dict[str, Any]) -> bytes:
    return orjson.dumps(told) + b"\n"
