"""groups.yml, `dispositions` and `greeting`: what agents say of a call afterwards, and at its beginning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from acd.core.disposition import FieldKind
from acd.ivr.expressions import ExpressionError
from acd.ivr.template import Template
from acd.settings.problems import shown
from acd.settings.schema.checking import Options, checked, expected, mistake, not_empty, one_of, text_of
from acd.settings.schema.values import Id, Language, YesNo
from acd.settings.schema.work import Label

LONGEST_GREETING = 1000
GREETING_VALUES: Mapping[str, frozenset[str] | None] = {
    "agent": frozenset({"name", "extension"}),
    "caller": frozenset({"number", "name"}),
    "call": frozenset({"dialed_number"}),
    "customer": None,
    "group": frozenset({"id", "name"}),
    "centre": frozenset({"name"}),
}
"""What a greeting may use, and what each has; None: whatever the directory has."""


def _greeting(value: object) -> Template:
    text = text_of("a greeting", value)
    if not text.strip() or len(text) > LONGEST_GREETING:
        raise expected(f"a greeting of 1 to {LONGEST_GREETING} characters", value)
    try:
        template = Template.compile(text)
    except ExpressionError as error:
        raise mistake(f"'{shown(text)}' cannot be worked out: {error}") from None
    for path in sorted(template.paths):
        root, _, rest = path.partition(".")
        known = GREETING_VALUES.get(root, frozenset())
        if known is not None and rest not in known:
            usable = [
                f"{name}.{part}" for name, parts in GREETING_VALUES.items() for part in sorted(parts or ["…"])
            ]
            raise mistake(f"there is no '{shown(path)}' for a greeting; there are: {', '.join(usable)}")
    return template


def _tag(value: object) -> str:
    return "(languages)" if isinstance(value, dict) else "(text)"


GreetingText = Annotated[Template, checked(_greeting, type="string", minLength=1, maxLength=LONGEST_GREETING)]
Greeting = Annotated[
    Annotated[GreetingText, Tag("(text)")]
    | Annotated[dict[Language, GreetingText], not_empty("language"), Tag("(languages)")],
    Discriminator(_tag),
]
"""One for all languages, or one for each."""


class FieldEntry(Options):
    """Something to be said with a code."""

    label: Label
    kind: Annotated[str, one_of(*FieldKind)] = FieldKind.TEXT.value
    required: YesNo = True


class LowestCode(Options):
    """A code of the third level. `complaint`: the customer has complained."""

    label: Label
    complaint: YesNo = False
    fields: dict[Id, FieldEntry] = Field(default_factory=dict, max_length=20)


class MiddleCode(LowestCode):
    """A code of the second level; one with children is a heading."""

    children: dict[Id, LowestCode] = Field(default_factory=dict, max_length=100)


class TopCode(LowestCode):
    """A code of the first level; one with children is a heading."""

    children: dict[Id, MiddleCode] = Field(default_factory=dict, max_length=100)


class DispositionsEntry(Options):
    """A group's codes. With `required`, one is recorded before the wrap-up is done."""

    required: YesNo = False
    codes: Annotated[dict[Id, TopCode], not_empty("code")] = Field(max_length=100)
