"""What models of requests and answers are made of: the base classes, and texts with bounds."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_BUT_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


MASK = "•••"
"""Stands for a value that is not shown."""


class Input(BaseModel):
    """What a request brings: nothing that is not declared, nothing bent into shape.

    As those of answers, a model is built when its route is used first: each takes memory, and there are many.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


class Answer(BaseModel):
    """What is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Done(Answer):
    """It is done, and there is nothing more to say."""

    ok: bool = True


def _one_line(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("expected one line without control characters")
    return text


def _lines(text: str) -> str:
    if _CONTROL_BUT_LINES.search(text):
        raise ValueError("expected text without control characters")
    return text


Line = Annotated[str, Field(max_length=200), AfterValidator(_one_line)]
"""One line, perhaps empty: a name, a number, a note of a few words."""
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
"""One line that says something: an id, a name."""
Text = Annotated[str, Field(max_length=10_000), AfterValidator(_lines)]
"""Any number of lines."""
TeamIds = Annotated[list[Name], Field(min_length=1, max_length=200)]
"""At least one of the configuration's teams."""
Limit = Annotated[int, Field(ge=1, le=1000)]
"""At most so many."""
Moment = Annotated[float, Field(ge=0, le=1e11)]
"""Unix seconds."""
