"""customers.csv, as it is edited and as versions of the configuration have kept it: one person's lines."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from acd.privacy.person import Person
from acd.settings.config_files import CUSTOMERS_FILE
from acd.settings.phone_number import normalised


def first_line_of(file: Path, person: Person, country: str | None) -> int | None:
    """Which line of the file, from 1, is the person's; None: it has none, or there is no such file.

    Raises OSError where it cannot be read.
    """
    if not file.exists():
        return None
    return next((begin + 1 for begin, _end in _found(_lines(file), person, country)), None)


def clean_versions(versions: Path, person: Person, country: str | None) -> tuple[int, list[Path]]:
    """Take their lines out of all versions that are kept, so that none brings them back.

    How many lines went, and the files that could not be changed.
    """
    count, failed = 0, list[Path]()
    for file in sorted(versions.glob(f"*/config/{CUSTOMERS_FILE}")):
        try:
            lines = _lines(file)
            found = list(_found(lines, person, country))
            for begin, end in reversed(found):
                del lines[begin:end]
            if found:
                _put("".join(lines), file)
        except OSError:
            failed.append(file)
        else:
            count += len(found)
    return count, failed


def _lines(file: Path) -> list[str]:
    """As the reader of customers' files sees them, with their ends."""
    text = file.read_bytes().decode("utf-8-sig", "surrogateescape")
    return list(io.StringIO(text, newline=""))


def _put(text: str, file: Path) -> None:
    """In one go: a version's file may be shared with others, and calls may be on it."""
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(text.encode("utf-8", "surrogateescape"))
    shutil.copymode(file, new)
    os.replace(new, file)


def _found(lines: Sequence[str], person: Person, country: str | None) -> Iterator[tuple[int, int]]:
    """Begin and end of each of their lines, from 0; a quoted value may go over several."""
    reader = csv.reader(lines)
    try:
        header = [name.strip() for name in next(reader, [])]
        begin = reader.line_num
        for values in reader:
            row = dict(zip(header, (value.strip() for value in values), strict=False))
            number = row.get("number", "")
            if row.get("id") in person.ids or (normalised(number, country) or number) in person.numbers:
                yield begin, reader.line_num
            begin = reader.line_num
    except csv.Error:  # what is searched for at the end is found there, if it is in it
        return
