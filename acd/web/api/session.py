"""`/api/session`: signing in and out, who one is, one's password, language and theme."""

from __future__ import annotations

import asyncio
import math
from typing import Annotated, Any, Literal

from aiohttp import hdrs, web
from pydantic import Field, TypeAdapter

from acd.accounts.passwords import check_password
from acd.accounts.store import Account
from acd.web.asker import Asker, Role
from acd.web.context import Context
from acd.web.identity import COOKIE
from acd.web.refusal import Refusal
from acd.web.route import JSON, NOT_AUDITED, Route
from acd.web.serving import written
from acd.web.values import Answer, Input, Line

Password = Annotated[str, Field(min_length=1, max_length=200)]
Language = Literal["en", "zh-CN"]
Theme = Literal["light", "dark", "system"]


class Credentials(Input):
    """What one signs in with."""

    username: Annotated[Line, Field(min_length=1, max_length=64)]
    password: Password


class NewPassword(Input):
    """The password so far, and the one from now on."""

    old: Password
    new: Password


class Preferences(Input):
    """What is left out stays as it is."""

    language: Language | None = None
    theme: Theme | None = None


class SessionShown(Answer):
    """Who has signed in; `agent` is whom the desktop is for, `name` that agent's, or the account's."""

    username: str
    role: Literal["agent", "supervisor", "admin"]
    agent: str | None
    name: str
    language: Language
    theme: Theme
    must_change_password: bool


_SHOWN = TypeAdapter(SessionShown)


async def sign_in(ctx: Context[None, Credentials]) -> web.Response:
    """A new session, as a cookie."""
    username = ctx.body.username.casefold()
    account = await _checked(ctx, username, ctx.body.password)
    if account is None or account.disabled:
        ctx.note(username)
        ctx.services.audit(ctx, "sign-in-failed")
        raise Refusal(401, "wrong-credentials", "the user name or the password is wrong")
    browser = ctx.request.headers.get(hdrs.USER_AGENT, "")
    key, _ = await ctx.sql(lambda: ctx.services.sessions.begin(username, ctx.asker.address, browser))
    ctx.asker = Asker(username, Role(account.role), ctx.asker.address, account.agent)
    response = web.Response(body=written(_SHOWN, await _shown(ctx, account)), content_type=JSON)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    # The browser says itself whether it came over TLS; a proxy may have ended that before us.
    over_tls = ctx.request.secure or ctx.request.headers.get(hdrs.ORIGIN, "").startswith("https:")
    response.set_cookie(COOKIE, key, httponly=True, samesite="Strict", secure=over_tls, path="/")
    return response


async def who_am_i(ctx: Context[None, None]) -> SessionShown:
    """Of the cookie that was sent."""
    return await _shown(ctx, await _mine(ctx))


async def sign_out(ctx: Context[None, None]) -> web.Response:
    """End the session, and its desktops."""
    session = ctx.asker.session
    assert session is not None
    await ctx.sql(lambda: ctx.services.sessions.end(session))
    ctx.services.open_sockets.end(session)
    response = web.Response(status=204)
    response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
    return response


async def change_password(ctx: Context[None, NewPassword]) -> SessionShown:
    """All other sessions of the account end."""
    username, new = ctx.asker.name, ctx.body.new
    if await _checked(ctx, username, ctx.body.old) is None:
        raise Refusal(403, "wrong-password", "the present password is another one", {"body.old": "wrong"})
    await ctx.sql(check_password, new, username)
    if new == ctx.body.old:
        raise Refusal(422, "refused", "the new password is the old one", {"body.new": "the same"})

    def change() -> None:
        hashed = ctx.services.passwords.hash(new)
        ctx.services.accounts.set_password(
            username, hashed, must_change=False, keep_session=ctx.asker.session
        )

    async with ctx.services.guesses.turn():
        await ctx.sql(change)
    return await _shown(ctx, await _mine(ctx))


async def change_preferences(ctx: Context[None, Preferences]) -> SessionShown:
    """They are kept with the account, for every browser."""
    values = ctx.body.model_dump(exclude_none=True)
    account = await ctx.sql(lambda: ctx.services.accounts.change(ctx.asker.name, **values))
    return await _shown(ctx, account)


async def _checked(ctx: Context[Any, Any], username: str, password: str) -> Account | None:
    """The account, if the password is its own. Raises Refusal, 429, after too many failures."""
    services, address = ctx.services, ctx.asker.address

    def check() -> Account | None:
        pause_s = services.attempts.pause_s(username, address)
        if pause_s > 0:
            headers = {"Retry-After": str(math.ceil(pause_s))}
            text = f"too many failed attempts; wait {math.ceil(pause_s)} s"
            raise Refusal(429, "too-many-attempts", text, headers=headers)
        kept = services.accounts.password_hash(username)
        if services.passwords.verify(kept, password):
            services.attempts.succeeded(username)
            return services.accounts.account(username)
        services.attempts.failed(username, address)
        return None

    async with services.guesses.turn():  # the pause is looked for only then: no flood gets in before it
        return await asyncio.shield(ctx.sql(check))


async def _mine(ctx: Context[Any, Any]) -> Account:
    account = await ctx.sql(lambda: ctx.services.accounts.account(ctx.asker.name))
    if account is None:  # removed in this very moment
        raise Refusal(401, "not-signed-in", "sign in first")
    return account


async def _shown(ctx: Context[Any, Any], account: Account) -> SessionShown:
    agents = (await ctx.services.centre.get()).agents
    profile = agents.get(account.agent or "")
    return SessionShown.model_validate(
        {
            "username": account.username,
            "role": account.role,
            "agent": account.agent,
            "name": profile.name if profile is not None else account.username,
            "language": account.language,
            "theme": account.theme,
            "must_change_password": account.must_change,
        }
    )


ROUTES = [
    Route("POST", "/api/session", "Sign in", sign_in, Role.ANYONE, body=Credentials, answer=SessionShown,
          audit="sign-in", body_max=2048, refusals=(401, 429)),
    Route("GET", "/api/session", "Who has signed in", who_am_i, Role.AGENT, answer=SessionShown,
          before_change=True),
    Route("DELETE", "/api/session", "Sign out", sign_out, Role.AGENT, audit="sign-out", before_change=True),
    Route("PATCH", "/api/session", "Choose language and theme", change_preferences, Role.AGENT,
          body=Preferences, answer=SessionShown, audit=NOT_AUDITED, before_change=True),
    Route("POST", "/api/session/password", "Choose a new password", change_password, Role.AGENT,
          body=NewPassword, answer=SessionShown, audit="password-changed", body_max=2048,
          may_conflict=True, before_change=True, refusals=(429,)),
]  # fmt: skip
