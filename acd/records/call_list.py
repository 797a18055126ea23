"""Calls as a table, a row each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from acd.core.callback_facts import ENTRY_MARK
from acd.core.facts import EndedBy
from acd.records.record import CallRecord, Segment, SegmentKind, Source
from acd.records.report import NOTHING, duration
from acd.records.story import caller_in_words, printable

_NUMBERS = ("Waited", "Talked")
_BEYOND_80 = ("Groups", "Waited")
_HISTORY = (Source.QUEUE_LOG, Source.CSV)
_TALKS = (SegmentKind.TALKING, SegmentKind.OUTSIDE)


def calls_table(records: Iterable[CallRecord], tz: ZoneInfo, width: int | None = None) -> Table:
    """One row per call, in the order given, times in `tz`.

    `width`: of the screen; only the columns that it holds are shown. None: all.
    """
    if width is None:
        columns = {**_COLUMNS, **_WIDE_COLUMNS}
    else:
        columns = {name: cell for name, cell in _COLUMNS.items() if width >= 100 or name not in _BEYOND_80}
        columns["Call"] = _id_in_two_lines
    table = Table(title=f"Times in {tz.key}")
    most = {} if width is None else {"Ended by": 10}
    for heading in columns:
        whole = heading in ("Call", "Began", *_NUMBERS)  # an id is to be copied
        justify: JustifyMethod = "right" if heading in _NUMBERS else "left"
        table.add_column(
            heading,
            no_wrap=whole,
            overflow="fold",
            justify=justify,
            max_width=most.get(heading),
        )
    others: Counter[str] = Counter()
    for record in records:
        table.add_row(*(Text(cell(record, tz)) for cell in columns.values()))
        if record.source is not Source.ACD:
            others[record.source.value] += 1
    if others:
        told = ", ".join(f"{count} from {source}" for source, count in sorted(others.items()))
        table.caption = f"Marked *: not known by this server's own account: {told}"
    return table


def _talks(record: CallRecord) -> list[Segment]:
    return [
        s
        for s in record.segments
        if s.kind in _TALKS or (s.kind is SegmentKind.FALLBACK and s.agent is not None)
    ]


def _waits(record: CallRecord) -> list[Segment]:
    return [
        s
        for s in record.segments
        if s.kind is SegmentKind.WAITING or (s.kind is SegmentKind.FALLBACK and s.agent is None)
    ]


def _ended_by(record: CallRecord) -> str:
    if record.ended_by is None:
        return "going on"
    if record.source in _HISTORY:
        return record.ended_by.value
    away = record.ended_by is EndedBy.UNKNOWN  # who it was is not known; why that is so, is
    if record.ended_by is EndedBy.NODE:
        return "lost with its node"
    return "controller away" if away else record.ended_by.value


def _length(stretches: Iterable[Segment]) -> str:
    """The finished stretches' time together."""
    lengths = [(s.ended_at - s.started_at).total_seconds() for s in stretches if s.ended_at is not None]
    return duration(sum(lengths)) if lengths else NOTHING


def _names(names: Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(printable(name) for name in names if name)) or NOTHING


def _local(at: datetime, tz: ZoneInfo, form: str) -> str:
    return at.astimezone(tz).strftime(form)


def _marked(record: CallRecord, text: str) -> str:
    return text if record.source is Source.ACD else f"{text} *"


def _id_in_two_lines(record: CallRecord, _tz: ZoneInfo) -> str:
    """That of a callback is twice as long as others, and would leave the other columns no room."""
    return printable(record.call_id).replace(ENTRY_MARK, "\n" + ENTRY_MARK)


_COLUMNS: Mapping[str, Callable[[CallRecord, ZoneInfo], str]] = {
    "Call": lambda r, _: printable(r.call_id),
    "Began": lambda r, tz: _local(r.started_at, tz, "%m-%d %H:%M"),
    "From": lambda r, _: _marked(r, caller_in_words(r.caller_number, r.customer_name or r.caller_name)),
    "Groups": lambda r, _: _names(visit.group for visit in r.visits),
    "Agents": lambda r, _: _names(talk.agent for talk in _talks(r)),
    "Ended by": lambda r, _: _ended_by(r),
    "Waited": lambda r, _: _length(_waits(r)),
    "Talked": lambda r, _: _length(_talks(r)),
}
_WIDE_COLUMNS: Mapping[str, Callable[[CallRecord, ZoneInfo], str]] = {
    "Began": lambda r, tz: _local(r.started_at, tz, "%Y-%m-%d %H:%M:%S"),
    "To": lambda r, _: printable(r.dialed_number),
    "Kind": lambda r, _: r.kind.value,
    "Customer": lambda r, _: printable(r.customer_id or NOTHING),
    "Source": lambda r, _: r.source.value,
}
