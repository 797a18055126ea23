"""Keeps the lead while the loop is busy: in a large centre taking up calls and agents takes seconds.

Nothing else runs in the loop then, so the lease would run out, the process end as one that no longer leads,
and its successor do the same. See docs/adr/0062-a-thread-renews-while-a-leader-starts.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import structlog

from acd import election
from acd.election import Election
from acd.gate import Gate
from acd.state.lease import Lease

log = structlog.get_logger(__name__)

LONGEST_S = 30.0
"""A start that takes longer hangs, at a disk maybe: the process ends, for another controller is to lead."""


class SecondKeeper:
    """Renews as `Election.keep` does, from a thread with a loop of its own, for `limit_s` at most.

    `lease` is another connection to the same one. It begins after RENEW_EVERY_S: a start that is quick has
    the interpreter for itself. Where another controller leads, or the time is over, the thread ends the
    process by the gate, whatever that is doing: the loop's own keeper would renew for ever where the start
    waits for a disk.
    """

    def __init__(self, election: Election, lease: Lease, gate: Gate, limit_s: float = LONGEST_S) -> None:
        self._election = election
        self._lease = lease
        self._gate = gate
        self._limit_s = limit_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._over = threading.Event()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """As long as this lasts. The process's own keeper renews as well whenever it can."""
        threading.Thread(target=self._run, name="second-keeper", daemon=True).start()
        try:
            yield
        finally:
            self._over.set()
            if self._loop is not None and self._task is not None:
                with contextlib.suppress(RuntimeError):  # it has ended
                    self._loop.call_soon_threadsafe(self._task.cancel)

    def _run(self) -> None:
        if self._over.wait(election.RENEW_EVERY_S):
            return
        try:
            asyncio.run(self._keep())
        except Exception:  # the loop's own keeper goes on
            log.exception("the lease is not kept by a second one")

    async def _keep(self) -> None:
        self._task = asyncio.create_task(self._election.keep(self._lease))
        self._loop = asyncio.get_running_loop()
        if self._over.is_set():
            self._task.cancel()
        try:
            _, pending = await asyncio.wait({self._task}, timeout=self._limit_s)
            if pending:
                self._task.cancel()
                await asyncio.wait(pending)
                if not self._over.is_set():
                    self._gate.shut(f"taking over has not come to an end in {self._limit_s:g} s")
            if not self._task.cancelled():
                self._task.result()
        finally:
            self._lease.close()
