"""Opens the store of records beside everything else: nobody waits for a database that does not answer."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

from acd.records.store import RecordStore

SOON_S = 0.3
"""A database that is well is open by then; calls do not wait any longer for one that is not."""


class Opening:
    """Of one store; an attempt that takes long goes on in a thread of its own, which nothing waits for."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._attempt: asyncio.Future[None] | None = None

    async def soon(self, within_s: float = SOON_S) -> bool:
        """Whether the store is open, after so long at most. What uses it meanwhile waits for it.

        Raises what `RecordStore.open` raises, also of an attempt that began at an earlier call.
        """
        await asyncio.to_thread(self._store.want)
        if self._store.is_open:
            return True
        attempt = self._attempt = self._attempt or self._begin()
        done, _ = await asyncio.wait({attempt}, timeout=within_s)
        if not done:
            return False
        if self._attempt is attempt:
            self._attempt = None
        attempt.result()
        return True

    def _begin(self) -> asyncio.Future[None]:
        """Not in one of the loop's threads: they are few, and this may hold one for 20 s."""
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = loop.create_future()
        opened.add_done_callback(_is_known)

        def tell(error: Exception | None) -> None:
            if opened.cancelled():
                return
            if error is None:
                opened.set_result(None)
            else:
                opened.set_exception(error)

        def work() -> None:
            error: Exception | None = None
            try:
                self._store.open()
            except Exception as fault:
                error = fault
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(tell, error)

        threading.Thread(target=work, name="records-opening", daemon=True).start()
        return opened


def _is_known(opened: asyncio.Future[None]) -> None:
    """One that nobody asks for any more is no fault of ours."""
    if not opened.cancelled():
        opened.exception()
