"""How the ACD_… variables are read: a function for each kind of value.

Each takes all variables, the name of the one that it reads, and what holds where that is not set; an empty
one counts as not set. It raises OperatorError for a value that cannot be, with the variable's name, what was
expected and what there is.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import time
from pathlib import Path
from typing import TypeVar

from acd.errors import OperatorError
from acd.settings.database_url import database_url
from acd.settings.secret_variables import secret_variable

T = TypeVar("T")


class Reading:
    """Reads one variable after the other, so that all that are wrong are named at once: `problems`."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: list[str] = []

    def __call__(self, read: Callable[[Mapping[str, str], str, T], T], name: str, default: T) -> T:
        """By its value or, where it is not set or wrong, the default."""
        try:
            return read(self._env, name, default)
        except OperatorError as error:
            self.problems.append(str(error))
            return default

    def optional(self, read: Callable[[Mapping[str, str], str, T], T], name: str, example: T) -> T | None:
        """None where it is not set."""
        return self(read, name, example) if self._env.get(name) else None


def folder(env: Mapping[str, str], name: str, default: Path) -> Path:
    """Its path."""
    text = env.get(name, "")
    if not text:
        return default.absolute()
    # The path is written into Asterisk's configuration, one setting a line.
    if not text.isprintable() or ";" in text:
        raise OperatorError(
            f"{name}: expected a folder's path without ';' and control characters, got {text!r}"
        )
    return Path(text).expanduser().absolute()


def file(env: Mapping[str, str], name: str, default: Path) -> Path:
    """Whether it is there is seen when it is read."""
    text = env.get(name) or str(default)
    if not text.isprintable():
        raise OperatorError(f"{name}: expected a file's path without control characters, got {text!r}")
    return Path(text).expanduser().absolute()


def address(env: Mapping[str, str], name: str, default: str) -> str:
    """One of this machine, in its usual form."""
    text = env.get(name) or default
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise OperatorError(f"{name}: expected an IP address such as {default}, got {text!r}") from None
    if found.is_unspecified:
        # It is also what phones are told to send their audio to.
        raise OperatorError(f"{name}: expected one address of this machine, not {text} (every address)")
    return str(found)


def addresses(env: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """Several, with commas between them."""
    found = []
    for text in (part.strip() for part in env.get(name, "").split(",") if part.strip()):
        try:
            found.append(str(ipaddress.ip_address(text)))
        except ValueError:
            raise OperatorError(
                f"{name}: expected IP addresses with commas between them, got {text!r}"
            ) from None
    return tuple(found) or default


def networks(env: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses and networks, with commas between them; not all there are."""
    found = []
    for text in (part.strip() for part in env.get(name, "").split(",") if part.strip()):
        try:
            network = ipaddress.ip_network(text)
        except ValueError as error:
            raise OperatorError(
                f"{name}: expected addresses or networks such as 192.0.2.10 or 192.0.2.0/28, commas between"
                f" them, got {text!r} ({error})"
            ) from None
        if network.prefixlen == 0:
            raise OperatorError(f"{name}: {text} is every address there is")
        found.append(str(network))
    return tuple(found) or default


def host(env: Mapping[str, str], name: str, default: str) -> str:
    """A name or an address. It is written into the dialplan, so it may hold nothing else."""
    text = env.get(name) or default
    if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?", text):
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise OperatorError(
            f"{name}: expected a host's name or IP address such as {default}, got {text!r}"
        ) from None


def web_address(env: Mapping[str, str], name: str, default: str) -> str:
    """Of HTTP or HTTPS."""
    text = env.get(name) or default
    if not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[!-~]*)?", text):
        raise OperatorError(
            f"{name}: expected an address such as http://collector:4318, without a password, got {text!r}"
        )
    return text


def yes_or_no(env: Mapping[str, str], name: str, default: bool) -> bool:
    """In these words."""
    text = env.get(name) or ("yes" if default else "no")
    if text not in ("yes", "no"):
        raise OperatorError(f"{name}: expected yes or no, got {text!r}")
    return text == "yes"


def records_url(env: Mapping[str, str], name: str, default: str) -> str:
    """Where the database is; a secret, for it may hold a password."""
    text = secret(env, name, "")
    return database_url(name, text) if text else default


def secret(env: Mapping[str, str], name: str, default: str) -> str:
    """From the variable, or from the file that NAME_FILE names."""
    return secret_variable(env, name) or default


def hours(env: Mapping[str, str], name: str, _default: tuple[time, time]) -> tuple[time, time]:
    """From a time of day to another one, of a variable that is set."""
    text = env.get(name, "")
    try:
        first, last = (time.fromisoformat(part) for part in text.split("-"))
    except ValueError:
        raise OperatorError(f"{name}: expected times of day such as 20:00-06:00, got {text!r}") from None
    return first, last


def _is_port(text: str) -> bool:
    return re.fullmatch("[0-9]{1,5}", text) is not None and 1 <= int(text) <= 65535


def port(env: Mapping[str, str], name: str, default: int) -> int:
    """One that can be listened at."""
    text = env.get(name) or str(default)
    if not _is_port(text):
        raise OperatorError(f"{name}: expected a port from 1 to 65535, got {text!r}")
    return int(text)


def port_range(env: Mapping[str, str], name: str, default: tuple[int, int]) -> tuple[int, int]:
    """The first and the last one."""
    text = env.get(name) or f"{default[0]}-{default[1]}"
    low, _, high = text.partition("-")
    # A call needs a pair of ports for each of its two legs.
    if not (_is_port(low) and _is_port(high)) or int(high) - int(low) < 3:
        raise OperatorError(f"{name}: expected a range of at least 4 ports such as 10000-10999, got {text!r}")
    return int(low), int(high)
