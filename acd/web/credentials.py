"""Whether a password, and a second factor, are somebody's: with the limits of attempts around it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import Any

import structlog

from acd.accounts.attempts import Begun
from acd.accounts.store import Account
from acd.errors import OperatorError
from acd.web.context import Context
from acd.web.refusal import Refusal, away
from acd.web.services import Services

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Checked:
    """`account` is None where something was wrong, `fault` says what. `by`: what the second factor was."""

    account: Account | None
    fault: str = ""
    by: str = ""


async def check_password_of(ctx: Context[Any, Any], username: str, password: str) -> Checked:
    """Of somebody who is signed in. Raises Refusal: 429 after too many failures, 503 for too many at once."""
    return await _checked(ctx, username, password, None, with_code=False)


async def check_credentials(
    ctx: Context[Any, Any], username: str, password: str, code: str | None
) -> Checked:
    """Password and, where the account has one, second factor. Raises Refusal likewise, and 401,
    `second-factor-needed`, where the password is right and the code is still to be asked for."""
    return await _checked(ctx, username, password, code, with_code=True)


async def check_code(ctx: Context[Any, Any], username: str, code: str) -> bool:
    """Whether it is a code of the confirmed second factor. Raises Refusal likewise."""
    services, address = ctx.services, ctx.asker.address

    def check() -> bool:
        attempt = begin_attempt(services, username, address)
        right = _accept(services, attempt, code)
        if right:
            services.attempts.succeeded(attempt)
        else:
            services.attempts.failed(attempt)
        return right

    return await asyncio.shield(ctx.sql(check))


async def _checked(
    ctx: Context[Any, Any], username: str, password: str, code: str | None, *, with_code: bool
) -> Checked:
    services, address = ctx.services, ctx.asker.address

    def check(attempt: Begun) -> Checked:
        if not services.passwords.verify(services.accounts.password_hash(username), password):
            return Checked(None, "wrong-credentials")
        account, by = services.accounts.account(username), ""
        if account is None or account.disabled:
            return Checked(None, "wrong-credentials")
        if with_code and services.second_factors.of(username) is not None:
            if not code:
                services.attempts.taken_back(attempt)
                raise Refusal(401, "second-factor-needed", "the code of the authenticator app is needed, too")
            if not _accept(services, attempt, code):
                return Checked(None, "wrong-code")
            by = "app" if code.strip().isdecimal() else "recovery-code"
        services.attempts.succeeded(attempt)
        return Checked(account, by=by)

    def counted() -> Checked:
        attempt = begin_attempt(services, username, address)
        found = check(attempt)
        if found.account is None:
            services.attempts.failed(attempt)
        return found

    async with services.guesses.turn():  # the pause is looked for only then: no flood gets in before it
        return await asyncio.shield(ctx.sql(counted))


def begin_attempt(services: Services, username: str, address: str) -> Begun:
    """Before each attempt, which counts as failed from now on. Raises Refusal, 429, in a pause."""
    attempt = services.attempts.begin(username, address)
    if attempt.pause_s > 0:
        wait_s = math.ceil(attempt.pause_s)
        text = f"too many failed attempts; wait {wait_s} s"
        raise Refusal(429, "too-many-attempts", text, headers={"Retry-After": str(wait_s)})
    return attempt


def _accept(services: Services, attempt: Begun, code: str) -> bool:
    try:
        return services.second_factors.accept(attempt.username, code)
    except OperatorError as error:
        services.attempts.taken_back(attempt)
        log.error("a second factor cannot be checked", reason=str(error))
        raise away("second-factor-unreadable", "the second factor cannot be checked: ask an admin") from error
