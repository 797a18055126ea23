"""The table of recordings: a row for each file that is finished and whose call is on record."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Double, Index, Integer, MetaData, String, Table

from acd.sql import UtcDateTime

metadata = MetaData()

# A file may be kept longer than its call's record: no key of `calls`.
recordings = Table(
    "recordings",
    metadata,
    Column("name", String, primary_key=True),
    Column("call_id", String, nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("group_id", String),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("duration_s", Double, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("format", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("storage", String, nullable=False),
    Column("consent", String),
    Column("pauses", JSON, nullable=False),
    Column("deleted_at", UtcDateTime),
    Column("deleted_why", String),
    Index("ix_recordings_storage_format", "storage", "format"),
)
