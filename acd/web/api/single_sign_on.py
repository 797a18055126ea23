"""`/api/session/sso`: signing in with OpenID Connect (authorization code with PKCE).

The provider sends the browser back to a page of ours, and that page brings here what it was given: so the
request has our own Origin and cookies, and is answered and refused like any other.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import structlog
from aiohttp import web
from pydantic import Field, TypeAdapter

from acd.accounts.sealing import Sealer
from acd.accounts.store import Account
from acd.errors import OperatorError, RequestRefused
from acd.web.api.session import SessionShown, answer_with_key, enter
from acd.web.asker import Asker, Role
from acd.web.context import Context
from acd.web.credentials import begin_attempt, check_code
from acd.web.refusal import Refusal, away, forbidden
from acd.web.route import NOT_AUDITED, Route
from acd.web.serving import written
from acd.web.sso import people
from acd.web.sso.fetching import ProviderAway
from acd.web.sso.id_token import Untrusted
from acd.web.sso.on_the_way import OnTheWay, begin, cookie_header, cookie_name, opened, sealed
from acd.web.sso.provider import Provider, ProviderRefused, cleaned
from acd.web.values import Answer, Input, Line

log = structlog.get_logger(__name__)


class Offer(Answer):
    """Whether there is single sign-on. `label`: of its button, by language; `passwords`: who may sign in with
    one beside; `sign_out`: where the provider ends its own session, as far as that is known."""

    offered: bool
    label: dict[str, str]
    passwords: Literal["always", "admins", "never"]
    sign_out: str | None


class Beginning(Input):
    """`next`: the page of ours to be on afterwards."""

    next: Annotated[str, Field(max_length=2000)] = "/"


class Way(Answer):
    """Where the browser is to go: an address of the provider."""

    address: str


class Return(Input):
    """What the provider has sent the browser back with: a `code`, or an `error`. Afterwards, where our own
    second factor is asked for: `second_factor` alone, of the app or a recovery code."""

    state: Annotated[Line, Field(max_length=200)] = ""
    code: Annotated[str, Field(max_length=4096)] | None = None
    error: Annotated[str, Field(max_length=1000)] | None = None
    error_description: Annotated[str, Field(max_length=4000)] | None = None
    second_factor: Annotated[str, Field(min_length=1, max_length=40)] | None = None


class SignedOn(Answer):
    """Who has signed in, and on which page of ours to go on."""

    session: SessionShown
    next: str


_SIGNED_ON = TypeAdapter(SignedOn)


async def offer(ctx: Context[None, None]) -> Offer:
    """What the page of sign-in shows. Nobody waits for the provider."""
    settings = await ctx.services.sign_on.settings()
    if settings is None:
        return Offer(offered=False, label={}, passwords="always", sign_out=None)
    provider = await ctx.services.sign_on.provider()
    ctx.services.sign_on.look_ahead(provider)
    return Offer(
        offered=True,
        label={language.replace("_", "-"): text for language, text in settings.label.items()},
        passwords=settings.passwords.value,
        sign_out=provider.sign_out_address(),
    )


async def set_out(ctx: Context[None, Beginning]) -> web.Response:
    """Begin: the browser gets a cookie that belongs to this sign-in alone, and is told where to go."""
    provider = await ctx.services.sign_on.provider()
    way, sealer = begin(ctx.body.next), await _sealer(ctx)
    try:
        async with ctx.services.sign_on.turns.turn():
            address = await provider.authorization_address(way.state, way.nonce, way.challenge)
    except ProviderAway as error:
        raise _provider_away(error) from error
    response = web.json_response({"address": address}, headers={"Cache-Control": "no-store"})
    over_tls = provider.settings.over_tls
    response.headers["Set-Cookie"] = cookie_header(sealed(way, sealer), over_tls=over_tls)
    return response


async def come_back(ctx: Context[None, Return]) -> web.Response:
    """A new session, as a cookie, for whom the provider vouches."""
    provider, sealer = await ctx.services.sign_on.provider(), await _sealer(ctx)
    over_tls = provider.settings.over_tls
    way = opened(ctx.request.cookies.get(cookie_name(over_tls=over_tls)), sealer)
    if way is None:
        raise _expired()
    if ctx.body.second_factor is not None and way.username is not None:
        return await _with_code(ctx, way, way.username, ctx.body.second_factor, over_tls=over_tls)
    if way.username is not None or not secrets.compare_digest(way.state.encode(), ctx.body.state.encode()):
        raise _expired()
    if ctx.body.error is not None or ctx.body.code is None:
        said = cleaned(ctx.body.error, ctx.body.error_description)
        raise forbidden(said or "the provider has sent no code", "sso-refused")
    claims = await _claims(ctx, provider, way, ctx.body.code)
    account = await _account(ctx, provider, claims)
    shown_there = people.has_shown_second_factor(claims, provider.settings)
    if not shown_there and await _has_second_factor(ctx, account):
        kept = OnTheWay(way.state, way.nonce, way.verifier, way.next, way.until, account.username)
        cookie = cookie_header(sealed(kept, sealer), over_tls=over_tls)
        text = "the code of the authenticator app is needed, too"
        raise Refusal(401, "second-factor-needed", text, headers={"Set-Cookie": cookie})
    ctx.note(account.username, second_factor="provider" if shown_there else "none")
    return await _enter(ctx, account, way, shown_there=shown_there, over_tls=over_tls)


async def _with_code(
    ctx: Context[Any, Any], way: OnTheWay, username: str, code: str, *, over_tls: bool
) -> web.Response:
    if not await check_code(ctx, username, code):
        ctx.note(username, reason="wrong-code")
        ctx.services.audit(ctx, "sign-in-failed")
        raise Refusal(401, "wrong-code", "the code is wrong, or was used already")
    account = await ctx.sql(lambda: ctx.services.accounts.account(username))
    if account is None or account.disabled:
        raise _expired()
    ctx.note(username, second_factor="app" if code.strip().isdecimal() else "recovery-code")
    return await _enter(ctx, account, way, shown_there=True, over_tls=over_tls)


async def _enter(
    ctx: Context[Any, Any], account: Account, way: OnTheWay, *, shown_there: bool, over_tls: bool
) -> web.Response:
    ctx.note(by="single sign-on")
    key, shown = await enter(ctx, account, by_provider=True, second_factor=shown_there)
    response = answer_with_key(ctx, key, written(_SIGNED_ON, SignedOn(session=shown, next=way.next)))
    response.headers.add("Set-Cookie", cookie_header("", over_tls=over_tls))
    return response


async def _claims(ctx: Context[Any, Any], provider: Provider, way: OnTheWay, code: str) -> Mapping[str, Any]:
    """Of the token that the provider gives for the code; failures count, for the address and this sign-in."""
    services, address = ctx.services, ctx.asker.address
    name = f"sso {way.state[:32]}"  # the names of accounts have no blanks
    attempt = await ctx.sql(lambda: begin_attempt(services, name, address))
    try:
        async with services.sign_on.turns.turn():
            claims = await provider.claims_of(code, way.verifier, way.nonce)
    except ProviderRefused as error:
        await ctx.sql(lambda: services.attempts.failed(attempt))
        log.warning("the provider of single sign-on gives no token", reason=str(error))
        raise forbidden(str(error), "sso-refused") from error
    except Untrusted as error:
        await ctx.sql(lambda: services.attempts.failed(attempt))
        log.warning("an ID token is not believed", reason=str(error))
        ctx.note(reason=str(error))
        services.audit(ctx, "sign-in-failed")
        raise forbidden(f"the provider's token is not believed: {error}", "sso-untrusted") from error
    except ProviderAway as error:
        await ctx.sql(lambda: services.attempts.taken_back(attempt))
        raise _provider_away(error) from error
    await ctx.sql(lambda: services.attempts.succeeded(attempt))
    return claims


async def _account(ctx: Context[Any, Any], provider: Provider, claims: Mapping[str, Any]) -> Account:
    """Raises Refusal, 403, for somebody who is not to come in; what has changed is on the audit log."""
    services = ctx.services
    agents = (await services.centre.get()).agents

    def find() -> people.Entered | RequestRefused:
        try:
            return people.enter(services.accounts, services.links, provider.settings, claims, agents)
        except RequestRefused as refusal:
            return refusal

    match await ctx.sql(find):
        case RequestRefused() as refusal:
            ctx.note(reason=refusal.code)
            services.audit(ctx, "sign-in-failed")
            raise Refusal(403, refusal.code, str(refusal)) from refusal
        case people.Entered() as found:
            pass
    account, before = found.account, ctx.asker
    for word, detail in found.done:
        ctx.asker = Asker(account.username, Role(account.role), before.address)
        ctx.about, ctx.detail = account.username, dict(detail)
        services.audit(ctx, word)
        services.others.done(word)
        if word == "account-changed":
            await services.open_sockets.look(services.store)
    ctx.asker, ctx.about, ctx.detail = before, None, {}
    return account


async def _has_second_factor(ctx: Context[Any, Any], account: Account) -> bool:
    return await ctx.sql(lambda: ctx.services.second_factors.of(account.username)) is not None


async def _sealer(ctx: Context[Any, Any]) -> Sealer:
    def made() -> Sealer:
        try:
            return ctx.services.sign_on.sealer()
        except OperatorError as error:
            raise away("unavailable", str(error)) from error

    return await ctx.sql(made)


def _expired() -> Refusal:
    return Refusal(400, "sso-expired", "this sign-in was begun elsewhere, is over, or took too long")


def _provider_away(error: ProviderAway) -> Refusal:
    log.error("the provider of single sign-on is away", reason=str(error))
    return away("sso-away", "the provider of single sign-on does not answer, or not as it should")


_AT = "/api/session/sso"
ROUTES = [
    Route("GET", _AT, "Whether there is single sign-on", offer, Role.ANYONE, answer=Offer, refusals=(429,)),
    Route("POST", f"{_AT}/begin", "Begin single sign-on", set_out, Role.ANYONE, body=Beginning, answer=Way,
          audit=NOT_AUDITED, body_max=4096, refusals=(404, 429, 503)),
    Route("POST", _AT, "Come back from single sign-on", come_back, Role.ANYONE, body=Return, answer=SignedOn,
          audit="sign-in", body_max=16384, refusals=(400, 401, 403, 404, 429, 503)),
]  # fmt: skip
