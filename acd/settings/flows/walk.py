"""Walks what the schema has read, to find prompts and expressions with their places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from acd.ivr.expressions import Expression
from acd.settings.problems import Place
from acd.settings.schema.prompts import NamedPart, SpokenPart


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every part of an entry, with its place, from the outside in."""
    yield place, value
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            yield from leaves(getattr(value, name), (*place, field.alias or name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*place, index))


def named_prompts(entry: Any) -> Iterator[tuple[Place, str]]:
    """Every {prompt: NAME} of an entry."""
    for place, value in leaves(entry):
        if isinstance(value, NamedPart):
            yield (*place, "prompt"), value.prompt


def place_of_name(entry: Any, name: str) -> Place:
    """Where an expression of the entry uses the name; () if none does."""
    for place, value in leaves(entry):
        if isinstance(value, Expression) and name in value.names:
            return place
    return ()


def prompt_lists(value: Any, place: Place = ()) -> Iterator[tuple[Place, list[Any]]]:
    """Every prompt of an entry as its list of parts; lists inside texts by language are left out."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            if name != "play":  # names of sounds, not texts
                yield from prompt_lists(getattr(value, name), (*place, field.alias or name))
    elif isinstance(value, list):
        if any(isinstance(item, (str, dict, SpokenPart)) for item in value):
            yield place, value
        for index, item in enumerate(value):
            if isinstance(item, BaseModel):
                yield from prompt_lists(item, (*place, index))
