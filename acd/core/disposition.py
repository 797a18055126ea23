"""What came of a call, as agents record it after the talk: a tree of codes for each group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

NOTE_MAX, FIELD_MAX = 4_000, 500
"""Characters of a note, and of what stands in a field."""


class FieldKind(StrEnum):
    """What may stand in a field."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"  # 2026-12-24


@dataclass(frozen=True, slots=True)
class DispositionField:
    """Something to be said with a code. `label` by language."""

    id: str
    label: Mapping[str, str]
    kind: FieldKind = FieldKind.TEXT
    required: bool = True


@dataclass(frozen=True, slots=True)
class DispositionCode:
    """A node of the tree; one with children is a heading, and no answer. `label` by language."""

    id: str
    label: Mapping[str, str]
    complaint: bool = False
    fields: tuple[DispositionField, ...] = ()
    children: tuple[DispositionCode, ...] = ()


@dataclass(frozen=True, slots=True)
class DispositionTree:
    """Those of a group. `required`: one has to be chosen before the wrap-up is done."""

    codes: tuple[DispositionCode, ...] = ()
    required: bool = False

    def find(self, code: str) -> tuple[DispositionCode, ...]:
        """The way from the top to a code that can be chosen, itself at the end; () where there is none."""
        return next((way for way in self.ways() if way[-1].id == code), ())

    def ways(self) -> Iterator[tuple[DispositionCode, ...]]:
        """To all codes that can be chosen."""
        return _ways(self.codes, ())


def _ways(
    codes: tuple[DispositionCode, ...], above: tuple[DispositionCode, ...]
) -> Iterator[tuple[DispositionCode, ...]]:
    for code in codes:
        way = (*above, code)
        if code.children:
            yield from _ways(code.children, way)
        else:
            yield way


@dataclass(frozen=True, slots=True)
class Disposition:
    """What an agent recorded of a call, `at` in engine seconds.

    `code` '' is none, with a note alone; `path`: its names from the top, in the centre's language;
    `callback_at`: when the customer was promised to be called back.
    """

    call_id: str
    agent: str
    at: float
    group: str | None
    code: str
    path: str = ""
    complaint: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    callback_at: float | None = None
