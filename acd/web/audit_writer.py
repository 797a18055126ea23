"""Writes the audit log behind the requests' backs, so that no answer waits for a disk."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from acd.accounts.audit import AuditLog, Entry
from acd.errors import OperatorError
from acd.records.store import RecordStore
from acd.web.asker import Asker
from acd.web.context import Context

log = structlog.get_logger(__name__)

GATHER_S = 0.3
AGAIN_AFTER_S = 5.0
WAITING_MAX = 10_000


class AuditWriter:
    """Keeps what the database does not take now, within bounds, and tries again."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._waiting: list[Entry] = []
        self._more = asyncio.Event()
        self._writing = asyncio.Lock()

    def granted(self, context: Context[Any, Any], what: str) -> None:
        """A changing request was granted. Implements `Services.audit`."""
        path = ", ".join(str(value) for value in context.path.values())
        self.note(context.asker, what, context.about if context.about is not None else path, **context.detail)

    def note(self, asker: Asker, what: str, about: str = "", **detail: Any) -> None:
        """Keep an entry."""
        if len(self._waiting) >= WAITING_MAX:
            log.error("the audit log cannot be written and is full", who=asker.name, what=what, about=about)
            return
        now = datetime.now(UTC)
        entry = Entry(now, asker.name, asker.role.value, asker.address, what, about, detail)
        self._waiting.append(entry)
        self._more.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._more.wait()
            await asyncio.sleep(GATHER_S)
            if not await self.flush():
                await asyncio.sleep(AGAIN_AFTER_S)

    async def flush(self) -> bool:
        """Write what waits; whether that was possible."""
        async with self._writing:
            self._more.clear()
            entries = list(self._waiting)
            if not entries:
                return True
            try:
                await asyncio.to_thread(self._add, entries)
            except (OperationalError, InterfaceError, OperatorError) as error:
                log.error("the audit log waits for the database", reason=type(error).__name__)
                self._more.set()
                return False
            except Exception:
                await self._write_singly(entries)
            del self._waiting[: len(entries)]
            return True

    async def _write_singly(self, entries: list[Entry]) -> None:
        """One of them cannot be kept: it must not keep all that comes after it out of the log."""
        for entry in entries:
            try:
                await asyncio.to_thread(self._add, [entry])
            except Exception:
                log.exception("an entry of the audit log is lost", **_ascii(entry))

    def _add(self, entries: list[Entry]) -> None:
        AuditLog(self._store.engine).add(entries)

    async def close(self, task: asyncio.Task[None]) -> None:
        """Stop `run`, which is this task, and write what is left."""
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        if not await self.flush():
            log.error("entries of the audit log are lost", entries=len(self._waiting))


def _ascii(entry: Entry) -> dict[str, str]:
    return {name: ascii(getattr(entry, name)) for name in ("who", "what", "about", "detail")}
