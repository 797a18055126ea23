"""`GET /alive`: whether this web process can do what it is for, for the check of a container.

It asks the database, and looks whether there is a way to the controllers: which one leads is for their own
checks to say. No balancer should go by it: while the database is away all processes say no, and still show
who waits and who talks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from acd.errors import OperatorError
from acd.records.schema import calls
from acd.records.store import RecordStore
from acd.runtime.doors import STANDS_BY
from acd.runtime.leader import Leader
from acd.web.link import Link

PATH = "/alive"
LIMIT_S = 1.0


class Alive:
    """`count` is told of each who asks; it raises Refusal where that is too many."""

    def __init__(
        self, store: RecordStore, link: Link, leader: Leader, count: Callable[[web.Request], None]
    ) -> None:
        self._store = store
        self._link = link
        self._leader = leader
        self._count = count
        self._looking: asyncio.Task[bool] | None = None

    async def page(self, request: web.Request) -> web.Response:
        """200 or 503, and nothing of why: anybody may ask. The log and /metrics say more."""
        self._count(request)
        # One look at a time, however many ask: a database that hangs holds one thread.
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        await asyncio.wait({self._looking}, timeout=LIMIT_S)
        is_well = self._looking.done() and self._looking.result()
        return web.json_response({"ok": is_well}, status=200 if is_well else 503)

    async def _look(self) -> bool:
        return await self._reaches_controllers() and await asyncio.to_thread(self._reads)

    async def _reaches_controllers(self) -> bool:
        """While none leads, one that stands by will do: at a start, and while another takes over."""
        if self._link.up:
            return True
        return any(standing.reason == STANDS_BY for standing in await self._leader.standings())

    def _reads(self) -> bool:
        try:
            with self._store.engine.connect() as connection:
                connection.execute(select(calls.c.call_id).limit(1)).first()
        except (SQLAlchemyError, OperatorError, RuntimeError):  # the last: at the stop
            return False
        return True
