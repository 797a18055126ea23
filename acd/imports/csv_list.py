"""`acd import csv`: a call list into the records, in batches, with little memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from acd.errors import OperatorError
from acd.imports.batches import Batches
from acd.imports.csv_calls import Row, RowReader, as_call
from acd.imports.csv_map import CsvMap
from acd.imports.files import Files
from acd.imports.intake import Intake
from acd.imports.refusals import Impossible, Place, Refusals
from acd.settings.problems import did_you_mean

ROWS_TOGETHER = 5000
"""The rows of one call are at most so many rows apart."""
_BOM = "\ufeff"


class _Source:
    """The rows of all files, each with its place. A file begins with its headings."""

    def __init__(self, files: Files, mapping: CsvMap, reader: RowReader, refusals: Refusals) -> None:
        self._files = files
        self._mapping = mapping
        self._reader = reader
        self._refusals = refusals
        self._place = Place("", 0)

    def rows(self) -> Iterator[tuple[Place, dict[str, str], str]]:
        """Place of the first line, values by heading, and the row as it is written. Raises OperatorError."""
        texts, headings, file = self._texts(), list[str](), ""
        while True:
            first = self._place.line + 1
            read = csv.reader(texts, delimiter=self._mapping.delimiter, strict=True)
            try:
                for values in read:
                    place = self._place
                    if place.file != file:
                        file, headings = place.file, self._headings(values)
                    elif values and len(values) != len(headings):
                        reason = f"{len(values)} columns instead of {len(headings)}"
                        self._refusals.refuse(
                            place, Impossible("other number of columns", reason), "".join(values)
                        )
                    elif values:
                        yield (
                            place,
                            dict(zip(headings, values, strict=True)),
                            self._mapping.delimiter.join(values),
                        )
                    first = self._place.line + 1
                return
            except csv.Error as error:
                # A quotation mark that is never closed takes everything behind it along.
                reason = f"no CSV from line {first} on: {error}"
                self._refusals.refuse(self._place, Impossible("no CSV", reason))

    def _texts(self) -> Iterator[str]:
        for place, raw in self._files.lines():
            self._place = place
            try:
                text = raw.decode(self._mapping.encoding)
            except UnicodeDecodeError:
                encoding = self._mapping.encoding
                self._refusals.refuse(
                    self._place, Impossible(f"not {encoding}", f"is not written in {encoding}")
                )
                continue
            yield text.removeprefix(_BOM) if place.line == 1 else text

    def _headings(self, values: list[str]) -> list[str]:
        headings = [value.strip() for value in values]
        missing = self._reader.missing(headings)
        if missing:
            column = missing[0]
            meant = did_you_mean(column, headings, separator=";")
            raise OperatorError(
                f"{self._place}: there is no column '{column}'{meant}"
                f" The columns are: {', '.join(headings)} (is the delimiter right?)"
            )
        return headings


def run(
    files: Files, mapping: CsvMap, reader: RowReader, intake: Intake, refusals: Refusals, prefix: str = ""
) -> None:
    """All rows of the files. Raises OperatorError, and SQLAlchemy's errors."""
    waiting: dict[str, list[Row]] = {}
    count = 0
    with Batches(intake) as batches:

        def finish(call: str) -> None:
            rows = waiting.pop(call)
            try:
                batches.add(as_call(rows, prefix))
            except Impossible as fault:
                for row in rows:
                    refusals.refuse(row.place, fault, f"call {call}")

        for place, values, text in _Source(files, mapping, reader, refusals).rows():
            try:
                row = reader.read(values, place)
            except Impossible as fault:
                refusals.refuse(place, fault, text)
                continue
            if row is None:
                refusals.leave_out(place, "row that the mapping ignores", text)
                continue
            known = waiting.setdefault(row.call, [])
            if any(row == _at(other, row.place) for other in known):
                refusals.refuse(place, Impossible("duplicate", "the same row has been there already"), text)
                continue
            known.append(row)
            count += 1
            if count > ROWS_TOGETHER:
                oldest = next(iter(waiting))
                count -= len(waiting[oldest])
                finish(oldest)
        for call in list(waiting):
            finish(call)


def _at(row: Row, place: Place) -> Row:
    return Row(
        row.call, place, row.times, row.group, row.agent, row.number, row.name, row.dialed, row.ended_by
    )
