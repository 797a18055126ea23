"""The routes of the API, gathered. A new module's list is added here; how to write one: `acd.web.route`."""

from __future__ import annotations

from acd.web.api import (
    accounts,
    announcements,
    audit,
    calls,
    calls_now,
    config,
    customers,
    inbox,
    intervals,
    me,
    pop,
    recordings,
    reports,
    saved_reports,
    second_factor,
    session,
    sessions,
    supervising,
    teams,
    tokens,
    webhooks,
    wrap_up,
)
from acd.web.route import Route

ROUTES: list[Route] = [
    *session.ROUTES,
    *sessions.ROUTES,
    *second_factor.ROUTES,
    *me.ROUTES,
    *calls.ROUTES,
    *recordings.ROUTES,
    *intervals.ROUTES,
    *reports.ROUTES,
    *saved_reports.ROUTES,
    *announcements.ROUTES,
    *audit.ROUTES,
    *teams.ROUTES,
    *config.ROUTES,
    *accounts.ROUTES,
    *tokens.ROUTES,
    *calls_now.ROUTES,
    *wrap_up.ROUTES,
    *supervising.ROUTES,
    *webhooks.ROUTES,
    *customers.ROUTES,
    *inbox.ROUTES,
    *pop.ROUTES,
]
