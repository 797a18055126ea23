"""What an agent has typed about a call and not sent yet, so that it survives a reload."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Column, Engine, MetaData, String, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

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
