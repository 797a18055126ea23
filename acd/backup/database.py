"""The database at one moment, in a file; and back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy import inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from acd.backup.about import DatabaseKind
from acd.backup.pace import BLOCK, Pace
from acd.errors import OperatorError
from acd.records import migrations
from acd.records.connecting import make_engine

NAMES = {DatabaseKind.SQLITE: "records.sqlite3", DatabaseKind.POSTGRESQL: "records.pgdump"}
_BUSY_MS = 15_000
_TOLD = 400
_PROGRAMS = "install PostgreSQL's client programs (package postgresql-client), as new as the server or newer"


def kind_of(url: str) -> DatabaseKind:
    """By its address."""
    return DatabaseKind.SQLITE if url.startswith("sqlite") else DatabaseKind.POSTGRESQL


def schema_of(url: str) -> str:
    """The revision of its tables. Raises OperatorError where there is none, or it cannot be asked."""
    parsed = make_url(url)
    shown = parsed.render_as_string(hide_password=True)
    if kind_of(url) is DatabaseKind.SQLITE and not Path(parsed.database or "").is_file():
        raise OperatorError(f"there is no database {parsed.database}: nothing has run here yet")
    engine = make_engine(parsed)
    try:
        with engine.connect() as connection:
            version = migrations.version(connection)
    except SQLAlchemyError as error:
        raise OperatorError(f"{shown} cannot be read: {getattr(error, 'orig', error)}") from error
    finally:
        engine.dispose()
    if version is None:
        raise OperatorError(f"{shown} has no tables of ours: nothing has run here yet")
    return version


def copy_out(url: str, target: Path, pace: Pace) -> None:
    """A consistent copy, while others write. Raises OperatorError."""
    if kind_of(url) is DatabaseKind.SQLITE:
        _copy_sqlite(Path(make_url(url).database or ""), target)
    else:
        _dump(make_url(url), target, pace)


def _copy_sqlite(source: Path, target: Path) -> None:
    """VACUUM INTO reads in one transaction, beside which others go on writing."""
    size, free = source.stat().st_size, shutil.disk_usage(target.parent).free
    if free < size:
        raise OperatorError(
            f"{target.parent}: {free >> 20} MB are free, and the copy of the database needs {size >> 20} MB"
        )
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            connection.execute("VACUUM INTO ?", (str(target),))
        with closing(sqlite3.connect(target)) as copy:
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise OperatorError(f"{source} cannot be copied: {error}") from error
    if found != "ok":
        raise OperatorError(f"{source} is damaged: {found}")


def _dump(url: URL, target: Path, pace: Pace) -> None:
    command = ["pg_dump", "--format=custom", "--compress=0", "--no-owner", "--no-privileges"]
    with target.open("wb") as file, _program(command, url, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while data := process.stdout.read(BLOCK):
            file.write(data)
            pace.moved(target.name, len(data))
        _ended(process, url)


def check_is_empty(url: str) -> None:
    """Raises OperatorError where a PostgreSQL holds anything, or cannot be asked."""
    parsed = make_url(url)
    shown = parsed.render_as_string(hide_password=True)
    engine = make_engine(parsed)
    try:
        tables = sorted(inspect(engine).get_table_names())
    except SQLAlchemyError as error:
        raise OperatorError(f"{shown} cannot be reached: {getattr(error, 'orig', error)}") from error
    finally:
        engine.dispose()
    if tables:
        raise OperatorError(
            f"{shown} is not empty ({', '.join(tables[:5])} …): name an empty database in ACD_DATABASE_URL;"
            " nothing is mixed, and nothing there is deleted"
        )


def put_back(dump: Path, url: str) -> None:
    """A dump into an empty PostgreSQL, all or nothing. Raises OperatorError."""
    command = ["pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    parsed = make_url(url)
    with _program([*command, str(dump)], parsed) as process:
        _ended(process, parsed)


def empty(url: str) -> None:
    """Take all tables away again from a PostgreSQL that was empty before. Raises OperatorError."""
    parsed = make_url(url)
    engine = make_engine(parsed)
    try:
        with engine.begin() as connection:
            quoted = connection.dialect.identifier_preparer.quote
            tables = [quoted(name) for name in inspect(connection).get_table_names()]
            if tables:
                connection.exec_driver_sql(f"DROP TABLE {', '.join(tables)} CASCADE")
    except SQLAlchemyError as error:
        shown, reason = parsed.render_as_string(hide_password=True), getattr(error, "orig", error)
        raise OperatorError(
            f"nothing was restored, but {shown} has the back-up's tables and cannot be emptied: {reason}"
        ) from error
    finally:
        engine.dispose()


def _program(command: list[str], url: URL, **pipes: int) -> subprocess.Popen[bytes]:
    """Without the password among its arguments, which everybody on the machine may read."""
    if shutil.which(command[0]) is None:
        raise OperatorError(f"there is no {command[0]} here: {_PROGRAMS}")
    plain = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    variables: Mapping[str, str] = {**os.environ, "PGCONNECT_TIMEOUT": "10"}
    if url.password:
        variables = {**variables, "PGPASSWORD": str(url.password)}
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [command[0], f"--dbname={plain}", *command[1:]],
        env=variables,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        **pipes,  # type: ignore[call-overload]
    )
    return process


def _ended(process: subprocess.Popen[bytes], url: URL) -> None:
    told = b"" if process.stderr is None else process.stderr.read(1 << 16)
    if process.wait() != 0:
        text = " ".join(told.decode("utf-8", "replace").split())[:_TOLD]
        shown = url.render_as_string(hide_password=True)
        hint = f"; {_PROGRAMS}" if "version mismatch" in text else ""
        raise OperatorError(f"{shown}: {text}{hint}")


def migrate(url: str) -> None:
    """Bring the tables to those of this version. Raises OperatorError."""
    engine = make_engine(make_url(url))
    try:
        migrations.upgrade(engine)
    except SQLAlchemyError as error:
        raise OperatorError(f"its tables cannot be brought up to date: {error}") from error
    finally:
        engine.dispose()


def check_schema(schema: str, version: str) -> None:
    """Raises OperatorError for tables of a later version than ours."""
    if schema > migrations.NEWEST:
        raise OperatorError(
            f"it was made by acd {version} and its tables ({schema}) are newer than those here"
            f" ({migrations.NEWEST}): restore with that version or a later one"
        )
