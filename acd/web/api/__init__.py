"""The routes of the API, gathered. A new module's list is added here; how to write one: `acd.web.route`."""

from __future__ import annotations

from acd.web.api import customers, inbox, pop
from acd.web.route import Route

ROUTES: list[Route] = [
    *customers.ROUTES,
    *inbox.ROUTES,
    *pop.ROUTES,
]
