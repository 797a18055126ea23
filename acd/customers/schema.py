"""The tables of the customer directory: cards, their numbers and notes, and what they are found by.

`key` is a card's number within the database, small for the sake of the indexes; `id` is its name for
everybody else. `search` holds the words that a card is found by; the two indexes repeat them in an order
in which what begins with some letters stands together.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

from acd.sql import UtcDateTime

metadata = MetaData()

# Ordered by code points, whatever the language of the database: an index serves beginnings only so.
PLAIN_ORDER = String().with_variant(String(collation="C"), "postgresql")


def _card(*, primary: bool = False) -> Column[int]:
    return Column("customer_key", Integer, ForeignKey("customers.key"), primary_key=primary, nullable=False)


customers = Table(
    "customers",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("company", String, nullable=False),
    Column("segment", String, nullable=False),
    Column("value", Double, nullable=False),
    Column("language", String, nullable=False),
    Column("preferred_agent", String, nullable=False),
    Column("requires", String, nullable=False),
    Column("emails", JSON, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("source", String, nullable=False),
    Column("file_values", JSON(none_as_null=True)),
    Column("search", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("merged_into", String, index=True),
    Index("ix_customers_source", "source"),
)

customer_numbers = Table(
    "customer_numbers",
    metadata,
    Column("number", String, primary_key=True),
    _card(primary=True),
    Column("position", SmallInteger, nullable=False),
    Index("ix_customer_numbers_customer_key", "customer_key"),
)

customer_notes = Table(
    "customer_notes",
    metadata,
    Column("note_id", Integer, primary_key=True),
    _card(),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("call_id", String),
    Index("ix_customer_notes_customer_key", "customer_key"),
)

customer_words = Table(
    "customer_words",
    metadata,
    Column("word", PLAIN_ORDER, primary_key=True),
    Column("weight", SmallInteger, primary_key=True, autoincrement=False),
    Column("customer_key", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# Every second end of each number: what stands anywhere in a number begins one of them, or follows one digit.
customer_digits = Table(
    "customer_digits",
    metadata,
    Column("word", PLAIN_ORDER, primary_key=True),
    Column("weight", SmallInteger, primary_key=True, autoincrement=False),
    Column("customer_key", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# Which content of a file the directory has taken up.
customer_files = Table(
    "customer_files",
    metadata,
    Column("name", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
