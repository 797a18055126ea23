"""How often one number may call in."""

from __future__ import annotations

from dataclasses import dataclass

BUSY, CONGESTION = "busy", "congestion"


@dataclass(frozen=True)
class CallerLimits:
    """At most `calls` of one number over trunks in `within_s`, and `hidden_calls` of all who hide theirs.

    None: any number. Numbers that begin with one of `exempt` (E.164) are not counted. Who calls more often is
    led to `flow`, or is refused before anybody answers, as `refuse_with` says.
    """

    calls: int | None = None
    hidden_calls: int | None = None
    within_s: float = 600.0
    exempt: tuple[str, ...] = ()
    refuse_with: str = BUSY
    flow: str | None = None
