"""Saved reports as they are kept, and the times at which they were due."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Row, case, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from acd.errors import OperatorError
from acd.reports.files.make import FileFormat
from acd.reports.sending.saved import Draft, Question, question_of
from acd.reports.sending.schedule import Schedule, parse_schedule
from acd.reports.sending.schema import report_lease, report_runs, saved_reports

SAVED_MAX = 500
LEASE = timedelta(seconds=60)
KEPT = timedelta(days=180)
"""So long it is kept what became of a report."""


class RunState(StrEnum):
    """How far the sending is."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"  # given up, or not everybody has got it


@dataclass(frozen=True, slots=True)
class SavedReport:
    """`next_at`: when it is due next, None where it is not by itself."""

    id: str
    name: str
    owner: str
    question: Question
    format: FileFormat
    language: str
    recipients: tuple[str, ...]
    schedule: Schedule | None
    enabled: bool
    created_at: datetime
    next_at: datetime | None

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "id": self.id,
            "name": self.name,
            "owner": self.owner,
            "asked": self.question.plain(),
            "format": self.format.value,
            "language": self.language,
            "recipients": list(self.recipients),
            "schedule": None if self.schedule is None else str(self.schedule),
            "enabled": self.enabled,
            "created_at": self.created_at.isoformat(),
            "next_at": None if self.next_at is None else self.next_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Run:
    """One time at which a report was due. `waiting`: whom it has yet to go to; `refused`: who cannot get it,
    each with the reason; `error`: what went wrong the last time."""

    id: int
    saved_id: str
    due_at: datetime
    state: str
    tries: int
    next_at: datetime
    done_at: datetime | None
    waiting: tuple[str, ...]
    refused: dict[str, str]
    file_name: str | None
    bytes: int | None
    error: str | None

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in {**values, "waiting": list(self.waiting)}.items()
        }


@dataclass(frozen=True, slots=True)
class BrokenReport:
    """One that cannot be read, and `why`: what it asks for is gone, say. It can only be removed."""

    id: str
    name: str
    owner: str
    why: str

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return {name: getattr(self, name) for name in self.__slots__}


class SavedReports:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def every(self) -> list[SavedReport]:
        """By name, without those that are broken."""
        return [one for one in self._all() if isinstance(one, SavedReport)]

    def broken(self) -> list[BrokenReport]:
        """By name, those that cannot be read."""
        return [one for one in self._all() if isinstance(one, BrokenReport)]

    def find(self, named: str) -> SavedReport | None:
        """By id, else by name. Raises OperatorError where it is broken."""
        found = self.look_up(named)
        if isinstance(found, BrokenReport):
            raise OperatorError(
                f"the saved report {found.name!r} ({found.id}) cannot be read: {found.why}; remove it"
            )
        return found

    def look_up(self, named: str) -> SavedReport | BrokenReport | None:
        """The same, also one that is broken."""
        table = saved_reports
        query = select(table).where((table.c.id == named) | (table.c.name == named))
        with self._engine.connect() as connection:
            row = connection.execute(query.order_by(case((table.c.id == named, 0), else_=1))).first()
        return None if row is None else _read(row)

    def _all(self) -> list[SavedReport | BrokenReport]:
        with self._engine.connect() as connection:
            return [_read(row) for row in connection.execute(select(saved_reports).order_by("name"))]

    def add(self, draft: Draft, tz: ZoneInfo, now: datetime, *, enabled: bool = True) -> SavedReport:
        """Raises OperatorError where there is one of this name, or there are too many."""
        if len(self._all()) >= SAVED_MAX:
            raise OperatorError(f"there are {SAVED_MAX} saved reports: remove one first")
        values = {
            **_row(draft, tz, now, enabled=enabled),
            "id": secrets.token_hex(4),
            "created_at": now,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(saved_reports), values)
        except IntegrityError:
            raise OperatorError(f"there is a saved report {draft.name!r} already") from None
        found = self.find(values["id"])
        assert found is not None
        return found

    def change(self, saved_id: str, draft: Draft, tz: ZoneInfo, now: datetime, *, enabled: bool) -> bool:
        """Whether there was one. What is due again begins with the next time. Raises OperatorError."""
        values = _row(draft, tz, now, enabled=enabled)
        try:
            with self._engine.begin() as connection:
                query = update(saved_reports).where(saved_reports.c.id == saved_id).values(**values)
                return connection.execute(query).rowcount > 0
        except IntegrityError:
            raise OperatorError(f"there is a saved report {draft.name!r} already") from None

    def remove(self, saved_id: str) -> bool:
        """Whether there was one; what became of it goes, too."""
        with self._engine.begin() as connection:
            connection.execute(delete(report_runs).where(report_runs.c.saved_id == saved_id))
            query = delete(saved_reports).where(saved_reports.c.id == saved_id)
            return connection.execute(query).rowcount > 0


