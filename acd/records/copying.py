"""All tables of one database into another: from the file on the disk (SQLite) to PostgreSQL.

All or nothing: the copy is one transaction, which ends only when every table has as many rows as there are
here, and when nobody has written here meanwhile. Rows go through one at a time, whatever the size.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import JSON, Column, Connection, Engine, String, Table, delete, func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from acd.errors import OperatorError
from acd.records import migrations
from acd.records.connecting import without_limit
from acd.records.mending import LONGEST

FETCH = 1_000
REPORT_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Copied:
    """One table. `shortened`: values that were too long for an index there."""

    table: str
    here: int
    there: int
    shortened: int


class CopyRefused(OperatorError):
    """The target is not what a copy can go to, or the two are not the same afterwards; it is as it was."""


def prepare(target: Engine, tables: Sequence[Table], made_by_migrations: Collection[str]) -> None:
    """Make the tables in a new database; in others look that they are the present ones, and empty.

    Tables `made_by_migrations` have rows from the beginning. Raises CopyRefused, SQLAlchemy's errors.
    """
    there = set(inspect(target).get_table_names())
    if not there:
        migrations.upgrade(target)
        return
    with target.connect() as connection:
        version = migrations.version(connection)
        if version is None:
            some = ", ".join(sorted(there)[:5])
            raise CopyRefused(f"the target has tables of something else ({some}): name an empty database")
        if version != migrations.NEWEST:
            raise CopyRefused(
                f"the target has the tables of another version ({version}, here it is {migrations.NEWEST}):"
                " name an empty database; its tables will be made"
            )
        full = [t.name for t in tables if t.name not in made_by_migrations and _has_rows(connection, t)]
    if full:
        raise CopyRefused(
            f"the target is not empty: there are rows in {', '.join(full)}."
            " Nothing is mixed: name an empty database, or drop and create this one anew"
        )


def _has_rows(connection: Connection, table: Table) -> bool:
    return connection.execute(select(*table.primary_key).limit(1)).first() is not None


@contextmanager
def copy(
    source: Engine,
    target: Engine,
    tables: Sequence[Table],
    progress: Callable[[str, int], None] = lambda _table, _rows: None,
) -> Iterator[list[Copied]]:
    """What was copied, table by table; it stays when the block ends, and not if it raises.

    `tables` in an order in which they may be filled. `progress` is told of rows of a table. Raises
    CopyRefused where the counts differ or somebody has written here meanwhile; SQLAlchemy's errors.
    """
    with source.connect() as here, target.begin() as there:
        without_limit(there)
        there.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        before = _data_version(here)
        here.exec_driver_sql("BEGIN")  # from here on it is seen as it is now
        for table in reversed(tables):
            there.execute(delete(table))
        copied = [_copy_table(here, there, table, progress) for table in tables]
        _compare(copied)
        for table in tables:
            _set_sequences(there, table)
        here.rollback()
        if _data_version(here) != before:
            raise CopyRefused(
                "somebody has written to the records here meanwhile, and nothing was copied:"
                " stop the server, the web process too, and try again"
            )
        yield copied


def counts(source: Engine, tables: Sequence[Table]) -> dict[str, int]:
    """Rows by table."""
    with source.connect() as connection:
        return {t.name: connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def _data_version(here: Connection) -> int:
    """Another one as soon as anybody else has written."""
    return int(here.exec_driver_sql("PRAGMA data_version").scalar() or 0)


def _copy_table(
    here: Connection, there: Connection, table: Table, progress: Callable[[str, int], None]
) -> Copied:
    columns = list(table.columns)
    limits = [LONGEST if _is_indexed(table, column) else None for column in columns]
    of_json = [isinstance(column.type, JSON) for column in columns]
    names = ", ".join(f'"{column.name}"' for column in columns)
    driver: Any = there.connection.dbapi_connection
    found = here.execution_options(yield_per=FETCH).execute(select(table))
    read = shortened = 0
    try:
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copying:
            for row in found:
                values = [
                    orjson.dumps(value).decode() if is_json and value is not None else value
                    for value, is_json in zip(row, of_json, strict=True)
                ]
                for n, limit in enumerate(limits):
                    if limit is not None and isinstance(values[n], str) and len(values[n]) > limit:
                        values[n], shortened = values[n][:limit], shortened + 1
                copying.write_row(values)
                read += 1
                if read % REPORT_EVERY == 0:
                    progress(table.name, REPORT_EVERY)
    except driver_errors() as error:
        raise CopyRefused(f"the target does not take {table.name}: {str(error).strip()}") from error
    progress(table.name, read % REPORT_EVERY)
    there_now = there.scalar(select(func.count()).select_from(table)) or 0
    return Copied(table.name, read, there_now, shortened)


def driver_errors() -> type[Exception]:
    """Those of PostgreSQL's driver, which is imported only where it is used."""
    from psycopg import Error

    return Error


def _is_indexed(table: Table, column: Column[Any]) -> bool:
    """Whether PostgreSQL has an index with these texts, which takes none of more than some thousand bytes."""
    if not isinstance(column.type, String) or column.primary_key:
        return False
    return any(column.name in index.columns for index in table.indexes)


def _compare(copied: Sequence[Copied]) -> None:
    wrong = [f"{c.table}: {c.here} here, {c.there} there" for c in copied if c.here != c.there]
    if wrong:
        raise CopyRefused(f"rows are missing, and nothing was copied: {'; '.join(wrong)}")


def _set_sequences(there: Connection, table: Table) -> None:
    """The next row gets a number beyond those that are there."""
    for column in table.primary_key:
        name = there.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": f'"{table.name}"', "column": column.name},
        )
        if name is not None:
            last = there.scalar(select(func.max(column))) or 0
            there.execute(text("SELECT setval(:name, :next, false)"), {"name": name, "next": last + 1})


def analyse(target: Engine) -> None:
    """Have the database look at what it has got, so that it finds its way at once."""
    try:
        with target.begin() as connection:
            without_limit(connection)
            connection.exec_driver_sql("ANALYZE")
    except SQLAlchemyError:  # it does so by itself, later
        return
