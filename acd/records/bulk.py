"""Many rows in one statement, in the way in which each database takes them with the least work for us.

SQLAlchemy looks at each value of each row; that costs more than the database's own work. So SQLite gets
the rows as its driver wants them, and PostgreSQL gets one JSON text. Both statements go through SQLAlchemy
all the same, so that errors are its errors and the transaction is the connection's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import orjson
from sqlalchemy import JSON, Connection, Table, and_, bindparam, delete

from acd.sql import UtcDateTime

Row = Mapping[str, Any]


def insert_rows(connection: Connection, table: Table, rows: Iterable[Row], *, replace: bool = False) -> None:
    """All of them, if there are any; all with the same columns. JSON is as Python has it.

    With `replace`, a row with the same primary key gets these values. Raises ValueError for a time without
    zone and for text that is none, and SQLAlchemy's errors.
    """
    many = list(rows)
    if not many:
        return
    columns = tuple(many[0])
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_for_postgresql(table, columns, replace), (_json(many),))
    else:
        statement, moments, documents = _for_sqlite(table, columns, replace)
        connection.exec_driver_sql(statement, [_plain(row, moments, documents) for row in many])


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
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """The statement, and which columns are moments and which are JSON."""
    values = ", ".join(f":{name}" for name in columns)
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608 - names of ours
    moments = tuple(name for name in columns if isinstance(table.c[name].type, UtcDateTime))
    documents = tuple(name for name in columns if isinstance(table.c[name].type, JSON))
    return statement + _again(table, columns, replace), moments, documents


def _again(table: Table, columns: Sequence[str], replace: bool) -> str:
    if not replace:
        return ""
    key = [column.name for column in table.primary_key]
    values = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    return f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {values}"


def _plain(row: Row, moments: Iterable[str], documents: Iterable[str]) -> Row:
    """As SQLite keeps it: text for moments (in UTC, without saying so) and for JSON."""
    plain = dict(row)
    for name in moments:
        if plain[name] is not None:
            plain[name] = _moment(plain[name])[:26]
    for name in documents:
        plain[name] = _json(plain[name])
    return plain


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
