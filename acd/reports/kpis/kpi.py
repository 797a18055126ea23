"""What a KPI is. Pure; its words are in `acd/reports/words`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from acd.reports.measures import Measures
from acd.reports.table import Better, Figure, Unit


class RowKind(StrEnum):
    """Which rows a figure is counted from; see `acd/reports/sources`."""

    VISITS = "visits"
    RINGS = "rings"
    TRANSFERS = "transfers"
    STATES = "states"
    PLANS = "plans"
    CALLS = "calls"
    STEPS = "steps"
    SCORES = "scores"
    DISPOSITIONS = "dispositions"
    CALLBACKS = "callbacks"
    PEAKS = "peaks"


class Origin(StrEnum):
    """Where a formula is from."""

    COMMON = "common"  # the way it is told everywhere in the field
    COPC = "copc"  # as in the COPC CX standard's list of metrics
    ASTERISK = "asterisk"  # app_queue's ServicelevelPerf
    ASTERISK_2 = "asterisk-2"  # app_queue's ServicelevelPerf2
    ERLANG = "erlang"  # Erlang's traffic theory: carried traffic per server
    GENESYS = "genesys"  # one of the service level options of Genesys
    NEAREST_RANK = "nearest-rank"  # statistics: the nearest-rank percentile
    TOP_TWO_BOX = "top-two-box"  # survey practice
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Kpi:
    """`of`: the figure from `measured` measures, None where its denominator is zero.

    `behind`: the set of calls that stands behind it, see `acd.reports.behind`; None: no calls. `adds`:
    whether the figures of lines add up to that of the total.
    """

    id: str
    unit: Unit
    rows: frozenset[RowKind]
    of: Callable[[Measures], Figure]
    better: Better = Better.NEITHER
    behind: str | None = None
    origin: Origin = Origin.COMMON
    adds: bool = False


def share(part: int, whole: int) -> float | None:
    """`part` of `whole`."""
    return part / whole if whole else None


def mean_s(sum_us: int, count: int) -> float | None:
    """Seconds each, of microseconds in all."""
    return sum_us / count / 1e6 if count else None


def seconds(sum_us: int) -> float:
    """Of microseconds."""
    return sum_us / 1e6
