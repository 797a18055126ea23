"""Percentiles, the table and the JSON of a measurement."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from bench.scenarios import Scenario

OURS, APP_QUEUE = "ours", "app_queue"
SIDES = (OURS, APP_QUEUE)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is said of a set of samples, in milliseconds."""

    n: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


def figures(samples_ms: Sequence[float]) -> Figures:
    """Nearest-rank percentiles: each is a time that was measured. Raises ValueError without samples."""
    if not samples_ms:
        raise ValueError("no samples")
    ordered = sorted(samples_ms)

    def percentile(share: float) -> float:
        return round(ordered[math.ceil(share * len(ordered)) - 1], 2)

    p50, p95, p99 = percentile(0.50), percentile(0.95), percentile(0.99)
    return Figures(len(ordered), p50, p95, p99, round(ordered[-1], 2))


Results = Mapping[str, Mapping[str, Figures]]
"""Scenario → side → figures."""


def write_json(path: Path, results: Results) -> None:
    """`{"scenarios": {"S1": {"ours": {"n": …, "p50_ms": …, …}, "app_queue": {…}}, …}}`"""
    data = {s: {side: asdict(f) for side, f in sides.items()} for s, sides in results.items()}
    path.write_text(json.dumps({"scenarios": data}, indent=2) + "\n", encoding="utf-8")


def table(chosen: Sequence[Scenario], results: Results) -> Table:
    """One row for each scenario and side; the last column compares the medians."""
    out = Table(title="From 'agent free' to the INVITE at the agent's phone, in milliseconds")
    for name in ("scenario", "side", "n", "p50", "p95", "p99", "max", "times faster"):
        out.add_column(name, justify="left" if name in ("scenario", "side") else "right")
    for scenario in chosen:
        sides = results[scenario.name]
        for side in (s for s in SIDES if s in sides):
            f = sides[side]
            times = ""
            if side == OURS and APP_QUEUE in sides:
                times = f"{sides[APP_QUEUE].p50_ms / f.p50_ms:.1f}"
            title = f"{scenario.name} {scenario.title}" if side == next(iter(sides)) else ""
            cells = (f"{v:.1f}" for v in (f.p50_ms, f.p95_ms, f.p99_ms, f.max_ms))
            out.add_row(title, side, str(f.n), *cells, times)
    return out
