"""Which Asterisk nodes there are, where calls arrive on several: ACD_ASTERISK_NODES."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from acd.errors import OperatorError

# No hyphen: the name begins every id of a call, and behind it comes the date.
_NAME = r"[a-z][a-z0-9]{0,15}"
_PLACE = re.compile(
    rf"(?P<name>{_NAME})=(?:\[(?P<v6>[0-9A-Fa-f:]{{2,45}})\]|(?P<host>[A-Za-z0-9]([A-Za-z0-9.-]{{0,252}}[A-Za-z0-9])?))"
    r"(?::(?P<port>[0-9]{1,5}))?"
)
# A call's id begins with the name of its node, and one node without a name has been `a` all along.
NAMELESS = "a"


@dataclass(frozen=True, slots=True)
class NodePlace:
    """A node, whose Asterisk is at `host` with everything. `ami_port` None: as at the others."""

    name: str
    host: str
    ami_port: int | None = None


def nodes_of(env: Mapping[str, str], name: str, default: tuple[NodePlace, ...]) -> tuple[NodePlace, ...]:
    """`a=192.0.2.21,b=192.0.2.22:5039`; the order means nothing. Raises OperatorError."""
    found: dict[str, NodePlace] = {}
    for text in (part.strip() for part in env.get(name, "").split(",") if part.strip()):
        match = _PLACE.fullmatch(text)
        port = int(match["port"]) if match and match["port"] else None
        if match is None or not (port is None or 1 <= port <= 65535):
            raise OperatorError(
                f"{name}: expected nodes such as a=192.0.2.21,b=192.0.2.22:5039 (names of small letters and"
                f" digits, at most 16), got {text!r}"
            )
        if match["name"] in found:
            raise OperatorError(f"{name}: {match['name']!r} comes twice")
        found[match["name"]] = NodePlace(match["name"], match["v6"] or match["host"], port)
    places = [(place.host, place.ami_port) for place in found.values()]
    if len(set(places)) < len(places):
        raise OperatorError(f"{name}: two nodes are at the same address; each is an Asterisk of its own")
    return tuple(found.values()) or default
