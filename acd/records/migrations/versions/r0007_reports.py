"""What reports need: transfers, corrections, what visits are filtered by, slots and roll-ups.

Facts and dispositions become tables that are only added to. What is on record is carried over; the stretches
of hold, voicemail, survey and transfer of old calls are made by folding them anew.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from acd.records.migrations import facts_in_parts

revision = "0007"
down_revision = "0006"

_MOMENT = sa.DateTime(timezone=True)
_PARTS = ("segments", "visits", "ivr_steps", "survey_scores", "sounds")
_LENGTH_S = {
    "sqlite": "CAST(strftime('%s', until) AS INTEGER) - CAST(strftime('%s', since) AS INTEGER)"
    " + (CAST(substr(until, 21) AS INTEGER) - CAST(substr(since, 21) AS INTEGER)) / 1000000.0",
    "postgresql": "CAST(extract(epoch FROM until - since) AS DOUBLE PRECISION)",
}


def upgrade() -> None:
    """Make the tables and columns, and fill them from what is on record."""
    _widen_calls()
    _widen_visits()
    _make_transfers()
    _make_corrections()
    _make_rollups()
    _widen_agent_states()
    facts_in_parts.gather()
    _fill_visits()
    _keep_all_dispositions()
    for table in _PARTS:  # PostgreSQL spent a third of its time on checking them
        with _foreign_keys_of(table) as batch:
            batch.drop_constraint(f"{table}_call_id_fkey", type_="foreignkey")


def downgrade() -> None:
    """Back to one row for each fact; of dispositions the newest words of each agent are kept."""
    facts_in_parts.scatter()
    for table in (*_PARTS, "facts"):
        with _foreign_keys_of(table) as batch:
            batch.create_foreign_key(f"{table}_call_id_fkey", "calls", ["call_id"], ["call_id"])
    _keep_newest_dispositions()
    for table in ("rollups", "slots", "corrections", "transfers"):
        op.drop_table(table)
    op.drop_column("agent_states", "length_s")
    for column in ("kind", "dialed_number", "flow_id", "customer_segment", "language", "source"):
        op.drop_column("visits", column)
    op.drop_index("ix_calls_contact_key_started_at", "calls")
    for column in ("flow_id", "trunk", "language", "source", "contact_key"):
        op.drop_column("calls", column)


def _foreign_keys_of(table: str) -> AbstractContextManager[BatchOperations]:
    """SQLite has not named them: here they have the names that PostgreSQL gives."""
    convention = {"fk": "%(table_name)s_%(column_0_name)s_fkey"}
    return op.batch_alter_table(table, naming_convention=convention)


def _call_id() -> sa.Column[str]:
    return sa.Column("call_id", sa.String, primary_key=True)


def _position(name: str = "position") -> sa.Column[int]:
    return sa.Column(name, sa.Integer, primary_key=True, autoincrement=False)


def _widen_calls() -> None:
    op.add_column("calls", sa.Column("flow_id", sa.String))
    op.add_column("calls", sa.Column("trunk", sa.String))
    op.add_column("calls", sa.Column("language", sa.String))
    op.add_column("calls", sa.Column("source", sa.String, nullable=False, server_default="acd"))
    op.add_column("calls", sa.Column("contact_key", sa.String, nullable=False, server_default=""))
    op.execute(
        "UPDATE calls SET contact_key = CASE WHEN customer_id <> '' THEN 'id:' || customer_id"
        " WHEN caller_number <> '' THEN 'number:' || caller_number ELSE '' END"
    )
    op.create_index("ix_calls_contact_key_started_at", "calls", ["contact_key", "started_at"])


def _widen_visits() -> None:
    op.add_column("visits", sa.Column("kind", sa.String, nullable=False, server_default="inbound"))
    op.add_column("visits", sa.Column("dialed_number", sa.String, nullable=False, server_default=""))
    op.add_column("visits", sa.Column("flow_id", sa.String))
    op.add_column("visits", sa.Column("customer_segment", sa.String))
    op.add_column("visits", sa.Column("language", sa.String))
    op.add_column("visits", sa.Column("source", sa.String, nullable=False, server_default="acd"))


def _make_transfers() -> None:
    op.create_table(
        "transfers",
        _call_id(),
        _position(),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("agent_id", sa.String, nullable=False),
        sa.Column("group_id", sa.String),
        sa.Column("how", sa.String, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("to_group", sa.String),
        sa.Column("to_agent", sa.String),
    )
    op.create_index("ix_transfers_at", "transfers", ["at"])


def _make_corrections() -> None:
    op.create_table(
        "corrections",
        _call_id(),
        _position(),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("field", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
    )


def _make_rollups() -> None:
    op.create_table("slots", _position("slot"), sa.Column("version", sa.Integer, nullable=False))
    op.create_table(
        "rollups",
        sa.Column("level", sa.String, primary_key=True),
        sa.Column("dimension", sa.String, primary_key=True),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )


def _widen_agent_states() -> None:
    length_s = _LENGTH_S[op.get_bind().dialect.name]
    op.add_column("agent_states", sa.Column("length_s", sa.Double, nullable=False, server_default="0"))
    op.execute(f"UPDATE agent_states SET length_s = {length_s}")  # noqa: S608 - one of two texts of ours
    with op.batch_alter_table("agent_states") as batch:
        batch.alter_column("length_s", server_default=None)


def _fill_visits() -> None:
    """What visits repeat of their calls."""
    columns = ("kind", "dialed_number", "flow_id", "customer_segment", "language")
    values = ", ".join(f"{name} = calls.{name}" for name in columns)
    op.execute(f"UPDATE visits SET {values} FROM calls WHERE calls.call_id = visits.call_id")  # noqa: S608


# --- dispositions --------------------------------------------------------------------------------
def _keep_all_dispositions() -> None:
    _exchange_dispositions("at")
    op.execute("INSERT INTO dispositions_kept SELECT * FROM dispositions")
    _end_exchange()


def _keep_newest_dispositions() -> None:
    _exchange_dispositions()
    op.execute(
        "INSERT INTO dispositions_kept SELECT * FROM dispositions AS d WHERE at ="
        " (SELECT max(at) FROM dispositions AS e WHERE e.call_id = d.call_id AND e.agent_id = d.agent_id)"
    )
    _end_exchange()


def _exchange_dispositions(*further_key: str) -> None:
    op.create_table(
        "dispositions_kept",
        sa.Column("call_id", sa.String, primary_key=True),
        sa.Column("agent_id", sa.String, primary_key=True),
        sa.Column("at", _MOMENT, nullable=False, primary_key="at" in further_key),
        sa.Column("group_id", sa.String),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("complaint", sa.Boolean, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("callback_at", _MOMENT),
    )


def _end_exchange() -> None:
    op.drop_table("dispositions")
    facts_in_parts.rename("dispositions_kept", "dispositions", "pkey")
    op.create_index("ix_dispositions_at", "dispositions", ["at"])
