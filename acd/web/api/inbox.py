"""/api/inbox: voicemails and callbacks of the asker's groups."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from acd.recordings.files import file_there, media_of
from acd.recordings.store import Recordings
from acd.records.task_store import TaskPage, TaskStore, UnknownPlace
from acd.records.tasks import Task, TaskKind, TaskState
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.inbox_tasks import (
    TaskShown,
    change_task,
    groups_of_asker,
    lines_now,
    may_see,
    shown_task,
    task_of,
)
from acd.web.refusal import Refusal, not_found, wrong
from acd.web.route import Bound, Route
from acd.web.values import Answer, Input, Limit, Line, Name, Text

CALL_LIMIT_S = 15.0
"""Longer than the controller waits for the phone to dial."""
DONE_WORDS = {"done": TaskState.DONE, "cancel": TaskState.CANCELLED}


class Which(Input):
    """`closed`: also those that are done; of these `after` is what the last page answered."""

    kind: Literal["callback", "voicemail"]
    group: Name | None = None
    closed: bool = False
    limit: Limit = 200
    after: Line | None = None


class Wish(Input):
    """`agent`: to whom a supervisor gives it; everybody else takes it."""

    do: Literal["take", "call", "done", "release", "cancel"]
    note: Text = ""
    agent: Annotated[str, Field(max_length=32)] | None = None


class Inbox(Answer):
    """What is to be done, oldest first; with closed ones, newest first, and `after` leads on where there may
    be more: also from a page with few tasks or none."""

    tasks: list[TaskShown]
    more: bool
    after: str | None


async def show(ctx: Context[Which, None]) -> Inbox:
    """Of the groups of the agent who asks; a supervisor sees all."""
    query, kind = ctx.query, TaskKind(ctx.query.kind)
    if query.after is not None and not query.closed:
        raise wrong({"query.after": "is only for closed=true"})
    groups, reach = await groups_of_asker(ctx), ctx.reach

    def is_mine(task: Task) -> bool:
        return may_see(task, groups, ctx.asker.agent, reach)

    def read() -> TaskPage:
        store = TaskStore(ctx.services.store.engine)
        if query.closed:
            return store.newest(kind, query.limit, group=query.group, after=query.after, wanted=is_mine)
        return TaskPage(tuple(task for task in store.tasks(kind, group=query.group) if is_mine(task)), None)

    try:
        page = await ctx.sql(read)
    except UnknownPlace:
        raise wrong({"query.after": "expected what the last page answered as `after`"}) from None
    shown = page.tasks[: query.limit]
    lines = await lines_now(ctx) if kind is TaskKind.CALLBACK and shown else {}
    tasks = [shown_task(task, lines.get(task.entry_id)) for task in shown]
    more = page.after is not None or len(page.tasks) > len(shown)
    return Inbox(tasks=tasks, more=more, after=page.after)


async def act(ctx: Context[None, Wish]) -> TaskShown:
    """A callback that people take over leaves the line, or nothing changes."""
    kind, wish = _kind(ctx), ctx.body
    task = await task_of(ctx, kind, ctx.path["id"])
    ctx.note(f"{kind.value} {task.id}", do=wish.do)
    match wish.do:
        case "done" | "cancel":
            changed = await change_task(ctx, task, DONE_WORDS[wish.do], None, wish.note)
        case "release":
            changed = await _release(ctx, task, wish.note)
        case "take":
            changed = await _take(ctx, task, _agent_for(ctx, wish), wish.note)
        case "call":
            changed = await _call(ctx, task, wish.note)
    return shown_task(changed)


async def listen(ctx: Context[None, None]) -> web.StreamResponse:
    """The recording; parts of it where a player asks for them. Who listens is in the audit log."""
    task = await task_of(ctx, TaskKind.VOICEMAIL, ctx.path["id"])
    ctx.note(f"voicemail {task.id}")
    row = await ctx.sql(lambda: Recordings(ctx.services.store.engine).get(task.sound))

    def begin() -> None:
        ctx.services.audit(ctx, "voicemail-listen")

    if row is not None:
        return await ctx.services.recordings.serve(row, ctx.request, begin)
    path = await asyncio.to_thread(file_there, ctx.services.environment.recordings_dir, task.sound)
    if path is None:  # not on record yet, and not here
        raise not_found("sound of voicemail", task.id)
    begin()
    return web.FileResponse(path, headers={"Content-Type": media_of(path), "Cache-Control": "no-store"})


def _kind(ctx: Context[Any, Any]) -> TaskKind:
    try:
        return TaskKind(ctx.path["kind"])
    except ValueError:
        raise not_found("kind of task", ctx.path["kind"]) from None


def _agent_for(ctx: Context[None, Wish], wish: Wish) -> str:
    if wish.agent is None or wish.agent == ctx.asker.agent:
        return ctx.agent
    if not ctx.is_supervisor():
        raise Refusal(403, "role-missing", "only a supervisor gives tasks to others")
    return wish.agent


async def _take(ctx: Context[Any, Any], task: Task, agent: str, note: str) -> Task:
    """Nobody takes away what somebody else has, but a supervisor may."""
    if task.state is TaskState.ASSIGNED and task.agent != agent and not ctx.is_supervisor():
        raise Refusal(409, "taken", f"{task.agent} has this {task.kind.value} already")
    if agent != ctx.asker.agent:
        agents = {each["id"] for each in (await ctx.ask("status"))["agents"]}
        if agent not in agents or not ctx.reach.has_agent(agent):
            raise not_found("agent", agent)
    return await change_task(ctx, task, TaskState.ASSIGNED, agent, note)


async def _release(ctx: Context[Any, Any], task: Task, note: str) -> Task:
    """For anybody of the group again: what was taken stays for people, and is nobody's now."""
    if task.state is not TaskState.ASSIGNED:
        raise Refusal(409, "not-taken", f"nobody has this {task.kind.value}")
    if task.agent != ctx.asker.agent and not ctx.is_supervisor():
        raise Refusal(403, "not-yours", f"{task.agent} has this {task.kind.value}")
    return await change_task(ctx, task, TaskState.RELEASED, None, note)


async def _call(ctx: Context[Any, Any], task: Task, note: str) -> Task:
    """Take it, and have the asker's phone call the number: the controller does both or neither."""
    fields = {"task": task.id, "kind": task.kind.value, "note": note, "force": ctx.is_supervisor()}
    await ctx.ask("callback-call", limit_s=CALL_LIMIT_S, agent=ctx.agent, **fields)
    return await task_of(ctx, task.kind, task.id)


ROUTES = [
    Route("GET", "/api/inbox", "Voicemails or callbacks", show, Role.AGENT, Scope.READ_RECORDS,
          query=Which, answer=Inbox, controller=True, bound=Bound.REACH),
    Route("GET", "/api/inbox/voicemail/{id}/sound", "Hear a voicemail", listen, Role.AGENT,
          Scope.READ_RECORDS, answer=Any, answer_media="audio/*", refusals=(410, 416), controller=True,
          bound=Bound.REACH),
    Route("POST", "/api/inbox/{kind}/{id}", "Take, call, release, or close one", act, Role.AGENT,
          Scope.CONTROL_CALLS, body=Wish, answer=TaskShown, audit="inbox", may_conflict=True,
          controller=True, bound=Bound.REACH),
]  # fmt: skip
