"""An agent calls for a callback or a voicemail: task taken, out of line, phone dialling, or nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from acd.core import events
from acd.core.callback_events import CallbackHours, CallbackPlaced
from acd.core.callback_facts import entry_id
from acd.core.calls import CallState, Channel
from acd.core.facts import CallbackOrder
from acd.errors import RequestRefused, TelephonyError
from acd.records.store import RecordStore
from acd.records.task_store import TaskStore
from acd.records.tasks import Task, TaskChange, TaskKind, TaskState
from acd.runtime.callback_line import CallbackLine
from acd.task_calls import TaskCalls
from tests.runtime.fakes import START
from tests.runtime.test_call_control import Page

ENTRY = entry_id("c0", START)
DIALLED = [("dial", "1001", "1002", "Anna Weber")]


class List:
    """Callback 1 of sales, which stands in line; 2 without a number. Anna is at work, her phone is free."""

    def __init__(self, folder: Path, store: RecordStore) -> None:
        self.page = page = Page(folder)
        self.hands, shell = page.hands, page.desk.shell
        self.tasks = TaskStore(store.engine)
        self.changes = 0
        store.add_callbacks(
            [CallbackOrder("c0", START, "sales", "1002", "en"), CallbackOrder("c9", START, "sales", "", "en")]
        )
        line = CallbackLine(page.desk.now, shell, page.desk.mirror, page.desk.recorder)
        calls = TaskCalls(page.floor, page.calls, line, lambda: self.tasks, self._changed)
        self._handle = calls.handlers()["callback-call"]
        shell.feed(CallbackHours("sales", False))
        shell.feed(CallbackPlaced(ENTRY, "c0", "sales", "1002", "en"))
        page.desk.ready("anna")

    async def _changed(self) -> None:
        self.changes += 1

    async def call(self, task: str = "1", **fields: Any) -> dict[str, Any]:
        """As the web process asks."""
        answer = self._handle({"agent": "anna", "by": "anna.w", "task": task, **fields})
        assert not isinstance(answer, dict)
        return dict(await answer)  # type: ignore[misc]

    async def refused(self, task: str = "1", **fields: Any) -> str:
        """The code with which it is."""
        with pytest.raises(RequestRefused) as refusal:
            await self.call(task, **fields)
        return refusal.value.code

    def task(self) -> Task:
        """Callback 1."""
        return self.tasks.task(TaskKind.CALLBACK, "1")

    def assign(self, agent: str, state: TaskState = TaskState.ASSIGNED) -> None:
        """By somebody else."""
        self.tasks.change(TaskKind.CALLBACK, "1", TaskChange(datetime.now(UTC), "susan", state, agent))

    def is_as_it_was(self) -> bool:
        """Open, in line, and nothing has been told."""
        return self.task().history == () and ENTRY in self.page.floor.calls and self.changes == 0


@pytest.fixture
async def todo(tmp_path: Path) -> AsyncIterator[List]:
    """With a database of its own."""
    with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
        found = List(tmp_path, store)
        yield found
        await found.page.recorder.stop()
        found.page.desk.shell.close()


async def test_the_task_is_the_agents_the_line_is_left_and_the_phone_dials(todo: List) -> None:
    assert await todo.call(note="now") == {"task": "1", "kind": "callback", "number": "1002"}
    change = todo.task().history[-1]
    assert (change.who, change.state, change.agent, change.note) == (
        "anna.w", TaskState.ASSIGNED, "anna", "now")  # fmt: skip
    assert ENTRY not in todo.page.floor.calls
    assert (todo.hands.done, todo.changes) == (DIALLED, 1)


async def test_what_is_the_agents_already_is_dialled_and_no_more(todo: List) -> None:
    todo.assign("anna")
    await todo.call()
    assert (len(todo.task().history), todo.hands.done, todo.changes) == (1, DIALLED, 0)


async def test_where_the_phone_does_not_dial_all_is_as_it_was(todo: List) -> None:
    todo.hands.fails = TelephonyError("no such endpoint")
    assert await todo.refused() == "not-done"
    assert todo.is_as_it_was()
    todo.hands.fails = None
    todo.page.desk.shell.feed(events.PhoneChanged("1001", False, False))
    assert await todo.refused() == "phone-unreachable"
    assert todo.is_as_it_was()
    assert todo.hands.done == []


async def test_a_customer_who_is_being_called_is_not_called_twice(todo: List) -> None:
    entry = todo.page.floor.calls[ENTRY]
    entry.channel, entry.state = Channel.CALLER, CallState.DIALING_OUT
    assert await todo.refused() == "callback-busy"
    assert todo.is_as_it_was()
    assert todo.hands.done == []


async def test_whose_it_is_and_what_is_over(todo: List) -> None:
    assert await todo.refused("99") == "unknown-task"
    assert await todo.refused("x") == "unknown-task"
    assert await todo.refused("2") == "no-number"
    assert await todo.refused(kind="letter") == "bad-request"
    assert await todo.refused(kind="voicemail") == "unknown-task"
    assert await todo.refused(agent="ben") == "logged-out"
    assert todo.is_as_it_was()
    todo.assign("ben")
    assert await todo.refused() == "taken"
    await todo.call(force=True)
    assert todo.task().agent == "anna"
    todo.assign("anna", TaskState.DONE)
    todo.page.desk.shell.feed(events.PhoneChanged("1001", True, False))
    assert await todo.refused() == "task-state"
    assert todo.hands.done == DIALLED


async def test_a_number_that_the_agent_may_not_dial(todo: List, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_asked: object) -> None:
        raise RequestRefused("not-allowed", "anna may not call 1002")

    monkeypatch.setattr(todo.page.calls._to, "number", refuse)
    assert await todo.refused() == "not-allowed"
    assert todo.is_as_it_was()
