"""Forgets one person: recordings, calls, wishes, notes, words about them, the card.

Every step may be done again: what has been ended half-way is asked for once more, and goes on. The card goes
last, so that it still leads to the rest.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, String, bindparam, cast, delete, or_, select, update

from acd.accounts.schema import audit
from acd.customers.schema import customers
from acd.customers.store import drop_card
from acd.errors import OperatorError
from acd.privacy.accounts_of_calls import Cleaner
from acd.privacy.calls import BATCH, anonymise, delete_calls, drafts, erasing
from acd.privacy.customer_files import clean_versions, first_line_of
from acd.privacy.leftovers import files_with, has
from acd.privacy.person import Person, was_dialled
from acd.privacy.scrub import scrubbed
from acd.privacy.sounds import Why, delete_in_store, delete_on_disk, store_of
from acd.recordings.bucket import Bucket
from acd.recordings.files import remove_files
from acd.recordings.of_call import told_of
from acd.recordings.store import Recordings, Storage
from acd.records import schema
from acd.records.deleted import note_deleted
from acd.records.nobody import GONE, NOBODY
from acd.records.store import RecordStore
from acd.settings.problems import shown_file
from acd.webhooks.schema import deliveries


@dataclass(slots=True)
class Forgetting:
    """`home` is searched at the end; `others` are places beside it. `in_use`: the controller runs.

    `account` (of each Asterisk one) and `queue_log`: files in which Asterisk, and we, have written what
    happened to calls. `file`: customers.csv, which must not have them any more; `versions`: where copies of
    it are kept; `country` of its numbers. `tidy_live`: has the live state on disk written anew, without what
    is over. `journals`: those of several controllers, each with whether it may be written at the moment.
    `calls_too`: calls are deleted and not only made nobody's, so that reports change. `anew`: SQLite's file
    is written anew at the end.
    """

    home: Path
    recordings: Path
    journal: Path
    store: RecordStore
    person: Person
    bucket: Callable[[], Bucket | None]
    others: Sequence[Path] = ()
    in_use: bool = False
    calls_too: bool = False
    anew: bool = True
    account: Sequence[Path] = ()
    queue_log: Path | None = None
    file: Path | None = None
    versions: Path | None = None
    country: str | None = None
    tidy_live: Callable[[], None] = lambda: None
    journals: Mapping[Path, bool] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    failed: list[Path] = field(default_factory=list)
    """Files that should have been changed, and could not be."""
    nobody: str = field(default_factory=lambda: NOBODY + secrets.token_hex(8))
    """Stands for them from here on: the same for all their calls, so that reports stay as they are."""

    def check(self) -> None:
        """Raises OperatorError where card or recordings cannot be deleted, before anything is."""
        line = None if self.file is None else first_line_of(self.file, self.person, self.country)
        if line is not None:
            raise OperatorError(
                f"{shown_file(self.file or Path())}:{line}: this customer is in the file: delete the line and"
                " ask again; reload afterwards, not before, since the card tells what is to be forgotten"
            )
        found = Recordings(self._engine).of_calls(self.calls())
        if any(row.is_there and row.storage is Storage.S3 for row in found):
            store_of(self.bucket)

    def run(self, progress: Callable[[int, int], None] = lambda _done, _of: None) -> Counter[str]:
        """All of it; what was deleted or changed, by kind. Raises OperatorError, OSError."""
        ids = self.calls()
        self._accounts(ids)  # while it is known which calls are theirs
        for n, chunk in enumerate(_batches(ids)):
            self._sounds_of(chunk)
            with erasing(self._engine) as connection:
                if self.calls_too:
                    self.done += delete_calls(connection, chunk)
                    note_deleted(connection, chunk, datetime.now(UTC))
                else:
                    self.done += anonymise(connection, chunk, lambda _key: self.nobody, self.person.pattern())
                    self._replace_codes(connection, chunk)
            progress(min(len(ids), (n + 1) * BATCH), len(ids))
        self._wishes_and_words()
        self._versions()
        self._card()
        self._journal()
        self._overwrite()
        self.tidy_live()
        return self.done

    def calls(self) -> list[str]:
        """The ids of theirs, oldest first."""
        calls, person = schema.calls, self.person
        keys = [f"id:{each}" for each in person.ids] + [f"number:{each}" for each in person.numbers]
        wished = select(schema.callbacks.c.call_id).where(schema.callbacks.c.number.in_(person.numbers))
        is_theirs = or_(
            calls.c.customer_id.in_(person.ids),
            calls.c.caller_number.in_(person.numbers),
            was_dialled(person.numbers),
            calls.c.contact_key.in_([*keys, *person.codes]),
            calls.c.call_id.in_(wished),
        )
        with self._engine.connect() as connection:
            return list(
                connection.scalars(select(calls.c.call_id).where(is_theirs).order_by(calls.c.started_at))
            )

    def left(self) -> list[Path]:
        """Files in which something of them can still be found, such as logs and the live state."""
        found = files_with(self.person.needles(), [self.home, *self.others])
        return [*found, *(file for file in self.failed if file not in found)]

    # --- steps --------------------------------------------------------------------------------
    def _replace_codes(self, connection: Connection, call_ids: Sequence[str]) -> None:
        """Who has the key could still tell whose they are."""
        calls = schema.calls
        coded = calls.c.call_id.in_(call_ids) & calls.c.contact_key.in_(self.person.codes)
        connection.execute(update(calls).where(coded).values(contact_key=self.nobody))

    def _sounds_of(self, call_ids: Sequence[str]) -> None:
        rows = Recordings(self._engine)
        found = rows.of_calls(call_ids)
        why = Why.FORGOTTEN
        self.done["recordings"] += delete_on_disk(self.recordings, rows, found, why)
        self.done["recordings"] += delete_in_store(self.recordings, rows, found, why, self.bucket)
        for call_id in call_ids:  # files that are not on record yet
            record = self.store.call(call_id)
            for told in told_of(record) if record is not None else ():
                remove_files(self.recordings, [told.name])

    def _accounts(self, ids: Sequence[str]) -> None:
        """Lines of Asterisk's account and of queue_log."""
        for kind, file in (*(("cdr", file) for file in self.account), ("queue_log", self.queue_log)):
            if file is None:
                continue
            cleaner = Cleaner(frozenset(ids), self.person.pattern(), whole=self.calls_too)
            (cleaner.clean_account if kind == "cdr" else cleaner.clean_queue_log)(file)
            self.done[f"{kind}_lines"] += cleaner.lines
            self.failed += cleaner.failed

    def _wishes_and_words(self) -> None:
        """Callbacks without a call on record, deliveries of webhooks, drafts, and the audit log's details."""
        pattern, wishes = self.person.pattern(), schema.callbacks
        with erasing(self._engine) as connection:
            query = update(wishes).where(wishes.c.number.in_(self.person.numbers)).values(number="")
            self.done["callbacks"] += connection.execute(query).rowcount
            if pattern is None:
                return
            needles = [needle.decode() for needle in self.person.needles()]
            for table, text in ((deliveries, deliveries.c.body), (drafts, cast(drafts.c.text, String))):
                told = or_(*(text.contains(each, autoescape=True) for each in needles))
                self.done[str(table.name)] += connection.execute(delete(table).where(told)).rowcount
            detail = cast(audit.c.detail, String)
            told = or_(
                *(detail.contains(each, autoescape=True) for each in needles),
                *(audit.c.about.contains(each, autoescape=True) for each in needles),
            )
            found = connection.execute(select(audit).where(told)).mappings().all()
            changed = [
                {
                    "of": row["id"],
                    "said": pattern.sub(GONE, row["about"]),
                    "more": scrubbed(row["detail"], pattern),
                }
                for row in found
            ]
            if changed:
                query = update(audit).where(audit.c.id == bindparam("of"))
                connection.execute(query.values(about=bindparam("said"), detail=bindparam("more")), changed)
            self.done["audit"] += len(changed)

    def _versions(self) -> None:
        """A configuration of before that is made active again must not bring them back."""
        if self.versions is not None:
            count, failed = clean_versions(self.versions, self.person, self.country)
            self.done["version_lines"] += count
            self.failed += failed

    def _card(self) -> None:
        with erasing(self._engine) as connection:
            query = select(customers).where(customers.c.id.in_(self.person.ids))
            for row in connection.execute(query).mappings().all():
                drop_card(connection, row)
                self.done["cards"] += 1

    def _journal(self) -> None:
        """Finished files that tell of them, whole: a journal with gaps could not be played again."""
        for folder, in_use in {**self.journals, self.journal: self.in_use}.items():
            files = sorted(folder.glob("*.jsonl"))
            for file in files[:-1] if in_use else files:
                if has(file, self.person.needles()):
                    file.unlink(missing_ok=True)
                    self.done["journal"] += 1

    def _overwrite(self) -> None:
        """SQLite: what was deleted is overwritten, but pages that were moved may have old copies in them:
        only a file that is written anew has none."""
        if self._engine.dialect.name != "sqlite":
            return
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if self.anew:
                connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    @property
    def _engine(self) -> Engine:
        return self.store.engine


def _batches(ids: list[str]) -> Iterator[list[str]]:
    for begin in range(0, len(ids), BATCH):
        yield ids[begin : begin + BATCH]


def as_text(done: Counter[str]) -> str:
    """For people: what was done, by kind."""
    return ", ".join(f"{count} {kind}" for kind, count in sorted(done.items()) if count) or "nothing"
