"""Texts with expressions in double braces."""

from __future__ import annotations

import pytest

from acd.ivr.expressions import ExpressionError
from acd.ivr.template import Template


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("Hello {{ customer.name }}!", "Hello Eve <b>!"),
        ("{{ customer.name|upper }}", "EVE <B>"),
        ("a{{ customer.nothing }}b", "ab"),
        ("{{ 1 + 1 }}{{ 2 }}", "22"),
        ("{{ customer.name\n}}", "Eve <b>"),
    ],
)
def test_what_comes_out(source: str, text: str) -> None:
    assert Template.compile(source).render({"customer": {"name": "Eve <b>"}}) == text


@pytest.mark.parametrize(
    "source", ["{{ a", "a }}", "{% for x in y %}", "{{ a }} {{", "{{ range(9) }}", "{{ ''.__class__() }}"]
)
def test_what_is_no_template(source: str) -> None:
    with pytest.raises(ExpressionError):
        Template.compile(source)


def test_what_it_uses() -> None:
    assert Template.compile("{{ customer.name }} {{ agent.name }}").paths == {"customer.name", "agent.name"}
