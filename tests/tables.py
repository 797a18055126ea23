"""The tables of records without their history: an empty SQLite database of a test has them at once.

The history of the tables leads to them in a quarter of a second, which hundreds of tests would spend. Once in
a test process it is gone through; what came of it is what the others get, statement by statement.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, create_engine, inspect

from acd.records import migrations

_through_history = migrations._migrate


@cache
def _file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.sqlite3"
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            _through_history(connection)
        engine.dispose()
        return path.read_bytes()


@cache
def _statements() -> tuple[str, ...]:
    with closing(sqlite3.connect(":memory:")) as made:
        made.deserialize(_file())
        return tuple(line for line in made.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;"))


def _at_once(connection: Connection) -> None:
    if connection.dialect.name != "sqlite" or inspect(connection).get_table_names():
        _through_history(connection)
        return
    for statement in _statements():
        connection.exec_driver_sql(statement)


def make_at_once() -> None:
    """From now on, in this process."""
    migrations._migrate = _at_once


def make(path: Path) -> None:
    """A database with all tables, for a program that is to be started."""
    path.write_bytes(_file())
