"""Asterisk's own CDR file: calls that ended, or came and went, while no controller watched."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SECONDS = re.compile(r"\d+(\.\d+)?")
_PHONE_LEG = re.compile(r"^(?:PJSIP|Local)/(?P<phone>w?\d+)[-@]")
_MEMBER_LEG = re.compile(r"^Local/(?P<phone>\d+)@acd-member-[0-9a-f]+;2$")
_DISPOSITIONS = frozenset({"ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION"})
TALK_IS_OVER = "over"
"""The extension of the dialplan that hangs up when the agent has."""
TAIL_BYTES = 4_000_000
LINE_MAX = 8192
COLUMNS = (
    "call_id", "dialed", "uniqueid", "source", "destination", "channel", "dest_channel",
    "start", "answer", "end", "disposition", "group",
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


def ended_by_agent(path: Path) -> frozenset[str]:
    """The calls that the dialplan ended by itself when the agent had hung up, from the end of the file."""
    return frozenset(row["call_id"] for row in rows(path, TAIL_BYTES) if row["destination"] == TALK_IS_OVER)


@dataclass(frozen=True, slots=True)
class Served:
    """Who answered: the phone, and when, in Unix seconds."""

    phone: str
    at: float


def served_by_fallback(path: Path) -> dict[str, Served]:
    """Call id → the member of the fallback queue who answered it last, from the end of the file."""
    out: dict[str, Served] = {}
    for row in rows(path, TAIL_BYTES):
        served = _member_answered(row)
        if served is not None:
            out[row["call_id"]] = served
    return out


def _member_answered(row: Mapping[str, str]) -> Served | None:
    """A member's own leg tells when the member answered; the caller's is answered before, for the music."""
    match = _MEMBER_LEG.match(row["channel"])
    return Served(match["phone"], float(row["answer"])) if match and _answered(row) else None


def _answered(row: Mapping[str, str]) -> bool:
    return row["disposition"] == "ANSWERED" and float(row["answer"]) > 0


@dataclass(frozen=True, slots=True)
class CustomerCall:
    """A customer's call as Asterisk saw it; times in Unix seconds.

    `trunk`: the one that brought it. `group`: the skill group whose line it stood in last, '' if none is
    known. `served`: the phone that answered first; where the controller had it dialled, `at` may be
    when it began to ring.
    """

    call_id: str
    caller_number: str
    dialed_number: str
    started_at: float
    ended_at: float
    group: str
    served: Served | None
    trunk: str = ""


def customer_calls(path: Path) -> dict[str, CustomerCall]:
    """The ended calls that came in over trunks, by call id, from the end of the file."""
    legs: dict[str, list[dict[str, str]]] = {}
    for row in rows(path, TAIL_BYTES):
        legs.setdefault(row["call_id"], []).append(row)
    calls = {call_id: _customer_call(call_id, of_call) for call_id, of_call in legs.items()}
    return {call_id: call for call_id, call in calls.items() if call is not None}


def _customer_call(call_id: str, all_legs: list[dict[str, str]]) -> CustomerCall | None:
    legs = [leg for leg in all_legs if leg["channel"].startswith("PJSIP/trunk-")]
    if not legs:
        return None
    members = [served for leg in all_legs if (served := _member_answered(leg)) is not None]
    dialled = [
        Served(match["phone"], float(leg["answer"]))
        for leg in legs
        if _answered(leg) and (match := _PHONE_LEG.match(leg["dest_channel"]))
    ]
    groups = [leg["group"] for leg in legs if leg["group"]]
    return CustomerCall(
        call_id=call_id,
        caller_number=legs[0]["source"],
        dialed_number=legs[0]["dialed"],
        started_at=min(float(leg["start"]) for leg in legs),
        ended_at=max(float(leg["end"]) for leg in legs),
        group=groups[-1] if groups else "",
        trunk=legs[0]["channel"].removeprefix("PJSIP/trunk-").rpartition("-")[0],
        served=min(members or dialled, key=lambda served: served.at, default=None),
    )


def _whole(row: list[str]) -> bool:
    """Of a call of ours, ended, and not cut short by a crash. Times are Unix seconds with a fraction."""
    if len(row) != len(COLUMNS) or not row[0]:
        return False
    leg = dict(zip(COLUMNS, row, strict=True))
    times = all(_SECONDS.fullmatch(leg[name]) is not None for name in ("start", "answer", "end"))
    return times and leg["disposition"] in _DISPOSITIONS
