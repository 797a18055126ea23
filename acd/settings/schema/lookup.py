"""The step that asks somebody: the customer directory, or an HTTP service."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag

from acd.ivr.expressions import Expression
from acd.ivr.values import LONGEST_TEXT
from acd.settings.problems import shown
from acd.settings.schema.checking import (
    Options,
    checked,
    expected,
    mistake,
    seconds,
    text_of,
    variable_of_environment,
    whole,
)
from acd.settings.schema.dialogue import nothing
from acd.settings.schema.prompts import Prompts, only_kind
from acd.settings.schema.values import (
    ExpressionText,
    ExpressionValue,
    Variable,
    YesNo,
    text_expression,
)

SOURCE_KINDS = ("customer", "get", "post")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
ANSWER_PATH = re.compile(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,9}")


def _header_name(value: object) -> str:
    name = text_of("a header's name such as X-Key", value)
    if not _HEADER.fullmatch(name):
        raise expected("a header's name such as X-Key", value)
    return name


def _header_value(value: object) -> Expression:
    """An expression, or {env: NAME}: passwords do not belong into files."""
    if not isinstance(value, dict):
        return text_expression(value)
    name = value.get("env")
    if list(value) != ["env"] or not isinstance(name, str) or not _ENVIRONMENT.fullmatch(name):
        raise mistake("expected an expression, or {env: NAME} for a variable of the environment")
    found = variable_of_environment(name)
    if not found.isprintable():
        raise mistake(f"the environment's variable '{shown(name)}' holds control characters")
    if len(found) > LONGEST_TEXT:
        raise mistake(
            f"the environment's variable '{shown(name)}' is longer than {LONGEST_TEXT:,} characters"
        )
    return replace(Expression.constant(found), source=f"env {name}")  # messages show the source


def _answer_path(value: object) -> str:
    what = "a path into the answer such as account.balance or items.0.name"
    path = text_of(what, value)
    if not ANSWER_PATH.fullmatch(path):
        raise expected(what, value)
    return path


class AnswerValue(Options):
    """Where a value is, and whether it is a secret."""

    path: Annotated[str, checked(_answer_path, type="string")]
    """Where it is in the JSON answer."""
    masked: YesNo = False
    """For balances, names of diagnoses and the like: it reaches no log, record or trace."""


def _answer_tag(value: Any) -> str:
    return "(value)" if isinstance(value, dict) else "(path)"


Header = Annotated[str, checked(_header_name, type="string")]
HeaderValue = Annotated[Expression, checked(_header_value, type=["string", "object"])]
Answer = Annotated[
    Annotated[Annotated[str, checked(_answer_path, type="string")], Tag("(path)")]
    | Annotated[AnswerValue, Tag("(value)")],
    Discriminator(_answer_tag),
    AfterValidator(lambda value: value if isinstance(value, AnswerValue) else AnswerValue(path=value)),
]


class CustomerSource(Options):
    """The customer directory."""

    customer: ExpressionText
    """The phone number to look for: caller.number. What is found is `customer.name` and so on."""
    wait: Prompts = Field(default_factory=nothing)
    """Heard meanwhile."""


class _HttpSource(Options):
    """What all requests have."""

    headers: dict[Header, HeaderValue] = Field(default_factory=dict)
    """Headers: expressions, or {env: NAME} for what must not stand in a file."""
    timeout_s: Annotated[float, seconds(0.1, 30)] = 3.0
    """Seconds for all tries together."""
    retries: Annotated[int, whole(0, 5)] = 1
    """Further tries after a failure that may pass; see `idempotent` of a `post`."""
    into: dict[Variable, Answer] = Field(default_factory=dict)
    """Variables, and where their values are in the JSON answer: a path, or {path: …, masked: true}."""
    wait: Prompts = Field(default_factory=nothing)
    """Heard meanwhile."""


class GetSource(_HttpSource):
    """An HTTP GET."""

    get: ExpressionText
    """The address: "'http://127.0.0.1:8099/accounts/' ~ account"."""


class PostSource(_HttpSource):
    """An HTTP POST."""

    post: ExpressionText
    """The address."""
    body: dict[str, ExpressionValue] = Field(default_factory=dict)
    """Sent as JSON: names and expressions."""
    idempotent: YesNo = False
    """Asking twice does no more than asking once: `retries` follow every failure that may pass."""


def _one_source(value: Any) -> Any:
    options = (*SOURCE_KINDS, *_HttpSource.model_fields, "body", "idempotent")
    only_kind("a look-up", value, SOURCE_KINDS, options)
    return value


def _tag(value: Any) -> str:
    return next(f"({kind})" for kind in SOURCE_KINDS if kind in value)


LookupSource = Annotated[
    Annotated[CustomerSource, Tag("(customer)")]
    | Annotated[GetSource, Tag("(get)")]
    | Annotated[PostSource, Tag("(post)")],
    Discriminator(_tag),
    BeforeValidator(_one_source),
]
"""Whom to ask."""
