"""Live state as it is kept: what is as in a new object is left out, which is most of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any


def usual_values(kind: Any, but: Iterable[str]) -> Mapping[str, object]:
    """Each field of a dataclass, and its default; fields without one are never as usual."""
    return {f.name: _usual(f) for f in fields(kind) if f.init and f.name not in but}


def unusual(thing: object, usual: Mapping[str, object]) -> dict[str, Any]:
    """The fields that are not as usual. What is told so does not change with the thing."""
    # A loop, not a comprehension: each value is looked up once. It runs for every change of a call.
    data: dict[str, Any] = {}
    for name, value in usual.items():
        now = getattr(thing, name)
        if now != value:
            data[name] = dict(now) if isinstance(now, dict) else now
    return data


def _usual(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()
