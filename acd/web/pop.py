"""The parts of a screen pop that are texts: links to other programs, and how to greet. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from acd.settings.customer_settings import ANY_GROUP, CustomerSettings

_COMMAS = ",，、 "
_NAMES = re.compile(rf"([{_COMMAS}]*)\{{(\w+)\}}")


def link_url(template: str, values: Mapping[str, str]) -> str:
    """The address with each value percent-encoded, so that none can lead elsewhere."""
    url = template
    for name, value in values.items():
        url = url.replace("{" + name + "}", quote(value, safe="", errors="replace"))
    return url


def label_in(labels: Mapping[str, str], language: str) -> str:
    """In this language (`zh_CN` or `zh`), else English, else any."""
    primary = language.partition("_")[0]
    near = (text for name, text in labels.items() if name.partition("_")[0] == primary)
    found = labels.get(language) or next(near, None) or labels.get("en")
    return found or next(iter(labels.values()), "")


def greeting(settings: CustomerSettings, group: str | None, language: str, values: Mapping[str, str]) -> str:
    """How the group greets in the customer's language, or in the centre's.

    A value that is not known takes the comma before it along: "How can I help you, {customer}?".
    """
    texts = settings.greetings.get(group or "") or settings.greetings.get(ANY_GROUP) or {}
    text = label_in(texts, language or settings.language)

    def filled(found: re.Match[str]) -> str:
        value = values.get(found[2], "")
        return found[1] + value if value else ""

    return _NAMES.sub(filled, text).lstrip(_COMMAS)
