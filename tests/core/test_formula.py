"""The small language of conditions, and skill requirements written in it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.formula import MAX_DEPTH, MAX_LENGTH, FormulaError, parse
from acd.core.policy import INSTANT_S, PolicyStep, RaisePriority, condition, next_check_s
from acd.core.requirement import ANYBODY, Requirement

SKILLS: Mapping[str, int] = {"english": 5, "billing": 2, "vip": 0}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("english", True),
        ("vip", False),
        ("english >= 5 and (billing or vip)", True),
        ("english >= 6 or billing and not vip", True),
        ("not (english >= 5) or vip", False),
        ("not not english", True),
        ("chinese", False),
        (
            "not chinese and english < 6 and english > 4 and billing == 2 and billing != 3 and billing <= 2",
            True,
        ),
    ],
)
def test_requirements_hold_as_they_read(text: str, holds: bool) -> None:
    assert Requirement.parse(text).admits(SKILLS) is holds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected a name or '(', found 'the end' (at character 1)"),
        ("english >=", "expected a number after '>=', found 'the end' (at character 11)"),
        ("english >= five", "expected a number after '>=', found 'five' (at character 12)"),
        ("(english", "expected ')', found 'the end' (at character 9)"),
        ("english billing", "expected 'and', 'or' or the end, found 'billing' (at character 9)"),
        ("english & billing", "'&' has no meaning here (at character 9)"),
        ("and english", "expected a name or '(', found 'and' (at character 1)"),
        ("english > 'x'", "expected a number after '>', found \"'x'\" (at character 11)"),
        ("(" * 50 + "a" + ")" * 50, "too many brackets or 'not' inside each other (at character 21)"),
        ("not " * 50 + "a", "too many brackets or 'not' inside each other (at character 81)"),
        ("a" * (MAX_LENGTH + 1), f"longer than {MAX_LENGTH} characters (at character {MAX_LENGTH})"),
    ],
)
def test_what_is_no_formula_is_told_with_its_place(text: str, says: str) -> None:
    with pytest.raises(FormulaError) as error:
        parse(text)
    assert str(error.value) == says


@given(st.text(max_size=60))
def test_no_text_does_more_than_being_refused(text: str) -> None:
    try:
        formula = parse(text)
    except FormulaError:
        return
    assert formula.test(dict.fromkeys(formula.names, 1.0)) in (True, False)


def test_requirements_are_joined() -> None:
    english, vip = Requirement.parse("english >= 5"), Requirement.parse("vip")
    both = Requirement.all_of((english, ANYBODY, vip, english))
    assert both.text == "(english >= 5) and (vip)"
    assert not both.admits(SKILLS)
    assert both.admits({**SKILLS, "vip": 1})
    assert Requirement.any_of((english, vip)).admits(SKILLS)
    assert Requirement.any_of((english, ANYBODY)) is ANYBODY
    assert Requirement.all_of(()) is ANYBODY
    assert Requirement.of({"english": 5, "vip": 1}).skills == {"english", "vip"}
    assert Requirement.parse("english  >=  5") == english
    assert english.proficiency({"english": 7, "vip": 3}) == 7
    with pytest.raises(FormulaError, match="a proficiency is a number"):
        Requirement.parse("english == 'good'")


def test_what_is_joined_may_be_longer_and_deeper_than_what_is_written() -> None:
    deep = Requirement.parse("(" * (MAX_DEPTH - 1) + "english >= 5" + ")" * (MAX_DEPTH - 1))
    long = Requirement.parse(" or ".join(f"skill_number_{n} >= 5" for n in range(20)))
    joined = Requirement.all_of((deep, Requirement.all_of((long, Requirement.parse("billing")))))
    assert len(joined.text) > MAX_LENGTH
    with pytest.raises(FormulaError):
        Requirement.parse(joined.text)
    kept = Requirement.kept(joined.text)
    assert kept == joined
    assert not kept.admits(SKILLS)
    assert kept.admits({**SKILLS, "skill_number_7": 5})
    assert Requirement.kept("") is ANYBODY


def test_numbers_may_be_negative_where_values_are() -> None:
    low = condition("priority < -5")
    assert [low.test({"priority": value}) for value in (-6.0, -5.0, 0.0)] == [True, False, False]
    assert condition("priority >= -0.5").test({"priority": 0.0})
    with pytest.raises(FormulaError, match="a proficiency is 0 or more, not -5"):
        Requirement.parse("english >= -5")
    with pytest.raises(FormulaError, match="'-' has no meaning here"):
        condition("priority < - 5")


def test_conditions_know_their_names() -> None:
    assert condition("waited_s > 20 and segment == 'vip' and segment").names == {"waited_s", "segment"}
    for text, says in (
        ("waited > 20", "there is no 'waited'"),
        ("segment > 20", "segment is compared with a 'text', not 20"),
        ("position == 'first'", "position is compared with a number, not 'first'"),
    ):
        with pytest.raises(FormulaError, match=says):
            condition(text)


def test_steps_are_tried_when_they_can_become_true() -> None:
    timed = PolicyStep(condition("waited_s >= 20"), (RaisePriority(1),))
    again = PolicyStep(condition("waited_s >= 20"), (RaisePriority(1),), every_s=30)
    watching = PolicyStep(condition("calls_waiting > 5"), (RaisePriority(1),))
    assert next_check_s((timed,), {}, 0.0) == 20.0
    assert next_check_s((timed,), {"0": 20.0}, 20.0) is None
    assert next_check_s((again,), {"0": 20.0}, 20.0) == 50.0
    assert next_check_s((timed, watching), {}, 4.0) == 5.0
    assert next_check_s((), {}, 4.0) is None


@pytest.mark.parametrize(
    ("when", "first_s"),
    [
        ("waited_s >= 20", 20.0),
        ("waited_s > 20", 20.0 + INSTANT_S),
        ("not waited_s <= 20", 20.0 + INSTANT_S),
        ("waited_s > 20 and waited_s < 90", 20.0 + INSTANT_S),
        ("waited_s == 20", 20.0),
        ("waited_s", INSTANT_S),
        ("waited_s != 20 and waited_s >= 20", 20.0 + INSTANT_S),
        ("not waited_s < 20", 20.0),
    ],
)
def test_a_condition_over_the_wait_alone_is_met_when_it_begins_to_hold(when: str, first_s: float) -> None:
    step = PolicyStep(condition(when), (RaisePriority(1),))
    waited_s: float | None = 0.0
    while waited_s is not None and not step.condition.test({"waited_s": waited_s}):
        waited_s = next_check_s((step,), {}, waited_s)
    assert waited_s == first_s
