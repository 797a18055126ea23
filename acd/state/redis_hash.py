"""One hash of a Redis server. With `redis_channel` the only module that knows asyncio-redis; it guards
what that lacks.

Its connection waits for ever for a server that is down or stands still, sends the password in a task
whose failure nobody hears of, and connects again by itself, without a word, to a server that may have
lost everything. So each connection here is used until its first failure, and every answer has a limit.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import asyncio_redis

from acd.errors import FencedOff, StateError
from acd.hosts import connected
from acd.loss import REDIS
from acd.settings.redis_places import redis_places

ANSWER_LIMIT_S = 2.0
FIRST_NAMED_WITHIN_S = 0.1
"""So long after another master's answer that of one named before it is waited for."""
NEW_KEPT_S = 600
"""What is to replace a hash has arrived long before."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RedisServer:
    """Where the server is. Without a password none is sent; 0 is the database that every server has.

    `address` may name several, as ACD_REDIS_HOST does (`acd.settings.redis_places`).
    """

    address: str = "127.0.0.1"
    port: int = 6379
    database: int = 0
    password: str = field(default="", repr=False)


# KEYS: where the highest number stands. ARGV: the writer's number, and the command.
_GUARDED = """
if tonumber(redis.call('GET', KEYS[1]) or '0') > tonumber(ARGV[1]) then return 'fenced off' end
return redis.call(unpack(ARGV, 2))
"""


async def open_connection(server: RedisServer, limit_s: float | None = None) -> Any:
    """A connection of asyncio-redis, signed in, of use until its first failure. Raises StateError.

    Of several servers, which are tried at once, one that is a master: of two the one that is named first,
    so that all choose the same one, unless it answers much later.
    """
    places = redis_places(server.address, server.port)
    if len(places) == 1:
        return await _open(server, places[0], limit_s)
    tries = [asyncio.create_task(_open(server, place, limit_s, as_master=True)) for place in places]
    try:
        chosen = await _first_master(tries)
    except BaseException:
        _leave(tries)
        raise
    if chosen is not None:
        _leave([task for task in tries if task is not chosen])
        return chosen.result()
    reasons = zip(places, tries, strict=True)
    raise StateError("; ".join(f"{host}:{port}: {task.exception()}" for (host, port), task in reasons))


async def _first_master(tries: Sequence[asyncio.Task[Any]]) -> asyncio.Task[Any] | None:
    """The first in order that has found one; those before it have a moment yet."""
    pending: set[asyncio.Task[Any]] = set(tries)
    while pending and not any(map(_has_found, tries)):
        _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
    found = next((n for n, task in enumerate(tries) if _has_found(task)), None)
    if found:
        await asyncio.wait(tries[:found], timeout=FIRST_NAMED_WITHIN_S)
    return next(filter(_has_found, tries), None)


def _has_found(task: asyncio.Task[Any]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _leave(tries: Iterable[asyncio.Task[Any]]) -> None:
    """Nobody wants what comes of them."""
    for task in tries:
        task.add_done_callback(_abort)
        task.cancel()


def _abort(task: asyncio.Task[Any]) -> None:
    if _has_found(task) and task.result().transport is not None:
        task.result().transport.abort()


async def _open(
    server: RedisServer, place: tuple[str, int], limit_s: float | None, *, as_master: bool = False
) -> Any:
    host, port = place

    async def connect(address: str) -> Any:
        made = asyncio_redis.Connection.create(address, port, auto_reconnect=False)
        return await within_limit(made, limit_s)

    try:
        connection = await connected(host, connect)
    except OSError as error:  # of the name: those of connecting are StateError by now
        raise StateError(f"cannot connect: {error}") from error
    # A peer that is no Redis ends asyncio-redis's reader; we see an answer that never comes.
    reader = connection.protocol._reader_f
    if reader is not None:  # None: lost again already
        reader.add_done_callback(_take_note)
    try:
        if server.password:
            await within_limit(connection.auth(server.password), limit_s)
        if server.database:
            await within_limit(connection.select(server.database), limit_s)
        if as_master:
            told = await within_limit(connection.info("replication"), limit_s)
            if "role:master" not in str(told._data):
                raise StateError("is a replica")
    except BaseException:
        if connection.transport is not None:
            connection.transport.abort()
        raise
    return connection


@dataclass(frozen=True, slots=True)
class Fencing:
    """A leader's number, and the key with the highest one that was ever given (see `lease`)."""

    key: str
    fence: int


