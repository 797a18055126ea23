"""customers.csv, as it is edited and as versions of the configuration have kept it: one person's lines."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from acd.privacy.person import Person
from acd.settings.files import CUSTOMERS_FILE
from acd.settings.phone_number import normalised


def first_line_of(file: Path, person: Person, country: str | None) -> int | None:
    """Which line of the file, from 1, is the person's; None: it has none, or there is no such file."""
    return next((begin + 1 for begin, _end in _found(_text(file), person, country)), None)


def clean_versions(versions: Path, person: Person, country: str | None) -> tuple[int, list[Path]]:
    """Take their lines out of all versions that are kept, so that none brings them back.

    How many lines went, and the files that could not be changed.
    """
    count, failed = 0, list[Path]()
    for file in sorted(versions.glob(f"*/config/{CUSTOMERS_FILE}")):
        lines = _text(file).splitlines(keepends=True)
        found = list(_found("".join(lines), person, country))
        if not found:
            continue
        for begin, end in reversed(found):
            del lines[begin:end]
        try:
            _put("".join(lines), file)
        except OSError:
            failed.append(file)
        else:
            count += len(found)
    return count, failed


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig", errors="surrogateescape")
    except OSError:
        return ""


def _put(text: str, file: Path) -> None:
    """In one go: a version's file may be shared with others, and calls may be on it."""
    new = file.with_name(f"{file.name}.new")
    new.write_text(text, encoding="utf-8", errors="surrogateescape")
    shutil.copymode(file, new)
    os.replace(new, file)


def _found(text: str, person: Person, country: str | None) -> Iterator[tuple[int, int]]:
    """Begin and end of each of their lines, from 0; a quoted value may go over several."""
    reader = csv.reader(text.splitlines(keepends=True))
    try:
        header = next(reader, [])
        begin = reader.line_num
        for values in reader:
            row = dict(zip(header, values, strict=False))
            number = row.get("number", "")
            if row.get("id") in person.ids or (normalised(number, country) or number) in person.numbers:
                yield begin, reader.line_num
            begin = reader.line_num
    except csv.Error:  # what is searched for at the end is found there, if it is in it
        return
