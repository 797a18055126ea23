"""Holds a document against its schema: our sentences for pydantic's errors, with their lines.

What is sound in a faulty document is still returned, so that the references of the rest can be
checked in the same run and the operator sees every problem at once.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from typing_extensions import TypeAliasType

from acd.settings.document import Document
from acd.settings.problems import Place, did_you_mean, shown
from acd.settings.schema.checking import expected

M = TypeVar("M", bound=BaseModel)


def validate(document: Document, model: type[M]) -> M | None:
    """The document as an object of the schema, without its faulty parts; None if nothing is left.

    Every fault is noted in the document.
    """
    if not document.readable:
        return None
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        for fault in faults:
            if document.is_full:
                break
            document.report(_place(fault), _sentence(model, fault))
    return _sound_part(document.data, model, faults)


def _place(fault: ErrorDetails) -> Place:
    """Where the fault is in the document: without pydantic's marks for union members and keys."""
    return tuple(part for part in fault["loc"] if not _is_mark(part))


def _is_mark(part: str | int) -> bool:
    return isinstance(part, str) and (part == "[key]" or (part.startswith("(") and part.endswith(")")))


def _sentence(model: type[BaseModel], fault: ErrorDetails) -> str:
    place = _place(fault)
    last = shown(str(place[-1])) if place else ""
    match fault["type"]:
        case "mistake":
            return fault["msg"]
        case "extra_forbidden":
            known = option_names(model, place[:-1])
            if place[-1] in known:  # of another kind of step
                return f"the option '{last}' does not belong here"
            return f"unknown option '{last}'" + did_you_mean(str(place[-1]), known, separator=",")
        case "missing":
            return f"the required option '{last}' is missing" + _form(model, place)
        case "model_type" | "dict_type" | "model_attributes_type":
            return str(expected("a mapping: lines of `name: value`", fault["input"]))
        case "list_type":
            return str(expected("a list", fault["input"]))
        case other:
            raise AssertionError(f"the schema gives an error that has no sentence: {other}: {fault['msg']}")


def _form(model: type[BaseModel], place: Place) -> str:
    """What an option that is missing has to hold, where it is a mapping of one kind."""
    annotations: list[Any] = [model]
    for part in place:
        annotations = [inner for outer in annotations for inner in _inside(outer, part)]
    kinds = list(_models(annotations))
    needed = [
        f"{name}: {'[…]' if _is_list(field.annotation) else '…'}"
        for name, field in (_by_option(kinds[0]).items() if len(kinds) == 1 else ())
        if field.is_required()
    ]
    return f"; it has the form {{{', '.join(needed)}}}" if needed else ""


def _is_list(annotation: Any) -> bool:
    return all(get_origin(kind) is list for kind in _alternatives(annotation))


def option_names(model: type[BaseModel], place: Place) -> list[str]:
    """The option names that the schema knows at this place."""
    annotations: list[Any] = [model]
    for part in place:
        annotations = [inner for outer in annotations for inner in _inside(outer, part)]
    return list(dict.fromkeys(name for m in _models(annotations) for name in _by_option(m)))


def _by_option(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by the names that they have in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _inside(annotation: Any, part: str | int) -> Iterator[Any]:
    """The annotations of what stands under this key or index."""
    for kind in _alternatives(annotation):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            options = _by_option(kind)
            if part in options:
                yield options[str(part)].annotation
        elif get_origin(kind) is dict:
            yield get_args(kind)[1]
        elif get_origin(kind) is list:
            yield get_args(kind)[0]


def _models(annotations: list[Any]) -> Iterator[type[BaseModel]]:
    for annotation in annotations:
        for kind in _alternatives(annotation):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield kind


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The members of a union, or the annotation itself; without what Annotated adds."""
    origin = get_origin(annotation)
    if isinstance(annotation, TypeAliasType):
        yield from _alternatives(annotation.__value__)
    elif origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin is None or origin in (dict, list):
        yield annotation
    else:
        for member in get_args(annotation):
            yield from _alternatives(member)


def _sound_part(data: Any, model: type[M], faults: list[ErrorDetails]) -> M | None:
    """The object without the faulty parts: a fault in a required option takes its entry along."""
    rest = copy.deepcopy(data)
    while faults:
        for fault in faults:
            place = _place(fault)
            if fault["type"] == "missing":
                place = place[:-1]
            if not place:
                return None
            _remove(rest, place)
        try:
            return model.model_validate(rest)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False)
    return None


def _remove(data: Any, place: Place) -> None:
    """Takes out one value; of a list, the whole list, for the other indexes must stay true."""
    indexes = [i for i, part in enumerate(place) if isinstance(part, int)]
    if indexes:
        place = place[: indexes[0]]
    for part in place[:-1]:
        if not isinstance(data, dict) or part not in data:
            return  # an enclosing part went before
        data = data[part]
    if isinstance(data, dict):
        data.pop(place[-1], None)
