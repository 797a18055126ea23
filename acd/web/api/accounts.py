"""`/api/accounts`: who may use the desktop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from acd.accounts.links import Link
from acd.accounts.passwords import check_password, new_password
from acd.accounts.store import Account
from acd.settings.problems import not_among
from acd.web.asker import Role, Scope
from acd.web.context import Context
from acd.web.refusal import not_found, wrong
from acd.web.route import Route
from acd.web.values import Answer, Input, Name, TeamIds

AccountRole = Literal["agent", "supervisor", "admin"]
Username = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class AccountShown(Answer):
    """Without the password, of which only the hash is kept. `teams`: those that a supervisor's rights are
    for; null: all. One that is not configured any more has no agents. `single_sign_on`: the name at
    the provider."""

    username: str
    role: AccountRole
    agent: str | None
    teams: list[str] | None
    disabled: bool
    must_change_password: bool
    second_factor: bool
    single_sign_on: str | None
    locked_until: datetime | None
    created_at: datetime


class NewAccount(Input):
    """Without a `password` one is made, and told in the answer, this once.

    `teams`: of a supervisor; null: all.
    """

    username: Username
    role: AccountRole
    agent: Name | None = None
    teams: TeamIds | None = None
    password: Annotated[str, Field(max_length=200)] | None = None


class AccountChange(Input):
    """What is left out stays as it is; an `agent` of null is none, `teams` of null are all."""

    role: AccountRole | None = None
    agent: Name | None = None
    teams: TeamIds | None = None
    disabled: bool | None = None


class AccountMade(Answer):
    """`password` is null where it was given."""

    account: AccountShown
    password: str | None


class PasswordMade(Answer):
    """The new password, told this once. It is to be changed at the first sign-in."""

    password: str


async def every(ctx: Context[None, None]) -> list[AccountShown]:
    """All of them, by name."""
    services = ctx.services

    def read() -> list[AccountShown]:
        locked, secured = services.attempts.locked(), services.second_factors.every()
        links = services.links.every()
        return [_shown(account, locked, secured, links) for account in services.accounts.every()]

    return await ctx.sql(read)


async def add(ctx: Context[None, NewAccount]) -> AccountMade:
    """It can sign in at once."""
    asked, services = ctx.body, ctx.services
    await _check_agent(ctx, asked.agent)
    await check_teams(ctx, asked.teams)
    password = asked.password or new_password()
    await ctx.sql(check_password, password, asked.username)

    def store() -> Account:
        hashed = services.passwords.hash(password)
        return services.accounts.add(
            asked.username, asked.role, hashed, asked.agent, asked.teams, must_change=True
        )

    async with services.guesses.turn():
        account = await ctx.sql(store)
    ctx.note(account.username, role=asked.role, agent=asked.agent, teams=asked.teams)
    made = password if asked.password is None else None
    return AccountMade(account=_shown(account, {}, set()), password=made)


async def change(ctx: Context[None, AccountChange]) -> AccountShown:
    """It counts at once: sessions of an account that is disabled, or has another role or agent, end;
    others have the new teams.
    """
    asked = ctx.body
    values: dict[str, Any] = asked.model_dump(exclude_unset=True, exclude={"agent", "teams"})
    if None in values.values():
        raise wrong({f"body.{name}": "may not be null" for name, value in values.items() if value is None})
    if "agent" in asked.model_fields_set:
        await _check_agent(ctx, asked.agent)
        values["agent_id"] = asked.agent
    if "teams" in asked.model_fields_set:
        await check_teams(ctx, asked.teams)
        values["teams"] = asked.teams
    account = await ctx.sql(lambda: ctx.services.accounts.change(ctx.path["username"], **values))
    if asked.disabled is False:
        await ctx.sql(lambda: ctx.services.attempts.clear(account.username))
    await ctx.services.open_sockets.look(ctx.services.store)
    ctx.note(account.username, **values)
    services = ctx.services
    had, links = await ctx.sql(lambda: (services.second_factors.of(account.username), services.links.every()))
    return _shown(account, {}, set() if had is None else {account.username}, links)


async def make_password(ctx: Context[None, None]) -> PasswordMade:
    """For somebody who has forgotten it. All sessions of the account end."""
    username, made, services = ctx.path["username"], new_password(), ctx.services

    def store() -> None:
        services.accounts.set_password(username, services.passwords.hash(made), must_change=True)
        services.attempts.clear(username)

    async with services.guesses.turn():
        await ctx.sql(store)
    return PasswordMade(password=made)


async def reset_second_factor(ctx: Context[None, None]) -> None:
    """For somebody who has lost app and recovery codes. All sessions of the account end."""
    username, services = ctx.path["username"], ctx.services

    def work() -> bool:
        had = services.second_factors.remove(username)
        services.sessions.end_others(username, keep=None)
        return had

    if not await ctx.sql(work):
        raise not_found("second factor of", username)


async def remove(ctx: Context[None, None]) -> None:
    """Its sessions end; what it did stays in the audit log."""
    await ctx.sql(lambda: ctx.services.accounts.remove(ctx.path["username"]))


async def _check_agent(ctx: Context[Any, Any], agent: str | None) -> None:
    agents = (await ctx.services.centre.get()).agents
    if agent is not None and agent not in agents:
        raise wrong({"body.agent": not_among("agent", agent, agents)})


async def check_teams(ctx: Context[Any, Any], teams: list[str] | None) -> None:
    """Raises Refusal, 422, for one that is not configured."""
    known = (await ctx.services.centre.get()).team_names
    for team in teams or ():
        if team not in known:
            raise wrong({"body.teams": not_among("team", team, known)})


def _shown(
    account: Account, locked: dict[str, datetime], secured: set[str], links: Mapping[str, Link] | None = None
) -> AccountShown:
    link = (links or {}).get(account.username)
    return AccountShown.model_validate(
        {
            "username": account.username,
            "role": account.role,
            "agent": account.agent,
            "teams": None if account.teams is None else list(account.teams),
            "disabled": account.disabled,
            "must_change_password": account.must_change,
            "second_factor": account.username in secured,
            "single_sign_on": None if link is None else link.name,
            "locked_until": locked.get(account.username),
            "created_at": account.created_at,
        }
    )


ROUTES = [
    Route("GET", "/api/accounts", "All accounts", every, Role.ADMIN, Scope.ADMIN, answer=list[AccountShown]),
    Route("POST", "/api/accounts", "Make an account", add, Role.ADMIN, Scope.ADMIN, body=NewAccount,
          answer=AccountMade, status=201, audit="account-created", may_conflict=True),
    Route("PATCH", "/api/accounts/{username}", "Change an account", change, Role.ADMIN, Scope.ADMIN,
          body=AccountChange, answer=AccountShown, audit="account-changed", may_conflict=True),
    Route("POST", "/api/accounts/{username}/password", "Make a new password for somebody", make_password,
          Role.ADMIN, Scope.ADMIN, answer=PasswordMade, audit="account-password", may_conflict=True),
    Route("DELETE", "/api/accounts/{username}/second-factor", "Reset somebody's second factor",
          reset_second_factor, Role.ADMIN, Scope.ADMIN, audit="account-second-factor"),
    Route("DELETE", "/api/accounts/{username}", "Remove an account", remove, Role.ADMIN, Scope.ADMIN,
          audit="account-removed", may_conflict=True),
]  # fmt: skip
