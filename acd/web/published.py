"""Listens to the live feed on Redis, where the controller has said that it publishes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from acd.errors import StateError
from acd.state.redis_channel import Listening
from acd.state.redis_hash import RedisServer

log = structlog.get_logger(__name__)

SILENCE_MAX_S = 3.0
"""The controller publishes something every second while anybody watches."""
RETRY_S = 2.0


class Published:
    """`on_line` hears each line; `on_away` that for now no more will come.

    `host` is where this process reaches Redis, where that is not where the controller does.
    """

    def __init__(
        self, host: str | None, password: str, on_line: Callable[[str], None], on_away: Callable[[], None]
    ) -> None:
        self._host = host
        self._password = password
        self._on_line = on_line
        self._on_away = on_away
        self._place: Mapping[str, Any] | None = None
        self._changed = asyncio.Event()

    def listen_at(self, place: Mapping[str, Any] | None) -> None:
        """As the controller says; None: nowhere."""
        if place != self._place:
            self._place = place
            self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._changed.clear()
            if self._place is None:
                await self._changed.wait()
                continue
            changed = asyncio.create_task(self._changed.wait())
            hearing = asyncio.create_task(self._hear(self._place))
            try:
                await asyncio.wait({changed, hearing}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (changed, hearing):
                    task.cancel()
                await asyncio.gather(changed, hearing, return_exceptions=True)
            self._on_away()

    async def _hear(self, place: Mapping[str, Any]) -> None:
        server = RedisServer(
            self._host or str(place["address"]), int(place["port"]), int(place["database"]), self._password
        )
        said = False
        while True:
            try:
                there = await Listening.connect(server, str(place["channel"]))
                try:
                    while True:
                        self._on_line(await there.next(SILENCE_MAX_S))
                        said = False
                finally:
                    there.close()
            except StateError as error:
                self._on_away()
                if not said:
                    log.warning("nothing is heard of the live feed on Redis", reason=str(error))
                    said = True
            await asyncio.sleep(RETRY_S)
