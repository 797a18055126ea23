"""Live state in its one or two places: always on disk, and in Redis where that is configured.

The disk has each change before the next event is handled, Redis a moment later. At the start the copy that
was changed last is taken: usually the one on disk; the one in Redis after this machine, or its disk,
was away; the one on disk again when Redis has lost its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import structlog

from acd.settings.model import RedisSettings
from acd.state.disk import LIVE_FILE, DiskMirror, read_kept
from acd.state.kept import Kept
from acd.state.redis import RedisMirror
from acd.state.redis_hash import RedisServer

log = structlog.get_logger(__name__)


class LiveMirror:
    """Implements `acd.core.ports.Mirror`. `open` comes first, `run` is a task until `close`."""

    def __init__(self, disk: DiskMirror, redis: RedisMirror | None) -> None:
        self._disk = disk
        self._redis = redis

    @classmethod
    def configured(cls, folder: Path, redis: RedisSettings | None, password: str) -> Self:
        """On disk in `folder`, and in Redis if there is one."""
        disk = DiskMirror(folder)
        if redis is None:
            return cls(disk, None)
        server = RedisServer(redis.address, redis.port, redis.database, password)
        return cls(disk, RedisMirror(server, redis.prefix, lambda: disk.changed_at))

    async def open(self, others: Iterable[Path] = (), fence: int = 0) -> None:
        """Find the newest state. A Redis that is away is waited for a few seconds at most.

        Files are read and written by a thread: on a shared disk, or where they are large, that takes a while.

        `others` are folders like our own, of controllers that led before; `fence` is our number as the
        leader from here on. Raises OperatorError while another process has the disk's copy open.
        """
        await asyncio.to_thread(self._disk.open)
        for folder in others:
            kept = await asyncio.to_thread(_of_other, folder)
            await asyncio.to_thread(self._take_newer, kept, f"on the disk of {folder.parent.name}")
        if self._redis is not None:
            in_redis = await self._redis.fetch()
            if in_redis is None:
                log.warning(
                    "starting with the live state on disk alone, Redis may have newer",
                    keys=len(self._disk.load()),
                )
            else:
                await asyncio.to_thread(self._take_newer, in_redis, "in Redis")
        self._disk.fence = fence
        if fence:
            await asyncio.to_thread(self._disk.write_anew)
        if self._redis is not None:
            self._redis.fence = fence
            self._redis.begin(self._disk.load())

    def _take_newer(self, kept: Kept, where: str) -> None:
        own = Kept({}, self._disk.changed_at, self._disk.fence)
        if kept.is_newer_than(own):
            log.info("live state is newer elsewhere than on disk", where=where, keys=len(kept.values))
            self._disk.replace(kept)

    @property
    def on_fenced(self) -> Callable[[], None]:
        """Called when Redis refuses what we write, since another controller leads."""
        return self._redis.on_fenced if self._redis is not None else _nothing

    @on_fenced.setter
    def on_fenced(self, called: Callable[[], None]) -> None:
        if self._redis is not None:
            self._redis.on_fenced = called

    async def flush(self, limit_s: float) -> bool:
        """Wait until Redis has everything, for so long at most; whether it has."""
        return self._redis is None or await self._redis.flush(limit_s)

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep; replaces."""
        self._disk.put(key, value)
        if self._redis is not None:
            self._redis.put(key, value)

    def drop(self, key: str) -> None:
        """No longer needed; not being there is fine."""
        self._disk.drop(key)
        if self._redis is not None:
            self._redis.drop(key)

    def together(self) -> AbstractContextManager[None]:
        """What is kept and dropped within goes to disk at its end, in one write."""
        return self._disk.together()

    def load(self) -> Mapping[str, Mapping[str, Any]]:
        """What is kept now."""
        return self._disk.load()

    def write_anew(self) -> bool:
        """On disk, without what is over; whether the disk has taken it."""
        return self._disk.write_anew()

    async def run(self) -> None:
        """For ever: keep Redis up to date, if there is one."""
        if self._redis is None:
            await asyncio.Event().wait()
        else:
            await self._redis.run()

    async def close(self) -> None:
        """No more writing; Redis gets the last state if it takes it."""
        if self._redis is not None:
            await self._redis.close()
        self._disk.close()

    @property
    def safe(self) -> bool:
        """Whether a restart now would find the state somewhere."""
        return not self._disk.failing or (self._redis is not None and not self._redis.failing)

    def facts(self) -> dict[str, Any]:
        """For the health page and `acd status`. Without Redis `in_redis` is None.

        `waiting_for_redis` counts the calls, agents and places in menus that Redis does not have as they are.
        """
        return {
            "on_disk": not self._disk.failing,
            "in_redis": None if self._redis is None else not self._redis.failing,
            "waiting_for_redis": 0 if self._redis is None else self._redis.waiting,
        }


def _of_other(folder: Path) -> Kept:
    try:
        return read_kept(folder / LIVE_FILE)
    except OSError as error:
        log.warning("another controller's live state cannot be read", folder=str(folder), reason=str(error))
        return Kept({}, 0.0)


def _nothing() -> None:
    """Without Redis nobody fences us off."""
