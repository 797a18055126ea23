"""The routes of the API, gathered. A new module's list is added here; how to write one: `acd.web.route`."""

from __future__ import annotations

from acd.web.api import calls_now, session, supervising, webhooks, wrap_up
from acd.web.route import Route

ROUTES: list[Route] = [
    *session.ROUTES,
    *calls_now.ROUTES,
    *wrap_up.ROUTES,
    *supervising.ROUTES,
    *webhooks.ROUTES,
]
