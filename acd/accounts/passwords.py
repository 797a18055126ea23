"""Passwords: what a good one is, new ones, and their argon2 hashes. Slow on purpose: use a thread."""

from __future__ import annotations

import secrets
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from acd.accounts.common import is_common, once
from acd.errors import OperatorError

LENGTH = (10, 200)
# No letters and digits that are taken for each other when read from paper.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


class Passwords:
    """argon2id with 19 MiB and three passes: a little above the least that OWASP's password storage sheet
    names, so that several checks at a time fit beside everything else that the process holds."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=3, memory_cost=19 * 1024, parallelism=1)

    def hash(self, password: str) -> str:
        """What is kept of it."""
        return self._hasher.hash(password)

    def verify(self, kept: str | None, password: str) -> bool:
        """Whether it is the password. None (there is no such account) takes just as long, and never is."""
        try:
            return (
                self._hasher.verify(self._of_nobody if kept is None else kept, password) and kept is not None
            )
        except (Argon2Error, InvalidHashError):
            return False

    @cached_property
    def _of_nobody(self) -> str:
        return self._hasher.hash(secrets.token_hex())


def new_password() -> str:
    """A password to be read from paper and typed: 80 bits in four groups of four letters and digits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def check_password(password: str, username: str) -> None:
    """Raises OperatorError for one that is too short, too long or too easily guessed."""
    least, most = LENGTH
    if not least <= len(password) <= most:
        raise OperatorError(f"a password has {least} to {most} characters")
    if not password.isprintable():
        raise OperatorError("a password has no control characters")
    if username.casefold() in password.casefold() or len(set(password)) < 4 or len(once(password)) < 6:
        raise OperatorError(
            "the password is too easily guessed: it repeats itself or has the user name in it"
        )
    if is_common(password):
        raise OperatorError(
            "the password is one of those that are tried first: a common word or row of keys, with digits or"
            " signs around it; three or four words that have nothing to do with each other are better"
        )
