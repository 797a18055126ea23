"""SQLAlchemy's engine for a database of ours: what is the same for all who use it, on both databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from acd.errors import OperatorError
from acd.loss import DATABASE

ANSWER_LIMIT_S = 20.0
"""So long a statement may take on PostgreSQL before we give it up; the server does a little earlier."""
_SERVER_EARLIER_S = 2.0
STATEMENT_LIMIT_S = ANSWER_LIMIT_S - _SERVER_EARLIER_S
"""After so long the server ends a statement."""
_CONNECT_LIMIT_S = 5
_POOL_WAIT_S = 15.0
_POOL_KEPT, _POOL_MORE = 4, 8
"""Connections that a process keeps, and how many more it may have for a while: a server has 100 for all."""
_FILES_MORE = 14
_BUSY_TIMEOUT_MS = 15_000
_ENDED = "57014"
_TOO_LARGE = "54"
"""The class of PostgreSQL's errors for what is beyond its limits, such as an index's entry."""
_JSON: Mapping[str, Callable[[Any], Any]] = {
    "json_serializer": lambda value: orjson.dumps(value).decode(),
    "json_deserializer": orjson.loads,
}


class OtherVersion(OperatorError):
    """The database was made by another version of this program."""


def make_engine(url: URL) -> Engine:
    """An engine that has not connected yet. Raises ArgumentError, NoSuchModuleError, ImportError.

    Its errors do not show values: callers' numbers must not get into the log.
    """
    engine = _sqlite(url) if url.get_backend_name() == "sqlite" else _postgresql(url, ANSWER_LIMIT_S)
    event.listen(engine, "before_cursor_execute", _fail_in_a_drill)
    return engine


def _fail_in_a_drill(*_about: Any) -> None:
    if DATABASE.is_on:
        raise OperationalError("", None, ConnectionError("away, in a drill"))


def _sqlite(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise ArgumentError("records in memory would be lost; name a file (sqlite:///acd.db)")
    # One is kept: each holds files and two megabytes of the same pages, and another opens in a millisecond.
    engine = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=_FILES_MORE, **_JSON)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """Readers do not block the writer (WAL); who finds the file locked waits before giving up."""
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _postgresql(url: URL, answer_limit_s: float) -> Engine:
    from acd.records.postgresql import LimitedConnection

    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,  # a server that was started again has forgotten its connections
        pool_use_lifo=True,
        pool_size=_POOL_KEPT,
        max_overflow=_POOL_MORE,
        pool_timeout=_POOL_WAIT_S,
        connect_args={
            "application_name": "acd",
            "client_encoding": "utf8",  # a server without an encoding would send bytes for texts
            "connect_timeout": _CONNECT_LIMIT_S,
            "tcp_user_timeout": round(answer_limit_s * 1000),
            "options": _server_settings(answer_limit_s),
        },
    )

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, arguments: Any, options: Any) -> LimitedConnection:
        return LimitedConnection.connect_limited(answer_limit_s, *arguments, **options)

    return engine


def _server_settings(answer_limit_s: float) -> str:
    """Whoever waits no longer must not leave work or locks behind."""
    limit_ms = round(max(answer_limit_s - _SERVER_EARLIER_S, answer_limit_s / 2) * 1000)
    settings = {
        "statement_timeout": limit_ms,
        "idle_in_transaction_session_timeout": 60_000,
        "timezone": "UTC",
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def without_limit(connection: Connection) -> None:
    """For this transaction, which changes tables and may take as long as it takes."""
    if connection.dialect.name == "postgresql":
        own: Any = connection.connection.driver_connection
        own.answer_limit_s = None
        connection.detach()  # no other use of it afterwards
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")


def is_ended(error: DBAPIError) -> bool:
    """Whether the server has ended the statement, since it took too long."""
    return getattr(error.orig, "sqlstate", None) == _ENDED


def is_outage(error: Exception) -> bool:
    """Whether trying the same again later can help: the database is away, locked, full, not ready or newer.

    Anything else is a fault of what was to be written.
    """
    if isinstance(error, DataError | IntegrityError):
        return False
    if isinstance(error, DBAPIError):
        return not (getattr(error.orig, "sqlstate", None) or "").startswith(_TOO_LARGE)
    return isinstance(error, PoolTimeoutError | OSError | OtherVersion)
