"""Headers of look-ups whose values come from the environment: nothing may ever show them."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from acd.ivr.expressions import Expression
from acd.settings.schema.lookup import HeaderValue

SECRET = "s3cret"


def header(value: object) -> Expression:
    """As a flow's file has it."""
    found = TypeAdapter(HeaderValue).validate_python(value)
    assert isinstance(found, Expression)
    return found


def test_the_value_is_sent_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_KEY", SECRET)
    found = header({"env": "BANK_KEY"})
    assert found.evaluate({}) == SECRET
    assert found.source == "env BANK_KEY"
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("value", "reason"),
    [(SECRET * 200, "longer than 1,000 characters"), (f"{SECRET}\n", "holds control characters")],
)
def test_a_value_that_cannot_be_sent(monkeypatch: pytest.MonkeyPatch, value: str, reason: str) -> None:
    monkeypatch.setenv("BANK_KEY", value)
    with pytest.raises(ValidationError, match=reason) as refused:
        header({"env": "BANK_KEY"})
    assert SECRET not in refused.value.errors()[0]["msg"]
