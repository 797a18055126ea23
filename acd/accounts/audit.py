"""What was done by whom. Entries are added, and never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, insert, or_, select

from acd.accounts.schema import accounts, audit
from acd.sql import GREATEST_KEY


@dataclass(frozen=True, slots=True)
class Entry:
    """`what` is a stable word, `about` what it was done to: an account, an agent, a call, or ''."""

    at: datetime
    who: str
    role: str
    address: str
    what: str
    about: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptEntry(Entry):
    """With its number, by which pages are turned."""

    id: int = 0


@dataclass(frozen=True, slots=True)
class Within:
    """What one may see whose rights are for some agents: entries by `who`, by these agents as such, and
    about them."""

    who: str
    agents: frozenset[str]

    def condition(self) -> ColumnElement[bool]:
        """For the query of entries."""
        agents = sorted(self.agents)
        theirs = select(accounts.c.username).where(accounts.c.agent_id.in_(agents))
        by_agent = and_(audit.c.role == "agent", audit.c.who.in_(theirs))
        return or_(audit.c.who == self.who, by_agent, audit.c.about.in_(agents))


class AuditLog:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, entries: Sequence[Entry]) -> None:
        """All of them or none."""
        rows = [asdict(entry) for entry in entries]
        with self._engine.begin() as connection:
            connection.execute(insert(audit), rows)

    def find(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        who: str | None = None,
        what: str | None = None,
        about: str | None = None,
        before: int | None = None,
        limit: int = 100,
        within: Within | None = None,
    ) -> list[KeptEntry]:
        """The newest first, at most `limit`; `before`: older than the entry of this number; `within`: only
        those."""
        columns, query = audit.c, select(audit).order_by(audit.c.id.desc()).limit(limit)
        if since is not None:
            query = query.where(columns.at >= since)
        if until is not None:
            query = query.where(columns.at < until)
        if before is not None:
            query = query.where(columns.id < min(before, GREATEST_KEY))
        for column, wanted in ((columns.who, who), (columns.what, what), (columns.about, about)):
            if wanted is not None:
                query = query.where(column == wanted)
        if within is not None:
            query = query.where(within.condition())
        with self._engine.connect() as connection:
            return [KeptEntry(**row) for row in connection.execute(query).mappings()]
