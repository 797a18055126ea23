"""Asterisk's own CDR file: calls that ended, or came and went, while no controller watched."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

_SECONDS = re.compile(r"\d+(\.\d+)?")
_PHONE_LEG = re.compile(r"^(?:PJSIP|Local)/(?P<phone>\d+)[-@]")
TAIL_BYTES = 4_000_000
LINE_MAX = 8192
COLUMNS = (
    "call_id", "dialed", "uniqueid", "source", "destination", "channel", "dest_channel",
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
    # Line by line: a quote that a torn line left open must not swallow the rest of the file.
    parsed = (next(csv.reader([line]), []) for line in text.split("\n") if len(line) <= LINE_MAX)
    return [dict(zip(COLUMNS, row, strict=True)) for row in parsed if _whole(row)]


def ended_at(path: Path) -> dict[str, float]:
    """Call id → Unix time at which its last leg ended, from the end of the file."""
    out: dict[str, float] = {}
    for row in rows(path, TAIL_BYTES):
        out[row["call_id"]] = max(float(row["end"]), out.get(row["call_id"], 0.0))
    return out


@dataclass(frozen=True, slots=True)
class CustomerCall:
    """A customer's call as Asterisk saw it; times in Unix seconds. `phone`: the last that was dialled."""

    call_id: str
    caller_number: str
    dialed_number: str
    started_at: float
    ended_at: float
    phone: str | None


def customer_calls(path: Path) -> dict[str, CustomerCall]:
    """The ended calls that came in over trunks, by call id, from the end of the file."""
    legs: dict[str, list[dict[str, str]]] = {}
    for row in rows(path, TAIL_BYTES):
        if row["channel"].startswith("PJSIP/trunk-"):
            legs.setdefault(row["call_id"], []).append(row)
    return {call_id: _customer_call(call_id, of_call) for call_id, of_call in legs.items()}


def _customer_call(call_id: str, legs: list[dict[str, str]]) -> CustomerCall:
    phones = [match["phone"] for leg in legs if (match := _PHONE_LEG.match(leg["dest_channel"]))]
    return CustomerCall(
        call_id=call_id,
        caller_number=legs[0]["source"],
        dialed_number=legs[0]["dialed"],
        started_at=min(float(leg["start"]) for leg in legs),
        ended_at=max(float(leg["end"]) for leg in legs),
        phone=phones[-1] if phones else None,
    )


def _whole(row: list[str]) -> bool:
    """Of a call of ours, ended, and not cut short by a crash. Times are Unix seconds with a fraction."""
    if len(row) != len(COLUMNS) or not row[0]:
        return False
    leg = dict(zip(COLUMNS, row, strict=True))
    return all(_SECONDS.fullmatch(leg[name]) is not None for name in ("start", "end"))
