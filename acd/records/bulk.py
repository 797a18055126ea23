"""Many rows in one statement, in the way in which each database takes them with the least work for us.

SQLAlchemy looks at each value of each row; that costs more than the database's own work. So SQLite gets
the rows as its driver wants them, and PostgreSQL gets one JSON text. Both statements go through SQLAlchemy
all the same, so that errors are its errors and the transaction is the connection's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import JSON, Connection, Table, and_, bindparam, delete

from acd.sql import UtcDateTime

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ready:
    """Rows of one table as a database takes them. Made in one process, they may be written in another.

    `rows`: tuples for SQLite, one JSON text for PostgreSQL.
    """

    statement: str
    rows: list[tuple[Any, ...]] | str


def make_ready(dialect: str, table: Table, rows: Iterable[Row], *, replace: bool = False) -> Ready | None:
    """Rows for a database of SQLAlchemy's dialect of this name; None if there are none. See `insert_rows`."""
    many = list(rows)
    if not many:
        return None
    columns = tuple(many[0])
    if dialect == "postgresql":
        return Ready(_for_postgresql(table, columns, replace), _json(many))
    statement, moments, documents = _for_sqlite(table, columns, replace)
    values_of = itemgetter(*columns)
    return Ready(statement, [_plain(values_of(row), moments, documents) for row in many])


def insert_ready(connection: Connection, ready: Ready) -> None:
    """Write what was made ready for this kind of database. Raises SQLAlchemy's errors."""
    rows = (ready.rows,) if isinstance(ready.rows, str) else ready.rows
    connection.exec_driver_sql(ready.statement, rows)


def only(ready: Ready, keys: Collection[Any]) -> Ready | None:
    """The rows whose first column is one of the keys; None if there are none."""
    if isinstance(ready.rows, str):
        told: list[dict[str, Any]] = orjson.loads(ready.rows)
        left = [row for row in told if next(iter(row.values())) in keys]
        return Ready(ready.statement, orjson.dumps(left).decode()) if left else None
    some = [row for row in ready.rows if row[0] in keys]
    return Ready(ready.statement, some) if some else None


def insert_rows(connection: Connection, table: Table, rows: Iterable[Row], *, replace: bool = False) -> None:
    """All of them, if there are any; all with the same columns. JSON is as Python has it.

    With `replace`, a row with the same primary key gets these values. Raises ValueError for a time without
    zone and for text that is none, and SQLAlchemy's errors.
    """
    ready = make_ready(connection.dialect.name, table, rows, replace=replace)
    if ready is not None:
        insert_ready(connection, ready)


def delete_rows(
    connection: Connection, table: Table, key: Sequence[str], values: Iterable[Sequence[Any]]
) -> None:
    """Those with these values in the columns of the key, one by one.

    SQLite would find many of more than one column at once only by a look at all rows.
    """
    wanted = and_(*(table.c[name] == bindparam(f"key_{name}") for name in key))
    found = [{f"key_{name}": value for name, value in zip(key, each, strict=True)} for each in values]
    if found:
        connection.execute(delete(table).where(wanted), found)


@cache
def _for_postgresql(table: Table, columns: Sequence[str], replace: bool) -> str:
    names = ", ".join(columns)
    rows = f"SELECT {names} FROM json_populate_recordset(NULL::{table.name}, %s)"  # noqa: S608 - names of ours
    return f"INSERT INTO {table.name} ({names}) {rows}{_again(table, columns, replace)}"


@cache
def _for_sqlite(
    table: Table, columns: Sequence[str], replace: bool
) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """The statement, and the places of moments and of JSON among the columns."""
    values = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608 - names of ours
    types = [table.c[name].type for name in columns]
    moments = tuple(place for place, kind in enumerate(types) if isinstance(kind, UtcDateTime))
    documents = tuple(place for place, kind in enumerate(types) if isinstance(kind, JSON))
    return statement + _again(table, columns, replace), moments, documents


def _again(table: Table, columns: Sequence[str], replace: bool) -> str:
    if not replace:
        return ""
    key = [column.name for column in table.primary_key]
    values = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    return f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {values}"


def _plain(row: Sequence[Any], moments: Iterable[int], documents: Iterable[int]) -> tuple[Any, ...]:
    """As SQLite keeps it: text for moments (in UTC, without saying so) and for JSON."""
    plain = list(row)
    for place in moments:
        if plain[place] is not None:
            plain[place] = _moment_in_utc(plain[place])
    for place in documents:
        plain[place] = _json(plain[place])
    return tuple(plain)


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=_moment, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()
    except orjson.JSONEncodeError as error:
        if isinstance(error.__cause__, ValueError):
            raise error.__cause__ from None
        raise UnicodeError(f"what cannot be stored: {error}") from error


@lru_cache(4096)  # a call's moments are those of its stretches, too
def _moment(moment: datetime) -> str:
    """`2026-11-22 00:30:00.123456+00:00`."""
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError(f"{moment!r} has no time zone")
        moment = moment.astimezone(UTC)
    return moment.isoformat(" ", "microseconds")


@lru_cache(4096)
def _moment_in_utc(moment: datetime) -> str:
    """The same without the zone."""
    return _moment(moment)[:26]
