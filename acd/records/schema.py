"""The tables: one row per call, its parts, and the agents' states; callbacks, and what became of tasks.

Facts, dispositions, corrections and task changes are added to and never changed. Calls, segments, visits,
transfers, steps, scores and sounds repeat what the facts say, in a form that can be selected by time, and
may be folded anew. Roll-ups (`slots`, `rollups`) repeat those, and count only while their version is the
present one. Times are aware UTC on both databases; durations are seconds.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
)

from acd.sql import UtcDateTime

metadata = MetaData()


def _call_key() -> tuple[Column[str], Column[int]]:
    """A part of a call: its place in the order of that call's parts.

    No foreign key: the parts are written and deleted with their call, and checking each of them again took a
    third of the database's time.
    """
    return (
        Column("call_id", String, primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
    )


calls = Table(
    "calls",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("caller_number", String, nullable=False, index=True),
    Column("caller_name", String, nullable=False),
    Column("dialed_number", String, nullable=False, index=True),
    Column("customer_id", String, index=True),
    Column("customer_name", String),
    Column("customer_segment", String),
    Column("origin_agent", String),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("answered_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("ended_by", String),
    Column("flow_id", String),
    Column("trunk", String),
    Column("language", String),
    Column("source", String, nullable=False, server_default="acd"),
    Column("contact_key", String, nullable=False, server_default=""),
    Column("anonymised", Boolean, nullable=False, server_default=false()),
    Index("ix_calls_contact_key_started_at", "contact_key", "started_at"),
)

segments = Table(
    "segments",
    metadata,
    *_call_key(),
    Column("kind", String, nullable=False),
    Column("group_id", String),
    Column("agent_id", String),
    Column("started_at", UtcDateTime, nullable=False, index=True),
    Column("ended_at", UtcDateTime),
    Column("outcome", String, nullable=False),
    Column("hold_s", Double, nullable=False),
    Index("ix_segments_agent_id_started_at", "agent_id", "started_at"),
)

visits = Table(
    "visits",
    metadata,
    *_call_key(),
    Column("group_id", String, nullable=False),
    Column("queued_at", UtcDateTime, nullable=False, index=True),
    Column("outcome", String, nullable=False),
    Column("wait_s", Double, nullable=False),
    Column("agent_id", String),
    Column("talk_s", Double, nullable=False),
    Column("hold_s", Double, nullable=False),
    Column("wrap_up_s", Double, nullable=False),
    Column("left_by", String),
    # What reports filter by, as the call has it.
    Column("kind", String, nullable=False, server_default="inbound"),
    Column("dialed_number", String, nullable=False, server_default=""),
    Column("flow_id", String),
    Column("customer_segment", String),
    Column("language", String),
    Column("source", String, nullable=False, server_default="acd"),
    Index("ix_visits_group_id_queued_at", "group_id", "queued_at"),
)

transfers = Table(
    "transfers",
    metadata,
    *_call_key(),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("agent_id", String, nullable=False),
    Column("group_id", String),
    Column("how", String, nullable=False),
    Column("target", String, nullable=False),
    Column("to_group", String),
    Column("to_agent", String),
)

# A row for each writing of a call: `data` is a list of facts, the first of which is number `first_position`.
facts = Table(
    "facts",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("first_position", Integer, nullable=False),
    Column("data", JSON, nullable=False),
)

ivr_steps = Table(
    "ivr_steps",
    metadata,
    *_call_key(),
    Column("at", UtcDateTime, nullable=False),
    Column("flow", String, nullable=False),
    Column("version", String, nullable=False),
    Column("step", String, nullable=False),
    Column("arrow", String, nullable=False),
    Column("target", String, nullable=False),
    Column("detail", String, nullable=False),
    Index("ix_ivr_steps_flow_at", "flow", "at"),
    Index("ix_ivr_steps_at", "at"),
)

survey_scores = Table(
    "survey_scores",
    metadata,
    *_call_key(),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("survey", String, nullable=False),
    Column("question", String, nullable=False),
    Column("score", Integer, nullable=False),
)

sounds = Table(
    "sounds",
    metadata,
    *_call_key(),
    Column("at", UtcDateTime, nullable=False),
    Column("name", String, nullable=False, index=True),
    Column("duration_s", Double, nullable=False),
    Column("purpose", String, nullable=False),
    Column("group_id", String),
    Index("ix_sounds_purpose_at", "purpose", "at"),
)

# Written at once, while the call still goes on: no key of `calls`.
callbacks = Table(
    "callbacks",
    metadata,
    Column("callback_id", Integer, primary_key=True),
    Column("call_id", String, nullable=False),
    Column("wanted_at", UtcDateTime, nullable=False, index=True),
    Column("group_id", String, nullable=False),
    Column("number", String, nullable=False),
    Column("language", String, nullable=False),
    Column("due_at", UtcDateTime),
    Column("for_agent", String),
    UniqueConstraint("call_id", "wanted_at", name="uq_callbacks_call_id_wanted_at"),
)

# Written while the call may still go on: no key of `calls`. An agent's later words are new rows; they count.
dispositions = Table(
    "dispositions",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("agent_id", String, primary_key=True),
    Column("at", UtcDateTime, primary_key=True, index=True),
    Column("group_id", String),
    Column("code", String, nullable=False),
    Column("path", String, nullable=False),
    Column("complaint", Boolean, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("note", String, nullable=False),
    Column("callback_at", UtcDateTime),
)

# What a person says against a call's record: applied when it is read.
corrections = Table(
    "corrections",
    metadata,
    *_call_key(),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String, nullable=False),
    Column("field", String, nullable=False),
    Column("value", String, nullable=False),
    Column("reason", String, nullable=False),
)

# What became of a voicemail or a callback: rows are added, never changed.
task_changes = Table(
    "task_changes",
    metadata,
    Column("kind", String, primary_key=True),
    Column("task_id", String, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("who", String, nullable=False),
    Column("state", String, nullable=False),
    Column("agent_id", String),
    Column("note", String, nullable=False),
)

agent_states = Table(
    "agent_states",
    metadata,
    Column("agent_id", String, primary_key=True),
    Column("since", UtcDateTime, primary_key=True),
    Column("until", UtcDateTime, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("reason", String),
    Column("call_id", String),
    Column("length_s", Double, nullable=False, index=True),
    Index("ix_agent_states_since", "since"),
)

# Quarters of an hour, by Unix time // 900. The version is raised by whatever writes something of that time.
slots = Table(
    "slots",
    metadata,
    Column("slot", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
)

# Counted figures of a stretch of time. `version`: the sum of those of its slots, from before the counting.
rollups = Table(
    "rollups",
    metadata,
    Column("level", String, primary_key=True),
    Column("dimension", String, primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

# Calls that were deleted for good, by a code of their ids: they must not come back.
deleted_calls = Table(
    "deleted_calls",
    metadata,
    Column("code", String, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

# Runs of 'acd import'. Without `ended_at` one was interrupted.
imports = Table(
    "imports",
    metadata,
    Column("import_id", Integer, primary_key=True),
    Column("source", String, nullable=False),
    Column("who", String, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("files", JSON, nullable=False),
    Column("calls", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("states", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("unused", Integer, nullable=False),
    Column("first", UtcDateTime),
    Column("last", UtcDateTime),
    Column("reasons", JSON, nullable=False),
)
