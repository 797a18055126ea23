"""The SQL store of finished calls and agent states: SQLite by default, PostgreSQL in production.

Synchronous. One process writes; any number read at the same time (SQLite runs in WAL mode).
Writing the same call or interval again replaces it, so whoever is unsure may write once more.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from acd.core.callback_facts import CallbackNote
from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval, CallbackOrder
from acd.errors import OperatorError
from acd.records import migrations, reading, rows, schema, writing
from acd.records.bulk import insert_rows
from acd.records.connecting import OtherVersion, make_engine
from acd.records.corrections import Correction, of_calls
from acd.records.deleted import deleted_calls
from acd.records.reach import ALL, Reach
from acd.records.record import CallRecord, CallVisit
from acd.records.task_store import TaskStore

_NOTHING_YET = "; nothing has run here yet: start 'script/server', or set ACD_HOME to where it runs"


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

    def want(self) -> URL:
        """Have the first use open it; its address. Nothing is connected to.

        Raises OperatorError: a bad address, or no database where none is to be made.
        """
        try:
            url = make_url(self._url)
            make_engine(url).dispose()
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise OperatorError(f"records: the database address cannot be used: {error}") from error
        if not self._create and _is_missing(url):
            raise OperatorError(f"records: there is no database {url.database}{_NOTHING_YET}")
        self._is_wanted = True
        return url

    def open(self) -> None:
        """Connect and bring the tables up to date; other processes may do so at the same time.

        Raises OperatorError where that fails: a bad address, no permission, a database made by a newer
        version, or none where none is to be made; RecordsAway where it may be possible later: the next use
        tries again then.
        """
        url = self.want()
        shown = url.render_as_string(hide_password=True)
        try:
            self._connect()
        except OperationalError as error:
            hint = _NOTHING_YET if not Path(url.database or "").parent.is_dir() and _is_missing(url) else ""
            raise RecordsAway(f"records: cannot open {shown}: {error.orig}{hint}") from error
        except DBAPIError as error:
            raise OperatorError(f"records: cannot open {shown}: {error.orig}") from error
        except OtherVersion as error:
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
                if not self._is_wanted:
                    engine.dispose()
                    raise RuntimeError("the record store was closed while it was being opened")
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

    def look(self) -> None:
        """Ask the database for nothing in particular. Raises SQLAlchemy's errors, while it is away, too."""
        with self.engine.connect() as connection:
            connection.execute(select(1))

    def save_calls(self, records: Sequence[CallRecord]) -> None:
        """Write calls; all or none. To a call on record are added the facts that are new, and what is folded
        from its facts is replaced.

        Raises SQLAlchemy's errors.
        """
        newest = {record.call_id: record for record in records}
        with self.engine.begin() as connection:
            writing.save_calls(connection, newest.values())

    def add_calls(self, records: Sequence[CallRecord]) -> None:
        """Write those of the calls that are not on record yet; all or none.

        Raises SQLAlchemy's errors.
        """
        first = {record.call_id: record for record in reversed(records)}
        with self.engine.begin() as connection:
            known = writing.known(connection, list(first))
            writing.save_calls(connection, [call for call_id, call in first.items() if call_id not in known])

    def save_intervals(self, intervals: Sequence[AgentInterval]) -> None:
        """Write agent states, replacing those of the same agent and begin; all or none.

        Raises SQLAlchemy's errors.
        """
        with self.engine.begin() as connection:
            writing.save_intervals(connection, intervals)

    def add_callbacks(self, orders: Sequence[CallbackOrder]) -> None:
        """Write those of the wishes to be called back that are not on record yet; all or none.

        Each takes the place of those of its number that had been given up. Nothing comes of those of calls
        that were deleted. Raises SQLAlchemy's errors.
        """
        table = schema.callbacks
        wanted = {(row["call_id"], row["wanted_at"]): row for row in map(rows.callback_row, orders)}
        with self.engine.begin() as connection:
            call_ids = {call_id for call_id, _ in wanted}
            nobodys = writing.anonymised(connection, call_ids)
            gone = deleted_calls(connection, call_ids)  # when taken: what deletes them is over
            wanted = {key: row for key, row in wanted.items() if row["call_id"] not in gone}
            for call_id, at in list(wanted):
                same = select(table.c.callback_id).where(table.c.call_id == call_id, table.c.wanted_at == at)
                if connection.execute(same).first() is not None:
                    del wanted[call_id, at]
            for (call_id, _), row in wanted.items():
                row["number"] = "" if call_id in nobodys else row["number"]
            insert_rows(connection, table, wanted.values())
            writing.touch_calls(connection, sorted({call_id for call_id, _ in wanted}))
        tasks = TaskStore(self.engine)
        for order in orders:  # those on record, too: whoever wrote them may have been killed in between
            if order.call_id not in gone:
                tasks.supersede(order)

    def save_dispositions(self, told: Sequence[Disposition]) -> None:
        """Write what agents recorded of calls; of the same agent's words the latest count.

        Raises SQLAlchemy's errors.
        """
        with self.engine.begin() as connection:
            writing.save_dispositions(connection, told)

    def correct(self, correction: Correction) -> None:
        """Put what a person says against a call's record on record.

        Raises OperatorError for a call that is not and for what cannot be meant; SQLAlchemy's errors.
        """
        with self.engine.begin() as connection:
            writing.correct(connection, correction)

    def corrections(self, call_id: str) -> list[Correction]:
        """Of one call, in their order."""
        with self.engine.connect() as connection:
            return of_calls(connection, [call_id]).get(call_id, [])

    def dispositions(self, call_ids: Sequence[str]) -> list[Disposition]:
        """What was recorded of these calls, each agent's latest words, oldest first."""
        with self.engine.connect() as connection:
            return reading.dispositions(connection, call_ids)

    def note_callbacks(self, notes: Sequence[CallbackNote]) -> None:
        """See `TaskStore.note`. Raises SQLAlchemy's errors."""
        tasks = TaskStore(self.engine)
        for note in notes:
            tasks.note(note)

    def call(self, call_id: str, reach: Reach = ALL) -> CallRecord | None:
        """One call, or None; within somebody's rights, as all that have a `reach`."""
        with self.engine.connect() as connection:
            calls = schema.calls.c
            query = select(schema.calls).where(calls.call_id == call_id, reach.of_call(calls.call_id))
            found = reading.load(connection, query)
        return found[0] if found else None

    def these(self, call_ids: Sequence[str], reach: Reach = ALL) -> list[CallRecord]:
        """Those of the calls that are on record, in the order of the ids."""
        with self.engine.connect() as connection:
            return reading.these(connection, call_ids, reach)

    def named(self, name: str, limit: int = 10) -> list[CallRecord]:
        """Calls whose id begins so, or whose caller had this number; newest first, at most `limit`.

        Where more ids begin so, they are the greatest of them: ours have the time in them.
        """
        with self.engine.connect() as connection:
            return reading.named(connection, name, limit)

    def known(self, call_ids: Sequence[str]) -> frozenset[str]:
        """Those of the ids that are on record."""
        with self.engine.connect() as connection:
            return writing.known(connection, call_ids)

    def deleted(self, call_ids: Collection[str]) -> frozenset[str]:
        """Those of the ids whose calls were deleted for good, and do not come back."""
        with self.engine.connect() as connection:
            return deleted_calls(connection, call_ids)

    def calls(
        self,
        since: datetime,
        until: datetime,
        *,
        group: str | None = None,
        agent: str | None = None,
        number: str | None = None,
        limit: int = 100,
        reach: Reach = ALL,
    ) -> list[CallRecord]:
        """Calls that began in [since, until), newest first, at most `limit`.

        `group`: was offered to it; `agent`: rang, talked or worked on it; `number`: the caller's
        or the dialled one.
        """
        with self.engine.connect() as connection:
            return reading.calls(
                connection, since, until, group=group, agent=agent, number=number, limit=limit, reach=reach
            )

    def last_talks(self, since: datetime, limit: int) -> list[tuple[str | None, str, str, datetime]]:
        """Who talked with whom: (customer's id, caller's number, agent, when) of inbound calls, oldest first.

        The newest `limit` talks that began after `since`.
        """
        with self.engine.connect() as connection:
            return reading.last_talks(connection, since, limit)

    def visits(self, since: datetime, until: datetime, *, group: str | None = None) -> list[CallVisit]:
        """Visits that were offered in [since, until), oldest first, of calls of every kind.

        Without those of calls that a correction leaves out of reports.
        """
        with self.engine.connect() as connection:
            return reading.visits(connection, since, until, group)

    def intervals(self, since: datetime, until: datetime) -> list[AgentInterval]:
        """Agent states that lie at least partly in [since, until); they are not cut to it."""
        with self.engine.connect() as connection:
            return reading.intervals(connection, since, until)


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
