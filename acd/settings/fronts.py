"""Where each Kamailio in front of several Asterisk nodes takes HTTP: ACD_KAMAILIO."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from acd.errors import OperatorError

_PLACE = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:]{2,45})\]|(?P<host>[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?))"
    r"(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True, slots=True)
class FrontPlace:
    """A Kamailio: browsers' phones and the control port are at `host`. `port` None: ACD_WS_PORT."""

    host: str
    port: int | None = None


def fronts_of(env: Mapping[str, str], name: str, default: tuple[FrontPlace, ...]) -> tuple[FrontPlace, ...]:
    """`192.0.2.9` or `192.0.2.9,192.0.2.10:8089`. Raises OperatorError."""
    found: list[FrontPlace] = []
    for text in (part.strip() for part in env.get(name, "").split(",") if part.strip()):
        match = _PLACE.fullmatch(text)
        port = int(match["port"]) if match and match["port"] else None
        if match is None or not (port is None or 1 <= port <= 65535):
            raise OperatorError(f"{name}: expected hosts such as 192.0.2.9,192.0.2.10:8089, got {text!r}")
        place = FrontPlace(match["v6"] or match["host"], port)
        if place in found:
            raise OperatorError(f"{name}: {text!r} comes twice")
        found.append(place)
    return tuple(found) or default
