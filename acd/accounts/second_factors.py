"""Second factors: codes of an authenticator app (TOTP, RFC 6238), and recovery codes for who has lost it.

A code holds for its half minute and the ones before and after, for clocks are not quite alike; none is taken
twice, nor an older one after it. Recovery codes are chance all through and hold once; of them only hashes are
kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from acd.accounts.keys import hash_of
from acd.accounts.passwords import new_password
from acd.accounts.schema import recovery_codes, second_factors
from acd.accounts.sealing import Sealer
from acd.sql import one_at_a_time

STEP_S = 30
DIGITS = 6
STEPS_EITHER_WAY = 1
RECOVERY_CODES = 10
_NEVER = -1


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """That an account has one: since when, and how many recovery codes are left."""

    since: datetime
    codes_left: int


class SecondFactors:
    """On the engine of an open `RecordStore`. Synchronous; raises SQLAlchemy's errors.

    `sealer` is called only where a secret is needed, and may raise OperatorError, which is passed on.
    """

    def __init__(self, engine: Engine, sealer: Callable[[], Sealer]) -> None:
        self._engine = engine
        self._sealer = sealer

    def of(self, username: str) -> SecondFactor | None:
        """None: the account has none, or it was never confirmed."""
        query = select(second_factors.c.since).where(second_factors.c.username == username)
        left = select(func.count()).where(recovery_codes.c.username == username)
        with self._engine.connect() as connection:
            since = connection.execute(query).scalar()
            return None if since is None else SecondFactor(since, connection.execute(left).scalar() or 0)

    def every(self) -> set[str]:
        """The accounts that have one."""
        query = select(second_factors.c.username).where(second_factors.c.since.is_not(None))
        with self._engine.connect() as connection:
            return set(connection.scalars(query))

    def propose(self, username: str) -> str | None:
        """A new secret, which counts when a code of it has been shown; None: there is a confirmed one."""
        secret = pyotp.random_base32()
        row = {"username": username, "secret": self._sealer().seal(secret, username)}
        with self._engine.begin() as connection:
            one_at_a_time(connection, "second factors")
            if _since(connection, username) is not None:
                return None
            connection.execute(delete(second_factors).where(second_factors.c.username == username))
            connection.execute(insert(second_factors), {**row, "since": None, "last_step": _NEVER})
        return secret

    def confirm(self, username: str, code: str, now: datetime | None = None) -> list[str] | None:
        """The recovery codes, told this once, if this is a code of the proposed secret; else None."""
        now = now or datetime.now(UTC)
        with self._engine.begin() as connection:
            one_at_a_time(connection, "second factors")
            if _since(connection, username) is not None or not self._take(connection, username, code, now):
                return None
            mine = update(second_factors).where(second_factors.c.username == username)
            connection.execute(mine.values(since=now))
            return _new_codes(connection, username)

    def accept(self, username: str, code: str, now: datetime | None = None) -> bool:
        """Whether it is a code that holds now, or a recovery code that was not used yet; it is used up."""
        now, code = now or datetime.now(UTC), "".join(code.split()).casefold()
        with self._engine.begin() as connection:
            one_at_a_time(connection, "second factors")
            if _since(connection, username) is None:
                return False
            if code.isascii() and code.isdecimal():
                return self._take(connection, username, code, now)
            used = delete(recovery_codes).where(
                recovery_codes.c.username == username, recovery_codes.c.hash == _hash_of(code)
            )
            return connection.execute(used).rowcount == 1

    def new_codes(self, username: str) -> list[str]:
        """Other recovery codes; those before hold no longer."""
        with self._engine.begin() as connection:
            return _new_codes(connection, username)

    def remove(self, username: str) -> bool:
        """Whether there was one."""
        with self._engine.begin() as connection:
            had = _since(connection, username) is not None
            for table in (recovery_codes, second_factors):
                connection.execute(delete(table).where(table.c.username == username))
            return had

    def _take(self, connection: Connection, username: str, code: str, now: datetime) -> bool:
        """Whether it is a code of this moment, later than the last one that was taken."""
        query = select(second_factors.c.secret, second_factors.c.last_step)
        row = connection.execute(query.where(second_factors.c.username == username)).first()
        if row is None:
            return False
        step = step_of(self._sealer().open(row.secret, username), code, now)
        if step is None or step <= row.last_step:
            return False
        mine = update(second_factors).where(second_factors.c.username == username)
        connection.execute(mine.values(last_step=step))
        return True


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step of time whose code this is, among those around `now`; None: it is another code."""
    totp, present = pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S), int(now.timestamp()) // STEP_S
    # All are compared, and each in a time that does not tell how much of it is right.
    found = [
        step
        for step in range(present - STEPS_EITHER_WAY, present + STEPS_EITHER_WAY + 1)
        if pyotp.utils.strings_equal(totp.generate_otp(step), code)
    ]
    return found[-1] if found else None


def address_of(secret: str, username: str, issuer: str) -> str:
    """What an authenticator app reads from the picture (otpauth://…)."""
    return pyotp.TOTP(secret, digits=DIGITS, interval=STEP_S).provisioning_uri(
        name=username, issuer_name=issuer
    )


def _hash_of(code: str) -> str:
    """With hyphens or without."""
    return hash_of(code.replace("-", ""))


def _since(connection: Connection, username: str) -> datetime | None:
    query = select(second_factors.c.since).where(second_factors.c.username == username)
    return connection.execute(query).scalar()


def _new_codes(connection: Connection, username: str) -> list[str]:
    codes = [new_password() for _ in range(RECOVERY_CODES)]
    connection.execute(delete(recovery_codes).where(recovery_codes.c.username == username))
    connection.execute(
        insert(recovery_codes), [{"username": username, "hash": _hash_of(code)} for code in codes]
    )
    return codes
