"""Facts and other JSON without what tells of a person. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from acd.core.facts import CallKind
from acd.privacy.person import GONE

_NUMBERS_AND_WORDS = frozenset({"caller_number", "caller_name", "number", "detail", "cause"})
_OUTSIDE = re.compile(r"\+?\d{6,}")
"""What is dialled and has so many digits is no number of ours."""


def scrubbed_fact(fact: Mapping[str, Any], pattern: re.Pattern[str] | None) -> dict[str, Any]:
    """A fact as JSON, nobody's: what was keyed or known of the caller is left out, when and where stay."""
    dialled = fact.get("kind") == CallKind.OUTBOUND
    return {key: _scrubbed_value(key, value, dialled, pattern) for key, value in fact.items()}


def _scrubbed_value(key: str, value: Any, dialled: bool, pattern: re.Pattern[str] | None) -> Any:
    if key == "consult":
        return [scrubbed_fact(each, pattern) for each in value]
    if key == "customer" and value is not None:
        nobody = {"id": "", "name": "", "language": "", "value": 0.0, "requirement": ""}
        return {**value, **nobody}
    if key in _NUMBERS_AND_WORDS or (key == "dialed_number" and dialled):
        return ""
    if key == "target" and isinstance(value, str) and _OUTSIDE.fullmatch(value):
        return ""
    return scrubbed(value, pattern)


def scrubbed(value: Any, pattern: re.Pattern[str] | None) -> Any:
    """Any JSON, the pattern's finds in its texts replaced."""
    if pattern is None:
        return value
    match value:
        case str():
            return pattern.sub(GONE, value)
        case list():
            return [scrubbed(each, pattern) for each in value]
        case dict():
            return {key: scrubbed(each, pattern) for key, each in value.items()}
        case _:
            return value
