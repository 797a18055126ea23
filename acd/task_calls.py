"""An agent calls the customer of a callback, or who left a voicemail, from the list of what is to be done.

The agent has the task then, and a callback is out of the line: all of it, or, where the agent's phone does
not dial, nothing of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.core.floor import Floor
from acd.errors import OperatorError, RequestRefused
from acd.records.task_store import TaskStore
from acd.records.tasks import Task, TaskChange, TaskKind, TaskState
from acd.runtime.call_desk import CallDesk
from acd.runtime.callback_line import CallbackLine
from acd.runtime.control import BAD_REQUEST, Handler, Request, text_if_any, text_of

log = structlog.get_logger(__name__)


class TaskCalls:
    """`store()` may raise `RecordsAway`. `on_changed` is awaited when a task has been taken."""

    def __init__(
        self,
        floor: Floor,
        desk: CallDesk,
        line: CallbackLine,
        store: Callable[[], TaskStore],
        on_changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._floor = floor
        self._desk = desk
        self._line = line
        self._store = store
        self._on_changed = on_changed

    def handlers(self) -> dict[str, Handler]:
        """For the control socket."""
        return {"callback-call": self._call}

    async def _call(self, request: Request) -> Mapping[str, Any]:
        """`kind`: callback where it is not said. `force`: also one of other groups, or of somebody else."""
        agent, task_id, kind = text_of(request, "agent"), text_of(request, "task"), _kind_of(request)
        store = await asyncio.to_thread(self._store)  # it may have to be opened
        task = await asyncio.to_thread(_find, store, kind, task_id)
        self._desk.check_customer(agent, task.number)
        if request.get("force") is not True:
            self._check_whose(task, agent)
        if task.state is TaskState.ASSIGNED and task.agent == agent:
            await self._desk.dial_customer(agent, task.number)
        else:
            who = text_if_any(request, "by") or agent
            note = text_if_any(request, "note")
            await self._take(store, task, TaskChange(datetime.now(UTC), who, TaskState.ASSIGNED, agent, note))
        log.info("an agent calls for a task", agent=agent, kind=kind.value, task=task.id)
        return {"task": task.id, "kind": kind.value, "number": task.number}

    def _check_whose(self, task: Task, agent: str) -> None:
        if task.state is TaskState.ASSIGNED and task.agent != agent:
            raise RequestRefused("taken", f"{task.agent} has this {task.kind.value} already")
        if task.agent != agent and task.group not in self._floor.router.groups_of(agent):
            text = f"this {task.kind.value} is of a group that {agent} does not serve"
            raise RequestRefused("other-group", text)

    async def _take(self, store: TaskStore, task: Task, change: TaskChange) -> None:
        """Nobody else can take it while the phone dials, which is the last thing that may fail."""
        loop = asyncio.get_running_loop()

        def dial(found: Task) -> None:
            asyncio.run_coroutine_threadsafe(self._dial(found, change.agent or ""), loop).result()

        await asyncio.to_thread(_change, store, task, change, dial)
        await self._on_changed()

    async def _dial(self, task: Task, agent: str) -> None:
        """Out of the line when the phone dials and not before: there is no way back to the same place."""
        if task.kind is not TaskKind.CALLBACK:
            await self._desk.dial_customer(agent, task.number)
            return
        self._line.check_free(task.entry_id)
        await self._desk.dial_customer(agent, task.number)
        try:
            self._line.withdraw(task.entry_id)
        except RequestRefused:  # its turn has come in this very moment
            await self._desk.undo_dial(agent)
            raise


def _kind_of(request: Request) -> TaskKind:
    try:
        return TaskKind(text_if_any(request, "kind") or TaskKind.CALLBACK)
    except ValueError:
        raise RequestRefused(BAD_REQUEST, f"'kind' is one of: {', '.join(TaskKind)}") from None


def _find(store: TaskStore, kind: TaskKind, task_id: str) -> Task:
    """One that is open. In a thread; raises RequestRefused, or OperatorError where the database is away."""
    try:
        task = store.task(kind, task_id)
    except OperatorError as error:
        raise RequestRefused("unknown-task", str(error)) from None
    except SQLAlchemyError as error:
        text = f"the database cannot be read now ({type(error).__name__}); try again"
        raise OperatorError(text) from error
    try:
        task.check(TaskState.ASSIGNED)
    except OperatorError as error:
        raise RequestRefused("task-state", str(error)) from None
    return task


def _change(store: TaskStore, task: Task, change: TaskChange, dial: Callable[[Task], None]) -> None:
    """In a thread. Raises RequestRefused."""

    def confirm(found: Task) -> None:
        if found.history != task.history:
            raise RequestRefused("task-state", f"somebody else changed {task.kind} {task.id} at this moment")
        dial(found)

    try:
        store.change(task.kind, task.id, change, confirm)
    except OperatorError as error:
        raise RequestRefused("task-state", str(error)) from None
