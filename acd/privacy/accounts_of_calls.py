"""Asterisk's account of calls and queue_log, without what tells of one person.

Others add lines to these files at the same time, and read on from where they were. So nothing is moved: what
tells of somebody is overwritten where it stands, by as many letters x. No line is lost, none changes its
length, and a sudden end leaves a file of whole lines, of which some are done. Packed files, which nobody
writes to, are packed again and put in the place of the old ones.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from acd.queue_log import line as queue_log
from acd.records.nobody import is_outside
from acd.telephony import cdr

FILL = b"x"
_OPEN: Mapping[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_FIELD = re.compile(r'"(?:[^"]|"")*"|[^,]*')
_WITH_NUMBERS = ("dialed", "source", "destination", "channel", "dest_channel")
_HEAD = 5
"""Fields of queue_log before its data: time, call, queue, agent, event."""
_NUMBER, _NAME = 1, 3
"""Of the data of ENTERQUEUE."""

Span = tuple[int, int]
"""[from, to) in characters of a line."""


@dataclass(slots=True)
class Cleaner:
    """Of one person: what is found by `pattern`, and what lines of the calls `call_ids` say of the caller.

    `whole`: lines of those calls in Asterisk's account become none, so that the calls do not come back from
    it. `lines`: how many were changed. `failed`: files that could not be.
    """

    call_ids: Collection[str]
    pattern: re.Pattern[str] | None
    whole: bool = False
    lines: int = 0
    failed: list[Path] = field(default_factory=list)

    def clean_account(self, file: Path) -> None:
        """Asterisk's account, and what logrotate has made of it."""
        self._clean(file, self._spans_of_account)

    def clean_queue_log(self, file: Path) -> None:
        """queue_log, ours or Asterisk's, likewise."""
        self._clean(file, self._spans_of_queue_log)

    def _clean(self, file: Path, spans_of: Callable[[str], Sequence[Span]]) -> None:
        for each in _with_rotated(file):
            try:
                if each.suffix in _OPEN:
                    self._pack_again(each, spans_of)
                else:
                    self._overwrite(each, spans_of, keep_time=each != file)
            except FileNotFoundError:  # rotated in this moment: it is named in the end
                continue
            except (OSError, EOFError, lzma.LZMAError):
                self.failed.append(each)

    def _overwrite(self, file: Path, spans_of: Callable[[str], Sequence[Span]], *, keep_time: bool) -> None:
        """A file that is added to by others has its time from them."""
        before, changed, at = file.stat(), 0, 0
        with file.open("rb") as reading, file.open("r+b", buffering=0) as writing:
            for line in reading:
                if line.endswith(b"\n"):
                    spans = _in_bytes(line, spans_of)
                    for begin, end in spans:
                        os.pwrite(writing.fileno(), FILL * (end - begin), at + begin)
                    changed += bool(spans)
                at += len(line)
            if changed:
                os.fsync(writing.fileno())
        if changed and keep_time:
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.lines += changed

    def _pack_again(self, file: Path, spans_of: Callable[[str], Sequence[Span]]) -> None:
        before, changed = file.stat(), 0
        fresh = file.with_name(f".{file.name}.new")
        pack = _OPEN[file.suffix]
        try:
            reading: IO[bytes]
            writing: IO[bytes]
            with pack(file, "rb") as reading, pack(fresh, "wb") as writing:
                for line in reading:
                    filled = bytearray(line)
                    for begin, end in (spans := _in_bytes(line, spans_of)):
                        filled[begin:end] = FILL * (end - begin)
                    changed += bool(spans)
                    writing.write(filled)
            if changed:
                fresh.chmod(before.st_mode & 0o777)
                _same_owner(fresh, before)
                os.utime(fresh, ns=(before.st_atime_ns, before.st_mtime_ns))
                fresh.replace(file)
                self.lines += changed
        finally:
            fresh.unlink(missing_ok=True)

    # --- what is to be overwritten ----------------------------------------------------------------
    def _spans_of_account(self, line: str) -> list[Span]:
        row = cdr.read(line)
        is_theirs = row is not None and row["call_id"] in self.call_ids
        if is_theirs and self.whole:
            return [(0, len(line))]
        fields = dict(zip(cdr.COLUMNS, _fields(line), strict=False))
        spans = [
            (begin + found.start(), begin + found.end())
            for name in _WITH_NUMBERS
            if self.pattern is not None and (span := fields.get(name)) is not None
            for begin in (span[0],)
            for found in self.pattern.finditer(line[slice(*span)])
        ]
        if row is not None and is_theirs and is_outside(row["source"]):
            begin, end = fields["source"]
            quoted = line.startswith('"', begin)
            spans.append((begin + quoted, end - quoted))
        return spans

    def _spans_of_queue_log(self, line: str) -> list[Span]:
        spans: list[Span] = []
        places = list(_places(line, "|"))
        if self.pattern is not None:
            for begin, end in places[_HEAD:]:
                found = self.pattern.finditer(line[begin:end])
                spans += [(begin + one.start(), begin + one.end()) for one in found]
        try:
            told = queue_log.read(line)
        except queue_log.BadLine:
            return spans
        if told.call in self.call_ids and told.event == queue_log.Event.ENTERQUEUE:
            of_caller = [places[_HEAD + n] for n in (_NUMBER, _NAME) if _HEAD + n < len(places)]
            spans += [span for span in of_caller if line[slice(*span)].strip(FILL.decode())]
        return spans


def _with_rotated(file: Path) -> list[Path]:
    """The file, and those beside it that it was before."""
    if not file.parent.is_dir():
        return []
    names = (f"{file.name}.", f"{file.name}-")
    others = [each for each in file.parent.iterdir() if each.name.startswith(names)]
    found = [file, *sorted(others)] if file.exists() else sorted(others)
    return [each for each in found if each.is_file() and not each.is_symlink()]


def _in_bytes(line: bytes, spans_of: Callable[[str], Sequence[Span]]) -> list[Span]:
    text = line.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
    spans = spans_of(text)
    if text.isascii():
        return list(spans)
    return [(_size(text[:begin]), _size(text[:end])) for begin, end in spans]


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _fields(line: str) -> Iterator[Span]:
    """Of a line of CSV, quotes included."""
    at = 0
    while at <= len(line):
        found = _FIELD.match(line, at)
        assert found is not None
        yield found.span()
        at = found.end() + 1


def _places(line: str, separator: str) -> Iterator[Span]:
    at = 0
    for part in line.split(separator):
        yield at, at + len(part)
        at += len(part) + len(separator)


def _same_owner(fresh: Path, before: os.stat_result) -> None:
    """Where another user owns the file, and we may give it to them: else it stays ours."""
    now = fresh.stat()
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        os.chown(fresh, before.st_uid, before.st_gid)
