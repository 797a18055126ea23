"""Where a text that somebody hears is written: for messages about it, long after it was read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acd.settings.document import read_document
from acd.settings.files import MOST_FLOW_VALUES
from acd.settings.problems import Place

_NOT_HEARD = "tests"


def place_of_text(flows_dir: Path, text: str, language: str) -> str | None:
    """'file:line' of a spoken text; None for words of the program's own."""
    found = None
    for path in sorted(flows_dir.rglob("*.yml")):
        document = read_document(path, MOST_FLOW_VALUES)
        for place in _places(document.data, text):
            where = f"{document.file}:{document.line_of(place)}"
            if language in place:
                return where
            found = found or where  # in the language of its flow, or that of another text with these words
    return found


def _places(data: Any, text: str, place: Place = ()) -> Iterator[Place]:
    match data:
        case dict():
            for key, value in data.items():
                if place or key != _NOT_HEARD:
                    yield from _places(value, text, (*place, key))
        case list():
            for index, value in enumerate(data):
                yield from _places(value, text, (*place, index))
        case str() if " ".join(data.split()) == text:
            yield place
