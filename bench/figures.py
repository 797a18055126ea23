"""Percentiles, the table and the JSON of a measurement."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from bench.scenarios import EXACT, Scenario, Target

OURS, APP_QUEUE = "ours", "app_queue"
SIDES = (OURS, APP_QUEUE)


@dataclass(frozen=True, slots=True)
class Figures:
    """What is said of a set of samples, in milliseconds. `cut_off` of them were given up after their time."""

    n: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    min_ms: float
    cut_off: int = 0


def figures(samples_ms: Sequence[float], cut_off_ms: float = math.inf) -> Figures:
    """Nearest-rank percentiles: each is a time that was measured. Raises ValueError without samples.

    A sample of `cut_off_ms` was given up then: nobody knows how long it would have been.
    """
    if not samples_ms:
        raise ValueError("no samples")
    ordered = sorted(samples_ms)

    def percentile(share: float) -> float:
        return round(ordered[math.ceil(share * len(ordered)) - 1], 2)

    p50, p95, p99 = percentile(0.50), percentile(0.95), percentile(0.99)
    cut_off = sum(sample >= cut_off_ms for sample in ordered)
    return Figures(len(ordered), p50, p95, p99, round(ordered[-1], 2), round(ordered[0], 2), cut_off)


def is_met(target: Target, found: Figures) -> bool:
    """Whether our figures keep it."""
    return found.p99_ms <= target.p99_ms and (target.min_ms is None or found.min_ms >= target.min_ms)


Results = Mapping[str, Mapping[str, Figures]]
"""Scenario → side → figures."""


def write_json(path: Path, chosen: Sequence[Scenario], results: Results) -> None:
    """`{"scenarios": {"S1": {"ours": {"n": …, "p50_ms": …, …}, "app_queue": {…}}, …}, "targets": {…}}`

    Targets are `"S1": {"p99_ms": …, "min_ms": …, "met": …}`, for our side and where it was measured.
    """
    data = {s: {side: asdict(f) for side, f in sides.items()} for s, sides in results.items()}
    targets = {
        s.name: {**asdict(s.target), "met": is_met(s.target, results[s.name][OURS])}
        for s in chosen
        if s.target is not None and OURS in results[s.name]
    }
    text = json.dumps({"scenarios": data, "targets": targets}, indent=2)
    path.write_text(text + "\n", encoding="utf-8")


def table(chosen: Sequence[Scenario], results: Results) -> Table:
    """One row for each scenario and side; then how the medians compare, and whether we meet the target."""
    out = Table(title="From 'agent free' to the INVITE at the agent's phone, in milliseconds")
    for name in ("scenario", "side", "n", "min", "p50", "p95", "p99", "max", "times faster", "target"):
        out.add_column(name, justify="left" if name in ("scenario", "side", "target") else "right")
    for scenario in chosen:
        sides = results[scenario.name]
        for side in (s for s in SIDES if s in sides):
            f = sides[side]
            times = target = ""
            if side == OURS and APP_QUEUE in sides and scenario.target != EXACT:
                times = f"{sides[APP_QUEUE].p50_ms / f.p50_ms:.1f}"
            if side == OURS and scenario.target is not None:
                target = f"{scenario.target}: {'met' if is_met(scenario.target, f) else 'MISSED'}"
            title = f"{scenario.name} {scenario.title}" if side == next(iter(sides)) else ""
            cells = (f"{v:.1f}" for v in (f.min_ms, f.p50_ms, f.p95_ms, f.p99_ms))
            longest = f"{'> ' if f.cut_off else ''}{f.max_ms:.1f}"
            out.add_row(title, side, str(f.n), *cells, longest, times, target)
    return out
