"""Callbacks of the database against those of the live state: at the start, and when the database is back."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.parts import lost_callback
from acd.records.store import RecordStore
from acd.records.task_store import TaskStore
from acd.records.tasks import Task, TaskKind, TaskState
from acd.runtime.callback_line import CallbackLine

log = structlog.get_logger(__name__)

KNOWN_WITHIN_S = 1.0
"""An open database has told by then. Until it has, what people closed while nobody led may be dialled."""


class CallbacksOnRecord:
    """`line` is made to agree with what people have done."""

    def __init__(self, store: RecordStore, line: CallbackLine) -> None:
        self._store = store
        self._line = line

    def tasks(self) -> TaskStore:
        """Everything that is to be done, or was."""
        return TaskStore(self._store.engine)

    def open_wishes(self) -> dict[str, str]:
        """Blocks; see `TaskStore`."""
        return self.tasks().open_wishes()

    def _callbacks(self) -> list[Task]:
        return self.tasks().tasks(TaskKind.CALLBACK, closed=True)

    async def at_start(self) -> tuple[dict[str, str], list[Task] | None]:
        """The open wishes, and all tasks; None where the database is away or slow: read later."""
        if not self._store.is_open:
            return {}, None
        reading = asyncio.create_task(asyncio.to_thread(lambda: (self.open_wishes(), self._callbacks())))
        done, _ = await asyncio.wait({reading}, timeout=KNOWN_WITHIN_S)
        try:
            if done:
                return reading.result()
            reading.add_done_callback(lambda late: late.cancelled() or late.exception())  # nobody asks
            reason = "it is slow"
        except (SQLAlchemyError, OSError) as error:
            reason = type(error).__name__
        log.error("which callbacks are open is not known yet", reason=reason)
        return {}, None

    async def catch_up(self) -> None:
        """The database is there again."""
        known = self._line.known()  # before reading: what leaves the mirror meanwhile is over
        self.reconcile(await asyncio.to_thread(self._callbacks), known)

    def reconcile(self, tasks: Collection[Task], known: Collection[str]) -> None:
        """What people have closed, or taken over, while no controller was there leaves the line.

        What is open and not in the live state, which has been lost then, stands in line again.
        """
        in_line = {task.entry_id for task in tasks if task.state is TaskState.OPEN}
        self._line.withdraw_but(in_line, {task.entry_id for task in tasks})
        lost = [task for task in tasks if task.state is TaskState.OPEN and task.entry_id not in known]
        taken = [self._line.take_back(*lost_callback(task)) for task in lost]
        if any(taken):
            log.warning("callbacks that the live state had lost stand in line again", callbacks=sum(taken))
