"""Voicemails and callbacks: what is to be done, by whom, and what became of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event, insert
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from acd.core.callback_facts import CallbackNote, entry_id
from acd.core.facts import CallbackOrder
from acd.errors import OperatorError, RequestRefused
from acd.records import schema
from acd.records.fold import fold, utc
from acd.records.rows import callback_row
from acd.records.store import RecordStore
from acd.records.task_store import TaskStore
from acd.records.tasks import Task, TaskChange, TaskKind, TaskState
from tests.records.scenario import START, facts_of

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
VOICEMAIL, CALLBACK = TaskKind.VOICEMAIL, TaskKind.CALLBACK


def order(number: str, seconds: float = 0, group: str = "sales") -> CallbackOrder:
    return CallbackOrder("c9", START + seconds, group, number, "zh")


def change(state: TaskState, minutes: float = 0, agent: str | None = None, note: str = "") -> TaskChange:
    return TaskChange(NOON + timedelta(minutes=minutes), "root", state, agent, note)


def open_numbers(tasks: TaskStore) -> list[str]:
    return sorted(tasks.open_wishes().values())


@pytest.fixture
def records(database_url: str) -> Iterator[RecordStore]:
    with RecordStore(database_url) as opened:
        message = "0 arrived 5550100 8000\n9 voicemail 2025-11-22/c1-1 sales\n"
        more = "10 recorded 2025-11-22/c1-2\n11 ended caller"
        opened.save_calls([fold("c1", facts_of(message + more))])
        other = "0 arrived 5550111 8000\n8 ended caller\n9 voicemail 2025-11-22/c2-1 support"
        opened.save_calls([fold("c2", facts_of(other))])
        opened.add_callbacks([order("+4930"), order("+4940", 5, "support")])
        yield opened


@pytest.fixture
def tasks(records: RecordStore) -> TaskStore:
    return TaskStore(records.engine)


def test_voicemails_are_what_callers_left_for_a_group(tasks: TaskStore) -> None:
    found = tasks.tasks(VOICEMAIL)
    assert [(t.id, t.group, t.number, t.sound, t.duration_s) for t in found] == [
        ("c1-1", "sales", "5550100", "2025-11-22/c1-1", 4.5),
        ("c2-1", "support", "5550111", "2025-11-22/c2-1", 4.5),
    ]
    assert [t.id for t in tasks.tasks(VOICEMAIL, group="support")] == ["c2-1"]


def test_callbacks_have_numbers_of_their_own(tasks: TaskStore) -> None:
    found = tasks.tasks(CALLBACK)
    assert [(t.id, t.group, t.number, t.language, t.call_id) for t in found] == [
        ("1", "sales", "+4930", "zh", "c9"),
        ("2", "support", "+4940", "zh", "c9"),
    ]
    assert tasks.open_wishes() == {task.entry_id: task.number for task in found}
    assert open_numbers(tasks) == ["+4930", "+4940"]


def test_a_callback_written_twice_is_one(records: RecordStore, tasks: TaskStore) -> None:
    records.add_callbacks([order("+4930"), order("+4930"), order("+4950", 9)])
    assert [t.number for t in tasks.tasks(CALLBACK)] == ["+4930", "+4940", "+4950"]


@pytest.mark.parametrize(("kind", "task_id"), [(VOICEMAIL, "c1-1"), (CALLBACK, "1")])
def test_what_becomes_of_it_is_added_and_never_changed(
    tasks: TaskStore, kind: TaskKind, task_id: str
) -> None:
    assert (tasks.task(kind, task_id).state, tasks.task(kind, task_id).agent) == (TaskState.OPEN, None)
    changes = [
        change(TaskState.ASSIGNED, 0, "anna"),
        change(TaskState.ASSIGNED, 1, "ben"),
        change(TaskState.DONE, 2, note="called back"),
    ]
    for one in changes:
        tasks.change(kind, task_id, one)
    task = tasks.task(kind, task_id)
    assert task.history == tuple(changes)
    assert (task.state, task.agent, task.is_open) == (TaskState.DONE, "ben", False)
    assert task_id not in [t.id for t in tasks.tasks(kind)]
    assert task_id in [t.id for t in tasks.tasks(kind, closed=True)]


def test_what_is_done_stays_done(tasks: TaskStore) -> None:
    tasks.change(CALLBACK, "1", change(TaskState.CANCELLED))
    for state in (TaskState.ASSIGNED, TaskState.DONE, TaskState.CANCELLED):
        with pytest.raises(
            OperatorError, match="callback 1 is cancelled already \\(by root, 2026-11-25 12:00:00\\)"
        ):
            tasks.change(CALLBACK, "1", change(state, 5))
    assert len(tasks.task(CALLBACK, "1").history) == 1
    assert open_numbers(tasks) == ["+4940"]


def test_a_change_that_is_not_confirmed_is_none(tasks: TaskStore) -> None:
    """Whoever confirms it may rely on it: the database has taken it, and nobody else has changed the task."""
    seen: list[tuple[str, bool]] = []

    def confirm(task: Task) -> None:
        seen.append((task.entry_id, task.is_open))
        if len(seen) == 1:
            raise RequestRefused("callback-busy", "the customer is being called back")

    with pytest.raises(RequestRefused):
        tasks.change(CALLBACK, "1", change(TaskState.DONE), confirm)
    assert tasks.task(CALLBACK, "1").history == ()
    tasks.change(CALLBACK, "1", change(TaskState.DONE), confirm)
    assert tasks.task(CALLBACK, "1").state is TaskState.DONE
    assert seen == [(entry_id("c9", START), True)] * 2


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (IntegrityError, "somebody else changed callback 1 at this moment"),
        (OperationalError, "callback 1 is as it was, the database takes no change now .database is locked."),
    ],
)
def test_what_the_database_refuses_is_not_confirmed(
    tasks: TaskStore, refusal: type[DBAPIError], said: str
) -> None:
    def refuse(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT"):
            raise refusal(statement, {}, Exception("database is locked"))

    event.listen(tasks._engine, "before_cursor_execute", refuse)
    with pytest.raises(OperatorError, match=said):
        tasks.change(CALLBACK, "1", change(TaskState.DONE), lambda _task: pytest.fail("was confirmed"))
    assert tasks.task(CALLBACK, "1").history == ()


def test_a_voicemail_keeps_its_history_when_its_call_is_written_again(
    records: RecordStore, tasks: TaskStore
) -> None:
    tasks.change(VOICEMAIL, "c1-1", change(TaskState.ASSIGNED, agent="anna"))
    call = records.call("c1")
    assert call is not None
    records.save_calls([call])
    assert tasks.task(VOICEMAIL, "c1-1").agent == "anna"


@pytest.mark.parametrize("task_id", ["c1-2", "c1", "1", "", "%", "_1-1", "c1-1'--", "2025-11-22/c1-1"])
def test_there_is_no_such_voicemail(tasks: TaskStore, task_id: str) -> None:
    with pytest.raises(OperatorError, match="there is no voicemail"):
        tasks.change(VOICEMAIL, task_id, change(TaskState.DONE))


@pytest.mark.parametrize("task_id", ["3", "0", "9" * 18])
def test_there_is_no_such_callback(tasks: TaskStore, task_id: str) -> None:
    with pytest.raises(OperatorError, match="there is no callback"):
        tasks.task(CALLBACK, task_id)


@pytest.mark.parametrize("task_id", ["c9", "", "-1", "9" * 40, "１"])
def test_the_id_of_a_callback_is_a_number(tasks: TaskStore, task_id: str) -> None:
    with pytest.raises(OperatorError, match="the id of a callback is a number"):
        tasks.task(CALLBACK, task_id)


@pytest.mark.parametrize("at", [1795652500.3964415, 1795652500.3964412, 1795652500.9999997, 1795652500.0])
def test_a_callback_is_found_by_its_entry_in_line_however_its_moment_is_rounded(at: float) -> None:
    assert entry_id("c1", at) == entry_id("c1", utc(at))


def test_what_became_of_a_callback_is_noted_once_and_not_after_people_have_closed_it(
    database_url: str,
) -> None:
    wish = CallbackOrder("c1", 1795652500.3964415, "sales", "+4930123", "en")
    entry = entry_id(wish.call_id, wish.at)
    with RecordStore(database_url) as store:
        store.add_callbacks([wish])
        tasks = TaskStore(store.engine)
        tried = CallbackNote(entry, wish.at + 60, "tried", "anna", "busy")
        store.note_callbacks([tried, tried, CallbackNote("c9-cb1", wish.at, "done")])
        store.note_callbacks([tried, CallbackNote(entry, wish.at + 90, "failed", None, "busy")])
        (task,) = tasks.tasks(TaskKind.CALLBACK)  # still open, for people
        assert [(c.state, c.who, c.agent, c.note) for c in task.history] == [
            (TaskState.OPEN, "acd", "anna", "busy"),
            (TaskState.FAILED, "acd", None, "busy"),
        ]
        tasks.change(TaskKind.CALLBACK, task.id, TaskChange(utc(wish.at + 99), "eve", TaskState.CANCELLED))
        store.note_callbacks([CallbackNote(entry, wish.at + 100, "done", "anna")])
        assert tasks.task(TaskKind.CALLBACK, task.id).state is TaskState.CANCELLED


@pytest.mark.parametrize("end", ["failed", "expired"])
def test_a_number_that_was_given_up_may_ask_again_and_is_one_task_for_people(
    records: RecordStore, tasks: TaskStore, end: str
) -> None:
    given_up, other_group = order("+4930"), order("+4930", 1, "support")
    records.add_callbacks([other_group])
    for wish in (given_up, other_group):
        entry = entry_id(wish.call_id, wish.at)
        records.note_callbacks([CallbackNote(entry, wish.at + 60, end, None, "its time was over")])
    assert open_numbers(tasks) == ["+4940"]
    assert [t.id for t in tasks.tasks(CALLBACK)] == ["1", "3", "2"]  # still there for people

    again = order("+4930", 90)
    records.add_callbacks([again, again])
    records.add_callbacks([again])
    assert [(t.id, t.group, t.state) for t in tasks.tasks(CALLBACK)] == [
        ("3", "support", end),
        ("2", "support", "open"),
        ("4", "sales", "open"),
    ]
    assert open_numbers(tasks) == ["+4930", "+4940"]
    last = tasks.task(CALLBACK, "1").history[-1]
    assert (last.state, last.who, last.at, last.note) == ("cancelled", "acd", utc(again.at), "asked again")


def test_a_callback_that_somebody_has_taken_over_is_theirs(records: RecordStore, tasks: TaskStore) -> None:
    wish = order("+4930")
    records.note_callbacks([CallbackNote(entry_id("c9", wish.at), wish.at + 60, "failed", None, "busy")])
    tasks.change(CALLBACK, "1", change(TaskState.ASSIGNED, agent="anna"))
    assert open_numbers(tasks) == ["+4930", "+4940"]
    records.add_callbacks([order("+4930", 90)])
    assert tasks.task(CALLBACK, "1").state is TaskState.ASSIGNED


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the only one that tells its steps
def test_what_became_of_a_callback_costs_the_same_however_many_there_have_been(
    records: RecordStore, tasks: TaskStore
) -> None:
    def steps_of_a_note(call_id: str) -> int:
        """How much the database has to do for one, in steps of its machine."""
        at = START + len(call_id)
        records.add_callbacks([CallbackOrder(call_id, at, "sales", "+4950", "en")])
        with counted(records.engine) as steps:
            records.note_callbacks([CallbackNote(entry_id(call_id, at), at + 1, "tried", None, "busy")])
        return len(steps)

    few = steps_of_a_note("c3")
    many = [CallbackOrder("c8", START + 100 + n, "sales", f"+49{n}", "en") for n in range(300)]
    done = {"kind": "callback", "position": 0, "at": NOON, "who": "acd", "state": "done", "note": ""}
    with records.engine.begin() as connection:
        connection.execute(insert(schema.callbacks), list(map(callback_row, many)))
        connection.execute(
            insert(schema.task_changes), [{**done, "task_id": str(n)} for n in range(4, 4 + len(many))]
        )
    assert steps_of_a_note("c30") < 2 * few
    assert open_numbers(tasks) == ["+4930", "+4940", "+4950", "+4950"]


@contextmanager
def counted(engine: Engine) -> Iterator[list[None]]:
    steps: list[None] = []

    def count(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(lambda: steps.append(None), 10)

    event.listen(engine, "checkout", count)
    yield steps
    event.remove(engine, "checkout", count)


def test_a_promised_callback_says_when_and_by_whom(records: RecordStore) -> None:
    records.add_callbacks([replace(order("+4977", 9), due_at=START + 3600, for_agent="anna")])
    (task,) = [t for t in TaskStore(records.engine).tasks(TaskKind.CALLBACK) if t.number == "+4977"]
    assert task.due_at == datetime.fromtimestamp(START + 3600, UTC)
    assert (task.agent, task.state) == ("anna", TaskState.OPEN)
