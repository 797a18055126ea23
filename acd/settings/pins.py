"""PINs with which agents log in at phones that are not their own: only their hashes are kept."""

from __future__ import annotations

import re
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from acd.settings.secrets import read_pins, write_pin

PIN_DIGITS = (4, 10)
_PIN = re.compile(rf"[0-9]{{{PIN_DIGITS[0]},{PIN_DIGITS[1]}}}", re.ASCII)


def is_pin(text: str) -> bool:
    """Whether it can be keyed, and is no single digit repeated."""
    return _PIN.fullmatch(text) is not None and len(set(text)) > 1


class PinBook:
    """Reads the passwords' file each time: a new PIN counts at once. Slow on purpose: use a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hasher = PasswordHasher()

    def has(self, agent: str) -> bool:
        """Whether the agent needs a PIN at other phones. Raises OperatorError for a damaged file."""
        return agent in read_pins(self._path)

    def verify(self, agent: str, pin: str) -> bool:
        """Whether this is the agent's PIN. Raises OperatorError for a damaged file."""
        kept = read_pins(self._path).get(agent)
        if kept is None:
            return False
        try:
            return self._hasher.verify(kept, pin)
        except (Argon2Error, InvalidHashError):
            return False

    def set(self, agent: str, pin: str | None) -> None:
        """Keep a PIN that `is_pin`, or (None) no longer ask the agent for one. Raises OperatorError."""
        write_pin(self._path, agent, None if pin is None else self._hasher.hash(pin))
