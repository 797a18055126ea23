"""`/api/session`: signing in and out, who one is, one's password, language and theme."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiohttp import hdrs, web
from pydantic import Field, TypeAdapter

from acd.accounts.passwords import check_password
from acd.accounts.sessions import ENROL, WHOLE
from acd.accounts.store import Account
from acd.settings.single_sign_on import PasswordsFor
from acd.web.asker import Asker, Role
from acd.web.context import Context
from acd.web.credentials import check_credentials, check_password_of
from acd.web.identity import COOKIE, set_cookie
from acd.web.refusal import Refusal, forbidden
from acd.web.route import JSON, NOT_AUDITED, Route
from acd.web.serving import written
from acd.web.values import Answer, Input, Line

Password = Annotated[str, Field(min_length=1, max_length=200)]
Language = Literal["en", "zh-CN"]
Theme = Literal["light", "dark", "system"]


class Credentials(Input):
    """What one signs in with; `code` of who has a second factor: of the app, or a recovery code."""

    username: Annotated[Line, Field(min_length=1, max_length=64)]
    password: Password
    code: Annotated[str, Field(max_length=40)] | None = None


class NewPassword(Input):
    """The password so far, and the one from now on."""

    old: Password
    new: Password


class Preferences(Input):
    """What is left out stays as it is."""

    language: Language | None = None
    theme: Theme | None = None


class SessionShown(Answer):
    """Who has signed in; `agent` is whom the desktop is for, `name` that agent's, or the account's;
    `by_provider`: with single sign-on."""

    username: str
    role: Literal["agent", "supervisor", "admin"]
    agent: str | None
    name: str
    language: Language
    theme: Theme
    must_change_password: bool
    must_set_up_second_factor: bool
    by_provider: bool


_SHOWN = TypeAdapter(SessionShown)
_WRONG = {
    "wrong-credentials": "the user name or the password is wrong",
    "wrong-code": "the code is wrong, or was used already",
}


async def sign_in(ctx: Context[None, Credentials]) -> web.Response:
    """A new session, as a cookie."""
    username = ctx.body.username.casefold()
    oidc = await ctx.services.sign_on.settings()
    passwords = PasswordsFor.ALWAYS if oidc is None else oidc.passwords
    if passwords is PasswordsFor.NEVER:
        raise _passwords_off()
    checked = await check_credentials(ctx, username, ctx.body.password, ctx.body.code)
    if checked.account is None:
        ctx.note(username, reason=checked.fault)
        ctx.services.audit(ctx, "sign-in-failed")
        raise Refusal(401, checked.fault, _WRONG[checked.fault])
    if not _may_have_password(passwords, checked.account):
        raise _passwords_off()
    if checked.by:
        ctx.note(second_factor=checked.by)
    key, shown = await enter(ctx, checked.account)
    return answer_with_key(ctx, key, written(_SHOWN, shown))


def _may_have_password(passwords: PasswordsFor, account: Account) -> bool:
    return passwords is PasswordsFor.ALWAYS or (
        passwords is PasswordsFor.ADMINS and account.role == Role.ADMIN.value
    )


def _passwords_off() -> Refusal:
    return forbidden("sign in with single sign-on: passwords are not taken here", "passwords-off")


async def enter(
    ctx: Context[Any, Any], account: Account, *, by_provider: bool = False, second_factor: bool = False
) -> tuple[str, SessionShown]:
    """A new session for the account, in the place of the one that the browser had: its key, and who one is.

    `second_factor`: one was shown elsewhere, and none has to be set up here.
    """
    services, before = ctx.services, ctx.asker.session
    browser = ctx.request.headers.get(hdrs.USER_AGENT, "")
    demanded = account.role in (await services.centre.get()).sign_in.second_factor_for

    def begin() -> tuple[str, str]:
        lacks = demanded and not second_factor and services.second_factors.of(account.username) is None
        stage = ENROL if lacks else WHOLE
        key, _ = services.sessions.begin(
            account.username,
            ctx.asker.address,
            browser,
            stage=stage,
            instead_of=before,
            by_provider=by_provider,
        )
        return key, stage

    key, stage = await ctx.sql(begin)
    services.limits.remember(key)
    if before is not None:
        services.open_sockets.end(before)
    must_enrol = stage == ENROL
    ctx.asker = Asker(
        account.username,
        Role(account.role),
        ctx.asker.address,
        account.agent,
        must_enrol=must_enrol,
        by_provider=by_provider,
    )
    return key, await _shown(ctx, account)


def answer_with_key(ctx: Context[Any, Any], key: str, body: bytes) -> web.Response:
    """The answer, by which the browser has the key of its session."""
    response = web.Response(body=body, content_type=JSON, headers={hdrs.CACHE_CONTROL: "no-store"})
    set_cookie(response, ctx.request, key)
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
    if (await check_password_of(ctx, username, ctx.body.old)).account is None:
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
            "must_change_password": account.must_change and not ctx.asker.by_provider,
            "must_set_up_second_factor": ctx.asker.must_enrol,
            "by_provider": ctx.asker.by_provider,
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
