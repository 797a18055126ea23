"""The mirror of live state in Redis: one hash, brought up to date in the background.

A change is noted in memory and sent a moment later, together with all others of that moment, in one
command: routing never waits for Redis, and only the last value of a key is sent. A key that is dropped
is emptied in the same command, so that what is in Redis fits together; the empty ones are deleted now and
then, when the server is also asked whether all is still there. Whatever goes wrong ends the connection,
and the next one begins with sending everything anew. Nothing here grows while Redis is away.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
import structlog

from acd.errors import FencedOff, StateError
from acd.state.kept import Kept
from acd.state.redis_hash import Fencing, RedisHash, RedisServer

log = structlog.get_logger(__name__)

GATHER_S = 0.1
CHECK_S = 2.0  # without a word from Redis
CLEAR_S = 10.0
RETRY_S = 1.0
LOOK_S = 0.005
FIELDS_A_COMMAND = 50
STAMP = ":changed_at"  # fields that no key can be: those begin with their kind
FENCE = ":fence"


class RedisMirror:
    """Implements `acd.core.ports.Mirror`, with `run` as a task of its own. One process at a time.

    `failing`: Redis takes nothing at the moment. `changed_at` says when the state was changed last.
    `fence`, a leader's number, goes with each writing; `on_fenced` is called when another one leads.
    """

    def __init__(self, server: RedisServer, prefix: str, changed_at: Callable[[], float] = time.time) -> None:
        self._server = server
        self._key = f"{prefix}:live"
        self._fence_key = f"{prefix}:fence"
        self.fence = 0
        self.on_fenced: Callable[[], None] = lambda: None
        self._changed_at = changed_at
        self._values: dict[str, Mapping[str, Any]] = {}
        self._changed: set[str] = set()
        self._dropped: set[str] = set()
        self._emptied: set[str] = set()
        self._there: set[str] = set()  # the fields in Redis, the dropped and emptied ones included
        self._in_flight = 0
        self._work = asyncio.Event()
        self._is_wanted = False  # somebody waits until Redis has everything
        self._check_at = self._clear_at = 0.0
        self.failing = True  # until everything is there for the first time
        self._said = False

    # --- the port -----------------------------------------------------------------------------
    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep; replaces."""
        self._values[key] = value
        self._changed.add(key)
        self._dropped.discard(key)
        self._emptied.discard(key)
        self._work.set()

    def drop(self, key: str) -> None:
        """No longer needed; not being there is fine."""
        if self._values.pop(key, None) is None:
            return
        self._changed.discard(key)
        if key in self._there:
            self._dropped.add(key)

    def load(self) -> Mapping[str, Mapping[str, Any]]:
        """What is kept now; at the start what `begin` was given."""
        return dict(self._values)

    # --- its life -----------------------------------------------------------------------------
    @property
    def waiting(self) -> int:
        """How many keys Redis does not have as they are now."""
        if self.failing:
            return len(self._values)
        return len(self._changed) + len(self._dropped) + self._in_flight

    async def fetch(self) -> Kept | None:
        """What an earlier process left in Redis; None, and the log says why, when it cannot be had."""
        try:
            there = await RedisHash.connect(self._server, self._key)
            try:
                fields = await there.read()
            finally:
                there.close()
        except StateError as error:
            self._away(error)
            return None
        return _decoded(fields)

    def begin(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Redis is to have exactly this, and what comes."""
        self._values = dict(values)

    async def run(self) -> None:
        """For ever: keep Redis up to date."""
        while True:
            try:
                there = await self._connect()
                try:
                    await self._send_all(there)
                    self._is_back()
                    await self._keep_up(there)
                finally:
                    there.close()
            except FencedOff:
                self.failing = True
                self.on_fenced()
                return
            except StateError as error:
                self._away(error)
                await asyncio.sleep(RETRY_S)

    async def _connect(self) -> RedisHash:
        fencing = Fencing(self._fence_key, self.fence) if self.fence else None
        return await RedisHash.connect(self._server, self._key, fencing)

    async def flush(self, limit_s: float) -> bool:
        """Wait until Redis has everything, for so long at most; whether it has.

        What was dropped goes with the next change otherwise, which may be seconds away.
        """
        self._is_wanted = True
        self._work.set()
        for _ in range(round(limit_s / LOOK_S)):
            if not self.waiting:
                break
            await asyncio.sleep(LOOK_S)
        self._is_wanted = False
        return not self.waiting

    async def close(self) -> None:
        """Send the last state, if Redis takes it now. After the end of `run`."""
        if self.failing:
            return
        try:
            there = await self._connect()
            try:
                await self._send_all(there)
            finally:
                there.close()
        except StateError as error:
            self._away(error)

    def _away(self, error: StateError) -> None:
        self.failing = True
        if not self._said:
            self._said = True
            log.error("live state is not mirrored to Redis, routing goes on", reason=str(error))

    def _is_back(self) -> None:
        self.failing = False
        if self._said:
            self._said = False
            log.info("live state is in Redis again", keys=len(self._values))

    # --- sending ------------------------------------------------------------------------------
    async def _keep_up(self, there: RedisHash) -> None:
        """Until a StateError."""
        while True:
            await self._wait_for_work()
            await self._send_changes(there)
            if time.monotonic() >= self._check_at:
                await self._check(there)

    async def _wait_for_work(self) -> None:
        try:
            async with asyncio.timeout(max(0.0, self._check_at - time.monotonic())):
                await self._work.wait()
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_S)
        self._work.clear()

    async def _send_changes(self, there: RedisHash) -> None:
        keys, self._changed = list(self._changed), set()
        if not keys and not (self._is_wanted and self._dropped):
            return
        self._in_flight = len(keys) or len(self._dropped)
        emptied, self._dropped = dict.fromkeys(self._dropped, ""), set()
        self._emptied.update(emptied)
        for part in self._parts(keys):
            await there.write(part | emptied)
            emptied = {}
        self._in_flight = 0
        self._check_at = min(time.monotonic() + CHECK_S, self._clear_at)

    async def _send_all(self, there: RedisHash) -> None:
        """Replace whatever is in Redis. What changes meanwhile is sent afterwards."""
        self._changed, self._dropped, self._emptied, self._there = set(), set(), set(), set()
        self._in_flight = 0
        await there.replace(self._parts(list(self._values)))
        self._check_at = time.monotonic() + CHECK_S
        self._clear_at = time.monotonic() + CLEAR_S

    def _parts(self, keys: list[str]) -> Iterator[dict[str, str]]:
        """These keys with their values of the moment, a command's worth at a time."""
        stamp = {STAMP: repr(self._changed_at()), **({FENCE: str(self.fence)} if self.fence else {})}
        for first in range(0, len(keys) or 1, FIELDS_A_COMMAND):
            part = [key for key in keys[first : first + FIELDS_A_COMMAND] if key in self._values]
            self._there.update(part)  # before it is sent: it may be dropped while it is under way
            yield {**stamp, **{key: _encoded(self._values[key]) for key in part}}

    async def _check(self, there: RedisHash) -> None:
        """Delete what is gone; send everything again when something else is missing or too much."""
        gone = self._dropped | self._emptied
        self._there -= gone
        self._in_flight = len(self._dropped)
        self._dropped, self._emptied = set(), set()
        left = await there.clear(gone)
        self._in_flight = 0
        self._check_at = time.monotonic() + CHECK_S
        self._clear_at = time.monotonic() + CLEAR_S
        if left == len(self._there) + (2 if self.fence else 1):
            return
        log.warning("live state in Redis was changed by somebody else or emptied, sending all of it again")
        await self._send_all(there)


def _encoded(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()


def _decoded(fields: Mapping[str, str]) -> Kept:
    """Emptied fields are gone; a damaged one costs only itself."""
    values: dict[str, Mapping[str, Any]] = {}
    changed_at, fence = 0.0, 0
    for key, text in fields.items():
        try:
            value = orjson.loads(text) if text else None
        except ValueError:
            continue
        if key == STAMP and isinstance(value, (int, float)):
            changed_at = float(value)
        elif key == FENCE and isinstance(value, int):
            fence = value
        elif isinstance(value, dict):
            values[key] = value
    return Kept(values, changed_at, fence)
