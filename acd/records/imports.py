"""Which imports there have been: of what, by whom, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert, select, update

from acd.records import schema


@dataclass(frozen=True, slots=True)
class Import:
    """One run. `files`: each with its `file`, `sha256` and number of `lines`. Without `ended_at` it was
    interrupted, or goes on.

    `calls` were added, `known` ones were on record. `first` and `last`: when the calls began.
    """

    import_id: int
    source: str
    who: str
    begun_at: datetime
    ended_at: datetime | None = None
    files: Sequence[Mapping[str, Any]] = ()
    calls: int = 0
    known: int = 0
    states: int = 0
    refused: int = 0
    unused: int = 0
    first: datetime | None = None
    last: datetime | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)


class ImportLog:
    """The table `imports`; methods raise SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, source: str, who: str, at: datetime) -> int:
        """A run begins; its number."""
        row = {"source": source, "who": who, "begun_at": at, "files": [], "reasons": {}}
        counts = dict.fromkeys(("calls", "known", "states", "refused", "unused"), 0)
        with self._engine.begin() as connection:
            made = connection.execute(insert(schema.imports), {**row, **counts})
        assert made.inserted_primary_key is not None
        return int(made.inserted_primary_key[0])

    def end(self, import_id: int, at: datetime, **told: Any) -> None:
        """It is over; `told`: fields of `Import`."""
        table = schema.imports
        with self._engine.begin() as connection:
            connection.execute(
                update(table).where(table.c.import_id == import_id).values(ended_at=at, **told)
            )

    def all(self) -> list[Import]:
        """Newest first."""
        table = schema.imports
        with self._engine.connect() as connection:
            found = connection.execute(select(table).order_by(table.c.import_id.desc())).mappings()
            return [Import(**row) for row in found]

    def files(self) -> dict[str, datetime]:
        """By the digest of each file that was imported to its end: when."""
        return {
            file["sha256"]: run.ended_at
            for run in reversed(self.all())
            for file in run.files
            if run.ended_at is not None
        }
