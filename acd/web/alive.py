"""`GET /alive`: whether this web process can do what it is for, for the check of a container.

It asks the database, and looks whether the live picture comes in. No balancer should go by it: while the
database is away all processes say no, and still show who waits and who talks.
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

PATH = "/alive"
DATABASE_LIMIT_S = 1.0


class Alive:
    """`is_linked`: whether there is a link to a controller that leads. `count` is told of each who asks; it
    raises Refusal where that is too many."""

    def __init__(
        self, store: RecordStore, is_linked: Callable[[], bool], count: Callable[[web.Request], None]
    ) -> None:
        self._store = store
        self._is_linked = is_linked
        self._count = count
        self._asking: asyncio.Task[bool] | None = None

    async def page(self, request: web.Request) -> web.Response:
        """200 or 503, and nothing of why: anybody may ask. The log and /metrics say more."""
        self._count(request)
        is_well = await self._database_answers() and self._is_linked()
        return web.json_response({"ok": is_well}, status=200 if is_well else 503)

    async def _database_answers(self) -> bool:
        """One question at a time, however many ask: a database that hangs holds one thread."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(asyncio.to_thread(self._ask))
        await asyncio.wait({self._asking}, timeout=DATABASE_LIMIT_S)
        return self._asking.done() and self._asking.result()

    def _ask(self) -> bool:
        try:
            with self._store.engine.connect() as connection:
                connection.execute(select(calls.c.call_id).limit(1)).first()
        except (SQLAlchemyError, OperatorError, RuntimeError):  # the last: at the stop
            return False
        return True
