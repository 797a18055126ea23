"""The file of `acd import csv --mapping`: which column of a call list says what, and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from acd.errors import SettingsError
from acd.imports.queue_map import Encoding, Word
from acd.settings.document import Document, read_document
from acd.settings.schema.checking import Options, checked, expected, one_of, text_of
from acd.settings.schema.values import Id, Timezone
from acd.settings.validate import validate

OUTCOMES = ("answered", "abandoned", "left", "ignore")
TIME_FORMATS = ("iso", "unix", "unix_ms")
UNITS = ("s", "ms", "min", "h:m:s")


def _delimiter(value: object) -> str:
    what = r'one character, such as "," or ";" or "\t"'
    text = text_of(what, value)
    if len(text) != 1 or text in '"\r\n':
        raise expected(what, value)
    return text


def _time_format(value: object) -> str:
    what = "iso, unix, unix_ms or a form such as '%d.%m.%Y %H:%M:%S'"
    text = text_of(what, value)
    if text not in TIME_FORMATS and "%" not in text:
        raise expected(what, value)
    return text


Delimiter = Annotated[str, checked(_delimiter, type="string", minLength=1, maxLength=1)]
TimeFormat = Annotated[str, checked(_time_format, type="string")]


class Columns(Options):
    """The heading of the column that says it, word for word. What a list does not have is left out.

    `call` and `start` there must be. `wait`, `talk`, `hold` and `wrap_up` are durations, `whole` is that of
    wait, talk and hold together; instead of them the moments `answered` and `ended` may be given. Without
    `outcome` a call with an agent and a talk, or an `answered`, was answered, any other abandoned.
    """

    call: Word
    start: Word
    answered: Word | None = None
    ended: Word | None = None
    number: Word | None = None
    name: Word | None = None
    dialed: Word | None = None
    group: Word | None = None
    agent: Word | None = None
    wait: Word | None = None
    talk: Word | None = None
    hold: Word | None = None
    wrap_up: Word | None = None
    whole: Word | None = None
    outcome: Word | None = None
    ended_by: Word | None = None


class Times(Options):
    """How moments and durations are written. The zone is that of moments that name none."""

    format: TimeFormat = "iso"
    zone: Timezone = "UTC"
    durations: Annotated[str, one_of(*UNITS)] = "s"
    start_is: Literal["queued", "answered"] = "queued"


class CsvMap(Options):
    """The whole file.

    `talk_includes_hold`: the talk of the list has the hold in it. `group`: where no column says it.
    `outcomes`: words of the list to answered, abandoned, left or ignore (the row is no call of a group).
    """

    columns: Columns
    times: Times = Field(default_factory=Times)
    delimiter: Delimiter = ","
    encoding: Encoding = "utf-8"
    group: Id | None = None
    talk_includes_hold: bool = False
    outcomes: dict[Word, Annotated[str, one_of(*OUTCOMES)]] = Field(default_factory=dict)
    ended_by_agent: list[Word] = Field(default_factory=list)
    groups: dict[Word, Id] = Field(default_factory=dict)
    agents: dict[Word, Id] = Field(default_factory=dict)
    nobody: list[Word] = Field(default_factory=list)
    """What the column of agents says where there was none."""


def read_csv_map(path: Path) -> CsvMap:
    """The file. Raises SettingsError, each problem with its line."""
    document = read_document(path)
    found = validate(document, CsvMap)
    if found is not None and not document.has_errors:
        _check_together(document, found)
    if document.has_errors or found is None:
        raise SettingsError([str(problem) for problem in sorted(document.problems)])
    return found


def _check_together(document: Document, found: CsvMap) -> None:
    columns = found.columns
    place = ("columns",)
    if columns.group is None and found.group is None:
        document.report(place, "which group is meant? name a column `group`, or one `group:` for all")
    if columns.talk is None and columns.ended is None and columns.whole is None:
        document.report(place, "how long the talk was is said by a column `talk`, or by `ended` or `whole`")
    says_wait = columns.wait, columns.answered, columns.talk and columns.whole
    if not any(says_wait) and found.times.start_is != "answered":
        document.report(
            place, "how long the wait was is said by a column `wait`, or by `answered` or `whole`"
        )
    if columns.outcome is not None and not found.outcomes:
        document.report(place, "say under `outcomes:` what the words of the column `outcome` mean")
    if found.times.start_is == "answered" and columns.wait is None:
        document.report(
            ("times", "start_is"), "`answered` needs a column `wait`, to know when the wait began"
        )
