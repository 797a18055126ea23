"""`sign_in:` of system.yml."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from acd.settings.schema.sign_in import SignInSection
from acd.settings.sign_in import RequestLimits, SignInSettings


def test_left_out_nobody_must_and_limits_are_generous() -> None:
    assert SignInSection.model_validate({}).settings() == SignInSettings(frozenset(), RequestLimits())


def test_all_of_it() -> None:
    told = {"second_factor_for": ["supervisor", "admin"], "limits": {"address_a_minute": 60}}
    found = SignInSection.model_validate(told).settings()
    assert found.second_factor_for == {"supervisor", "admin"}
    assert found.limits == RequestLimits(address_a_minute=60)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"second_factor_for": ["boss"]}, "agent"),
        ({"limits": {"person_a_minute": 5}}, "60"),
        ({"limit": {}}, "limit"),
    ],
)
def test_what_cannot_be_is_said(told: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SignInSection.model_validate(told)
