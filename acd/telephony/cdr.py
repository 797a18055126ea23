"""Asterisk's own CDR file: when calls ended that we did not see end."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

TAIL_BYTES = 4_000_000
COLUMNS = (
    "call_id", "uniqueid", "source", "destination", "channel", "dest_channel",
    "start", "answer", "end", "disposition",
)  # fmt: skip


def rows(path: Path, tail_bytes: int | None = None) -> list[dict[str, str]]:
    """The file's rows, or those of its last bytes; [] when there is no file yet."""
    try:
        with path.open("rb") as file:
            if tail_bytes is not None and path.stat().st_size > tail_bytes:
                file.seek(-tail_bytes, 2)
                file.readline()
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [dict(zip(COLUMNS, row, strict=True)) for row in csv.reader(text.splitlines()) if _whole(row)]


def ended_at(path: Path) -> dict[str, float]:
    """Call id → Unix time at which its last leg ended, from the end of the file."""
    out: dict[str, float] = {}
    for row in rows(path, TAIL_BYTES):
        moment = datetime.strptime(row["end"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
        out[row["call_id"]] = max(moment, out.get(row["call_id"], 0.0))
    return out


def _whole(row: list[str]) -> bool:
    return len(row) == len(COLUMNS) and bool(row[0]) and bool(row[8])
