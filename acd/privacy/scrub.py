"""Facts and other JSON without what tells of a person. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from acd.records.nobody import GONE, nobodys_fact


def scrubbed_fact(fact: Mapping[str, Any], pattern: re.Pattern[str] | None) -> dict[str, Any]:
    """A fact as JSON, nobody's, and without the pattern's finds."""
    scrubbed_one: dict[str, Any] = scrubbed(nobodys_fact(fact), pattern)
    return scrubbed_one


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
