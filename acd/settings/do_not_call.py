"""config/do_not_call.csv: the numbers of customers who do not want to be called."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from acd.settings.document import Document, read_text
from acd.settings.phone_number import normalised
from acd.settings.problems import shown, shown_file

COLUMN = "number"
LARGEST_FILE_BYTES = 50_000_000


def read_do_not_call(path: Path, country: str | None = None) -> tuple[frozenset[str], Document]:
    """The numbers in normal form, and a document whose `problems` tell what is wrong.

    The first line names the columns; only `number` is read, others are for people.
    `country`: of the numbers without country code.
    """
    document = Document(shown_file(path), path.stem)
    text = read_text(document, path, LARGEST_FILE_BYTES)
    if text is None:
        return frozenset(), document
    numbers: set[str] = set()
    try:
        rows = csv.reader(io.StringIO(text), strict=True)
        header = [name.strip() for name in next(rows, [])]
        if header.count(COLUMN) != 1:
            document.report_line(1, f"the first line has to name the columns, one of them '{COLUMN}'")
            return frozenset(), document
        place = header.index(COLUMN)
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            written = row[place].strip() if place < len(row) else ""
            number = normalised(written, country)
            if number is None:
                message = f"expected a phone number such as +8613800138000, got '{shown(written)}'"
                document.report_line(rows.line_num, message, (COLUMN,))
            else:
                numbers.add(number)
    except csv.Error as error:
        document.report_line(1, f"invalid CSV: {error}")
    return frozenset(numbers), document
