from __future__ import annotations

import pytest

from acd.settings.phone_number import normalised


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+8613800138000", "+8613800138000"),
        ("0086 138 0013 8000", "+8613800138000"),
        ("+49 (30) 1234-5678", "+493012345678"),
        ("030/12345678", "03012345678"),
        ("1001", "1001"),
        ("", None),
        ("anonymous", None),
        ("1", None),
        ("+", None),
        ("++4930123456", None),
        ("12345678901234567", None),
        ("1001;rm", None),
        ("１００１", None),
    ],
)
def test_one_form(written: str, number: str | None) -> None:
    assert normalised(written) == number
