"""Voicemails and callbacks in the database, with what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Select,
    String,
    cast,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from acd.core.callback_facts import CallbackNews, CallbackNote, entry_id
from acd.core.facts import CallbackOrder, SoundPurpose
from acd.errors import OperatorError
from acd.records import schema
from acd.records.tasks import CLOSED, GIVEN_UP, SYSTEM, Task, TaskChange, TaskKind, TaskState
from acd.sql import in_chunks, key_of

_STATES = {
    CallbackNews.TRIED: TaskState.OPEN,
    CallbackNews.PUT_BACK: TaskState.OPEN,
    CallbackNews.DONE: TaskState.DONE,
    CallbackNews.FAILED: TaskState.FAILED,
    CallbackNews.EXPIRED: TaskState.EXPIRED,
}
_SEPARATOR = "/"  # between the folder of a sound and its own name, which is the voicemail's id


MOST_READ = 5_000
"""So many tasks are looked at for one page: of those who may see few of them, a page may be short."""
READ_AT_ONCE = 500


class UnknownPlace(ValueError):
    """`after` is none of ours."""


@dataclass(frozen=True, slots=True)
class TaskPage:
    """`after` leads on, None at the end."""

    tasks: tuple[Task, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class _Order:
    """The columns by which tasks of a kind stand one after the other."""

    at: Column[Any]
    key: Column[Any]


_ORDER = {
    TaskKind.CALLBACK: _Order(schema.callbacks.c.wanted_at, schema.callbacks.c.callback_id),
    TaskKind.VOICEMAIL: _Order(schema.sounds.c.at, schema.sounds.c.name),
}


class TaskStore:
    """On the engine of an open `RecordStore`. Synchronous, usable from any thread and process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def tasks(self, kind: TaskKind, *, group: str | None = None, closed: bool = False) -> list[Task]:
        """Those to be done, oldest first; with `closed` also those that are done or cancelled."""
        query = _query(kind, group)
        if kind is TaskKind.CALLBACK and not closed:
            query = query.where(_callback_state().not_in(CLOSED))
        with self._engine.connect() as connection:
            found = _load(connection, kind, query)
        return [task for task in found if closed or task.is_open]

    def newest(
        self,
        kind: TaskKind,
        limit: int,
        *,
        group: str | None = None,
        after: str | None = None,
        wanted: Callable[[Task], bool] = lambda _task: True,
    ) -> TaskPage:
        """Open and closed ones alike that are `wanted`, newest first, at most `limit`.

        Reads a bounded number of them. Raises UnknownPlace for an `after` that is none of ours.
        """
        at, key = _ORDER[kind].at, _ORDER[kind].key
        query = _query(kind, group).order_by(None).order_by(at.desc(), key.desc())
        place = None if after is None else _place(kind, after)
        found: list[Task] = []
        with self._engine.connect() as connection:
            for _ in range(MOST_READ // READ_AT_ONCE):
                here = (
                    query
                    if place is None
                    else query.where(at <= place[0], or_(at < place[0], key < place[1]))
                )
                rows = list(connection.execute(here.limit(READ_AT_ONCE)).mappings())
                for row, task in zip(rows, _tasks(connection, kind, rows), strict=True):
                    if wanted(task):
                        if len(found) == limit:
                            return TaskPage(tuple(found), _place_text(place))
                        found.append(task)
                    place = (row[at.name], row[key.name])
                if len(rows) < READ_AT_ONCE:
                    return TaskPage(tuple(found), None)
        return TaskPage(tuple(found), _place_text(place))

    def open_of(self, kind: TaskKind, numbers: Sequence[str], limit: int) -> list[Task]:
        """Those of these numbers that are to be done, oldest first, at most `limit`."""
        column = schema.callbacks.c.number if kind is TaskKind.CALLBACK else schema.calls.c.caller_number
        found: list[Task] = []
        with self._engine.connect() as connection:
            for some in in_chunks(numbers):
                query = _query(kind).where(column.in_(some))
                if kind is TaskKind.CALLBACK:
                    query = query.where(_callback_state().not_in(CLOSED))
                found += _load(connection, kind, query)
        return sorted((task for task in found if task.is_open), key=lambda task: task.at)[:limit]

    def task(self, kind: TaskKind, task_id: str) -> Task:
        """One of them. Raises OperatorError if there is none."""
        with self._engine.connect() as connection:
            return _one(connection, kind, task_id)

    def change(
        self, kind: TaskKind, task_id: str, change: TaskChange, confirm: Callable[[Task], None] | None = None
    ) -> Task:
        """Add to its history. Raises OperatorError where that cannot follow on what has happened; times are
        told there in the zone of the change's own.

        `confirm` is called with the task as it was, when the database has taken the change and nobody else
        can change the task any more: where that raises, nothing has changed.
        """
        try:
            with self._engine.begin() as connection:
                task = _one(connection, kind, task_id)
                task.check(change.state, change.at.tzinfo)
                connection.execute(insert(schema.task_changes), [_change_row(task, change)])
                if confirm is not None:
                    confirm(task)
                return _one(connection, kind, task.id)
        except IntegrityError:
            raise OperatorError(
                f"somebody else changed {kind} {task_id} at this moment; look at it again"
            ) from None
        except DBAPIError as error:
            raise OperatorError(
                f"{kind} {task_id} is as it was, the database takes no change now ({error.orig}); try again"
            ) from error

    def note(self, note: CallbackNote) -> None:
        """What became of a callback by itself: once, and not after people have closed it.

        Raises SQLAlchemy's errors. A callback that is not on record is let be.
        """
        call_id = note.callback.rpartition("-cb")[0]
        for last_chance in (False, False, True):
            try:
                with self._engine.begin() as connection:
                    query = _query(TaskKind.CALLBACK).where(schema.callbacks.c.call_id == call_id)
                    tasks = _load(connection, TaskKind.CALLBACK, query)
                    task = next((t for t in tasks if t.entry_id == note.callback), None)
                    change = _change_of(note)
                    if task is None or change in task.history or not task.is_open:
                        return
                    connection.execute(insert(schema.task_changes), [_change_row(task, change)])
                    return
            except IntegrityError:  # somebody else has changed it in this moment
                if last_chance:
                    raise

    def supersede(self, order: CallbackOrder) -> None:
        """A new wish takes the place of those of the number, for this group, that had been given up.

        Doing so again changes nothing. Raises SQLAlchemy's errors.
        """
        callbacks = schema.callbacks
        at = datetime.fromtimestamp(order.at, UTC)
        query = _query(TaskKind.CALLBACK, order.group).where(
            callbacks.c.number == order.number, callbacks.c.wanted_at < at, _callback_state().in_(GIVEN_UP)
        )
        with self._engine.connect() as connection:
            given_up = _load(connection, TaskKind.CALLBACK, query)
        change = TaskChange(at, SYSTEM, TaskState.CANCELLED, None, "asked again")
        for task in given_up:
            # Where somebody takes it over at this moment they have it.
            with suppress(IntegrityError), self._engine.begin() as connection:
                connection.execute(insert(schema.task_changes), [_change_row(task, change)])

    def open_wishes(self) -> dict[str, str]:
        """The numbers that need not ask again, by the id of the wish's entry in line: somebody will call."""
        callbacks = schema.callbacks
        query = select(callbacks.c.call_id, callbacks.c.wanted_at, callbacks.c.number)
        query = query.where(_callback_state().not_in(CLOSED | GIVEN_UP))
        with self._engine.connect() as connection:
            return {entry_id(call_id, at): number for call_id, at, number in connection.execute(query)}


def _callback_state() -> ColumnElement[str]:
    """How far a row of `callbacks` is: found by the key of its history, so that closed ones cost little."""
    changes = schema.task_changes
    last = (
        select(changes.c.state)
        .where(
            changes.c.kind == TaskKind.CALLBACK.value,
            changes.c.task_id == cast(schema.callbacks.c.callback_id, String),
        )
        .order_by(changes.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(last, TaskState.OPEN.value)


def _change_row(task: Task, change: TaskChange) -> dict[str, Any]:
    return {
        "kind": task.kind.value,
        "task_id": task.id,
        "position": len(task.history),
        "at": change.at,
        "who": change.who,
        "state": change.state.value,
        "agent_id": change.agent,
        "note": change.note,
    }


def _change_of(note: CallbackNote) -> TaskChange:
    at = datetime.fromtimestamp(note.at, UTC)
    return TaskChange(at, SYSTEM, _STATES[CallbackNews(note.news)], note.agent, note.note)


def _query(kind: TaskKind, group: str | None = None) -> Select[Any]:
    if kind is TaskKind.CALLBACK:
        callbacks = schema.callbacks
        query = select(callbacks, schema.calls.c.caller_name).outerjoin(
            schema.calls, schema.calls.c.call_id == callbacks.c.call_id
        )
        query = query.order_by(callbacks.c.wanted_at, callbacks.c.callback_id)
        return query if group is None else query.where(callbacks.c.group_id == group)
    sounds = schema.sounds
    query = (
        select(sounds, schema.calls.c.caller_number, schema.calls.c.caller_name)
        .join(schema.calls, schema.calls.c.call_id == sounds.c.call_id)
        .where(sounds.c.purpose == SoundPurpose.VOICEMAIL.value)
        .order_by(sounds.c.at, sounds.c.name)
    )
    return query if group is None else query.where(sounds.c.group_id == group)


def _one(connection: Connection, kind: TaskKind, task_id: str) -> Task:
    query = _query(kind)
    if kind is TaskKind.VOICEMAIL:
        name = schema.sounds.c.name
        query = query.where((name == task_id) | name.endswith(_SEPARATOR + task_id, autoescape=True))
    elif task_id.isascii() and task_id.isdigit() and len(task_id) < 19:
        query = query.where(schema.callbacks.c.callback_id == (key_of(task_id) or 0))
    else:
        raise OperatorError(f"the id of a callback is a number, not {task_id!r}")
    found = [task for task in _load(connection, kind, query) if task.id == task_id]
    if not found:
        command = "voicemail" if kind is TaskKind.VOICEMAIL else "callbacks"
        raise OperatorError(f"there is no {kind} {task_id!r}; see 'acd {command} list --all'")
    return found[0]


def _place_text(place: tuple[datetime, int | str] | None) -> str | None:
    return None if place is None else f"{place[0].timestamp():.6f} {place[1]}"


def _place(kind: TaskKind, text: str) -> tuple[datetime, int | str]:
    at, _, key = text.partition(" ")
    number = key_of(key) if kind is TaskKind.CALLBACK else None
    if kind is TaskKind.CALLBACK and number is None:
        raise UnknownPlace(text)
    try:
        moment = datetime.fromtimestamp(float(at), UTC)
        return moment, key if number is None else number
    except (ValueError, OverflowError, OSError):
        raise UnknownPlace(text) from None


def _load(connection: Connection, kind: TaskKind, query: Select[Any]) -> list[Task]:
    return _tasks(connection, kind, list(connection.execute(query).mappings()))


def _tasks(connection: Connection, kind: TaskKind, rows: Sequence[Any]) -> list[Task]:
    id_of, make = (_voicemail_id, _voicemail) if kind is TaskKind.VOICEMAIL else (_callback_id, _callback)
    histories = _histories(connection, kind, [id_of(row) for row in rows])
    return [make(row, histories) for row in rows]


def _histories(
    connection: Connection, kind: TaskKind, task_ids: Sequence[str]
) -> dict[str, Sequence[TaskChange]]:
    changes = schema.task_changes
    query = (
        select(changes).where(changes.c.kind == kind.value).order_by(changes.c.task_id, changes.c.position)
    )
    found: defaultdict[str, list[TaskChange]] = defaultdict(list)
    for ids in in_chunks(task_ids):
        for row in connection.execute(query.where(changes.c.task_id.in_(ids))).mappings():
            change = TaskChange(row["at"], row["who"], TaskState(row["state"]), row["agent_id"], row["note"])
            found[row["task_id"]].append(change)
    return dict(found)


def _voicemail_id(row: Any) -> str:
    name: str = row["name"]
    return name.rpartition(_SEPARATOR)[2]


def _callback_id(row: Any) -> str:
    return str(row["callback_id"])


def _voicemail(row: Any, histories: dict[str, Sequence[TaskChange]]) -> Task:
    task_id = _voicemail_id(row)
    return Task(
        TaskKind.VOICEMAIL,
        task_id,
        row["call_id"],
        row["at"],
        row["group_id"],
        row["caller_number"],
        row["caller_name"],
        sound=row["name"],
        duration_s=row["duration_s"],
        history=tuple(histories.get(task_id, ())),
    )


def _callback(row: Any, histories: dict[str, Sequence[TaskChange]]) -> Task:
    task_id = _callback_id(row)
    return Task(
        TaskKind.CALLBACK,
        task_id,
        row["call_id"],
        row["wanted_at"],
        row["group_id"],
        row["number"],
        row["caller_name"] or "",
        language=row["language"],
        due_at=row["due_at"],
        for_agent=row["for_agent"],
        history=tuple(histories.get(task_id, ())),
    )