class RedisHash:
    """A connection for one hash. After a StateError only `close` is left to do.

    With `fencing` each change is refused, with FencedOff, once a higher number has been given.
    """

    def __init__(self, connection: Any, key: str, fencing: Fencing | None = None) -> None:
        self._connection = connection
        self._key = key
        self._new_key = key + ":new" + (f":{fencing.fence}" if fencing is not None else "")
        self._fencing = fencing
        self._guarded: Any = None

    @classmethod
    async def connect(cls, server: RedisServer, key: str, fencing: Fencing | None = None) -> Self:
        """Open a connection for the hash `key`. Raises StateError."""
        self = cls(await open_connection(server), key, fencing)
        if fencing is not None:
            try:
                self._guarded = await within_limit(self._connection.register_script(_GUARDED))
            except BaseException:
                self.close()
                raise
        return self

    async def _change(self, *command: str) -> Any:
        """Raises StateError; FencedOff."""
        if self._fencing is None:
            raise AssertionError("only a fenced connection changes by its script")
        arguments = [str(self._fencing.fence), *command]
        reply = await within_limit(self._guarded.run(keys=[self._fencing.key], args=arguments))
        answer = await within_limit(reply.return_value())
        if answer == "fenced off":
            raise FencedOff("another controller has taken over")
        return answer

    async def read(self) -> dict[str, str]:
        """All fields; empty when there is no such hash. Raises StateError."""
        fields: dict[str, str] = await within_limit(self._connection.hgetall_asdict(self._key))
        return fields

    async def write(self, fields: Mapping[str, str]) -> None:
        """Set these fields: one command, all or none. Raises StateError."""
        await self._set(self._key, fields)

    async def _set(self, key: str, fields: Mapping[str, str]) -> None:
        if self._fencing is None:
            await within_limit(self._connection.hmset(key, dict(fields)))
        else:
            await self._change("HSET", key, *(text for pair in fields.items() for text in pair))

    async def clear(self, fields: Collection[str]) -> int:
        """Delete these fields; how many are left. Raises StateError."""
        if fields and self._fencing is None:
            await within_limit(self._connection.hdel(self._key, list(fields)))
        elif fields:
            await self._change("HDEL", self._key, *fields)
        left: int = await within_limit(self._connection.hlen(self._key))
        return left

    async def replace(self, parts: Iterable[Mapping[str, str]]) -> None:
        """Put these fields in the place of all that were there, at the very end and at once.

        A part is taken when the one before it has arrived. Raises StateError.
        """
        await within_limit(self._connection.delete([self._new_key]))
        for n, part in enumerate(parts):
            await self._set(self._new_key, part)
            if n == 0:  # of a process that dies before the end nothing stays
                await within_limit(self._connection.expire(self._new_key, NEW_KEPT_S))
        await within_limit(self._connection.persist(self._new_key))
        if self._fencing is None:
            await within_limit(self._connection.rename(self._new_key, self._key))
        else:
            await self._change("RENAME", self._new_key, self._key)

    async def put_aside(self, key: str) -> None:
        """It has this name from now on. Raises StateError, where there is no such hash, too."""
        await within_limit(self._connection.rename(self._key, key))

    def close(self) -> None:
        """At once; what was not sent is lost."""
        if self._connection.transport is not None:
            self._connection.transport.abort()


def _take_note(reader: asyncio.Task[None]) -> None:
    """Otherwise asyncio would print the traceback of each attempt."""
    if not reader.cancelled():
        reader.exception()


async def within_limit(answer: Awaitable[T], limit_s: float | None = None) -> T:
    """asyncio-redis's answer. Raises StateError for whatever comes in its place, and for none in time."""
    limit_s = ANSWER_LIMIT_S if limit_s is None else limit_s
    if REDIS.is_on:
        if inspect.iscoroutine(answer):
            answer.close()
        raise StateError("away, in a drill")
    try:
        # Not wait_for: of Python 3.11, it forgets that it was cancelled when the answer comes just then.
        async with asyncio.timeout(limit_s):
            return await answer
    except TimeoutError:
        raise StateError(f"no answer within {limit_s:g} s") from None
    except OSError as error:
        raise StateError(f"cannot connect: {error.strerror or error}") from error
    except asyncio_redis.ErrorReply as error:
        raise StateError(f"refused: {error}") from error
    except asyncio_redis.Error as error:
        raise StateError(str(error) or "the connection was lost") from error
    except (
        AssertionError,
        AttributeError,
        TypeError,
        ValueError,
    ) as error:  # how asyncio-redis takes a strange answer
        raise StateError(f"not an answer of Redis to us: {error!r}") from error
