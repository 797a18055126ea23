"""The SQL store of finished calls and agent states: SQLite by default, PostgreSQL in production.

Synchronous. One process writes; any number read at the same time (SQLite runs in WAL mode).
Writing the same call or interval again replaces it, so whoever is unsure may write once more.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Table,
    delete,
    exists,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, OperationalError

from acd.core.callback_facts import CallbackNote
from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval, CallbackOrder, CallKind
from acd.errors import OperatorError
from acd.records import migrations, rows, schema
from acd.records.connecting import make_engine
from acd.records.record import CallRecord, CallVisit, SegmentKind
from acd.records.task_store import TaskStore
from acd.settings.sought_number import sought
from acd.sql import in_chunks

_NOTHING_YET = "; nothing has run here yet: start 'script/server', or set ACD_HOME to where it runs"
_PARTS = (schema.segments, schema.visits, schema.facts)
# What can be selected by time; read from the facts where a whole call is wanted.
_COPIES = (schema.ivr_steps, schema.survey_scores, schema.sounds)


class RecordsAway(OperatorError):
    """The database cannot be opened at the moment: the disk is full, or the server is away."""


class RecordStore:
    """Calls and agent states in the database at `url` (`sqlite:////var/…/acd.db`, `postgresql+…`).

    Usable between `open` and `close`, from any thread; also as a context manager. Without `create` a file
    that is not there is not made, so that nobody is told that nothing is on record where they look in vain.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        self._url = url
        self._create = create
        self._open_engine: Engine | None = None
        self._is_wanted = False
        self._opening = threading.Lock()

    def open(self) -> None:
        """Connect and bring the tables up to date; other processes may do so at the same time.

        Raises OperatorError where that fails: a bad address, no permission, a database made by a newer
        version, or none where none is to be made; RecordsAway where it may be possible later: the next use
        tries again then.
        """
        try:
            url = make_url(self._url)
            make_engine(url).dispose()
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise OperatorError(f"records: the database address cannot be used: {error}") from error
        if not self._create and _is_missing(url):
            raise OperatorError(f"records: there is no database {url.database}{_NOTHING_YET}")
        self._is_wanted = True
        shown = url.render_as_string(hide_password=True)
        try:
            self._connect()
        except OperationalError as error:
            hint = _NOTHING_YET if not Path(url.database or "").parent.is_dir() and _is_missing(url) else ""
            raise RecordsAway(f"records: cannot open {shown}: {error.orig}{hint}") from error
        except DBAPIError as error:
            raise OperatorError(f"records: cannot open {shown}: {error.orig}") from error
        except migrations.OtherVersion as error:
            raise OperatorError(
                f"records: {shown} was made by another version of this program: {error}"
            ) from error

    def _connect(self) -> Engine:
        with self._opening:
            if self._open_engine is None:
                engine = make_engine(make_url(self._url))
                try:
                    migrations.upgrade(engine)
                except BaseException:
                    engine.dispose()
                    raise
                self._open_engine = engine
            return self._open_engine

    def close(self) -> None:
        """Close all connections; harmless when not open."""
        self._is_wanted = False
        if self._open_engine is not None:
            self._open_engine.dispose()
            self._open_engine = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether the database has been reached."""
        return self._open_engine is not None

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine. Raises RuntimeError where the store is closed, DBAPIError while it is away."""
        if self._open_engine is not None:
            return self._open_engine
        if not self._is_wanted:
            raise RuntimeError("the record store is not open")
        return self._connect()

    def save_calls(self, records: Sequence[CallRecord]) -> None:
        """Write calls, replacing earlier versions of the same calls; all or none.

        Raises SQLAlchemy's errors.
        """
        newest = {record.call_id: record for record in records}
        with self.engine.begin() as connection:
            # Most are new, and looking once costs less than deleting nothing eight times.
            for ids in in_chunks(sorted(_known(connection, list(newest)))):
                for table in (*_COPIES, *_PARTS, schema.calls):
                    connection.execute(delete(table).where(table.c.call_id.in_(ids)))
            _insert_calls(connection, newest.values())

    def add_calls(self, records: Sequence[CallRecord]) -> None:
        """Write those of the calls that are not on record yet; all or none.

        Raises SQLAlchemy's errors.
        """
        first = {record.call_id: record for record in reversed(records)}
        with self.engine.begin() as connection:
            known = _known(connection, list(first))
            _insert_calls(connection, [call for call_id, call in first.items() if call_id not in known])

    def save_intervals(self, intervals: Sequence[AgentInterval]) -> None:
        """Write agent states, replacing those of the same agent and begin; all or none.

        Raises SQLAlchemy's errors.
        """
        states = schema.agent_states
        newest = {(row["agent_id"], row["since"]): row for row in map(rows.interval_row, intervals)}
        try:
            with self.engine.begin() as connection:
                _insert(connection, states, newest.values())
        except IntegrityError:  # some are on record: after a restart
            key = tuple_(states.c.agent_id, states.c.since)
            with self.engine.begin() as connection:
                for chunk in in_chunks(list(newest)):
                    connection.execute(delete(states).where(key.in_(chunk)))
                _insert(connection, states, newest.values())

    def add_callbacks(self, orders: Sequence[CallbackOrder]) -> None:
        """Write those of the wishes to be called back that are not on record yet; all or none.

        Each takes the place of those of its number that had been given up. Raises SQLAlchemy's errors.
        """
        table = schema.callbacks
        wanted = {(row["call_id"], row["wanted_at"]): row for row in map(rows.callback_row, orders)}
        with self.engine.begin() as connection:
            for call_id, at in list(wanted):
                same = select(table.c.callback_id).where(table.c.call_id == call_id, table.c.wanted_at == at)
                if connection.execute(same).first() is not None:
                    del wanted[call_id, at]
            _insert(connection, table, wanted.values())
        tasks = TaskStore(self.engine)
        for order in orders:  # those on record, too: whoever wrote them may have been killed in between
            tasks.supersede(order)

    def save_dispositions(self, told: Sequence[Disposition]) -> None:
        """Write what agents recorded of calls; the same agent's later words replace earlier ones.

        Raises SQLAlchemy's errors.
        """
        table = schema.dispositions
        newest: dict[tuple[str, str], Disposition] = {}
        for each in sorted(told, key=lambda one: one.at):
            newest[each.call_id, each.agent] = each
        with self.engine.begin() as connection:
            for (call_id, agent), each in newest.items():
                row = rows.disposition_row(each)
                mine = (table.c.call_id == call_id) & (table.c.agent_id == agent)
                known = connection.scalar(select(table.c.at).where(mine))
                if known is None:
                    connection.execute(insert(table), row)
                elif known <= row["at"]:
                    connection.execute(update(table).where(mine).values(row))

    def dispositions(self, call_ids: Sequence[str]) -> list[Disposition]:
        """What was recorded of these calls, oldest first."""
        table, found = schema.dispositions, []
        with self.engine.connect() as connection:
            for ids in in_chunks(call_ids):
                found += _select(connection, select(table).where(table.c.call_id.in_(ids)))
        return sorted(map(rows.disposition_from_row, found), key=lambda told: told.at)

    def note_callbacks(self, notes: Sequence[CallbackNote]) -> None:
        """See `TaskStore.note`. Raises SQLAlchemy's errors."""
        tasks = TaskStore(self.engine)
        for note in notes:
            tasks.note(note)

    def call(self, call_id: str) -> CallRecord | None:
        """One call, or None."""
        with self.engine.connect() as connection:
            found = _load(connection, select(schema.calls).where(schema.calls.c.call_id == call_id))
        return found[0] if found else None

    def named(self, name: str, limit: int = 10) -> list[CallRecord]:
        """Calls whose id begins so, or whose caller had this number; newest first, at most `limit`."""
        calls, number = schema.calls, sought(name)
        meant = [calls.c.call_id.startswith(name, autoescape=True), calls.c.caller_number.in_(number.whole)]
        if number.ending:
            meant.append(calls.c.caller_number.endswith(number.ending, autoescape=True))
        query = select(calls).where(or_(*meant))
        query = query.order_by(calls.c.started_at.desc(), calls.c.call_id).limit(limit)
        with self.engine.connect() as connection:
            return _load(connection, query)

    def known(self, call_ids: Sequence[str]) -> frozenset[str]:
        """Those of the ids that are on record."""
        with self.engine.connect() as connection:
            return _known(connection, call_ids)

    def calls(
        self,
        since: datetime,
        until: datetime,
        *,
        group: str | None = None,
        agent: str | None = None,
        number: str | None = None,
        limit: int = 100,
    ) -> list[CallRecord]:
        """Calls that began in [since, until), newest first, at most `limit`.

        `group`: was offered to it; `agent`: rang, talked or worked on it; `number`: the caller's
        or the dialled one.
        """
        calls, segments, visits = schema.calls, schema.segments, schema.visits
        query = select(calls).where(calls.c.started_at >= since, calls.c.started_at < until)
        if group is not None:
            query = query.where(
                exists().where(visits.c.call_id == calls.c.call_id, visits.c.group_id == group)
            )
        if agent is not None:
            query = query.where(
                exists().where(segments.c.call_id == calls.c.call_id, segments.c.agent_id == agent)
            )
        if number is not None:
            query = query.where(or_(calls.c.caller_number == number, calls.c.dialed_number == number))
        query = query.order_by(calls.c.started_at.desc(), calls.c.call_id).limit(limit)
        with self.engine.connect() as connection:
            return _load(connection, query)

    def last_talks(self, since: datetime, limit: int) -> list[tuple[str | None, str, str, datetime]]:
        """Who talked with whom: (customer's id, caller's number, agent, when) of inbound calls, oldest first.

        The newest `limit` talks that began after `since`.
        """
        calls, segments = schema.calls, schema.segments
        query = (
            select(calls.c.customer_id, calls.c.caller_number, segments.c.agent_id, segments.c.started_at)
            .join(calls, calls.c.call_id == segments.c.call_id)
            .where(
                segments.c.started_at >= since,
                segments.c.kind == SegmentKind.TALKING.value,
                segments.c.agent_id.is_not(None),
                calls.c.kind == CallKind.INBOUND.value,
            )
            .order_by(segments.c.started_at.desc())
            .limit(limit)
        )
        with self.engine.connect() as connection:
            return [tuple(row) for row in reversed(connection.execute(query).all())]

    def visits(self, since: datetime, until: datetime, *, group: str | None = None) -> list[CallVisit]:
        """Visits that were offered in [since, until), oldest first, of calls of every kind."""
        calls, visits = schema.calls, schema.visits
        query = (
            select(visits, calls.c.kind)
            .join(calls, calls.c.call_id == visits.c.call_id)
            .where(visits.c.queued_at >= since, visits.c.queued_at < until)
            .order_by(visits.c.queued_at, visits.c.call_id, visits.c.position)
        )
        if group is not None:
            query = query.where(visits.c.group_id == group)
        with self.engine.connect() as connection:
            return [rows.call_visit(row) for row in _select(connection, query)]

    def intervals(self, since: datetime, until: datetime) -> list[AgentInterval]:
        """Agent states that lie at least partly in [since, until); they are not cut to it."""
        states = schema.agent_states
        query = (
            select(states)
            .where(states.c.since < until, states.c.until > since)
            .order_by(states.c.agent_id, states.c.since)
        )
        with self.engine.connect() as connection:
            return [rows.interval_from_row(row) for row in _select(connection, query)]


