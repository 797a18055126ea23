"""The tables: one row per call, its parts, and the agents' states; callbacks, and what became of tasks.

Segments, visits, steps, scores and sounds repeat what the facts say, in a form that can be selected by
time. Times are aware UTC on both databases; durations are seconds.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Double,
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


def _call_key() -> tuple[Column[str], Column[int]]:
    """A part of a call: its place in the order of that call's parts."""
    return (
        Column("call_id", String, ForeignKey("calls.call_id"), primary_key=True),
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
    Index("ix_visits_group_id_queued_at", "group_id", "queued_at"),
)

facts = Table(
    "facts",
    metadata,
    *_call_key(),
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

# Written while the call may still go on: no key of `calls`. An agent's later words replace earlier ones.
dispositions = Table(
    "dispositions",
    metadata,
    Column("call_id", String, primary_key=True),
    Column("agent_id", String, primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("group_id", String),
    Column("code", String, nullable=False),
    Column("path", String, nullable=False),
    Column("complaint", Boolean, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("note", String, nullable=False),
    Column("callback_at", UtcDateTime),
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
    Index("ix_agent_states_since", "since"),
)
