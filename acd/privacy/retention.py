"""What is kept for its time and no longer: found, counted, and deleted or made nobody's, in bounded batches.

Every batch is a transaction of its own, found anew by what is still there: what ends a run in between is made
good by the next one.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    Table,
    and_,
    delete,
    exists,
    func,
    select,
    update,
)

from acd.accounts.schema import audit
from acd.customers.schema import customers
from acd.customers.store import drop_card
from acd.errors import OperatorError
from acd.privacy.calls import BATCH, anonymise, delete_calls, delete_facts, drafts, erasing
from acd.privacy.codes import code_of
from acd.privacy.sounds import Why, delete_in_store, delete_on_disk
from acd.recordings.bucket import Bucket
from acd.recordings.of_call import RecordingKind
from acd.recordings.schema import recordings
from acd.recordings.store import Recordings
from acd.records import schema
from acd.records.bulk import delete_rows
from acd.records.nobody import NOBODY
from acd.records.slots import raise_slots, slots_between
from acd.settings.retention import CallsEnd, RetentionSettings

FOLLOW_UP = timedelta(days=2)
"""Calls of so long ago are looked at for contacts who have become nobody before."""


@dataclass
class Retention:
    """One run. `home` has the key by which contacts become nobody; `pause_s` is left between two batches.

    `done` is what has been done so far, by kind: also of a run that something has ended.
    """

    engine: Engine
    home: Path
    recordings_dir: Path
    settings: RetentionSettings
    bucket: Callable[[], Bucket | None]
    now: datetime
    pause_s: float = 0.0
    done: Counter[str] = field(default_factory=Counter, init=False)
    _away: OperatorError | None = field(default=None, init=False)

    def due(self) -> Counter[str]:
        """How many of each kind there are whose time is over; nothing is changed."""
        found = Counter[str]()
        with self.engine.connect() as connection:
            for name, table, where in self._rules():
                count = connection.execute(select(func.count()).select_from(table).where(where)).scalar()
                found[name] += count or 0
        return +found

    def run(self) -> Counter[str]:
        """Until nothing is due; what was done, by kind. Raises SQLAlchemy's errors, OSError.

        Recordings in a store that is away are left out, all else is done; then it raises OperatorError.
        """
        steps = {
            "calls": self._calls, "facts": self._facts, "agent_states": self._states, "contacts": self._cards,
        }  # fmt: skip
        for name, table, where in self._rules():
            if table is recordings:
                counts = self._sounds(where)
            else:
                counts = self._batches(steps.get(name, self._rows), table, where)
            for count in counts:
                self.done[name] += count
                time.sleep(self.pause_s)
        if self.settings.calls is not None and self.settings.calls_then is CallsEnd.ANONYMISE:
            self._follow_up()
        if self._away is not None:
            raise self._away
        return +self.done

    @staticmethod
    def _batches(step: Any, table: Table, where: ColumnElement[bool]) -> Iterator[int]:
        while count := step(table, where):
            yield count

    # --- what is due ----------------------------------------------------------------------------
    def _rules(self) -> Iterator[tuple[str, Any, ColumnElement[bool]]]:
        """Recordings first, which are found by nothing once calls are gone."""
        kept, told = self.settings, recordings.c
        there, mail = told.deleted_at.is_(None), told.kind == RecordingKind.VOICEMAIL.value
        others = told.group_id.is_(None) | told.group_id.not_in(list(kept.recordings_of))
        for group, days in kept.recordings_of.items():
            mine = there & ~mail & (told.group_id == group)
            yield "recordings", recordings, mine & (told.started_at < self._before(days))
        if kept.recordings is not None:
            old = told.started_at < self._before(kept.recordings)
            yield "recordings", recordings, there & ~mail & others & old
        if kept.voicemails is not None:
            yield "voicemails", recordings, there & mail & (told.started_at < self._before(kept.voicemails))
        calls = schema.calls
        if kept.facts is not None:
            steps = schema.ivr_steps.c
            has = exists().where(schema.facts.c.call_id == calls.c.call_id) | exists().where(
                steps.call_id == calls.c.call_id, steps.detail != ""
            )
            yield "facts", calls, (calls.c.started_at < self._before(kept.facts)) & has
        if kept.calls is not None:
            old = calls.c.started_at < self._before(kept.calls)
            yield "calls", calls, old if kept.calls_then is CallsEnd.DELETE else old & ~calls.c.anonymised
        if kept.agent_states is not None:
            states = schema.agent_states
            yield "agent_states", states, states.c.until < self._before(kept.agent_states)
        if kept.audit is not None:
            yield "audit", audit, audit.c.at < self._before(kept.audit)
        if kept.contacts is not None:
            before = self._before(kept.contacts)
            called = exists().where(calls.c.customer_id == customers.c.id, calls.c.started_at >= before)
            own = customers.c.file_values.is_(None) & customers.c.merged_into.is_(None)
            yield "contacts", customers, own & (customers.c.changed_at < before) & ~called
        if kept.drafts is not None:
            yield "drafts", drafts, drafts.c.at < self._before(kept.drafts)

    def _before(self, days: int) -> datetime:
        return self.now - timedelta(days=days)

    # --- batches: how many were done ------------------------------------------------------------
    def _sounds(self, where: ColumnElement[bool]) -> Iterator[int]:
        """Page by page: those that cannot be deleted now do not stand before the others."""
        rows, last = Recordings(self.engine), None
        while found := rows.after(last, BATCH, where):
            last = (found[-1].started_at, found[-1].name)
            yield delete_on_disk(self.recordings_dir, rows, found, Why.RETENTION)
            if self._away is None:
                try:
                    yield delete_in_store(self.recordings_dir, rows, found, Why.RETENTION, self.bucket)
                except OperatorError as error:
                    self._away = error

    def _calls(self, _table: Table, where: ColumnElement[bool]) -> int:
        with erasing(self.engine) as connection:
            ids = list(connection.scalars(_oldest(schema.calls.c.call_id, where)))
            if not ids:
                return 0
            if self.settings.calls_then is CallsEnd.DELETE:
                gone = recordings.c.call_id.in_(ids) & recordings.c.deleted_at.is_not(None)
                connection.execute(delete(recordings).where(gone))
                delete_calls(connection, ids)
            else:
                anonymise(connection, ids, self._contact)
        return len(ids)

    def _facts(self, _table: Table, where: ColumnElement[bool]) -> int:
        with erasing(self.engine) as connection:
            ids = list(connection.scalars(_oldest(schema.calls.c.call_id, where)))
            if ids:
                delete_facts(connection, ids)
        return len(ids)

    def _states(self, table: Table, where: ColumnElement[bool]) -> int:
        query = select(table.c.agent_id, table.c.since, table.c.until).where(where).limit(BATCH)
        with erasing(self.engine) as connection:
            rows = connection.execute(query).all()
            delete_rows(connection, table, ("agent_id", "since"), [(row.agent_id, row.since) for row in rows])
            slots = {s for r in rows for s in slots_between(r.since.timestamp(), r.until.timestamp())}
            raise_slots(connection, slots)
        return len(rows)

    def _cards(self, table: Table, where: ColumnElement[bool]) -> int:
        with erasing(self.engine) as connection:
            heads = list(connection.scalars(select(table.c.id).where(where).limit(BATCH)))
            doomed = table.c.id.in_(heads) | table.c.merged_into.in_(heads)
            for row in connection.execute(select(table).where(doomed)).mappings().all():
                drop_card(connection, row)
        return len(heads)

    def _rows(self, table: Table, where: ColumnElement[bool]) -> int:
        """Of a table that nothing else hangs on."""
        key = ("id",) if "id" in table.c else ("agent_id", "call_id")
        with erasing(self.engine) as connection:
            rows: Sequence[Any] = connection.execute(
                select(*(table.c[name] for name in key)).where(where).limit(BATCH)
            ).all()
            delete_rows(connection, table, key, rows)
        return len(rows)

    # --- contacts that are nobody's -------------------------------------------------------------
    def _contact(self, key: str) -> str:
        """The same for the same contact, and told from others only by who has the key file."""
        return code_of(self.home, key)

    def _follow_up(self) -> None:
        """Who has become nobody and called since: whether that was again is asked by one contact key."""
        calls = schema.calls
        recent = and_(calls.c.started_at >= self.now - FOLLOW_UP, calls.c.contact_key != "")
        recent &= calls.c.contact_key.not_like(f"{NOBODY}%")
        with self.engine.connect() as connection:
            keys = list(connection.scalars(select(calls.c.contact_key).where(recent).distinct()))
        for begin in range(0, len(keys), BATCH):
            new = {self._contact(key): key for key in keys[begin : begin + BATCH]}
            with erasing(self.engine) as connection:
                query = select(calls.c.contact_key).where(calls.c.contact_key.in_(list(new))).distinct()
                for contact in list(connection.scalars(query)):
                    again = update(calls).where(calls.c.contact_key == new[contact])
                    connection.execute(again.values(contact_key=contact))


def _oldest(column: Any, where: ColumnElement[bool]) -> Any:
    return select(column).where(where).order_by(schema.calls.c.started_at).limit(BATCH)
