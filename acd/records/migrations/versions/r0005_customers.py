"""The customer directory: cards, numbers, notes, and the indexes that they are searched by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_MOMENT = sa.DateTime(timezone=True)
_PLAIN_ORDER = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    _make_cards()
    _make_notes()
    op.create_index("ix_calls_dialed_number", "calls", ["dialed_number"])
    for table in ("customer_words", "customer_digits"):
        op.create_table(
            table,
            sa.Column("word", _PLAIN_ORDER, primary_key=True),
            sa.Column("weight", sa.SmallInteger, primary_key=True, autoincrement=False),
            sa.Column("customer_key", sa.Integer, primary_key=True, autoincrement=False),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "customer_files",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Drop them and all that is in them."""
    op.drop_index("ix_calls_dialed_number", "calls")
    for table in ("files", "digits", "words", "notes", "numbers"):
        op.drop_table(f"customer_{table}")
    op.drop_table("customers")


def _make_cards() -> None:
    texts = ("name", "company", "segment", "language", "preferred_agent", "requires", "source")
    op.create_table(
        "customers",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        *(sa.Column(name, sa.String, nullable=False) for name in texts),
        sa.Column("value", sa.Double, nullable=False),
        *(sa.Column(name, sa.JSON, nullable=False) for name in ("emails", "tags", "fields")),
        sa.Column("file_values", sa.JSON),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("merged_into", sa.String),
    )
    op.create_index("ix_customers_merged_into", "customers", ["merged_into"])
    op.create_index("ix_customers_source", "customers", ["source"])


def _make_notes() -> None:
    op.create_table(
        "customer_numbers",
        sa.Column("number", sa.String, primary_key=True),
        sa.Column("customer_key", sa.Integer, sa.ForeignKey("customers.key"), primary_key=True),
        sa.Column("position", sa.SmallInteger, nullable=False),
    )
    op.create_table(
        "customer_notes",
        sa.Column("note_id", sa.Integer, primary_key=True),
        sa.Column("customer_key", sa.Integer, sa.ForeignKey("customers.key"), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("call_id", sa.String),
    )
    for table in ("customer_numbers", "customer_notes"):
        op.create_index(f"ix_{table}_customer_key", table, ["customer_key"])
