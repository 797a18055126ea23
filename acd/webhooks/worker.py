"""Delivers what waits in the queue, and fills it, in the one web process that has the lease."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from acd.errors import OperatorError
from acd.runtime.leader import Leader
from acd.webhooks.follow import Follower
from acd.webhooks.lease import Lease
from acd.webhooks.queue import Delivery, DeliveryQueue, Outcome
from acd.webhooks.sender import Sender
from acd.webhooks.store import Webhook, Webhooks

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 0.5
IDLE_LOOK_EVERY_S = 3.0
RENEW_EVERY_S = 5.0
SWEEP_EVERY_S = 600.0
AGAIN_AFTER_S = 2.0
AT_ONCE = 8
"""So many deliveries of one webhook at a time; one, while it fails."""


class WebhookWorker:
    """`engine` gives the database's, or raises where that is away; `allow_private` as the centre says now."""

    def __init__(
        self, leader: Leader, engine: Callable[[], Engine], allow_private: Callable[[], Awaitable[bool]]
    ) -> None:
        self._leader = leader
        self._engine = engine
        self._allow_private = allow_private
        self._holder = Lease.new_holder()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            pause_s = IDLE_LOOK_EVERY_S
            try:
                engine = await asyncio.to_thread(self._engine)
                lease = Lease(engine, self._holder)
                if await asyncio.to_thread(_is_mine, engine, lease):
                    await self._work(engine, lease)
            except (SQLAlchemyError, OperatorError) as error:
                log.warning("webhooks wait for the database", reason=type(error).__name__)
                pause_s = AGAIN_AFTER_S
            except Exception:  # a fault of ours: no reason to end everybody's page
                log.exception("webhooks have failed and begin again")
                pause_s = AGAIN_AFTER_S
            await asyncio.sleep(pause_s)

    async def _work(self, engine: Engine, lease: Lease) -> None:
        """While this process has the lease, and there is a webhook in use."""
        tasks = [
            asyncio.create_task(self._hold(engine, lease)),
            asyncio.create_task(self._follow(engine, lease)),
            asyncio.create_task(self._deliver(engine)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(SQLAlchemyError):
                await asyncio.to_thread(lease.give)

    async def _hold(self, engine: Engine, lease: Lease) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            if not await asyncio.to_thread(_is_mine, engine, lease):
                return

    async def _follow(self, engine: Engine, lease: Lease) -> None:
        follower = Follower(self._leader, engine, lease)
        is_told = False
        while True:
            try:
                await follower.follow()
            except (OSError, ValueError, TimeoutError, OperatorError) as error:
                if not is_told:
                    log.warning("webhooks hear no facts from the controller", reason=str(error))
                    is_told = True
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _deliver(self, engine: Engine) -> None:
        """Webhooks do not wait for each other."""
        loop, swept_at = asyncio.get_running_loop(), -SWEEP_EVERY_S
        running: dict[str, asyncio.Task[None]] = {}
        allowed = await self._allow_private()
        try:
            async with Sender(allow_private=allowed) as sender:
                while await self._allow_private() is allowed:
                    if loop.time() - swept_at > SWEEP_EVERY_S:
                        await asyncio.to_thread(DeliveryQueue(engine).sweep)
                        swept_at = loop.time()
                    for webhook in await asyncio.to_thread(_in_use, engine):
                        task = running.get(webhook.id)
                        if task is None or task.done():
                            if task is not None:
                                task.result()
                            running[webhook.id] = asyncio.create_task(_deliver_due(engine, sender, webhook))
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for task in running.values():
                task.cancel()
            await asyncio.gather(*running.values(), return_exceptions=True)


def _in_use(engine: Engine) -> list[Webhook]:
    return Webhooks(engine).every(enabled=True)


def _is_mine(engine: Engine, lease: Lease) -> bool:
    """Whether there is something to do, and this process is to do it."""
    return bool(_in_use(engine)) and lease.take()


async def _deliver_due(engine: Engine, sender: Sender, webhook: Webhook) -> None:
    while await deliver(engine, sender, webhook) == AT_ONCE:
        pass


async def deliver(engine: Engine, sender: Sender, webhook: Webhook) -> int:
    """Try what is due of one webhook; how many have arrived. Raises SQLAlchemy's errors."""
    queue = DeliveryQueue(engine)
    most = AT_ONCE if webhook.failing_since is None else 1
    due = await asyncio.to_thread(queue.due, webhook.id, most)
    secret = await asyncio.to_thread(Webhooks(engine).secret, webhook.id) if due else None
    if secret is None:
        return 0

    async def one(delivery: Delivery) -> tuple[Delivery, Outcome]:
        body = delivery.body
        return delivery, await sender.send(webhook.url, secret, delivery.event, delivery.event_id, body)

    tries = await asyncio.gather(*(one(delivery) for delivery in due))
    why = await asyncio.to_thread(queue.tried, webhook, tries)
    if why is not None:
        log.error("a webhook was switched off", webhook=webhook.id, reason=why)
    return sum(outcome.is_good for _, outcome in tries)
