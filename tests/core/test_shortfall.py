"""Which part of a requirement fails."""

from __future__ import annotations

import pytest

from acd.core.formula import MAX_LENGTH, split
from acd.core.requirement import ANYBODY, Requirement
from acd.core.shortfall import shortfall

SKILLS = {"english": 3, "sales": 5}


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("sales", ()),
        ("english >= 5", ("english >= 5 (has 3)",)),
        ("english >= 5 and sales", ("english >= 5 (has 3)",)),
        (
            "english >= 5 and (billing or vip)",
            ("english >= 5 (has 3)", "billing or vip (has billing 0, vip 0)"),
        ),
        ("english >= 5 and (sales or vip)", ("english >= 5 (has 3)",)),
        ("(sales) and (billing and (vip and english))", ("billing (has 0)", "vip (has 0)")),
        ("not sales", ("not sales (has 5)",)),
        ("vip and billing or french", ("vip and billing or french (has vip 0, billing 0, french 0)",)),
        ("(vip or billing)", ("vip or billing (has vip 0, billing 0)",)),
    ],
)
def test_only_what_fails_is_named(text: str, lines: tuple[str, ...]) -> None:
    assert shortfall(Requirement.parse(text), SKILLS) == lines


def test_of_a_requirement_joined_out_of_many() -> None:
    groups = [Requirement.parse(f"skill_number_{n} >= 5 and language_{n} >= 3") for n in range(16)]
    ring = Requirement.any_of(groups)
    assert len(ring.text) > MAX_LENGTH
    (said,) = shortfall(ring, SKILLS)
    assert said.endswith("language_15 0)")
    assert shortfall(Requirement.all_of((ring, Requirement.parse("vip"))), SKILLS)[1] == "vip (has 0)"


def test_everybody_may_serve_anybody() -> None:
    assert shortfall(ANYBODY, {}) == ()


@pytest.mark.parametrize(
    ("text", "word", "parts"),
    [
        ("a and b and c", "and", ("a", "b", "c")),
        ("a and b or c", "or", ("a and b", "c")),
        ("(a and b) and (c or d)", "and", ("(a and b)", "(c or d)")),
        ("((a and b))", "and", ("a", "b")),
        ("and-or-skill >= 2", "or", ("and-or-skill >= 2",)),
    ],
)
def test_split(text: str, word: str, parts: tuple[str, ...]) -> None:
    assert split(text, word) == parts
