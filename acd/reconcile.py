"""Calls that Asterisk's account has and the records have not are put on record, with what is known of them.

At the start, when Asterisk has said who is still there; soon after an Asterisk that was out of reach is back,
for calls may have come and gone there; every few minutes while the controller runs; and when somebody asks
for it (`acd records reconcile --repair`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.core.facts import Customer
from acd.errors import RequestRefused
from acd.parts import facts_of, source_of_call
from acd.records.fold import fold
from acd.records.outlines import consultations
from acd.records.store import RecordStore
from acd.records.writer import RecordWriter
from acd.runtime.control import BAD_REQUEST, Handler, Request
from acd.settings.centre_now import CentreView
from acd.telephony import cdr
from acd.telephony.cdr_files import Place, end_of, lines_from
from acd.telephony.merges import PREFIX as MERGED

log = structlog.get_logger(__name__)

EVERY_S = 600.0
FIRST_LOOK_S = 7 * 86_400.0
"""So far back where nobody knows how far the account was read."""
SETTLED_S = 30.0
"""A call that ended so long ago has all its rows, and the controller has heard of it if it was there."""
SOON_S = SETTLED_S + 1.0
"""After an Asterisk is there again, what has ended meanwhile is settled."""
WAIT_S = 60.0


class NotWritten(OSError):
    """What is known of calls has not reached the database; the account is compared again later."""


@dataclass(slots=True)
class Reconciler:
    """`kept` is what the mirror of live state has.

    `accounts`: of each Asterisk the file of its account, and the one that says how far it was read. Each look
    begins where the one before the last had ended: rows of one call may come in two looks.
    """

    centre: CentreView
    store: RecordStore
    writer: RecordWriter
    find_customer: Callable[[str], Customer | None]
    kept: Callable[[], Mapping[str, Mapping[str, Any]]]
    accounts: Sequence[tuple[Path, Path]]
    clock: Callable[[], float]
    _before: dict[Path, Place] = field(default_factory=dict)
    _looks: dict[Path, list[tuple[float, Place]]] = field(default_factory=dict)  # of the last SETTLED_S
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _wishes: list[float] = field(default_factory=list)  # the loop's time
    _wished: asyncio.Event = field(default_factory=asyncio.Event)

    async def look(self, settled_s: float = 0.0) -> int:
        """Put on record what is new and missing; how many calls. Raises SQLAlchemy's errors and OSError.

        `settled_s`: how long a call must have been over. 0 where nobody can be about to hear of it.
        """
        async with self._looking:
            return await self._of_each(
                lambda cdr_file, place_file: self._look_at(cdr_file, place_file, settled_s)
            )

    async def _of_each(self, work: Callable[[Path, Path], Awaitable[int]]) -> int:
        """The sum over all accounts. One that fails holds up no other. Raises the first error, in the end."""
        found, errors = 0, list[Exception]()
        for cdr_file, place_file in self.accounts:
            try:
                found += await work(cdr_file, place_file)
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return found

    async def _look_at(self, cdr_file: Path, place_file: Path, settled_s: float) -> int:
        before = self._before.get(cdr_file)
        if before is None:
            kept = await asyncio.to_thread(self._read_place, place_file)
            before = kept or Place(0, 0, self.clock() - FIRST_LOOK_S)
        at = self.clock()
        here = await asyncio.to_thread(end_of, cdr_file, at)
        missing = await self._put_on_record(partial(self._lines_behind, cdr_file, before), settled_s)
        # What had ended shortly before a look was too young for it: one that is later by so much has seen it.
        looks = self._looks.setdefault(cdr_file, [])
        looks.append((at, here))
        while looks[0][0] <= at - SETTLED_S:
            _, before = looks.pop(0)
        self._before[cdr_file] = before
        await asyncio.to_thread(self._keep_place, place_file, before)
        return missing

    def soon(self) -> None:
        """An Asterisk is there again: a look as soon as what has ended there meanwhile is settled."""
        self._wishes.append(asyncio.get_running_loop().time())
        self._wished.set()

    async def keep(self, floor_known: asyncio.Event) -> None:
        """For ever: every EVERY_S from when the floor is known for the first time, and when wanted `soon`."""
        await floor_known.wait()
        while True:
            was_wished = await self._until_due()
            try:
                await self.look(SETTLED_S)
            except (SQLAlchemyError, OSError) as error:
                log.warning("Asterisk's account cannot be compared now", reason=type(error).__name__)
            except Exception:  # a fault of ours: calls go on
                log.exception("Asterisk's account cannot be compared")
            else:
                continue
            if was_wished:
                self.soon()

    async def _until_due(self) -> bool:
        """Until a look is due; whether anybody has wished for it.

        It fulfils the wishes that are old enough, and no others.
        """
        now = asyncio.get_running_loop().time
        regular_at = now() + EVERY_S
        while (left_s := min((regular_at, *(at + SOON_S for at in self._wishes))) - now()) > 0:
            self._wished.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._wished.wait()
        left = [at for at in self._wishes if at + SOON_S > now()]
        was_wished = len(left) < len(self._wishes)
        self._wishes = left
        return was_wished

    def handlers(self) -> dict[str, Handler]:
        """For the control socket."""
        return {
            "reconcile": self._reconcile,
            "calls-held": lambda _request: {"calls": sorted(held_by(self.kept()))},
        }

    async def _reconcile(self, request: Request) -> Mapping[str, Any]:
        """{"do": "reconcile", "since": …, "until": …}, Unix seconds: of the calls that began then.

        Answers how many were missing. Raises RequestRefused.
        """
        since, until = request.get("since"), request.get("until")
        if not isinstance(since, int | float) or not isinstance(until, int | float):
            raise RequestRefused(BAD_REQUEST, "'since' and 'until' are moments in Unix seconds")
        async with self._looking:
            begin, end = float(since), float(until)
            try:
                missing = await self._of_each(
                    lambda cdr_file, _: self._put_on_record(
                        partial(cdr.lines_between, cdr_file, begin, end), SETTLED_S, begin, end
                    )
                )
                return {"missing": missing}
            except NotWritten as error:
                raise RequestRefused("database-away", f"{error}; ask again when they are there") from error
            except (SQLAlchemyError, OSError) as error:
                raise RequestRefused(
                    "database-away", f"the records cannot be read now ({type(error).__name__})"
                ) from error

    def _lines_behind(self, cdr_file: Path, place: Place) -> Iterable[str]:
        lines, _ = lines_from(cdr_file, place, self.clock(), cdr.ends_at)
        return lines

    async def _put_on_record(
        self,
        lines: Callable[[], Iterable[str]],
        settled_s: float,
        since: float = 0.0,
        until: float = math.inf,
    ) -> int:
        """Those that began in [since, until) and that nobody knows, and wait until they are written.

        `lines` of the account are read twice, and only what is not known is kept of them: in a busy centre
        a week of it would be larger than the controller.
        """
        settled = self.clock() - settled_s
        seen = await asyncio.to_thread(lambda: cdr.ids_of(lines(), since, until))
        if waiting := self.writer.only_here:
            # They are in neither of both, and would be written a second time, from Asterisk's account.
            raise NotWritten(f"{waiting} records wait for the database")
        # The mirror first: what leaves it in the meantime is in the database when we look there.
        there = sorted(seen - held_by(self.kept()))
        unknown = set(there) - await asyncio.to_thread(self.store.known, there)
        unknown -= await asyncio.to_thread(self.store.deleted, unknown)
        if not unknown:
            return 0
        calls = await asyncio.to_thread(lambda: cdr.calls_of(lines(), unknown))
        meant = [call for call in calls.values() if since <= call.started_at < until]
        if not meant:
            return 0
        began = min(call.started_at for call in meant)
        parts = await asyncio.to_thread(
            consultations, self.store.engine, sorted(calls), datetime.fromtimestamp(began, UTC)
        )
        missing = [call for call in meant if call.call_id not in parts and call.ended_at <= settled]
        await self._write(missing)
        return len(missing)

    async def _write(self, missing: Sequence[cdr.CallSeen]) -> None:
        """Raises NotWritten where the database does not take them for long."""
        if not missing:
            return
        left, done = {call.call_id for call in missing}, asyncio.Event()

        def stored(call_id: str) -> None:
            left.discard(call_id)
            if not left:
                done.set()

        for call in missing:
            self._submit(call, stored)
        try:
            async with asyncio.timeout(WAIT_S):
                await done.wait()
        except TimeoutError:
            if self.writer.pending:  # else it has refused some of them, and said so
                raise NotWritten(f"{len(left)} calls wait to be written") from None
        log.info("calls that only Asterisk knew of are on record now", calls=len(missing))

    def _submit(self, call: cdr.CallSeen, stored: Callable[[str], None]) -> None:
        try:
            facts = facts_of(call, self.centre, self.find_customer)
            record = fold(call.call_id, facts, source_of_call(call))
        except Exception:  # a fault of ours with this one must not cost the others
            stored(call.call_id)
            log.exception("a call that only Asterisk knew of cannot be put on record", call=call.call_id)
        else:
            self.writer.submit(record, partial(stored, call.call_id), replace=False)

    def _read_place(self, place_file: Path) -> Place | None:
        """Of this database: another one may have less."""
        try:
            kept = json.loads(place_file.read_text(encoding="utf-8"))
            return Place.from_dict(kept["place"]) if kept["database"] == self._database else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _keep_place(self, place_file: Path, place: Place) -> None:
        fresh = place_file.with_suffix(".new")
        text = json.dumps({"database": self._database, "place": place.to_dict()})
        try:
            fresh.write_text(text + "\n", encoding="utf-8")
            os.replace(fresh, place_file)
        except OSError as error:  # the next start reads what has been read already
            log.warning("how far Asterisk's account was read cannot be kept", reason=str(error))

    @property
    def _database(self) -> str:
        return self.store.engine.url.render_as_string(hide_password=True)


def held_by(kept: Mapping[str, Mapping[str, Any]]) -> frozenset[str]:
    """The calls that the mirror of live state knows, and the consultations that are part of them."""
    held = set[str]()
    for key, value in kept.items():
        kind, _, name = key.partition(":")
        if kind == "call":
            held.add(name)
            held.update(_consultations(value.get("facts", ())))
        elif key.startswith(MERGED):
            held.add(name)
    return frozenset(held)


def _consultations(facts: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    return (str(fact["target"]) for fact in facts if fact.get("how") == "attended")
