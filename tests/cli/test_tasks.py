"""`acd callbacks`: a task that people take over leaves the line, both or neither."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from acd.__main__ import app
from acd.cli import tasks as cli_tasks
from acd.core.callback_facts import entry_id
from acd.core.facts import CallbackOrder
from acd.errors import OperatorError, RequestRefused
from acd.records.store import RecordStore
from acd.records.task_store import TaskStore
from acd.records.tasks import TaskKind, TaskState

AT = 1_795_348_800.0
OPEN, DONE = TaskState.OPEN, TaskState.DONE


class FakeController:
    """Takes requests; `refusal` is what it says to the first."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.refusal: Exception | None = None

    async def request(self, **fields: Any) -> dict[str, Any]:
        """As of `acd.runtime.leader.Leader`."""
        await asyncio.sleep(0)
        self.asked.append((fields["do"], fields.get("entry", "")))
        if self.refusal is not None:
            raise self.refusal
        return {"ok": True}


@pytest.fixture
def controller(monkeypatch: pytest.MonkeyPatch) -> FakeController:
    controller = FakeController()
    monkeypatch.setattr(cli_tasks, "Leader", lambda _environment: controller)
    return controller


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordStore]:
    """With callback 1."""
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
        store.add_callbacks([CallbackOrder("c1", AT, "sales", "+4930", "en")])
        yield store


@pytest.mark.parametrize("words", [("callbacks", "list"), ("voicemail", "list"), ("calls", "list")])
def test_a_group_that_does_not_exist_is_not_an_empty_list(
    controller: FakeController, records: RecordStore, words: tuple[str, str]
) -> None:
    with pytest.raises(OperatorError, match="no group 'foo' is defined; there are: sales, support"):
        CliRunner().invoke(app, [*words, "--group", "foo"], catch_exceptions=False)


def done() -> Exception | None:
    """`acd callbacks done 1`; how it failed."""
    error = CliRunner().invoke(cli_tasks.callbacks, ["done", "1"]).exception
    return error if isinstance(error, Exception) else None


def state(records: RecordStore) -> TaskState:
    """What the database says of callback 1."""
    return TaskStore(records.engine).task(TaskKind.CALLBACK, "1").state


def test_a_callback_that_is_done_leaves_the_line_and_frees_its_number(
    records: RecordStore, controller: FakeController
) -> None:
    assert done() is None
    assert state(records) is DONE
    assert controller.asked == [("callback-withdraw", entry_id("c1", AT)), ("callbacks-changed", "")]


def test_one_whose_customer_is_being_called_stays_open(
    records: RecordStore, controller: FakeController
) -> None:
    controller.refusal = RequestRefused("callback-busy", "the customer is being called back")
    assert done() is controller.refusal
    assert state(records) is OPEN


def test_without_a_controller_the_database_says_it_to_the_next(
    records: RecordStore, controller: FakeController
) -> None:
    controller.refusal = OperatorError("no controller answers")
    assert done() is None
    assert state(records) is DONE


def test_what_the_database_refuses_leaves_it_in_line(
    records: RecordStore, controller: FakeController, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO task_changes"):
            raise OperationalError(statement, {}, Exception("database is locked"))

    open_store = RecordStore.open

    def opened(store: RecordStore) -> None:
        open_store(store)
        event.listen(store.engine, "before_cursor_execute", refuse)

    monkeypatch.setattr(RecordStore, "open", opened)
    failure = done()
    assert isinstance(failure, OperatorError)
    assert "database is locked" in str(failure)
    assert controller.asked == []
    assert state(records) is OPEN
