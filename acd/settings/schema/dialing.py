"""config/dialing.yml: who may dial which numbers outside. Without the file nobody may dial any."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from acd.settings.schema.checking import Options, not_empty, seconds
from acd.settings.schema.values import EmergencyNumber, Id, Name, NumberPrefix, OutsidePrefix

Trunks = Annotated[list[Id], not_empty("trunk")]


class EmergencyEntry(Options):
    """Numbers that may be dialled from every phone. Must be written: whom to call is the admin's to know."""

    numbers: Annotated[list[EmergencyNumber], not_empty("emergency number")]
    trunks: Trunks


class RoleEntry(Options):
    """The options are those of `acd.settings.outside.DialRole`."""

    name: Name
    allow: list[NumberPrefix] = Field(default_factory=list)
    deny: list[NumberPrefix] = Field(default_factory=list)
    trunks: Trunks


class DialingFile(Options):
    """The whole file. Agents without a `role` in agents.yml have `default_role`, or may dial nothing.

    `flow_role` is that of the transfers which flows make; without it they reach nobody outside.
    """

    emergency: EmergencyEntry
    outside_prefix: OutsidePrefix = ""
    ring_timeout_s: Annotated[float, seconds(10, 180)] = 60.0
    default_role: Id | None = None
    flow_role: Id | None = None
    roles: Annotated[dict[Id, RoleEntry], not_empty("role")]
