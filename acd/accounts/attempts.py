"""Attempts to sign in that failed: after some, a pause that grows.

They are counted three ways, in the database, so that all web processes know of all:

- of a name from one address: whoever guesses there waits, and nobody else;
- of an address: whoever tries many names. One may fail more often there, for a whole centre may be behind it;
- of a name from anywhere: for guesses from many addresses. This pause does not hold where the account has
  signed in of late, so that its owner can still get in while others guess.

So nobody can lock out others from one address. An attempt is counted before the password is looked at, and
taken back if it was right: guesses sent at the same moment are no more than one after another, and who is
right leaves nothing behind, neither a pause nor a later end of the count. Names that no account has are
counted like others, so that a pause says nothing about who there is.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, delete, insert, or_, select, update

from acd.accounts.schema import attempts, audit
from acd.sql import one_at_a_time

FREE_OF_NAME = 5
"""From one address."""
FREE_OF_ADDRESS = 30
FREE_FROM_ANYWHERE = 50
PAUSE_FIRST_S = 30.0
PAUSE_MAX_S = 900.0
FORGOTTEN_AFTER = timedelta(hours=1)
"""Without a failure for so long the count begins anew."""
AT_HOME = timedelta(days=30)
"""So long an address is known as one of an account after it has signed in there."""
SIGN_IN = "sign-in"
"""What the audit log calls it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """One that an attempt has begun by being counted, `until` then; `before`: the end of the one it found."""

    until: datetime
    before: datetime | None


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt: for how many seconds it must not be made; 0: it may, and is counted as failed.

    `pauses`: those that it has begun, by key, for as long as it is not known how it has ended.
    """

    username: str
    address: str
    pause_s: float
    pauses: Mapping[str, Pause]


class Attempts:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, username: str, address: str, now: datetime | None = None) -> Begun:
        """Before each attempt. Then comes `succeeded`, `failed` or `taken_back`.

        What is never heard of again stays counted.
        """
        now = now or datetime.now(UTC)
        keys = _keys(username, address)
        with self._engine.begin() as connection:
            one_at_a_time(connection, "attempts")
            is_over = or_(attempts.c.locked_until.is_(None), attempts.c.locked_until <= now)
            is_old = attempts.c.last_at < now - FORGOTTEN_AFTER
            connection.execute(delete(attempts).where(is_old, is_over))
            until = _locked(connection, keys)
            before = dict(until)
            if (name := keys[2]) in until and _is_at_home(connection, username, address, now):
                del until[name]
            pause_s = max(((moment - now).total_seconds() for moment in until.values()), default=0.0)
            if pause_s > 0:
                return Begun(username, address, pause_s, {})
            pauses = {}
            for key, free in _with_free(keys):
                begun = _count(connection, key, free, now)
                if begun is not None:
                    pauses[key] = Pause(begun, before.get(key))
        return Begun(username, address, 0.0, pauses)

    def succeeded(self, begun: Begun) -> None:
        """The name's counts begin anew. The address's does not: its user may be guessing at others."""
        of_both, of_address, of_name = _keys(begun.username, begun.address)
        with self._engine.begin() as connection:
            one_at_a_time(connection, "attempts")
            connection.execute(delete(attempts).where(attempts.c.key.in_((of_both, of_name))))
            _take_back(connection, of_address, FREE_OF_ADDRESS, begun)

    def failed(self, begun: Begun, now: datetime | None = None) -> None:
        """What was begun was wrong: only from now on has there been no failure for a while."""
        query = update(attempts).where(attempts.c.key.in_(_keys(begun.username, begun.address)))
        with self._engine.begin() as connection:
            one_at_a_time(connection, "attempts")
            connection.execute(query.values(last_at=now or datetime.now(UTC)))

    def taken_back(self, begun: Begun) -> None:
        """What was begun was neither right nor wrong."""
        with self._engine.begin() as connection:
            one_at_a_time(connection, "attempts")
            for key, free in _with_free(_keys(begun.username, begun.address)):
                _take_back(connection, key, free, begun)

    def clear(self, username: str) -> None:
        """An admin lifts all pauses of the name."""
        of_both, _, of_name = _keys(username, "")
        with self._engine.begin() as connection:
            mine = or_(attempts.c.key == of_name, attempts.c.key.startswith(of_both, autoescape=True))
            connection.execute(delete(attempts).where(mine))

    def clear_address(self, address: str) -> int:
        """An admin lifts the pause of the address, whatever the names; how many failures were counted."""
        of_address = _keys("", address)[1]
        with self._engine.begin() as connection:
            one_at_a_time(connection, "attempts")
            query = select(attempts.c.failed).where(attempts.c.key == of_address)
            failed = connection.execute(query).scalar() or 0
            connection.execute(delete(attempts).where(attempts.c.key == of_address))
        return failed

    def locked(self, now: datetime | None = None) -> dict[str, datetime]:
        """Until when which names are locked, from one address or from anywhere."""
        now = now or datetime.now(UTC)
        query = select(attempts.c.key, attempts.c.locked_until).where(attempts.c.locked_until > now)
        found: dict[str, datetime] = {}
        with self._engine.connect() as connection:
            for key, until in connection.execute(query):
                kind, _, rest = key.partition(":")
                name = {"name": rest, "both": rest.rpartition("@")[0]}.get(kind)
                if name is not None:
                    found[name] = max(until, found.get(name, until))
        return found


def _keys(username: str, address: str) -> tuple[str, str, str]:
    name, network = username[:64], network_of(address)
    return f"both:{name}@{network}", f"address:{network}", f"name:{name}"


def _with_free(keys: tuple[str, str, str]) -> Iterator[tuple[str, int]]:
    """How often each may fail before there is a pause."""
    return zip(keys, (FREE_OF_NAME, FREE_OF_ADDRESS, FREE_FROM_ANYWHERE), strict=True)


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the whole network that one customer of a provider has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _locked(connection: Connection, keys: tuple[str, ...]) -> dict[str, datetime]:
    query = select(attempts.c.key, attempts.c.locked_until).where(attempts.c.key.in_(keys))
    return {key: until for key, until in connection.execute(query) if until is not None}


def _is_at_home(connection: Connection, username: str, address: str, now: datetime) -> bool:
    here = (audit.c.who == username) & (audit.c.what == SIGN_IN) & (audit.c.address == address)
    query = select(audit.c.id).where(here, audit.c.at > now - AT_HOME).limit(1)
    return connection.execute(query).first() is not None


def _count(connection: Connection, key: str, free: int, now: datetime) -> datetime | None:
    """As failed; the end of the pause that begins with it, if one does."""
    failed = (connection.execute(select(attempts.c.failed).where(attempts.c.key == key)).scalar() or 0) + 1
    pause_s = 0.0 if failed < free else min(PAUSE_MAX_S, PAUSE_FIRST_S * 2 ** min(failed - free, 10))
    until = now + timedelta(seconds=pause_s) if pause_s else None
    values = {"failed": failed, "locked_until": until}
    if failed == 1:
        connection.execute(insert(attempts), {"key": key, "last_at": now, **values})
    else:
        connection.execute(update(attempts).where(attempts.c.key == key).values(**values))
    return until


def _take_back(connection: Connection, key: str, free: int, begun: Begun) -> None:
    """The attempt's own pause, too; that of another, which has failed meanwhile, only if none is due."""
    query = select(attempts.c.failed, attempts.c.locked_until).where(attempts.c.key == key)
    found = connection.execute(query).first()
    if found is None:
        return
    failed, until = found
    if failed <= 1:
        connection.execute(delete(attempts).where(attempts.c.key == key))
        return
    values: dict[str, object] = {"failed": failed - 1}
    own = begun.pauses.get(key)
    if failed - 1 < free:
        values["locked_until"] = None
    elif own is not None and until == own.until:
        values["locked_until"] = own.before
    connection.execute(update(attempts).where(attempts.c.key == key).values(**values))
