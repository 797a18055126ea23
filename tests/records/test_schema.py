"""The tables: their moments, and that the migrations lead to them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, DateTime, MetaData, column, inspect, select, table
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.exc import StatementError

from acd.accounts import schema as accounts
from acd.core.fact_json import fact_to_dict
from acd.customers import schema as customers
from acd.recordings import schema as recordings
from acd.records import migrations
from acd.records import schema as records
from acd.records.connecting import make_engine
from acd.records.fold import fold
from acd.records.schema import agent_states
from acd.records.store import RecordStore
from acd.reports.sending import schema as saved_reports
from acd.sql import UtcDateTime
from acd.web import drafts
from acd.webhooks import schema as webhooks
from tests.records.scenario import facts_of

# Each part of the product has its tables to itself; one line of migrations makes them all.
SCHEMAS = (records, accounts, customers, webhooks, recordings, drafts, saved_reports)


def all_tables() -> MetaData:
    """Those of every package that has some."""
    metadata = MetaData()
    for module in SCHEMAS:
        for each in module.metadata.tables.values():
            each.to_metadata(metadata)
    return metadata


def test_models_and_migrations_agree(database_url: str) -> None:
    engine = make_engine(make_url(database_url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, all_tables()) == []
    engine.dispose()


def test_the_newest_version_is_the_last_migration() -> None:
    assert ScriptDirectory.from_config(migrations.config()).get_heads() == [migrations.NEWEST]


def test_upgrade_twice_changes_nothing_and_a_failed_one_leaves_nothing(empty_database_url: str) -> None:
    engine = make_engine(make_url(empty_database_url))
    with engine.begin() as connection:  # in the way of the last table that the step makes
        connection.exec_driver_sql("CREATE TABLE agent_states (x text)")
    with pytest.raises(Exception, match=r'agent_states"? already exists'):
        migrations.upgrade(engine)
    assert inspect(engine).get_table_names() == ["agent_states"]
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE agent_states")
    migrations.upgrade(engine)
    migrations.upgrade(engine)
    assert set(inspect(engine).get_table_names()) == {"alembic_version", *all_tables().tables}
    engine.dispose()


def test_records_from_before_flows_were_kept_are_still_read(empty_database_url: str) -> None:
    engine = make_engine(make_url(empty_database_url))
    settings = migrations.config()
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
        connection.exec_driver_sql(
            "INSERT INTO calls (call_id, kind, caller_number, caller_name, dialed_number, started_at)"
            " VALUES ('c1', 'inbound', '5', '', '8001', '2026-11-22 00:30:00.000000')"
        )
        connection.exec_driver_sql(
            "INSERT INTO visits VALUES"
            " ('c1', 0, 'sales', '2026-11-22 00:30:00.000000', 'left', 7, NULL, 0, 0, 0)"
        )
    engine.dispose()
    with RecordStore(empty_database_url) as store:
        record = store.call("c1")
        assert record is not None
        (visit,) = record.visits
        assert (visit.outcome, visit.wait_s, visit.left_by) == ("left", 7, None)
        store.save_calls([record])
        assert store.call("c1") == record


def test_history_is_brought_up_to_date(empty_database_url: str) -> None:
    told = facts_of("""
        0  arrived 5550100 8000
        0  flow main
        1  language zh
        2  queued sales
        5  answered anna
        20 | arrived 1001 8002 internal anna
        20 | queued support
        25 | answered ben
        30 attended anna c2
        40 left ben
        40 blind ben 8003
        40 queued sales
        60 ended caller
        """)
    record = fold("c1", told)
    engine = make_engine(make_url(empty_database_url))
    facts = table("facts", column("call_id"), column("position"), column("data", JSON))
    settings = migrations.config()
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0006")
        connection.exec_driver_sql(
            "INSERT INTO calls"
            " (call_id, kind, caller_number, caller_name, dialed_number, customer_id, started_at)"
            " VALUES ('c1', 'inbound', '5550100', '', '8000', 'k7', '2026-11-22 00:30:00.000000')"
        )
        for position, fact in enumerate(told):
            row = {"call_id": "c1", "position": position, "data": fact_to_dict(fact)}
            connection.execute(facts.insert(), row)
        connection.exec_driver_sql(
            "INSERT INTO visits VALUES"
            " ('c1', 0, 'sales', '2026-11-22 00:30:00.000000', 'left', 7, NULL, 0, 0, 0, NULL)"
        )
        connection.exec_driver_sql(
            "INSERT INTO agent_states VALUES"
            " ('anna', '2026-11-22 23:59:59.900000', '2026-11-23 00:00:01.150000', 'ready', NULL, NULL)"
        )
        connection.exec_driver_sql(
            "INSERT INTO dispositions VALUES"
            " ('c1', 'anna', '2026-11-22 00:30:00.000000', 'sales', 'sold', 'Sold', false, '{}', '', NULL)"
        )
    engine.dispose()
    with RecordStore(empty_database_url) as store:
        kept = store.call("c1")
        assert kept is not None
        assert kept.facts == record.facts
        assert kept.transfers == record.transfers
        assert (kept.flow_id, kept.language, kept.source, kept.contact_key) == ("main", "zh", "acd", "id:k7")
        with store.engine.connect() as connection:
            visit = connection.exec_driver_sql(
                "SELECT kind, dialed_number, flow_id, language FROM visits"
            ).one()
            length_s = connection.exec_driver_sql("SELECT length_s FROM agent_states").scalar_one()
        assert tuple(visit) == ("inbound", "8000", "main", "zh")
        assert length_s == 1.25
        assert [told.code for told in store.dispositions(["c1"])] == ["sold"]
        store.save_calls([record])
        assert store.call("c1") == record


@pytest.mark.parametrize("met", ["answered ben", "fellback ben"])
def test_callers_who_were_taken_over_are_no_longer_offered(empty_database_url: str, met: str) -> None:
    told = facts_of(f"""
        0  arrived 5550100 8000
        0  queued sales
        5  answered anna
        20 | arrived 1001 8002 internal anna
        20 | queued support
        25 | {met}
        30 attended anna c2
        60 ended caller
        """)
    with RecordStore(empty_database_url) as store:
        store.save_calls([fold("c1", told)])
        after = store.call("c1")
        engine, settings = store.engine, migrations.config()
        for step, revision in ((command.downgrade, "0012"), (command.upgrade, "head")):
            with engine.begin() as connection:
                settings.attributes["connection"] = connection
                step(settings, revision)
                if met.startswith("fellback"):  # as it was written then
                    connection.exec_driver_sql("UPDATE transfers SET to_agent = NULL")
                outcomes = connection.exec_driver_sql("SELECT outcome FROM visits ORDER BY position")
                found = list(outcomes.scalars())
            assert found == ["answered", "answered" if revision == "0012" else "transferred_in"]
        again = store.call("c1")
        assert after is not None
        assert again is not None
        assert again.visits == after.visits


def test_downgrade_undoes_everything(database_url: str) -> None:
    engine = make_engine(make_url(database_url))
    settings = migrations.config()
    with engine.begin() as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_moments_are_kept_as_utc(tmp_path: Path) -> None:
    shanghai = timezone(timedelta(hours=8))
    moment = datetime(2026, 11, 22, 8, 30, 0, 123456, tzinfo=shanghai)
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store, store.engine.begin() as connection:
        row = {"agent_id": "anna", "since": moment, "until": moment, "state": "ready", "length_s": 0}
        connection.execute(agent_states.insert(), row)
        read = connection.execute(select(agent_states.c.since)).scalar_one()
        raw = connection.exec_driver_sql("SELECT since FROM agent_states").scalar_one()
    assert read == moment
    assert read.tzinfo is UTC
    assert raw == "2026-11-22 00:30:00.123456"


def test_a_moment_without_zone_is_refused(tmp_path: Path) -> None:
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store, store.engine.connect() as connection:
        query = select(agent_states).where(agent_states.c.since > datetime(2026, 11, 22))
        with pytest.raises(StatementError, match="has no time zone"):
            connection.execute(query)


def test_postgresql_keeps_the_zone() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    kind = UtcDateTime().dialect_impl(dialect)
    assert isinstance(kind, UtcDateTime)
    assert isinstance(kind.impl_instance, DateTime)
    assert kind.impl_instance.timezone
    eight = datetime(2026, 11, 22, 8, tzinfo=timezone(timedelta(hours=8)))
    assert UtcDateTime().process_result_value(eight, dialect) == datetime(2026, 11, 22, tzinfo=UTC)
