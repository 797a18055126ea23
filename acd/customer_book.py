"""Who calls: what the controller asks when a call arrives, and what a call may wait for.

The directory is in the database, which may be slow or away, or in another program, which may be anything.
So each question has a limit. Where no answer comes in time, the customers' file says what it knows, which is
in memory; the agent's screen asks again when the phone rings. See docs/adr/0023-who-calls-has-a-limit.md.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.core.facts import Customer
from acd.customers.card import card_from
from acd.customers.file_sync import sync_file
from acd.customers.store import CustomerStore
from acd.errors import OperatorError, SettingsError
from acd.ivr.values import Value
from acd.lookups.breaker import Breaker
from acd.lookups.crm import Crm
from acd.lookups.http import HttpLookups
from acd.parts import find_customer
from acd.records.store import RecordStore
from acd.runtime.world import customer_values
from acd.settings.customer_file import CustomerRow, read_customers
from acd.settings.model import Centre

log = structlog.get_logger(__name__)

FLOW_WAIT_S = 2.0
"""A flow that asks lets the caller hear something meanwhile."""
THREADS = 4
MOST_WAITING = 64
"""With more questions open than that, the database cannot keep up: further ones would only wait, too."""
AWAY = (SQLAlchemyError, OperatorError, OSError)


class CustomerBook:
    """The directory of the moment, as calls and flows see it.

    `look_up` is the customers' file, in memory; `centre` says which directory there is.
    """

    def __init__(self, centre: Centre, store: RecordStore, http: HttpLookups) -> None:
        self._centre = centre
        self._store = store
        self._crm = Crm(http)
        self._breaker = Breaker()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="customers")
        self._waiting = 0
        self._syncing: asyncio.Task[None] | None = None
        self.look_up = find_customer(centre)

    def change(self, centre: Centre, look_up: Callable[[str], Customer | None]) -> None:
        """Another configuration holds."""
        self._centre = centre
        self.look_up = look_up
        self.take_up_file()

    def in_file(self, number: str) -> Customer | None:
        """Whose number this is, as the file says: at once."""
        return self.look_up(number)

    async def at_arrival(self, number: str) -> Customer | None:
        """Whose number this is, as far as a call that arrives can wait for it. Never raises."""
        return await self._find(number, self._centre.customers.arrival_wait_s)

    async def values(self, number: str) -> Mapping[str, Value] | None:
        """The same, as flows see customers."""
        customer = await self._find(number, FLOW_WAIT_S)
        return None if customer is None else customer_values(customer)

    async def _find(self, number: str, wait_s: float) -> Customer | None:
        if not number:
            return None
        directory = self._centre.customers.http
        if directory is None:
            return await self._in_database(number, wait_s)
        told = await self._crm.find(directory, number, wait_s)
        if told.card is None:
            return self.look_up(number)
        return card_from(told.card, self._centre.customers).as_customer()

    async def _in_database(self, number: str, wait_s: float) -> Customer | None:
        """What the file says where the database is slow, away, or knows nobody."""
        now = time.monotonic()
        if not self._store.is_open or self._waiting >= MOST_WAITING or not self._breaker.lets(now):
            return self.look_up(number)
        self._waiting += 1
        asked = asyncio.get_running_loop().run_in_executor(self._threads, self._ask, number)
        asked.add_done_callback(self._answered)
        done, _ = await asyncio.wait({asked}, timeout=wait_s)
        if not done:
            self._breaker.failed(time.monotonic())
            log.warning("the directory is slow: a caller counts as the file knows them", limit_s=wait_s)
            return self.look_up(number)
        if asked.exception() is not None:
            self._breaker.failed(time.monotonic())
            return self.look_up(number)
        self._breaker.went_well()
        return asked.result() or self.look_up(number)

    def _answered(self, asked: asyncio.Future[Customer | None]) -> None:
        self._waiting -= 1
        if not asked.cancelled() and (error := asked.exception()) is not None:
            log.warning("the directory cannot be asked", reason=type(error).__name__)

    def _ask(self, number: str) -> Customer | None:
        """In a thread. One customer is certain; of several, the one whose number it is in the file."""
        found = CustomerStore(self._store.engine, self._centre.customers).with_number(number)
        if len(found) == 1:
            return found[0].as_customer()
        owner = self.look_up(number)
        return next((c.as_customer() for c in found if owner is not None and c.id == owner.id), None)

    # --- the file ---------------------------------------------------------------------------------
    def take_up_file(self) -> None:
        """Bring the directory to what the customers' file says, in the background."""
        if self._syncing is not None:
            self._syncing.cancel()
        self._syncing = asyncio.create_task(self._take_up())

    async def _take_up(self) -> None:
        """Until it is done: the database may be away for hours."""
        while True:
            try:
                return await asyncio.to_thread(self._sync)
            except SettingsError as error:
                log.error("the customers' file cannot be taken up", reason=error.problems[0])
                return None
            except AWAY as error:
                log.warning("the customers' file waits for the database", reason=type(error).__name__)
            except Exception:
                log.exception("the customers' file cannot be taken up")
                return None
            await asyncio.sleep(60)

    def _sync(self) -> None:
        centre = self._centre
        if centre.customers_file is None:
            rows, digest = list[CustomerRow](), ""
        else:
            rows, document = read_customers(centre.customers_file, centre.system.country)
            faults = [problem for problem in document.problems if not problem.warning]
            if faults:  # it was sound when it became active: nobody counts as taken out of it
                raise SettingsError([str(fault) for fault in faults])
            digest = f"{document.digest} {centre.system.country}"
        synced = sync_file(self._store.engine, rows, digest)
        if synced is not None:
            log.info(
                "the customers' file is in the directory",
                added=synced.added,
                changed=synced.changed,
                removed=synced.removed,
                kept=synced.kept,
            )

    async def close(self) -> None:
        """No more questions."""
        if self._syncing is not None:
            self._syncing.cancel()
            await asyncio.gather(self._syncing, return_exceptions=True)
        await self._crm.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
