"""Accounts in the database. Synchronous, usable from any thread and process; raises SQLAlchemy's errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from acd.accounts.schema import accounts, provider_links, recovery_codes, second_factors, sessions
from acd.errors import OperatorError, RequestRefused
from acd.sql import one_at_a_time

ROLES = ("agent", "supervisor", "admin")
LANGUAGES = ("en", "zh-CN")
THEMES = ("light", "dark", "system")
_ENDING = ("role", "agent_id", "disabled")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Account:
    """`agent` is the id of the agent whose desktop it opens. The password's hash is not printed.

    `teams`: those that its rights are for while it is a supervisor's; None: all.
    """

    username: str
    role: str
    agent: str | None
    language: str
    theme: str
    must_change: bool
    disabled: bool
    created_at: datetime
    teams: tuple[str, ...] | None = None


class AccountStore:
    """On the engine of an open `RecordStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def every(self) -> list[Account]:
        """All of them, by name."""
        with self._engine.connect() as connection:
            found = connection.execute(select(accounts).order_by(accounts.c.username)).mappings()
            return [_account(row) for row in found]

    def any(self) -> bool:
        """Whether there is one at all."""
        with self._engine.connect() as connection:
            return connection.execute(select(accounts.c.username).limit(1)).first() is not None

    def account(self, username: str) -> Account | None:
        """One of them, or None."""
        with self._engine.connect() as connection:
            found = _row(connection, username)
        return None if found is None else _account(found)

    def password_hash(self, username: str) -> str | None:
        """What is kept of the password; None where there is no such account."""
        with self._engine.connect() as connection:
            found = _row(connection, username)
        return None if found is None else str(found["password_hash"])

    def add(
        self,
        username: str,
        role: str,
        password_hash: str,
        agent: str | None = None,
        teams: Sequence[str] | None = None,
        *,
        must_change: bool,
    ) -> Account:
        """A new account. Raises OperatorError for a name that cannot be or is taken."""
        row = _new_row(username, role, password_hash, agent, must_change=must_change)
        row["teams"] = None if teams is None else list(teams)
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(accounts), row)
        except IntegrityError:
            raise RequestRefused("account-exists", f"there is an account {username!r} already") from None
        return _account(row)

    def add_first(self, hashes: Mapping[str, tuple[str, str]], confirm: Callable[[], None]) -> bool:
        """Accounts by name, with role and hash, an agent's for the agent of that name: all, or none.

        `confirm` is called before they count; what it raises is raised, and nothing has changed. False where
        another process has made some of them in this moment.
        """
        rows = [
            _new_row(name, role, hash_, name if role == "agent" else None, must_change=True)
            for name, (role, hash_) in hashes.items()
        ]
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(accounts), rows)
                confirm()
        except IntegrityError:
            return False
        return True

    def change(self, username: str, **values: Any) -> Account:
        """Set columns: `role`, `agent_id`, `language`, `theme`, `teams`, `disabled`.

        Another role or agent, and to be disabled, end its sessions: who goes on signs in as what it is now.

        Raises OperatorError for a role that there is not, RequestRefused for an account that there is not,
        and where nobody would be left who may make accounts.
        """
        if "role" in values:
            _check_role(values["role"])
        with self._engine.begin() as connection:
            before = _lock(connection, username)
            if values:
                connection.execute(update(accounts).where(accounts.c.username == username).values(**values))
            _keep_an_admin(connection)
            if any(name in values and values[name] != before[name] for name in _ENDING):
                connection.execute(delete(sessions).where(sessions.c.username == username))
            return _account(_known(connection, username))

    def set_password(
        self, username: str, password_hash: str, *, must_change: bool, keep_session: str | None = None
    ) -> None:
        """A new password; all sessions of the account but one end. Raises RequestRefused likewise."""
        values = {"password_hash": password_hash, "must_change": must_change}
        with self._engine.begin() as connection:
            _lock(connection, username)
            connection.execute(update(accounts).where(accounts.c.username == username).values(**values))
            ended = delete(sessions).where(sessions.c.username == username)
            connection.execute(ended.where(sessions.c.token_hash != (keep_session or "")))

    def remove(self, username: str) -> None:
        """And end its sessions. Raises RequestRefused likewise."""
        with self._engine.begin() as connection:
            _lock(connection, username)
            for table in (sessions, recovery_codes, second_factors, provider_links):
                connection.execute(delete(table).where(table.c.username == username))
            connection.execute(delete(accounts).where(accounts.c.username == username))
            _keep_an_admin(connection)


def _lock(connection: Connection, username: str) -> Any:
    """The account's row. From here on nobody else changes accounts: two admins cannot remove each other."""
    one_at_a_time(connection, "accounts")
    return _known(connection, username)


def _keep_an_admin(connection: Connection) -> None:
    left = select(func.count()).where(accounts.c.role == ROLES[-1], accounts.c.disabled.is_(False))
    if not connection.execute(left).scalar():
        raise RequestRefused("last-admin", "no admin would be left: make another account one first")


def _row(connection: Connection, username: str) -> Any:
    return connection.execute(select(accounts).where(accounts.c.username == username)).mappings().first()


def _known(connection: Connection, username: str) -> Any:
    if (found := _row(connection, username)) is None:
        raise RequestRefused("unknown-account", f"there is no account {username[:64]!r}")
    return found


def _account(row: Any) -> Account:
    return Account(
        row["username"],
        row["role"],
        row["agent_id"],
        row["language"],
        row["theme"],
        row["must_change"],
        row["disabled"],
        row["created_at"],
        None if row["teams"] is None else tuple(row["teams"]),
    )


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise OperatorError(f"there is no role {role!r}; roles: {', '.join(ROLES)}")


def _new_row(
    username: str, role: str, password_hash: str, agent: str | None, *, must_change: bool
) -> dict[str, Any]:
    """A new account's columns. Raises OperatorError for a name or a role that cannot be."""
    if not _USERNAME.fullmatch(username):
        raise OperatorError(
            f"{username!r} is no user name: expected up to 64 letters a-z, digits, '.', '_' and '-',"
            " beginning with a letter or a digit"
        )
    _check_role(role)
    return {
        "username": username,
        "role": role,
        "agent_id": agent,
        "password_hash": password_hash,
        "language": LANGUAGES[0],
        "theme": THEMES[2],
        "must_change": must_change,
        "disabled": False,
        "created_at": datetime.now(UTC),
        "teams": None,
    }
