"""config/customers.yml: what is on a customer's card, and where customers are known."""

from __future__ import annotations

import re
from string import Formatter
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from acd.settings.problems import did_you_mean, shown
from acd.settings.schema.checking import (
    Options,
    checked,
    expected,
    mistake,
    not_empty,
    of_environment,
    one_of,
    seconds,
    text_of,
)
from acd.settings.schema.lookup import ANSWER_PATH, Header
from acd.settings.schema.values import Language, YesNo

FIELD_TYPES = ("text", "number", "date", "choice", "yes_no")
CARD_NAMES = (
    "id",
    "name",
    "company",
    "segment",
    "value",
    "language",
    "preferred_agent",
    "numbers",
    "emails",
    "tags",
)
"""What an external directory may say of a customer, beside custom fields."""
LINK_NAMES = ("customer_id", "number", "name", "company", "email", "agent", "call_id")
GREETING_NAMES = ("agent", "customer", "company", "group", "centre")
LONGEST_LABEL = 80
LONGEST_URL = 2_000
LONGEST_GREETING = 500
LONGEST_SECRET = 4_000
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,31}")


def _field_name(value: object) -> str:
    what = "a field's name of up to 32 letters a-z, digits and _, beginning with a letter"
    name = text_of(what, value)
    if not _FIELD.fullmatch(name):
        raise expected(what, value)
    return name


def _labels(value: object) -> dict[str, str]:
    """A text for all languages, or one for each."""
    what = f"a label of 1 to {LONGEST_LABEL} characters, or {{en: …, zh_CN: …}}"
    texts = value if isinstance(value, dict) else {"en": value}
    if not texts:
        raise expected(what, value)
    for language, text in texts.items():
        if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", str(language)):
            raise mistake(f"expected a language code such as en or zh_CN, got '{shown(str(language))}'")
        words = text_of(what, text)
        if not words.strip() or len(words) > LONGEST_LABEL or not words.isprintable():
            raise expected(what, text)
    return dict(texts)


def _choices(value: object) -> dict[str, dict[str, str]]:
    """A list of words, or a mapping of words to labels."""
    what = "a list of choices, or a mapping of choices to labels"
    if isinstance(value, list):
        value = {text_of("a choice", item): item for item in value}
    if not isinstance(value, dict):
        raise expected(what, value)
    return {str(name): _labels(labels) for name, labels in value.items()}


