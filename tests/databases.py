"""Databases for tests of what is in both kinds: `database_url` runs a test on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from acd.records.store import RecordStore
from tests.postgres import PostgresProcess

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresProcess]:
    """A running server, for databases of the tests' own; a test that stops it needs one to itself."""
    process = PostgresProcess()
    process.start()
    yield process
    process.remove()


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresProcess) -> str:
    """A database with all tables, to make others from."""
    return postgres.migrated(_make_tables)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables, to make others from."""
    path = tmp_path_factory.mktemp("template") / "records.sqlite3"
    _make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgresql_url(postgres: PostgresProcess, postgres_template: str) -> Iterator[str]:
    """A database of the test's own on PostgreSQL, with all tables."""
    name = postgres.new_database(postgres_template)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the test's own with all tables: the test runs on both kinds."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgresql_url")
        return url
    path = tmp_path / "records.sqlite3"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of the test's own without any table: the test runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/records.sqlite3"
        return
    process: PostgresProcess = request.getfixturevalue("postgres")
    name = process.new_database()
    yield process.url(name)
    process.drop(name)


def _make_tables(url: str) -> None:
    with RecordStore(url):
        pass
