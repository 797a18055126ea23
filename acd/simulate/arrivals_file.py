"""A CSV file of the times at which callers come, checked like every other file."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

from acd.settings.document import Document, read_text
from acd.settings.problems import did_you_mean, shown, shown_file
from acd.simulate.scenario import KnownCall

COLUMNS = ("arrived_at", "priority", "talk_s", "patience_s")
LARGEST_FILE_BYTES = 50_000_000
LATEST_S = 1e9


def read_arrivals(path: Path, begins: datetime | None) -> tuple[list[KnownCall], Document]:
    """The calls, and the document with what is wrong.

    `arrived_at` is a number of seconds from the beginning, or a local time such as 2026-11-02 09:15:30. Times
    are counted from `begins`, or from the midnight before the first.
    """
    document = Document(shown_file(path), path.stem)
    text = read_text(document, path, LARGEST_FILE_BYTES)
    if text is None:
        return [], document
    reader = csv.DictReader(io.StringIO(text, newline=""))
    names = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    for name in names:
        if name not in COLUMNS:
            document.report_line(
                1, f"unknown column '{shown(name)}'" + did_you_mean(name, COLUMNS, separator=",")
            )
    if "arrived_at" not in names:
        document.report_line(1, "the first line names the columns; the column arrived_at is missing")
    if document.problems:
        return [], document
    found: list[tuple[float | datetime, KnownCall]] = []
    try:
        for row in reader:
            call = _row(document, reader.line_num, row)
            if call is not None:
                found.append(call)
    except csv.Error as error:
        document.report_line(reader.line_num, f"this is no CSV: {shown(str(error))}")
    moments = [at for at, _ in found if isinstance(at, datetime)]
    if begins is None and moments:
        begins = min(moments).replace(hour=0, minute=0, second=0, microsecond=0)
    return [_placed(at, call, begins) for at, call in found], document


def _row(
    document: Document, line: int, row: dict[str, str | None]
) -> tuple[float | datetime, KnownCall] | None:
    values: dict[str, float | None] = {}
    for name in COLUMNS[1:]:
        text = (row.get(name) or "").strip()
        values[name] = _number(text)
        if text and values[name] is None:
            what = "a whole number from 0 to 100" if name == "priority" else "a number of seconds, 0 or more"
            document.report_line(line, f"{name}: expected {what}, got '{shown(text)}'")
            return None
    text = (row.get("arrived_at") or "").strip()
    at: float | datetime | None = _number(text)
    if at is None:
        at = _moment(text)
    if at is None:
        what = "seconds or a time such as 2026-11-02 09:15:30"
        document.report_line(line, f"arrived_at: expected {what}, got '{shown(text)}'")
        return None
    priority = values["priority"]
    whole_priority = None if priority is None else min(int(priority), 100)
    return at, KnownCall(
        0.0, priority=whole_priority, talk_s=values["talk_s"], patience_s=values["patience_s"]
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < LATEST_S else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is None else None


def _placed(at: float | datetime, call: KnownCall, begins: datetime | None) -> KnownCall:
    if isinstance(at, datetime):
        assert begins is not None
        at = (at - begins).total_seconds()
    return KnownCall(at, priority=call.priority, talk_s=call.talk_s, patience_s=call.patience_s)
