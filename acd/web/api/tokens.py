"""`/api/tokens`: tokens with which programs use the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field

from acd.accounts.rights import TokenState
from acd.accounts.tokens import Token
from acd.web.api.accounts import check_teams
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.refusal import not_found, wrong
from acd.web.route import Route
from acd.web.values import Answer, Input, Name, TeamIds

ADMIN_FOR = timedelta(days=366)
"""So long a token of the scope admin may hold: a year, whatever the year."""


class TokenShown(Answer):
    """Without its key, of which only the hash is kept. `teams`: those that its rights are for; null: all.

    `state`: whether it holds, its time is over (`expired`), or whoever made it is no admin any more
    (`maker-gone`).
    """

    id: str
    name: str
    scopes: list[str]
    teams: list[str] | None
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    state: TokenState


class NewToken(Input):
    """Without `expires_at` it holds until it is removed; without `teams` it is for all.

    One of the scope `admin` needs `expires_at`, at most a year ahead. Each holds only while the account that
    has made it is there, is not disabled, and has the role admin.
    """

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=20)]
    expires_at: AwareDatetime | None = None
    teams: TeamIds | None = None


class TokenMade(Answer):
    """`key` is told this once."""

    token: TokenShown
    key: str


async def every(ctx: Context[None, None]) -> list[TokenShown]:
    """The newest first."""
    return [_shown(token) for token in await ctx.sql(lambda: ctx.services.tokens.every())]  # noqa: PLW0108  the thread connects


async def add(ctx: Context[None, NewToken]) -> TokenMade:
    """It holds at once."""
    asked = ctx.body
    _check_end(asked, datetime.now(UTC))
    await check_teams(ctx, asked.teams)
    if asked.teams is not None and Scope.ADMIN in asked.scopes:
        raise wrong({"body.teams": "are not for the scope admin, which may change everybody's rights"})
    scopes = sorted({scope.value for scope in asked.scopes})
    token, key = await ctx.sql(
        lambda: ctx.services.tokens.add(asked.name, scopes, ctx.asker.name, asked.expires_at, asked.teams)
    )
    ctx.note(token.id, name=token.name, scopes=scopes, teams=asked.teams)
    return TokenMade(token=_shown(token), key=key)


async def remove(ctx: Context[None, None]) -> None:
    """It no longer holds, from now on."""
    if not await ctx.sql(lambda: ctx.services.tokens.remove(ctx.path["id"])):
        raise not_found("token", ctx.path["id"])
    await ctx.services.open_sockets.look(ctx.services.store)


def _check_end(asked: NewToken, now: datetime) -> None:
    """Raises Refusal."""
    if asked.expires_at is not None and asked.expires_at <= now:
        raise wrong({"body.expires_at": "has passed"})
    if Scope.ADMIN in asked.scopes and (asked.expires_at is None or asked.expires_at > now + ADMIN_FOR):
        raise wrong({"body.expires_at": "the scope admin needs an end, at most a year ahead"})


def _shown(token: Token) -> TokenShown:
    return TokenShown(
        id=token.id,
        name=token.name,
        scopes=list(token.scopes),
        teams=None if token.teams is None else list(token.teams),
        created_by=token.created_by,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        state=token.state,
    )


ROUTES = [
    Route("GET", "/api/tokens", "All tokens", every, Role.ADMIN, Scope.ADMIN, answer=list[TokenShown]),
    Route("POST", "/api/tokens", "Make a token", add, Role.ADMIN, Scope.ADMIN, body=NewToken,
          answer=TokenMade, status=201, audit="token-created"),
    Route("DELETE", "/api/tokens/{id}", "Remove a token", remove, Role.ADMIN, Scope.ADMIN,
          audit="token-removed"),
]  # fmt: skip
