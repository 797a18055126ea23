"""What `bench.scale` shows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from bench.scale import PARTS, Result


def tables(result: Result) -> list[Table]:
    """What a call costs by size, and the rates that were tried."""
    rows = [*result.sizes, *result.raised]
    costs = _table(
        "Processor time of the controller for a call, in ms", ["agents", "calls/s", "all", *PARTS, "cores"]
    )
    for found in rows:
        parts = [f"{found.parts_ms[name]:.2f}" for name in PARTS]
        costs.add_row(
            f"{found.agents:,}",
            f"{found.calls_per_s:.1f}",
            f"{found.cpu_ms:.2f}",
            *parts,
            f"{found.cores:.2f}",
        )
    times = _table(
        "Decisions, in ms",
        [
            "agents",
            "calls/s",
            "decided p50",
            "p99",
            "late p50",
            "p99",
            "max",
            "longest turn",
            "memory MB",
            "holds",
        ],
    )
    for found in rows:
        figures_ = (
            found.decided_p50_ms,
            found.decided_p99_ms,
            found.late_p50_ms,
            found.late_p99_ms,
            found.late_max_ms,
        )
        shown = [f"{value:.2f}" for value in figures_]
        times.add_row(
            f"{found.agents:,}",
            f"{found.calls_per_s:.1f}",
            *shown,
            f"{found.rss_mb:.0f}",
            "yes" if found.holds else "no",
        )
    return [costs, times, _bytes(result), _web(result)]


def _bytes(result: Result) -> Table:
    kinds = ("redis", "published", "live file", "postgresql", "wal")
    out = _table("Bytes for a call", ["agents", "calls/s", *kinds])
    for found in result.sizes:
        out.add_row(
            f"{found.agents:,}", f"{found.calls_per_s:.1f}", *(f"{found.bytes[kind]:,.0f}" for kind in kinds)
        )
    return out


def _web(result: Result) -> Table:
    out = _table(
        "The web process",
        ["agents", "cores", "memory MB", "shown p50 ms", "p99", "watches", "bytes/s to a browser"],
    )
    for found in result.sizes:
        told = found.browser_bytes_s or {}
        out.add_row(
            f"{found.agents:,}", f"{found.web_cores or 0:.2f}", f"{found.web_rss_mb or 0:.0f}",
            _or_none(found.shown_p50_ms), _or_none(found.shown_p99_ms),
            "\n".join(told), "\n".join(f"{value:,.0f}" for value in told.values()),
        )  # fmt: skip
    return out


def _or_none(shown_ms: float | None) -> str:
    return "no picture" if shown_ms is None else f"{shown_ms:.1f}"


def _table(title: str, columns: Sequence[str]) -> Table:
    out = Table(title=title)
    for name in columns:
        out.add_column(name, justify="right")
    return out