def _known(connection: Connection, call_ids: Sequence[str]) -> frozenset[str]:
    column = schema.calls.c.call_id
    chunks = in_chunks(call_ids)
    found = [connection.scalars(select(column).where(column.in_(chunk))).all() for chunk in chunks]
    return frozenset(call_id for some in found for call_id in some)


def _is_missing(url: URL) -> bool:
    if url.get_backend_name() != "sqlite":
        return False
    try:
        Path(url.database or "").stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # there is something; opening it will say what is wrong
        return False
    return False


def _insert_calls(connection: Connection, calls: Collection[CallRecord]) -> None:
    _insert(connection, schema.calls, map(rows.call_row, calls))
    _insert(connection, schema.segments, (row for call in calls for row in rows.segment_rows(call)))
    _insert(connection, schema.visits, (row for call in calls for row in rows.visit_rows(call)))
    _insert(connection, schema.facts, (row for call in calls for row in rows.fact_rows(call)))
    _insert(connection, schema.ivr_steps, (row for call in calls for row in rows.step_rows(call)))
    _insert(connection, schema.survey_scores, (row for call in calls for row in rows.score_rows(call)))
    _insert(connection, schema.sounds, (row for call in calls for row in rows.sound_rows(call)))


def _insert(connection: Connection, table: Table, values: Iterable[Mapping[str, Any]]) -> None:
    many = list(values)
    if many:
        connection.execute(insert(table), many)


def _select(connection: Connection, query: Select[Any]) -> list[rows.Row]:
    return [dict(row) for row in connection.execute(query).mappings()]


def _load(connection: Connection, query: Select[Any]) -> list[CallRecord]:
    """The calls that `query` (of table calls) selects, with all their parts."""
    heads = _select(connection, query)
    parts: dict[str, dict[str, list[rows.Row]]] = {table.name: defaultdict(list) for table in _PARTS}
    for ids in in_chunks([head["call_id"] for head in heads]):
        for table in _PARTS:
            chosen = select(table).where(table.c.call_id.in_(ids)).order_by(table.c.call_id, table.c.position)
            for row in _select(connection, chosen):
                parts[table.name][row["call_id"]].append(row)
    return [
        rows.record_from_rows(head, *(parts[table.name].get(head["call_id"], []) for table in _PARTS))
        for head in heads
    ]
