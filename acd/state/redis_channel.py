"""Publish/subscribe of a Redis server: beside `redis_hash` the only module that knows asyncio-redis.

A message that is published while nobody listens is gone, and neither side learns of it: who listens counts
what it gets. A connection is used until its first failure, as in `redis_hash`.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

from acd.errors import StateError
from acd.state.redis_hash import RedisServer, open_connection, within_limit


class Publishing:
    """A connection to publish on. After a StateError only `close` is left to do."""

    def __init__(self, connection: Any, channel: str) -> None:
        self._connection = connection
        self._channel = channel

    @classmethod
    async def connect(cls, server: RedisServer, channel: str) -> Self:
        """Raises StateError."""
        return cls(await open_connection(server), channel)

    async def publish(self, text: str) -> None:
        """To all who listen now. Raises StateError."""
        await within_limit(self._connection.publish(self._channel, text))

    def close(self) -> None:
        """At once; what was not sent is lost."""
        if self._connection.transport is not None:
            self._connection.transport.abort()


class Listening:
    """A connection that hears what is published from now on."""

    def __init__(self, connection: Any, subscription: Any) -> None:
        self._connection = connection
        self._subscription = subscription

    @classmethod
    async def connect(cls, server: RedisServer, channel: str) -> Self:
        """Raises StateError."""
        connection = await open_connection(server)
        try:
            subscription = await within_limit(connection.start_subscribe())
            await within_limit(subscription.subscribe([channel]))
        except BaseException:
            connection.transport.abort()
            raise
        return cls(connection, subscription)

    async def next(self, limit_s: float) -> str:
        """The next message. Raises StateError where none comes in time, or the connection is lost."""
        reader = self._connection.protocol._reader_f
        if reader is None or reader.done():
            raise StateError("the connection was lost")
        heard = asyncio.ensure_future(self._subscription.next_published())
        try:
            await asyncio.wait({heard, reader}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if heard.done():
                text: str = heard.result().value
                return text
        finally:
            heard.cancel()
        raise StateError("the connection was lost" if reader.done() else f"silent for {limit_s:g} s")

    def close(self) -> None:
        """At once."""
        if self._connection.transport is not None:
            self._connection.transport.abort()
