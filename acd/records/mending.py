"""A record whose texts the database refuses, as it takes it: better a mended name than no call.

Texts come from phones, files and people. Neither database takes half of a surrogate pair; PostgreSQL takes
no zero character, and no text in an index that is longer than a few thousand bytes.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T")
LONGEST = 600
"""Characters that fit into an index, whichever they are."""
_UNFIT = re.compile("[\x00\ud800-\udfff]")
_INSTEAD = "\ufffd"


def mended(item: T) -> Iterator[T]:
    """Versions of the item that may be taken, the one that differs least first; none where nothing helps."""
    before = item
    for longest in (None, LONGEST):
        after = _mended(before, longest)
        if after != before:
            yield after
        before = after


def _mended(value: Any, longest: int | None) -> Any:
    if type(value) is str:  # no member of an enumeration
        return _UNFIT.sub(_INSTEAD, value)[:longest]
    if isinstance(value, tuple):
        return tuple(_mended(each, longest) for each in value)
    if isinstance(value, Mapping):
        return {_mended(key, longest): _mended(each, longest) for key, each in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        return dataclasses.replace(value, **{name: _mended(each, longest) for name, each in found.items()})
    return value
