"""`/api/session/second-factor`: codes of an authenticator app beside the password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import segno
from aiohttp import hdrs, web
from pydantic import Field, TypeAdapter

from acd.accounts.second_factors import address_of
from acd.errors import OperatorError
from acd.web.asker import Role
from acd.web.context import Context
from acd.web.credentials import begin_attempt, check_code, check_password_of
from acd.web.identity import set_cookie
from acd.web.refusal import Refusal, away, forbidden
from acd.web.route import JSON, NOT_AUDITED, Route
from acd.web.serving import written
from acd.web.values import Answer, Input

Password = Annotated[str, Field(min_length=1, max_length=200)]
T = TypeVar("T")
Code = Annotated[str, Field(min_length=1, max_length=40)]


class SecondFactorShown(Answer):
    """`demanded`: one's role may not be without. `codes_left`: recovery codes that were not used yet."""

    on: bool
    since: datetime | None
    codes_left: int
    demanded: bool


class Beginning(Input):
    """The password; not needed by who has just signed in and must set it up."""

    password: Password | None = None


class Proposal(Answer):
    """What the app is told, this once: `picture` is a QR code as a data: address, `secret` for typing."""

    secret: str
    address: str
    picture: str


class Confirmation(Input):
    """A code that the app shows."""

    code: Code


class Proof(Input):
    """The password and a code, of the app or a recovery code."""

    password: Password
    code: Code


class RecoveryCodes(Answer):
    """Told this once; each lets in once."""

    recovery_codes: list[str]


_CODES = TypeAdapter(RecoveryCodes)


async def show(ctx: Context[None, None]) -> SecondFactorShown:
    """One's own."""
    found = await ctx.sql(lambda: ctx.services.second_factors.of(ctx.asker.name))
    since, left = (None, 0) if found is None else (found.since, found.codes_left)
    return SecondFactorShown(
        on=found is not None, since=since, codes_left=left, demanded=await _demanded(ctx)
    )


async def begin(ctx: Context[None, Beginning]) -> Proposal:
    """A new secret. It counts when a code of it was shown."""
    if ctx.asker.must_change:
        raise forbidden("choose a new password first", "password-to-change")
    if not ctx.asker.must_enrol:
        await _check_password(ctx, ctx.body.password or "")
    name = (await ctx.services.centre.get()).system.name
    secret = await ctx.sql(_keyed, lambda: ctx.services.second_factors.propose(ctx.asker.name))
    if secret is None:
        raise Refusal(409, "second-factor-on", "there is a second factor already: turn it off first")
    address = address_of(secret, ctx.asker.name, name)
    picture = segno.make(address, micro=False).svg_data_uri(scale=5, border=3, light="white")
    return Proposal(secret=secret, address=address, picture=picture)


async def confirm(ctx: Context[None, Confirmation]) -> web.Response:
    """It counts from now on; all other sessions end."""
    services, username, session = ctx.services, ctx.asker.name, ctx.asker.session
    assert session is not None
    address = ctx.asker.address

    def work() -> list[str] | None:
        attempt = begin_attempt(services, username, address)
        codes = services.second_factors.confirm(username, ctx.body.code)
        if codes is not None:
            services.attempts.succeeded(attempt)
            services.sessions.end_others(username, session)
        else:
            services.attempts.failed(attempt)
        return codes

    codes = await ctx.sql(_keyed, work)
    if codes is None:
        raise Refusal(
            403, "wrong-code", "this is not the code that the app shows now", {"body.code": "wrong"}
        )
    body = written(_CODES, RecoveryCodes(recovery_codes=codes))
    response = web.Response(body=body, content_type=JSON, headers={hdrs.CACHE_CONTROL: "no-store"})
    if ctx.asker.must_enrol:
        key = await ctx.sql(lambda: services.sessions.renew(session))
        if key is None:
            raise Refusal(401, "not-signed-in", "sign in again")
        services.limits.remember(key)
        set_cookie(response, ctx.request, key)
    return response


async def renew_codes(ctx: Context[None, Proof]) -> RecoveryCodes:
    """Other recovery codes; those before hold no longer."""
    await _check_proof(ctx)
    codes = await ctx.sql(lambda: ctx.services.second_factors.new_codes(ctx.asker.name))
    return RecoveryCodes(recovery_codes=codes)


async def turn_off(ctx: Context[None, Proof]) -> None:
    """The password alone is enough from now on; all other sessions end."""
    if await _demanded(ctx):
        raise forbidden("your role may not be without a second factor", "second-factor-demanded")
    await _check_proof(ctx)

    def work() -> None:
        ctx.services.second_factors.remove(ctx.asker.name)
        ctx.services.sessions.end_others(ctx.asker.name, ctx.asker.session)

    await ctx.sql(work)


async def _check_proof(ctx: Context[None, Proof]) -> None:
    await _check_password(ctx, ctx.body.password)
    if not await check_code(ctx, ctx.asker.name, ctx.body.code):
        raise Refusal(403, "wrong-code", "the code is wrong, or was used already", {"body.code": "wrong"})


async def _check_password(ctx: Context[Any, Any], password: str) -> None:
    if (await check_password_of(ctx, ctx.asker.name, password)).account is None:
        raise Refusal(403, "wrong-password", "the password is another one", {"body.password": "wrong"})


def _keyed(work: Callable[[], T]) -> T:
    """`work()`, which may need the key that second factors are sealed with. Raises Refusal, 503."""
    try:
        return work()
    except OperatorError as error:
        raise away("second-factor-unreadable", str(error)) from error


async def _demanded(ctx: Context[Any, Any]) -> bool:
    return ctx.asker.role.value in (await ctx.services.centre.get()).sign_in.second_factor_for


_AT = "/api/session/second-factor"
ROUTES = [
    Route("GET", _AT, "One's second factor", show, Role.AGENT, answer=SecondFactorShown, before_change=True),
    Route("POST", _AT, "Begin to set up a second factor", begin, Role.AGENT, body=Beginning, answer=Proposal,
          audit=NOT_AUDITED, body_max=2048, may_conflict=True, before_change=True, refusals=(429,)),
    Route("POST", f"{_AT}/confirm", "Confirm the second factor", confirm, Role.AGENT, body=Confirmation,
          answer=RecoveryCodes, audit="second-factor-on", body_max=2048, before_change=True, refusals=(429,)),
    Route("POST", f"{_AT}/codes", "Make other recovery codes", renew_codes, Role.AGENT, body=Proof,
          answer=RecoveryCodes, audit="second-factor-codes", body_max=2048, refusals=(429,)),
    Route("POST", f"{_AT}/off", "Turn the second factor off", turn_off, Role.AGENT, body=Proof,
          audit="second-factor-off", body_max=2048, refusals=(429,)),
]  # fmt: skip
