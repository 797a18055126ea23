"""config/customers.yml as it is used: custom fields, an external directory, links, greetings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ANY_GROUP = "*"
"""Whom greetings are for that no group has of its own."""


class FieldType(StrEnum):
    """What a custom field holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class CustomField:
    """`label` is by language. `choices`: what a CHOICE may be, each with its labels by language."""

    id: str
    label: Mapping[str, str]
    type: FieldType = FieldType.TEXT
    required: bool = False
    in_pop: bool = True
    masked: bool = False
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HttpDirectory:
    """An external CRM. `url` has {number} in it; `map`: from names of a card to places in the JSON answer.

    Answers are good for `cache_s`.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_s: float = 2.0
    cache_s: float = 30.0
    map: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """A page of another program; `url` has {customer_id}, {number} and the like in it."""

    label: Mapping[str, str]
    url: str


@dataclass(frozen=True, slots=True)
class CustomerSettings:
    """What customers.yml says, and of system.yml what is needed beside it.

    `arrival_wait_s`: how long a call may wait for the directory when it arrives. `greetings`: by group
    (`*`: any) and language. `country` completes national numbers.
    """

    fields: Mapping[str, CustomField] = field(default_factory=dict)
    http: HttpDirectory | None = None
    links: tuple[Link, ...] = ()
    greetings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    arrival_wait_s: float = 0.15
    country: str | None = None
    language: str = "en"
    centre: str = ""

    def hides(self, name: str) -> bool:
        """Whether a field of a card is shown as dots until somebody asks for it.

        One that the file does not name any more may have been masked while it did.
        """
        known = self.fields.get(name)
        if known is None:
            return self.http is None or f"fields.{name}" not in self.http.map
        return known.masked

    def in_pop(self, name: str) -> bool:
        """Whether the agent sees the field as the phone rings."""
        known = self.fields.get(name)
        return known.in_pop if known is not None else not self.hides(name)
