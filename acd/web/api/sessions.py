"""`/api/sessions`: where one is signed in, and signing out there."""

from __future__ import annotations

from datetime import datetime

from acd.accounts.sessions import SessionListed
from acd.web.asker import Role
from acd.web.context import Context
from acd.web.refusal import not_found
from acd.web.route import Route
from acd.web.values import Answer


class OpenSession(Answer):
    """`this`: the one that asks. `browser` is what it calls itself."""

    id: str
    this: bool
    created_at: datetime
    seen_at: datetime
    address: str
    browser: str


async def every(ctx: Context[None, None]) -> list[OpenSession]:
    """One's own, the last used first."""
    found = await ctx.sql(lambda: ctx.services.sessions.every(ctx.asker.name))
    return [_shown(session, ctx.asker.session) for session in found]


async def end_others(ctx: Context[None, None]) -> None:
    """All but the one that asks end at once."""
    others = [one for one in await _mine(ctx) if one.key_hash != ctx.asker.session]
    await ctx.sql(lambda: ctx.services.sessions.end_others(ctx.asker.name, ctx.asker.session))
    for one in others:
        ctx.services.open_sockets.end(one.key_hash)
    ctx.note(ctx.asker.name, ended=len(others))


async def end(ctx: Context[None, None]) -> None:
    """One of one's own ends."""
    found = next((one for one in await _mine(ctx) if one.id == ctx.path["id"]), None)
    if found is None:
        raise not_found("session", ctx.path["id"])
    await ctx.sql(lambda: ctx.services.sessions.end(found.key_hash))
    ctx.services.open_sockets.end(found.key_hash)
    ctx.note(ctx.asker.name, address=found.address)


async def _mine(ctx: Context[None, None]) -> list[SessionListed]:
    return await ctx.sql(lambda: ctx.services.sessions.every(ctx.asker.name))


def _shown(session: SessionListed, mine: str | None) -> OpenSession:
    return OpenSession(
        id=session.id,
        this=session.key_hash == mine,
        created_at=session.created_at,
        seen_at=session.seen_at,
        address=session.address,
        browser=session.browser,
    )


ROUTES = [
    Route("GET", "/api/sessions", "Where one is signed in", every, Role.AGENT, answer=list[OpenSession]),
    Route("DELETE", "/api/sessions", "Sign out everywhere else", end_others, Role.AGENT,
          audit="signed-out-elsewhere"),
    Route("DELETE", "/api/sessions/{id}", "Sign out in one place", end, Role.AGENT,
          audit="signed-out-elsewhere"),
]  # fmt: skip
