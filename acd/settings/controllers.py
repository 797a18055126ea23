"""Which controllers there are, where one leads and others stand by: ACD_CONTROLLERS and ACD_CONTROLLER."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from acd.errors import OperatorError

CONTROL_PORT = 4574
_NAME = r"[a-z][a-z0-9-]{0,31}"
_PLACE = re.compile(
    rf"(?P<name>{_NAME})=(?:\[(?P<v6>[0-9A-Fa-f:]{{2,45}})\]|(?P<host>[A-Za-z0-9]([A-Za-z0-9.-]{{0,252}}[A-Za-z0-9])?))"
    r"(?::(?P<port>[0-9]{1,5}))?"
)


@dataclass(frozen=True, slots=True)
class ControllerPlace:
    """A controller and where it takes commands of other machines: of web processes and other controllers."""

    name: str
    host: str
    port: int = CONTROL_PORT


def controllers_of(
    env: Mapping[str, str], name: str, default: tuple[ControllerPlace, ...]
) -> tuple[ControllerPlace, ...]:
    """`one=192.0.2.1,two=192.0.2.2:4574`; the order means nothing. Raises OperatorError."""
    found: dict[str, ControllerPlace] = {}
    for text in (part.strip() for part in env.get(name, "").split(",") if part.strip()):
        match = _PLACE.fullmatch(text)
        port = int(match["port"] or CONTROL_PORT) if match else 0
        if match is None or not 1 <= port <= 65535:
            raise OperatorError(
                f"{name}: expected controllers such as one=192.0.2.1,two=192.0.2.2:4574, got {text!r}"
            )
        if match["name"] in found:
            raise OperatorError(f"{name}: {match['name']!r} comes twice")
        found[match["name"]] = ControllerPlace(match["name"], match["v6"] or match["host"], port)
    return tuple(found.values()) or default


def check_name(controller: str, controllers: tuple[ControllerPlace, ...]) -> None:
    """Raises OperatorError where the one that this is is none of those that there are."""
    names = [place.name for place in controllers]
    if controller and controller not in names:
        known = f"is none of ACD_CONTROLLERS ({', '.join(names)})" if names else "needs ACD_CONTROLLERS, too"
        raise OperatorError(f"ACD_CONTROLLER: {controller!r} {known}")
