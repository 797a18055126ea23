"""The tables of saved reports: what is kept, what became of each time it was due, and which process sends."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from acd.sql import UtcDateTime

metadata = MetaData()

# `asked`: see `acd.reports.sending.saved.Question`. `schedule`: as it is written, such as 'daily 06:00';
# NULL: whoever wants it asks for it. `next_at`: when it is due next; NULL: never by itself.
saved_reports = Table(
    "saved_reports",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("owner", String, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("format", String, nullable=False),
    Column("language", String, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("schedule", String),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, index=True),
)

# `due_at`: for when; its period is the one that was meant then. `waiting`: the addresses that it has yet to
# go to; `refused`: those that no mail server takes, each with the reason.
report_runs = Table(
    "report_runs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("saved_id", String, ForeignKey("saved_reports.id"), nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("state", String, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Column("waiting", JSON, nullable=False),
    Column("refused", JSON, nullable=False),
    Column("file_name", String),
    Column("bytes", Integer),
    Column("error", String),
    UniqueConstraint("saved_id", "due_at", name="uq_report_runs_saved_id_due_at"),
    Index("ix_report_runs_state_next_at", "state", "next_at"),
)

# One row, made by the migration.
report_lease = Table(
    "report_lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("holder", String, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
