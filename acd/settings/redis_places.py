"""Where Redis is: one server, or several with commas between them, of which one is the master at a time."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from acd.errors import OperatorError

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_WITH_PORT = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^:\[\]]+)):(?P<port>[0-9]{1,5})")


def redis_places(text: str, port: int) -> tuple[tuple[str, int], ...]:
    """Host and port of each, in order; `port` is that of those which name none. Raises ValueError."""
    return tuple(_place(part.strip(), port) for part in text.split(","))


def redis_hosts(env: Mapping[str, str], name: str, default: str) -> str:
    """`redis`, `192.0.2.1,192.0.2.2:6380` or `[2001:db8::1]:6379`. Raises OperatorError."""
    text = env.get(name) or default
    try:
        redis_places(text, 1)
    except ValueError:
        raise OperatorError(
            f"{name}: expected a host's name or IP address such as {default}, or several such as"
            f" 192.0.2.1,192.0.2.2:6380, got {text!r}"
        ) from None
    return text


def _place(part: str, port: int) -> tuple[str, int]:
    match = _WITH_PORT.fullmatch(part)
    host = part
    if match is not None:
        host, port = match["v6"] or match["host"], int(match["port"])
        if not 1 <= port <= 65535 or (match["v6"] and ipaddress.ip_address(host).version != 6):
            raise ValueError(part)
    if _HOST.fullmatch(host):
        return host, port
    return str(ipaddress.ip_address(host)), port