class Runs:
    """What is due, and what became of it; on the engine of an open `RecordStore`, synchronous."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take_due(self, tz: ZoneInfo, now: datetime) -> int:
        """Make a run of each time that is over, once; how many. The next time is after `now`.

        Broken reports stay as they are.
        """
        due = (saved_reports.c.next_at <= now) & saved_reports.c.enabled
        made = 0
        with self._engine.begin() as connection:
            for row in connection.execute(select(saved_reports).where(due)).all():
                saved = _read(row)
                if isinstance(saved, BrokenReport):
                    continue
                assert saved.next_at is not None
                assert saved.schedule is not None
                for moment in saved.schedule.due_until(saved.next_at, now, tz):
                    made += _add_run(connection, saved, moment)
                query = update(saved_reports).where(saved_reports.c.id == saved.id)
                connection.execute(query.values(next_at=saved.schedule.next_after(now, tz)))
        return made

    def add(self, saved: SavedReport, now: datetime) -> Run:
        """One that somebody asks for now."""
        with self._engine.begin() as connection:
            _add_run(connection, saved, now)
            query = select(report_runs).where(report_runs.c.saved_id == saved.id)
            row = connection.execute(query.where(report_runs.c.due_at == now)).one()
        return _run(row)

    def to_try(self, now: datetime) -> list[Run]:
        """What waits to be sent, the oldest first."""
        query = (
            select(report_runs)
            .where(report_runs.c.state == RunState.WAITING)
            .where(report_runs.c.next_at <= now)
            .order_by(report_runs.c.due_at, report_runs.c.id)
        )
        with self._engine.connect() as connection:
            return [_run(row) for row in connection.execute(query)]

    def is_any_due(self, now: datetime) -> bool:
        """Whether there is a report to be made, or one to be sent."""
        due = (saved_reports.c.next_at <= now) & saved_reports.c.enabled
        waits = (report_runs.c.state == RunState.WAITING) & (report_runs.c.next_at <= now)
        with self._engine.connect() as connection:
            found = connection.execute(select(saved_reports.c.id).where(due).limit(1)).first()
            return found is not None or (
                connection.execute(select(report_runs.c.id).where(waits).limit(1)).first() is not None
            )

    def claim(self, run: Run, until: datetime) -> bool:
        """Whether it is still as it was read: then it is counted as tried, and nobody else tries it until
        then."""
        query = (
            update(report_runs)
            .where(report_runs.c.id == run.id)
            .where(report_runs.c.state == RunState.WAITING)
            .where(report_runs.c.tries == run.tries)
            .values(tries=run.tries + 1, next_at=until)
        )
        with self._engine.begin() as connection:
            return connection.execute(query).rowcount > 0

    def get(self, run_id: int) -> Run | None:
        """The one with this id."""
        with self._engine.connect() as connection:
            row = connection.execute(select(report_runs).where(report_runs.c.id == run_id)).first()
        return None if row is None else _run(row)

    def keep(self, run_id: int, **values: Any) -> None:
        """What became of it."""
        with self._engine.begin() as connection:
            connection.execute(update(report_runs).where(report_runs.c.id == run_id).values(**values))

    def of(self, saved_id: str | None = None, limit: int = 50) -> list[Run]:
        """The newest first, of one saved report or of all."""
        query = select(report_runs).order_by(report_runs.c.due_at.desc(), report_runs.c.id.desc())
        if saved_id is not None:
            query = query.where(report_runs.c.saved_id == saved_id)
        with self._engine.connect() as connection:
            return [_run(row) for row in connection.execute(query.limit(limit))]

    def sweep(self, now: datetime) -> None:
        """What was kept long enough goes."""
        old = (report_runs.c.due_at < now - KEPT) & (report_runs.c.state != RunState.WAITING)
        with self._engine.begin() as connection:
            connection.execute(delete(report_runs).where(old))

    def take_lease(self, holder: str, now: datetime) -> bool:
        """Whether this process is the one that sends, for LEASE from now."""
        free = (report_lease.c.holder == holder) | (report_lease.c.until < now)
        query = update(report_lease).where(free).values(holder=holder, until=now + LEASE)
        with self._engine.begin() as connection:
            return connection.execute(query).rowcount > 0

    def give_lease(self, holder: str) -> None:
        """Another may have it at once."""
        query = update(report_lease).where(report_lease.c.holder == holder)
        with self._engine.begin() as connection:
            connection.execute(query.values(until=datetime.fromtimestamp(0, UTC)))


def _add_run(connection: Connection, saved: SavedReport, due_at: datetime) -> int:
    known = select(report_runs.c.id).where(report_runs.c.saved_id == saved.id)
    if connection.execute(known.where(report_runs.c.due_at == due_at)).first() is not None:
        return 0
    row = {
        "saved_id": saved.id,
        "due_at": due_at,
        "state": RunState.WAITING,
        "tries": 0,
        "next_at": due_at,
        "waiting": list(saved.recipients),
        "refused": {},
    }
    connection.execute(insert(report_runs), row)
    return 1


def _row(draft: Draft, tz: ZoneInfo, now: datetime, *, enabled: bool) -> dict[str, Any]:
    schedule = draft.schedule
    return {
        "name": draft.name,
        "owner": draft.owner,
        "asked": draft.question.plain(),
        "format": draft.format.value,
        "language": draft.language,
        "recipients": list(draft.recipients),
        "schedule": None if schedule is None else str(schedule),
        "enabled": enabled,
        "next_at": None if schedule is None or not enabled else schedule.next_after(now, tz),
    }


def _read(row: Row[Any]) -> SavedReport | BrokenReport:
    try:
        return _saved(row)
    except (OperatorError, ValueError, TypeError, AttributeError) as error:  # by another version, or by hand
        return BrokenReport(row.id, row.name, row.owner, str(error))


def _saved(row: Row[Any]) -> SavedReport:
    return SavedReport(
        row.id,
        row.name,
        row.owner,
        question_of(row.asked),
        FileFormat(row.format),
        row.language,
        tuple(row.recipients),
        None if row.schedule is None else parse_schedule(row.schedule),
        row.enabled,
        row.created_at,
        row.next_at,
    )


def _run(row: Row[Any]) -> Run:
    values = {name: getattr(row, name) for name in Run.__slots__}
    return Run(**{**values, "waiting": tuple(values["waiting"])})


def names_of(saved: Sequence[SavedReport]) -> dict[str, str]:
    """By id."""
    return {one.id: one.name for one in saved}
