"""What handlers work with. The web process makes one of these at its start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from acd.records.store import RecordStore
from acd.settings.environment import Environment
from acd.web.asker import Asker
from acd.web.customer_desk import CustomerDesk

if TYPE_CHECKING:
    from acd.web.context import Context

THREADS_MAX = 8
"""So many requests use the database at the same time; the others wait for their turn."""


@dataclass(slots=True)
class Services:
    """What is the same for all requests.

    `store` is the database, with everything in it: `store.engine` for other tables than those of records.
    `customers` keeps what customers.yml says. `identify` tells who sends a request, `audit` keeps that a
    changing request was granted.
    """

    environment: Environment
    store: RecordStore
    identify: Callable[[web.Request], Awaitable[Asker]]
    audit: Callable[[Context[Any, Any], str], None]
    customers: CustomerDesk = field(default_factory=CustomerDesk)
    threads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(THREADS_MAX))
