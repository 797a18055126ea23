"""The controller's life: what is opened, restored and kept running, and closed in order."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import Any

import structlog
from aiohttp import web

from acd.assembly import Assembly
from acd.catch_up import CatchUp
from acd.core import events
from acd.errors import OperatorError
from acd.guarding import asterisk_peers
from acd.leading import Leading
from acd.parts import all_prompts
from acd.records.opening import Opening
from acd.records.store import RecordsAway
from acd.runtime import memory
from acd.runtime.reload import Start
from acd.settings.environment import Environment, numeric_address
from acd.settings.secrets import Secrets
from acd.web.health import start_health_page

FLUSH_LIMIT_S = 1.0
END_LIMIT_S = 1.0
"""A disk that hangs must not hold callers up while nobody decides."""
LAST_WORD_S = 1.0
FAULT_CODE = 70  # EX_SOFTWARE of sysexits.h

log = structlog.get_logger(__name__)


class Controller:
    """One running controller."""

    def __init__(
        self, begun: Start, environment: Environment, secrets: Secrets, leading: Leading | None = None
    ) -> None:
        self._parts = Assembly(begun, environment, secrets, leading)
        self._leading = leading
        self._health: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._recovery: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[list[str]] | None = None
        self.floor_known = asyncio.Event()

    async def start(self) -> None:
        """Open everything. Raises OperatorError when a port or a file cannot be had."""
        parts = self._parts
        parts.prompts.prepare(all_prompts(parts.now.now, parts.versions.active))
        parts.shell.feed(events.DispatchSuspended())  # until the floor is known
        if self._leading is None:
            await parts.mirror.open()
        else:
            await parts.mirror.open(self._leading.others_live, self._leading.fence)
        await self._open_store()
        parts.writer.start()
        await parts.left_spools.soon()  # before anybody asks what is not on record
        if parts.traces is not None:
            parts.traces.start()
        parts.shell.attach(parts.switch)
        parts.nodes.attach(parts.switch)
        parts.nodes.on_known = self._floor_is_known
        parts.shell.on_frozen = parts.nodes.frozen
        parts.nodes.restore(parts.mirror.load())
        parts.announcements.restore(parts.mirror.load())
        parts.paces.restore(parts.mirror.load())
        parts.abandoned.restore(parts.mirror.load())
        open_wishes, tasks = await parts.callbacks_on_record.at_start()
        parts.callbacks.restore(parts.mirror.load(), open_wishes)
        parts.reception.walker.restore(parts.mirror.load())
        parts.merges.restore(parts.mirror.load())
        parts.steering.restore()
        await self._take_up_versions()
        parts.callback_line.restore(parts.mirror.load())
        parts.desktop.restore()
        parts.callback_line.tell_hours()
        await asyncio.to_thread(parts.queue_log.restore, dict(parts.mirror.load()))
        parts.guarding.restore(parts.mirror.load())
        parts.shell.restore()
        parts.nodes.took_up()
        parts.guarding.calls_are_known()
        parts.steering.take_up()
        parts.days.tell()
        parts.hours.restore()
        parts.hours.tell()
        if tasks is not None:
            parts.callbacks_on_record.reconcile(tasks, parts.callback_line.known())
        parts.callbacks.place_again()
        parts.reception.walker.take_up()
        if self._leading is None:
            await parts.control.start()
        parts.control.serve(parts.handlers, parts.desktop.streams())
        await self._listen()
        for work in (
            *parts.nodes.running(),
            *(() if parts.front is None else parts.front.running()),
            *(at_work.keep() for at_work in parts.at_work),
            parts.shell.tick(),
            parts.mirror.run(),
            parts.left_spools.run(),
            parts.trunks.run(),
            parts.days.run(),
            parts.hours.run(),
            parts.callback_line.run(),
            parts.journal.run(),
            parts.guarding.guard.run(),
            parts.reconciler.keep(self.floor_known),
            parts.metrics.watch_the_loop(),
            *parts.desktop.running(),
        ):
            self._tasks.append(asyncio.create_task(work))
        parts.customers.take_up_file()
        catch_up = CatchUp(
            parts.now,
            parts.store,
            parts.reconciler,
            self._catch_up_with_callbacks,
            parts.last_agents,
        )
        self._recovery = asyncio.create_task(
            catch_up.run(self.floor_known, callbacks_known=tasks is not None)
        )
        self._recovery.add_done_callback(_log_failure)
        if parts.versions.is_kept:
            parts.version_files.begin_run()
        else:  # after a sudden end the last version on disk would be an older one
            parts.version_files.end_run()

    async def _open_store(self) -> None:
        """Or have it opened beside the rest: records wait in the live state until they can be stored."""
        try:
            if not await Opening(self._parts.store).soon():
                log.info("the database of records is not open yet, calls are routed all the same")
        except RecordsAway as error:
            log.error("the database of records is away, calls are routed all the same", reason=str(error))

    async def _catch_up_with_callbacks(self) -> None:
        await self._parts.flow_desk.refresh_callbacks()
        await self._parts.callbacks_on_record.catch_up()

    async def _take_up_versions(self) -> None:
        """Read what calls from before a restart are in before they ask for it; the voice may have changed."""
        for version in self._parts.calls_by_version():
            flows = await asyncio.to_thread(self._parts.versions.get, version)
            if flows is None:
                continue
            try:
                await asyncio.to_thread(self._parts.prompts.prepare, all_prompts(self._parts.now.now, flows))
            except OperatorError as error:
                log.error("prompts of an older version cannot be spoken", version=version, reason=str(error))

    async def _listen(self) -> None:
        env = self._parts.environment
        agi_address, self._parts.agi.peers = await asyncio.gather(
            asyncio.to_thread(numeric_address, env.controller_host), asyncio.to_thread(asterisk_peers, env)
        )
        self._parts.guarding.peers = self._parts.agi.peers
        for name, address, port, start in (
            ("ACD_AGI_PORT", agi_address, env.agi_port, self._parts.agi.start),
            ("ACD_HEALTH_PORT", env.http_address, env.health_port, self._start_health),
        ):
            try:
                await start(address, port)
            except OSError as error:
                raise OperatorError(
                    f"port {port} on {address} cannot be used ({error.strerror}); set {name}"
                ) from error

    async def _start_health(self, host: str, port: int) -> None:
        if self._leading is not None:
            self._leading.show(self._parts.answers.health, self._parts.metrics.page)
            return
        self._health = await start_health_page(
            host, port, self._parts.answers.health, self._parts.metrics.page
        )

    async def let_go(self) -> None:
        """See `HandingOver`."""
        self._parts.shell.feed(events.DispatchSuspended())
        await self._parts.mirror.flush(FLUSH_LIMIT_S)
        self._parts.shell.resign()
        self._parts.agi.close()  # callers ask again, and find the next leader

    async def end(self) -> None:
        """See `HandingOver`."""
        closing = [
            asyncio.create_task(asyncio.to_thread(close))
            for close in (self._parts.queue_log.close, self._parts.journal.close)
        ]
        await asyncio.wait(closing, timeout=END_LIMIT_S)

    async def stop(self) -> None:
        """Close everything in order; callers stay with Asterisk."""
        parts = self._parts
        # What Asterisk's own queues go by is told if that is quick; the goodbye does not wait for it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD_S):
                await asyncio.gather(*(at_work.tell_if_there() for at_work in parts.at_work))
        await parts.nodes.say_goodbye()
        running = [
            *self._tasks,
            *(task for task in (self._recovery, self._reading) if task is not None),
        ]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await parts.nodes.stop()
        await parts.switch.stop()
        await parts.steering.stop()
        await parts.agi.stop()
        await parts.customers.close()
        await parts.lookups.close()
        parts.desktop.presence.close()
        await parts.control.stop()
        if self._health is not None:
            await self._health.cleanup()
        parts.shell.close()
        await asyncio.to_thread(parts.journal.close)
        await asyncio.to_thread(parts.queue_log.close)
        await parts.writer.close()
        parts.store.close()
        if parts.traces is not None:
            await asyncio.to_thread(parts.traces.close)
        await parts.mirror.close()
        parts.version_files.end_run()

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Until SIGTERM or SIGINT, or until a task that must not end ends. `stop`: set where one came before.

        Where another controller takes over then, the process ends with `run`: nothing is stopped in order.
        """
        with contextlib.nullcontext() if self._leading is None else self._leading.kept():
            with memory.without_collection():
                await self.start()
            memory.settle()
        stop = stop or asyncio.Event()
        code = FAULT_CODE
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        waiting = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([waiting, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            code = 0
        except Exception:
            log.critical("a task of the controller has failed, so it ends", exc_info=True)
            raise
        finally:
            waiting.cancel()
            if self._leading is None or not await self._leading.hand_over(self, code):
                await self.stop()

    def _floor_is_known(self) -> None:
        self.floor_known.set()
        self._parts.reconciler.soon()
        self._parts.steering.floor_is_known()
        for at_work in self._parts.at_work:
            at_work.anew()
        self._reading = asyncio.create_task(self._parts.asterisk.catch_up())
        self._reading.add_done_callback(_log_failure)


def _log_failure(task: asyncio.Task[Any]) -> None:
    """Of a task that nobody waits for."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a task has failed", exc_info=error)
