"""Writes records to the store without making anybody wait.

Whoever submits an item keeps a durable copy until `on_stored` is called. So when the database is
away the writer keeps its batch and tries again, and when it is stopped meanwhile nothing is lost. When more
than MOST_IN_MEMORY wait, calls and agent states go to the spool on disk, which is a durable copy, too.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace

import structlog

from acd.core.callback_facts import CallbackNote
from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval, CallbackOrder
from acd.records.connecting import is_outage
from acd.records.mending import mended
from acd.records.record import CallRecord
from acd.records.sink import Item, Sink, name_of
from acd.records.spool import Spool

log = structlog.get_logger(__name__)

GATHER_ON, GATHERINGS_MAX = 10, 4
MOST_IN_MEMORY = 5_000
"""About 50 MB of calls."""
SAY_AGAIN_S = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    item: Item
    on_stored: Callable[[], None]
    replace: bool
    is_spooled: bool = False


class RecordWriter:
    """One writing task over one store. `start` it in a running loop; `close` it at the end.

    `gather_s`: how long it waits after the first item for more, to write them together, and goes on
    waiting, three times at most, while at least GATHER_ON come in that time. One large
    writing takes far less of the process's time than many small ones. The calls of `on_stored` for such a
    writing are made within `together`.
    """

    def __init__(
        self,
        store: Sink,
        *,
        gather_s: float = 0.0,
        batch_max: int = 200,
        retry_first_s: float = 0.5,
        retry_max_s: float = 30.0,
        together: Callable[[], AbstractContextManager[None]] = nullcontext,
        spool: Spool | None = None,
    ) -> None:
        self._spool = spool
        self._away_since = self._said_at = 0.0
        self._together = together
        self._gather_s = gather_s
        self._store = store
        self._batch_max = batch_max
        self._retry_first_s = retry_first_s
        self._retry_max_s = retry_max_s
        self._queue: deque[_Entry] = deque()
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = asyncio.Event()
        self._away = self._to_look = False
        self._task: asyncio.Task[None] | None = None
        self._unsynced: list[_Entry] = []
        self._syncing: asyncio.Task[None] | None = None

    @property
    def pending(self) -> int:
        """How many items are not in the database yet."""
        return len(self._queue) + self.on_disk

    @property
    def on_disk(self) -> int:
        """How many of them wait in the spool."""
        return self._spool.waiting if self._spool is not None else 0

    @property
    def only_here(self) -> int:
        """How many items neither the database nor the live state has: those of the spool, read or not."""
        return self.on_disk + sum(entry.is_spooled for entry in self._queue)

    @property
    def away_s(self) -> float:
        """For how long the database has been away; 0: it is there."""
        return time.monotonic() - self._away_since if self._away else 0.0

    @property
    def away(self) -> bool:
        """Whether the database failed at the last attempt."""
        return self._away

    def start(self) -> None:
        """Begin writing."""
        if self._task is None:
            if self._spool is not None:
                self._spool.open()
                if self.on_disk:
                    log.warning("records of an earlier run wait for the database", pending=self.on_disk)
                    self.look_on_disk()
            self._task = asyncio.create_task(self._run(), name="record-writer")

    def look_on_disk(self) -> None:
        """The spool has more than what was submitted here."""
        self._idle.clear()
        self._work.set()

    def submit(self, item: Item, on_stored: Callable[[], None], *, replace: bool = True) -> None:
        """Have the item written; `on_stored` is called in the loop once it is safe in the database.

        Without `replace`, a call that is on record by then stays as it is.

        Items are written in the order of submission. One that the database refuses for its texts is
        stored with those mended; one that it refuses all the same is logged and set aside: its `on_stored`
        is never called.
        """
        entry = _Entry(item, on_stored, replace)
        if self._to_spool(entry):
            self._unsynced.append(entry)
            if self._syncing is None:
                self._syncing = asyncio.create_task(self._sync(), name="spool-to-disk")
        else:
            self._queue.append(entry)
        self._idle.clear()
        self._work.set()

    def look(self) -> None:
        """Try the database, also where nothing waits for it, until it answers: `away` tells of it."""
        self._to_look = True
        self._idle.clear()
        self._work.set()

    def _to_spool(self, entry: _Entry) -> bool:
        """Whether it waits on disk. What people do, and callbacks, wait in memory: they are few."""
        if self._spool is None or not self._away or len(self._queue) < MOST_IN_MEMORY:
            return False
        item = entry.item
        return isinstance(item, CallRecord | AgentInterval) and self._spool.add(item, replace=entry.replace)

    async def _sync(self) -> None:
        """Tell of what waits in the spool, when a power cut would leave it there: many in one go."""
        try:
            while self._unsynced and self._spool is not None:
                entries, self._unsynced = self._unsynced, []
                await asyncio.to_thread(self._spool.sync, self._spool.to_sync())
                for entry in entries:
                    self._tell_stored(entry)
        except OSError as error:  # they stay in the live state, too, and are told again after a restart
            log.error("what waits for the database may not be safe on disk", reason=str(error))
        finally:
            self._syncing = None

    async def drain(self) -> None:
        """Wait until all that was submitted is stored, however long the database is away."""
        await self._idle.wait()

    async def close(self) -> None:
        """Try once more to write what is left, then stop. Closing twice is harmless."""
        self._closing.set()
        self._work.set()
        try:
            if self._task is not None:
                await self._task
            if self._syncing is not None:
                await self._syncing
        finally:
            if self._spool is not None:
                self._spool.close()

    async def _run(self) -> None:
        pause_s = self._retry_first_s
        while True:
            await self._work.wait()
            await self._gather()
            if await self._has_written():
                pause_s = self._retry_first_s
            elif not self._closing.is_set():
                await self._wait_for_closing(pause_s)
                pause_s = min(pause_s * 2, self._retry_max_s)
                continue
            if self._closing.is_set():
                return

    async def _has_written(self) -> bool:
        """All that there was; a fault of ours costs a pause, not all records from then on."""
        try:
            return await self._write_all()
        except Exception:
            log.exception("records cannot be written, it is tried again")
            return False

    async def _gather(self) -> None:
        """A busy centre has its records written in fewer pieces; a quiet one need not wait for them."""
        for count in range(1, GATHERINGS_MAX + 1):
            if not self._gather_s or self._closing.is_set():
                return
            await self._wait_for_closing(self._gather_s)
            if not GATHER_ON * count <= len(self._queue) < self._batch_max:
                return

    async def _wait_for_closing(self, limit_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._closing.wait()

    async def _write_all(self) -> bool:
        """Write until nothing is left; False when the database is away."""
        if self._to_look and not await self._has_looked():
            return False
        while self._queue or await self._take_spooled():
            batch = [self._queue[i] for i in range(min(self._batch_max, len(self._queue)))]
            try:
                await self._write(batch)
            except Exception as error:
                if is_outage(error):
                    self._note_away(error)
                    return False
                if not await self._write_singly(batch):
                    return False
                continue
            self._note_stored(batch)
        if self._spool is not None and self._spool.offer_again():
            return False
        self._work.clear()
        self._idle.set()
        return True

    async def _has_looked(self) -> bool:
        """Whether the database is there."""
        try:
            await asyncio.to_thread(self._store.look)
        except Exception as error:
            if is_outage(error):
                self._note_away(error)
                return False
            log.exception("the database cannot be looked at")
        self._to_look = False
        self._note_stored(())
        return True

    async def _take_spooled(self) -> bool:
        """Put the oldest file of the spool into the queue; when all that is in it is stored it is deleted."""
        if self._spool is None or self._closing.is_set() or (path := self._spool.take()) is None:
            return False
        try:
            found = await asyncio.to_thread(self._spool.read, path)
        except OSError as error:  # too many open files, a disk: the others are read first
            log.error("a file of the spool cannot be read now", file=str(path), reason=str(error))
            self._spool.put_off(path)
            return await self._take_spooled()
        left = len(found)

        def stored() -> None:
            nonlocal left
            left -= 1
            if left == 0 and self._spool is not None:
                self._spool.done(path)

        if not found:
            self._spool.done(path)
        self._queue.extend(_Entry(each.item, stored, each.replace, is_spooled=True) for each in found)
        return bool(self._queue) or await self._take_spooled()

    async def _write_singly(self, batch: Sequence[_Entry]) -> bool:
        """The batch holds something that the database refuses: find it, and store the rest."""
        for entry in batch:
            try:
                await self._write([entry])
            except Exception as error:
                if is_outage(error):
                    self._note_away(error)
                    return False
                stored = await self._write_mended(entry)
                if stored is None:
                    return False
                if not stored:
                    log.error(
                        "record set aside: it cannot be stored", item=name_of(entry.item), exc_info=error
                    )
                    self._queue.popleft()
                    continue
            self._note_stored([entry])
        return True

    async def _write_mended(self, entry: _Entry) -> bool | None:
        """Whether it was taken with other texts; None: the database is away."""
        for item in mended(entry.item):
            try:
                await self._write([replace(entry, item=item)])
            except Exception as error:
                if is_outage(error):
                    self._note_away(error)
                    return None
                continue
            log.warning("a record is stored with its texts mended", item=name_of(item))
            return True
        return False

    async def _write(self, batch: Sequence[_Entry]) -> None:
        calls = [e.item for e in batch if isinstance(e.item, CallRecord) and e.replace]
        new_calls = [e.item for e in batch if isinstance(e.item, CallRecord) and not e.replace]
        intervals = [entry.item for entry in batch if isinstance(entry.item, AgentInterval)]
        callbacks = [entry.item for entry in batch if isinstance(entry.item, CallbackOrder)]
        if calls:
            await asyncio.to_thread(self._store.save_calls, calls)
        if new_calls:
            await asyncio.to_thread(self._store.add_calls, new_calls)
        if intervals:
            await asyncio.to_thread(self._store.save_intervals, intervals)
        if callbacks:
            await asyncio.to_thread(self._store.add_callbacks, callbacks)
        notes = [entry.item for entry in batch if isinstance(entry.item, CallbackNote)]
        if notes:
            await asyncio.to_thread(self._store.note_callbacks, notes)
        told = [entry.item for entry in batch if isinstance(entry.item, Disposition)]
        if told:
            await asyncio.to_thread(self._store.save_dispositions, told)

    def _note_stored(self, batch: Sequence[_Entry]) -> None:
        if self._away:
            log.info("the database takes records again", pending=self.pending, away_s=round(self.away_s))
            self._away = False
        with self._together():
            for entry in batch:
                self._queue.popleft()
                self._tell_stored(entry)

    def _tell_stored(self, entry: _Entry) -> None:
        try:
            entry.on_stored()
        except Exception:
            # The listener's fault must not stop the writing of other records.
            log.exception("on_stored failed", item=name_of(entry.item))

    def _note_away(self, error: Exception) -> None:
        now = time.monotonic()
        if not self._away:
            self._away, self._away_since = True, now
        elif now - self._said_at < SAY_AGAIN_S:
            return
        self._said_at = now
        reason = str(getattr(error, "orig", None) or error)
        log.error(
            "the database takes no records, they wait and calls go on",
            reason=reason,
            pending=self.pending,
            on_disk=self.on_disk,
            away_s=round(self.away_s),
        )
