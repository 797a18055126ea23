"""Records move from SQLite to PostgreSQL: whole, and so that work goes on there; or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text, update
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from acd.__main__ import app
from acd.accounts.audit import AuditLog, Entry
from acd.cli.copy_records import MADE_BY_MIGRATIONS, all_tables
from acd.core.facts import AgentInterval, CallbackOrder
from acd.customers.card import Details, Source
from acd.customers.store import CustomerStore
from acd.records import copying, schema
from acd.records.connecting import make_engine
from acd.records.copying import CopyRefused, copy, prepare
from acd.records.fold import utc
from acd.records.store import RecordStore
from acd.settings.customer_settings import CustomerSettings
from tests.postgres import PostgresProcess
from tests.records import test_schema
from tests.records.scenario import START
from tests.records.test_fold import SCENARIOS
from tests.records.test_store import record

AT = utc(START)


@pytest.fixture
def source(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordStore]:
    """Something in the tables, hostile texts too."""
    shutil.copyfile(sqlite_template, tmp_path / "records.sqlite3")
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.delenv("ACD_DATABASE_URL", raising=False)
    with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
        store.save_calls([record(f"c{n}", story) for n, (story, *_) in enumerate(SCENARIOS.values())])
        with store.engine.begin() as connection:
            first = update(schema.calls).where(schema.calls.c.call_id == "c0")
            connection.execute(first.values(caller_name="a\0b\t\\N", caller_number="9" * 9000))
            row = {"level": "day", "dimension": "", "start": 0, "version": 1, "data": b"\0\\x\n"}
            connection.execute(insert(schema.rollups), row)
        store.save_intervals([AgentInterval("anna", "ready", None, START, START + 60.000001)])
        store.add_callbacks([CallbackOrder(f"c{n}", START, "sales", "5550100", "en") for n in range(3)])
        AuditLog(store.engine).add([Entry(AT, "anna", "agent", "", "login", "", {"a": ["ü", None]})])
        CustomerStore(store.engine, CustomerSettings()).add(Details(name="Ann Lee"), source=Source.HAND)
        yield store


@pytest.fixture
def target(postgres: PostgresProcess) -> Iterator[Engine]:
    """A database without any table."""
    name = postgres.new_database()
    engine = make_engine(make_url(postgres.url(name)))
    yield engine
    engine.dispose()
    postgres.drop(name)


def rows(engine: Engine) -> dict[str, list[Any]]:
    with engine.connect() as connection:
        found = {
            table.name: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in all_tables()
        }
    return {name: sorted(some, key=repr) for name, some in found.items()}


def test_every_table_of_the_product_is_copied() -> None:
    assert {table.name for table in all_tables()} == set(test_schema.all_tables().tables)


def test_all_of_it_arrives_and_work_goes_on_there(source: RecordStore, target: Engine) -> None:
    done = CliRunner().invoke(app, ["records", "copy", "--to", url_of(target)])
    assert done.exit_code == 0, done.output
    for line in ("segments", "ACD_DATABASE_URL", "the file here is as it was"):
        assert line in done.output
    assert "correct horse" not in done.output
    there, here = rows(target), rows(source.engine)
    [odd] = [call for call in here["calls"] if call["call_id"] == "c0"]
    odd.update(caller_name="a\ufffdb\t\\N", caller_number="9" * 600)
    here["calls"].sort(key=repr)
    assert there == here
    with RecordStore(url_of(target)) as store:
        store.add_callbacks([CallbackOrder("c9", START, "sales", "5550100", "en")])
        AuditLog(store.engine).add([Entry(AT, "anna", "agent", "", "logout", "")])
        CustomerStore(store.engine, CustomerSettings()).add(Details(name="Bo Lee"), source=Source.HAND)
        assert len(rows(store.engine)["callbacks"]) == 4
        store.save_calls([record("c1")])
    again = CliRunner().invoke(app, ["records", "copy", "--to", url_of(target)])
    assert "the target is not empty: there are rows in" in str(again.exception)


def test_what_is_not_an_empty_database_of_ours_is_refused(target: Engine) -> None:
    with target.begin() as connection:
        connection.execute(text("CREATE TABLE other (id int)"))
    with pytest.raises(CopyRefused, match=r"tables of something else \(other\)"):
        prepare(target, all_tables(), MADE_BY_MIGRATIONS)
    with target.begin() as connection:
        connection.execute(text("DROP TABLE other"))
    prepare(target, all_tables(), MADE_BY_MIGRATIONS)
    prepare(target, all_tables(), MADE_BY_MIGRATIONS)  # the tables are there now, and empty
    with target.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0007'"))
    with pytest.raises(CopyRefused, match=r"another version \(0007, here it is \d+\): name an empty"):
        prepare(target, all_tables(), MADE_BY_MIGRATIONS)


def test_half_a_copy_is_none(source: RecordStore, target: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = all_tables()
    prepare(target, tables, MADE_BY_MIGRATIONS)
    empty, whole = rows(target), copying._set_sequences

    def written_meanwhile(*told: Any) -> None:
        with RecordStore(source.engine.url.render_as_string()) as other:
            other.save_calls([record("late")])
        whole(*told)

    with monkeypatch.context() as patch:
        patch.setattr(copying, "_set_sequences", written_meanwhile)
        with pytest.raises(CopyRefused, match="somebody has written"), copy(source.engine, target, tables):
            raise AssertionError("nothing is copied")
    with source.engine.begin() as connection:  # what PostgreSQL has no room for
        connection.execute(update(schema.sounds).values(position=2**40))
        connection.execute(
            update(schema.segments).where(schema.segments.c.position == 1).values(position=2**40)
        )
    with pytest.raises(CopyRefused, match="does not take segments"), copy(source.engine, target, tables):
        raise AssertionError("nothing is copied")
    assert rows(target) == empty


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("sqlite:////tmp/x.sqlite3", "--to names PostgreSQL"),
        ("mysql://x/y", "there is no 'mysql' here"),
        ("postgresql://acd@127.0.0.1:1/acd", "is as it was"),
    ],
)
def test_where_it_cannot_go(source: RecordStore, to: str, message: str) -> None:
    assert source.is_open
    done = CliRunner().invoke(app, ["records", "copy", "--to", to])
    assert done.exit_code == 1
    assert message in str(done.exception)


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)
