"""Whether a token holds, and which teams' agents the rights of an account or a token are for.

Synchronous; raises SQLAlchemy's errors.

None is all of them, as it is for admins, and for those whom nobody has given any teams. Teams count for
supervisors and for tokens; agents have what is their own.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, select

from acd.accounts.schema import accounts, tokens
from acd.errors import OperatorError
from acd.sql import in_chunks

Teams = frozenset[str] | None
SUPERVISOR, ADMIN = "supervisor", "admin"
BY_HAND = "cli:"
"""Before the name of who did something on the command line, and may do all that an admin may."""
TOKEN = "token:"  # noqa: S105
"""Before the name of a token."""


class TokenState(StrEnum):
    """Whether a token holds, and why not."""

    HOLDS = "holds"
    EXPIRED = "expired"
    MAKER_GONE = "maker-gone"


def teams_of(role: str, teams: Collection[str] | None) -> Teams:
    """What a list that is kept means for an account of this role."""
    return None if teams is None or role != SUPERVISOR else frozenset(teams)


def teams_of_accounts(engine: Engine, usernames: Collection[str]) -> dict[str, Teams]:
    """Of each account that there is."""
    found: dict[str, Teams] = {}
    columns = accounts.c.username, accounts.c.role, accounts.c.teams
    with engine.connect() as connection:
        for some in in_chunks(list(usernames)):
            for username, role, teams in connection.execute(select(*columns).where(columns[0].in_(some))):
                found[username] = teams_of(role, teams)
    return found


def teams_of_owner(engine: Engine, owner: str) -> Teams:
    """Of who keeps a report: an account, a token, or somebody at the command line.

    Raises OperatorError for who may not look at figures any more: what such a one wanted to be sent is not.
    """
    if owner.startswith(BY_HAND):
        return None
    with engine.connect() as connection:
        if owner.startswith(TOKEN):
            named = connection.execute(select(tokens).where(tokens.c.name == owner.removeprefix(TOKEN))).all()
            now = datetime.now(UTC)
            kept = [row.teams for row in named if state_of_token(connection, row, now) is TokenState.HOLDS]
            if kept:
                return _common(kept)
        else:
            columns = accounts.c.role, accounts.c.teams
            query = select(*columns).where(accounts.c.username == owner, accounts.c.disabled.is_(False))
            row = connection.execute(query).first()
            if row is not None and row.role in (SUPERVISOR, ADMIN):
                return teams_of(row.role, row.teams)
    raise OperatorError(
        f"nothing is sent of what {owner} keeps: there is no such account or token any more, it is disabled,"
        " or it is no supervisor's; a supervisor or an admin has to keep the report anew"
    )


def _common(kept: list[list[str] | None]) -> Teams:
    """Several tokens may have the same name: what each of them has."""
    bounded = [frozenset(teams) for teams in kept if teams is not None]
    return frozenset.intersection(*bounded) if bounded else None


def state_of_token(
    connection: Connection, row: Any, now: datetime, asked: frozenset[str] = frozenset()
) -> TokenState:
    """Of this row of `tokens`: it holds until its time is over, and while who made it might make it today.

    That is an account of the role admin that is not disabled, and not a later one of the same name; a token
    of the scope admin that holds itself; or whoever may use the command line, who needs no token's rights.
    `asked` are the makers that led here.
    """
    if row.expires_at is not None and row.expires_at <= now:
        return TokenState.EXPIRED
    maker, gone = row.created_by, TokenState.MAKER_GONE
    if maker.startswith(BY_HAND):
        return TokenState.HOLDS
    if maker.startswith(TOKEN):
        if maker in asked:
            return gone
        made = connection.execute(select(tokens).where(tokens.c.name == maker.removeprefix(TOKEN)))
        able = [one for one in made.all() if ADMIN in one.scopes and one.created_at <= row.created_at]
        states = (state_of_token(connection, one, now, asked | {maker}) for one in able)
        return TokenState.HOLDS if TokenState.HOLDS in states else gone
    columns = accounts.c.role, accounts.c.disabled, accounts.c.created_at
    account = connection.execute(select(*columns).where(accounts.c.username == maker)).first()
    if account is None or account.disabled or account.role != ADMIN:
        return gone
    return TokenState.HOLDS if account.created_at <= row.created_at else gone
