"""config/trunks.yml: who may bring calls from outside."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from acd.settings.schema.values import Id, Network, Options, not_empty, one_of

CODECS = ("ulaw", "alaw", "g722", "opus", "g729", "gsm")


class TrunkEntry(Options):
    """One trunk, recognised by the addresses that its calls come from.

    `authentication` must be written: that nobody has to prove who they are is a decision.
    """

    addresses: Annotated[list[Network], not_empty("address")]
    authentication: Annotated[Literal["none"], one_of("none")]
    codecs: Annotated[list[Annotated[str, one_of(*CODECS)]], not_empty("codec")] = Field(
        default_factory=lambda: ["ulaw", "alaw"]
    )


class TrunksFile(Options):
    """The whole file; a centre without trunks takes calls from its own phones only."""

    trunks: dict[Id, TrunkEntry]
