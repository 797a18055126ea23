"""What the kinds of value are made of: how a mistake is told, and the checks that take parameters.

Nothing is converted silently: a number where text belongs is refused with the tip to quote it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from pydantic import AfterValidator, BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from acd.errors import OperatorError
from acd.settings.document import Ambiguous
from acd.settings.problems import did_you_mean, shown
from acd.settings.secret_variables import secret_variable

_left_out: ContextVar[set[str] | None] = ContextVar("left_out", default=None)


class Options(BaseModel):
    """Base of every mapping with fixed option names: unknown ones are mistakes."""

    model_config = ConfigDict(
        extra="forbid",
        defer_build=True,
        frozen=True,
        strict=True,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )


def mistake(message: str) -> PydanticCustomError:
    """A finished sentence of ours, to be raised by a validator."""
    return PydanticCustomError("mistake", "{message}", {"message": message})


def expected(what: str, value: object, tip: str = "") -> PydanticCustomError:
    """'expected WHAT, got VALUE', with the reason where YAML itself is the surprise."""
    return mistake(f"expected {what}, got {_described(value)}{tip}")


def _described(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{shown(value)}'"
        case Ambiguous(text=text, read_as=read_as):
            return f"{shown(text)}, which YAML reads as {read_as}"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return shown(str(value))


def text_of(what: str, value: object) -> str:
    """The value if it is text; raises otherwise, with the tip to quote what looks like text."""
    if isinstance(value, str):
        return value
    is_scalar = isinstance(value, (bool, int, float, Ambiguous))
    raise expected(what, value, "; put it in quotes" if is_scalar else "")


@contextmanager
def variables_left_out() -> Iterator[set[str]]:
    """Within it a variable that the environment lacks is no mistake: it counts as empty, and is in the set.

    For a program that reads the configuration of another one, which has the secrets.
    """
    names: set[str] = set()
    before = _left_out.set(names)
    try:
        yield names
    finally:
        _left_out.reset(before)


def variable_of_environment(name: str) -> str:
    """What it holds; raises where there is none."""
    try:
        found = secret_variable(os.environ, name)
    except OperatorError as error:
        raise mistake(str(error)) from None
    if found is not None:
        return found
    left_out = _left_out.get()
    if left_out is None:
        raise mistake(f"the environment has no variable '{shown(name)}'; set it before the start")
    left_out.add(name)
    return ""


def of_environment(what: str, value: object, longest: int) -> str:
    """What the variable of the environment holds that {env: NAME} names; raises for anything else."""
    name = value.get("env") if isinstance(value, dict) and list(value) == ["env"] else None
    if not isinstance(name, str):  # what stands there instead may be the secret itself
        raise mistake(f"expected {what}")
    found = variable_of_environment(name)
    if not found.isprintable() or len(found) > longest:
        raise mistake(
            f"the environment's variable '{shown(name)}' holds control characters, or more than {longest}"
        )
    return found


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: typing wants annotations hashable
class Checked:
    """A validator of ours, and what the JSON Schema says of the values that it takes."""

    validate: Callable[[Any], Any]
    json_schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(self.json_schema)


def checked(validate: Callable[[Any], Any], **json_schema: Any) -> Checked:
    """An annotation: the value goes through `validate`; editors are told `json_schema`."""
    return Checked(validate, json_schema)


def pattern(what: str, form: str) -> Checked:
    """Text of a form, a regular expression."""
    compiled = re.compile(form)

    def validate(value: object) -> str:
        text = text_of(what, value)
        if not compiled.fullmatch(text):
            raise expected(what, value)
        return text

    return checked(
        validate, type="string", pattern=f"^({form})$", description=f"{what[0].upper()}{what[1:]}."
    )


def number(what: str, low: float, high: float, *, whole: bool) -> Checked:
    """A number between two limits, both allowed."""
    wanted = f"{what} from {low:g} to {high:g}"

    def validate(value: object) -> int | float:
        # To Python, True is a number.
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            tip = "; write it in plain digits" if isinstance(value, Ambiguous) else ""
            raise expected(wanted, value, tip)
        if not low <= value <= high:
            raise expected(wanted, value)
        return value if whole else float(value)

    return checked(validate, type="integer" if whole else "number", minimum=low, maximum=high)


def seconds(low: float, high: float) -> Checked:
    """A duration in seconds between two limits, both allowed."""
    return number("a number of seconds", low, high, whole=False)


def whole(low: int, high: int) -> Checked:
    """A whole number between two limits, both allowed."""
    return number("a whole number", low, high, whole=True)


def one_of(*values: str) -> Checked:
    """One of a few words."""
    words = [value or '""' for value in values]
    what = "one of " + ", ".join(words) if len(words) > 1 else f"'{words[0]}'"

    def validate(value: object) -> str:
        text = text_of(what, value)
        if text not in values:
            raise expected(what, value, did_you_mean(text, values, separator=";"))
        return text

    return checked(validate, enum=list(values))


def not_empty(what: str) -> AfterValidator:
    """For lists and mappings: at least one entry."""

    def validate(value: Any) -> Any:
        if not value:
            raise mistake(f"expected at least one {what}")
        return value

    return AfterValidator(validate)