def _template(what: str, names: tuple[str, ...], text: str) -> None:
    """Raises for placeholders that there are not."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise mistake(f"'{shown(text)}' is no {what}: {error}") from None
    for _, name, form, conversion in parts:
        if name is not None and (name not in names or form or conversion):
            hint = did_you_mean(name, names, separator=";")
            raise mistake(f"{{{shown(name)}}} is unknown in {what}{hint}; there are: {', '.join(names)}")


def _address(value: object, what: str, names: tuple[str, ...]) -> str:
    text = text_of(what, value)
    if len(text) > LONGEST_URL or not text.isprintable() or " " in text:
        raise expected(what, value)
    _template("a link's address" if names is LINK_NAMES else "the address", names, text)
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        raise expected(what, value) from None
    if parts.scheme not in ("http", "https") or not host:
        raise expected(what, value, "; only http and https lead anywhere")
    if "{" in parts.netloc:
        raise mistake("the host must be written out: a caller's data must not choose whom we ask")
    return text


def _link(value: object) -> str:
    return _address(value, "an address such as https://crm.example/c/{customer_id}", LINK_NAMES)


def _directory_url(value: object) -> str:
    url = _address(value, "an address such as https://crm.example/find?number={number}", ("number",))
    if "{number}" not in url:
        raise mistake("the address must have {number} in it: whom to look for")
    return url


def _header_value(value: object) -> str:
    """A text, or {env: NAME}: passwords do not belong into files."""
    what = "a text, or {env: NAME} for a variable of the environment"
    if isinstance(value, dict):
        return of_environment(what, value, LONGEST_SECRET)
    text = text_of(what, value)
    if not text.isprintable() or len(text) > LONGEST_SECRET:
        raise expected(what, value)
    return text


def _path(value: object) -> str:
    what = "a path into the answer such as account.name or items.0.name"
    path = text_of(what, value)
    if not ANSWER_PATH.fullmatch(path):
        raise expected(what, value)
    return path


def _map_name(value: object) -> str:
    what = f"one of {', '.join(CARD_NAMES)}, or fields.NAME"
    name = text_of(what, value)
    if name not in CARD_NAMES and not (
        name.startswith("fields.") and _FIELD.fullmatch(name.removeprefix("fields."))
    ):
        raise expected(what, value, did_you_mean(name, CARD_NAMES, separator=";"))
    return name


def _greeting(value: object) -> str:
    what = f"a greeting of 1 to {LONGEST_GREETING} characters"
    text = text_of(what, value)
    if not text.strip() or len(text) > LONGEST_GREETING:
        raise expected(what, value)
    _template("a greeting", GREETING_NAMES, text)
    return text


Labels = Annotated[dict[str, str], checked(_labels, type=["string", "object"])]
FieldName = Annotated[str, checked(_field_name, type="string")]
MapName = Annotated[str, checked(_map_name, type="string")]
GroupName = Annotated[str, checked(lambda v: text_of("a group's id, or '*'", v), type="string")]


class FieldEntry(Options):
    """A field of the centre's own on each card."""

    label: Labels
    """What it is called: a text, or one for each language."""
    type: Annotated[str, one_of(*FIELD_TYPES)] = "text"
    """What it holds."""
    required: YesNo = False
    """Whether a card cannot be kept without it."""
    in_pop: YesNo = True
    """Whether the agent sees it as the phone rings."""
    masked: YesNo = False
    """Whether it is shown as dots until somebody asks for it, and never exported without being asked for."""
    choices: Annotated[dict[str, dict[str, str]], checked(_choices, type=["array", "object"])] = Field(
        default_factory=dict
    )
    """Of a `choice`: a list of words, or words with labels."""

    @model_validator(mode="after")
    def _has_choices(self) -> FieldEntry:
        if (self.type == "choice") != bool(self.choices):
            raise mistake("'type: choice' and 'choices' belong together")
        return self


class HttpEntry(Options):
    """An external directory that is asked by HTTP."""

    url: Annotated[str, checked(_directory_url, type="string")]
    """Its address, with {number} where the caller's number belongs."""
    headers: dict[Header, Annotated[str, checked(_header_value, type=["string", "object"])]] = Field(
        default_factory=dict
    )
    """Headers: texts, or {env: NAME} for what must not stand in a file."""
    timeout_s: Annotated[float, seconds(0.1, 10)] = 2.0
    """How long an agent's screen waits for it."""
    cache_s: Annotated[float, seconds(0, 3600)] = 30.0
    """How long an answer is good for."""
    map: Annotated[
        dict[
            Annotated[str, checked(_map_name, type="string")], Annotated[str, checked(_path, type="string")]
        ],
        not_empty("name of a card, such as id: customer.id"),
    ]
    """What is on a card, and where it is in the JSON answer."""

    @model_validator(mode="after")
    def _has_id(self) -> HttpEntry:
        if "id" not in self.map:
            raise mistake("`map` must say where the customer's `id` is")
        return self


class DirectoryEntry(Options):
    """Where customers are known, if not in our own database."""

    http: HttpEntry | None = None
    """An external program (a CRM)."""


class LinkEntry(Options):
    """A link on the agent's screen to a page of another program."""

    label: Labels
    """What it is called."""
    url: Annotated[str, checked(_link, type="string")]
    """Its address, with {customer_id}, {number}, {name}, {company}, {email}, {agent}, {call_id} in it."""


class CustomersFile(Options):
    """The whole file."""

    fields: dict[FieldName, FieldEntry] = Field(default_factory=dict)
    """Fields of the centre's own."""
    directory: DirectoryEntry | None = None
    """Where customers are known."""
    links: list[LinkEntry] = Field(default_factory=list)
    """Pages of other programs."""
    greetings: dict[GroupName, dict[Language, Annotated[str, checked(_greeting, type="string")]]] = Field(
        default_factory=dict
    )
    """How agents of a group greet, by language; `*` for groups that are not named."""
    arrival_wait_s: Annotated[float, seconds(0, 2)] = 0.15
    """How long a call may wait for the directory when it arrives; later it counts as unknown at first."""
