"""What an agent has typed about a call and not sent yet, so that it survives a reload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column, Engine, MetaData, String, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from acd.core.facts import CallKind
from acd.records import schema
from acd.sql import UtcDateTime

KEPT = timedelta(days=7)
DRAFTS_MAX = 50
"""Of one agent; the oldest goes."""

metadata = MetaData()

drafts = Table(
    "drafts",
    metadata,
    Column("agent_id", String, primary_key=True),
    Column("call_id", String, primary_key=True),
    Column("text", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A draft with its call as it is on record; of one that goes on everything but the first three is empty.

    `group`: the one for which the agent had it; `name` and `number`: the other side's.
    """

    call: str
    text: Mapping[str, Any]
    at: datetime
    group: str | None = None
    name: str = ""
    number: str = ""
    started_at: datetime | None = None


class Drafts:
    """Of one agent, on the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine, agent: str) -> None:
        self._engine = engine
        self._agent = agent

    def get(self, call: str) -> dict[str, Any] | None:
        """What was kept last."""
        query = select(drafts.c.text).where(*self._is(call)).where(drafts.c.at > datetime.now(UTC) - KEPT)
        with self._engine.connect() as connection:
            found: dict[str, Any] | None = connection.execute(query).scalar()
        return found

    def all(self) -> list[KeptDraft]:
        """The newest first."""
        calls, visits = schema.calls, schema.visits
        group = (
            select(visits.c.group_id)
            .where(visits.c.call_id == drafts.c.call_id, visits.c.agent_id == self._agent)
            .order_by(visits.c.queued_at.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = (
            select(drafts, calls, group.label("group_id"))
            .outerjoin(calls, calls.c.call_id == drafts.c.call_id)
            .where(drafts.c.agent_id == self._agent, drafts.c.at > datetime.now(UTC) - KEPT)
            .order_by(drafts.c.at.desc())
        )
        with self._engine.connect() as connection:
            return [self._kept(row._mapping) for row in connection.execute(query)]

    def _kept(self, row: Mapping[Any, Any]) -> KeptDraft:
        calls, kept = schema.calls.c, (row[drafts.c.call_id], row[drafts.c.text], row[drafts.c.at])
        if row[calls.call_id] is None:
            return KeptDraft(*kept)
        dialled = row[calls.origin_agent] == self._agent and row[calls.kind] != CallKind.CALLBACK
        name = row[calls.customer_name] or ("" if dialled else row[calls.caller_name])
        number = row[calls.dialed_number if dialled else calls.caller_number]
        return KeptDraft(*kept, row["group_id"], name, number, row[calls.started_at])

    def put(self, call: str, text: Mapping[str, Any]) -> None:
        """In the place of what was there."""
        now = datetime.now(UTC)
        again = update(drafts).where(*self._is(call)).values(text=dict(text), at=now)
        with self._engine.begin() as connection:
            if connection.execute(again).rowcount:
                return
        row = {"agent_id": self._agent, "call_id": call, "text": dict(text), "at": now}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(drafts), row)
        except IntegrityError:  # another tab was first
            with self._engine.begin() as connection:
                connection.execute(again)
        self._tidy(now)

    def remove(self, call: str) -> None:
        """Harmless where there is none."""
        with self._engine.begin() as connection:
            connection.execute(delete(drafts).where(*self._is(call)))

    def _tidy(self, now: datetime) -> None:
        mine = drafts.c.agent_id == self._agent
        newest = select(drafts.c.at).where(mine).order_by(drafts.c.at.desc()).offset(DRAFTS_MAX).limit(1)
        with self._engine.begin() as connection:
            connection.execute(delete(drafts).where(drafts.c.at < now - KEPT))
            oldest = connection.execute(newest).scalar()
            if oldest is not None:
                connection.execute(delete(drafts).where(mine).where(drafts.c.at <= oldest))

    def _is(self, call: str) -> tuple[Any, Any]:
        return drafts.c.agent_id == self._agent, drafts.c.call_id == call
