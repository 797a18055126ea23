"""Who an account is at the provider of single sign-on.

A link begins with a name: the value of the claim that the configuration chooses. Whoever comes with it first
is the person from then on, known by the provider's own key (issuer and subject): names are given to others
when somebody leaves, keys are not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from acd.accounts.schema import accounts, provider_links
from acd.errors import RequestRefused
from acd.sql import one_at_a_time


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the provider says: `name` is the claim, in small letters."""

    issuer: str
    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class Link:
    """`since`: when the person first came; None: not yet."""

    username: str
    name: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Owned:
    """Whose account it is; `is_new`: since this moment."""

    username: str
    is_new: bool


class Links:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def every(self) -> dict[str, Link]:
        """By user name."""
        columns = provider_links.c.username, provider_links.c.name, provider_links.c.since
        with self._engine.connect() as connection:
            return {row.username: Link(*row) for row in connection.execute(select(*columns))}

    def link(self, username: str, name: str) -> None:
        """Who comes with this name first is the owner of the account; whoever it was so far is not any more.

        Raises RequestRefused for an account that there is not, and for a name that another account has.
        """
        row = {"username": username, "name": name.casefold()}
        with self._engine.begin() as connection:
            one_at_a_time(connection, "accounts")
            _check_there(connection, username)
            connection.execute(delete(provider_links).where(provider_links.c.username == username))
            try:
                connection.execute(insert(provider_links), row)
            except IntegrityError:
                text = f"another account is linked with {name[:100]!r}"
                raise RequestRefused("link-exists", text) from None

    def unlink(self, username: str) -> bool:
        """Whether it was linked."""
        with self._engine.begin() as connection:
            gone = delete(provider_links).where(provider_links.c.username == username)
            return connection.execute(gone).rowcount == 1

    def account_of(self, person: Person, username: str | None, now: datetime | None = None) -> Owned | None:
        """The account of somebody who has proved to be this person; it is theirs from now on.

        `username`: the account of this name is theirs, too, where it is linked with nobody and is no admin's.
        None: there is none. Raises RequestRefused where the name is that of somebody else by now.
        """
        links, now = provider_links.c, now or datetime.now(UTC)
        with self._engine.begin() as connection:
            one_at_a_time(connection, "accounts")
            known = select(links.username).where(
                links.issuer == person.issuer, links.subject == person.subject
            )
            if (found := connection.execute(known).scalar()) is not None:
                return Owned(str(found), is_new=False)
            named = select(links.username, links.subject).where(links.name == person.name)
            row = connection.execute(named).first()
            if row is not None:
                return _taken(connection, str(row.username), row.subject, person, now)
            if username is None:
                return None
            return _by_name(connection, username, person, now)


def _check_there(connection: Connection, username: str) -> None:
    query = select(accounts.c.username).where(accounts.c.username == username)
    if connection.execute(query).first() is None:
        raise RequestRefused("unknown-account", f"there is no account {username[:64]!r}")


def _taken(
    connection: Connection, username: str, subject: str | None, person: Person, now: datetime
) -> Owned:
    if subject is not None:
        raise _somebody_else(person.name)
    values = {"issuer": person.issuer, "subject": person.subject, "since": now}
    connection.execute(update(provider_links).where(provider_links.c.username == username).values(**values))
    return Owned(username, is_new=True)


def _by_name(connection: Connection, username: str, person: Person, now: datetime) -> Owned | None:
    role = connection.execute(select(accounts.c.role).where(accounts.c.username == username)).scalar()
    linked = select(provider_links.c.username).where(provider_links.c.username == username)
    if role is None:
        return None
    if connection.execute(linked).first() is not None:
        raise _somebody_else(person.name)
    if role == "admin":
        # A provider may let people choose their names: nobody becomes an admin by that.
        text = "an admin's account has to be linked first: acd account link"
        raise RequestRefused("sso-link-first", text)
    row = {"username": username, "name": person.name, "issuer": person.issuer, "subject": person.subject}
    connection.execute(insert(provider_links), {**row, "since": now})
    return Owned(username, is_new=True)


def _somebody_else(name: str) -> RequestRefused:
    text = (
        f"the account of {name[:100]!r} belongs to somebody else at the provider; an admin can link it anew"
    )
    return RequestRefused("sso-somebody-else", text)
