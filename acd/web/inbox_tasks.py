"""Voicemails and callbacks for the pages: whose they are, and how they are changed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from acd.errors import OperatorError
from acd.records.reach import ALL, Reach
from acd.records.task_store import TaskStore
from acd.records.tasks import Task, TaskChange, TaskKind, TaskState
from acd.runtime.leader import Leader
from acd.web.context import Context
from acd.web.refusal import Refusal, forbidden, not_found
from acd.web.values import Answer


class Change(Answer):
    """What somebody did, when; `at` in Unix seconds."""

    at: float
    who: str
    state: str
    agent: str | None
    note: str


class TaskShown(Answer):
    """A voicemail or a callback.

    `due_at`: when a callback was promised for, Unix seconds; None where it was asked for as soon as may be.
    `line`: how it stands in line now, where the controller has it.
    """

    kind: str
    id: str
    call: str
    at: float
    group: str | None
    number: str
    name: str
    state: str
    agent: str | None
    language: str
    duration_s: float
    due_at: float | None
    line: dict[str, Any] | None
    history: list[Change]


def shown_task(task: Task, line: dict[str, Any] | None = None) -> TaskShown:
    """As JSON."""
    return TaskShown(
        kind=task.kind.value,
        id=task.id,
        call=task.call_id,
        at=task.at.timestamp(),
        group=task.group,
        number=task.number,
        name=task.caller_name,
        state=task.state.value,
        agent=task.agent,
        language=task.language,
        duration_s=task.duration_s,
        due_at=None if task.due_at is None else task.due_at.timestamp(),
        line=line,
        history=[
            Change(at=c.at.timestamp(), who=c.who, state=c.state.value, agent=c.agent, note=c.note)
            for c in task.history
        ],
    )


async def groups_of_asker(ctx: Context[Any, Any]) -> Collection[str] | None:
    """The groups whose tasks who asks may see; None: all. Raises Refusal where the controller is away."""
    if ctx.is_supervisor() or ctx.asker.scopes is not None:
        return None
    agents = (await ctx.ask("status"))["agents"]
    mine = next((agent for agent in agents if agent["id"] == ctx.agent), None)
    return frozenset(mine["groups"]) if mine is not None else frozenset()


def may_see(task: Task, groups: Collection[str] | None, agent: str | None, reach: Reach = ALL) -> bool:
    """Whether it is of these groups, or given to this agent; `reach`: of a supervisor, by whose it is."""
    if agent is not None and task.agent == agent:
        return True
    return (groups is None or task.group in groups) and reach.has(task.agent, task.group)


async def lines_now(ctx: Context[Any, Any]) -> dict[str, dict[str, Any]]:
    """How callbacks stand in line, by entry; nothing where the controller is away."""
    with contextlib.suppress(Refusal):
        found: dict[str, dict[str, Any]] = (await ctx.ask("callbacks"))["callbacks"]
        return found
    return {}


async def task_of(ctx: Context[Any, Any], kind: TaskKind, task_id: str) -> Task:
    """One that who asks may see. Raises Refusal."""
    groups = await groups_of_asker(ctx)

    def find() -> Task:
        try:
            return TaskStore(ctx.services.store.engine).task(kind, task_id)
        except OperatorError:
            raise not_found(kind.value, task_id) from None

    task = await ctx.sql(find)
    if not may_see(task, groups, ctx.asker.agent, ctx.reach):
        raise forbidden(f"this {kind.value} is of a group that is not yours", "other-group")
    return task


async def change_task(
    ctx: Context[Any, Any], task: Task, state: TaskState, agent: str | None, note: str
) -> Task:
    """Add to its history; a callback leaves the line, or nothing changes. Raises Refusal, 409."""
    change = TaskChange(datetime.now(UTC), ctx.asker.name, state, agent, note)
    leader = Leader(ctx.services.environment)  # for another thread and its loop

    def leave_line(found: Task) -> None:
        with contextlib.suppress(OperatorError):  # the next controller sees it at its start
            asyncio.run(leader.request(do="callback-withdraw", entry=found.entry_id))

    confirm = leave_line if task.kind is TaskKind.CALLBACK else None

    def write() -> Task:
        try:
            return TaskStore(ctx.services.store.engine).change(task.kind, task.id, change, confirm)
        except OperatorError as error:
            raise Refusal(409, "task-state", str(error)) from None

    changed = await ctx.sql(write)
    if task.kind is TaskKind.CALLBACK:
        with contextlib.suppress(Refusal):
            await ctx.ask("callbacks-changed")
    return changed
