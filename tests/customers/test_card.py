"""What a card may hold, and two cards as one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.customers.card import Details, FaultyCard, card_from, changed, cleaned, merged, on_phones
from acd.settings.customer_settings import CustomerSettings, CustomField, FieldType

CUSTOM = {
    "since": CustomField("since", {"en": "Since"}, FieldType.DATE),
    "kind": CustomField("kind", {"en": "Kind"}, FieldType.CHOICE, choices={"a": {"en": "A"}}),
    "paid": CustomField("paid", {"en": "Paid"}, FieldType.YES_NO),
    "size": CustomField("size", {"en": "Size"}, FieldType.NUMBER, required=True),
}
NUMBERS = st.lists(st.from_regex(r"\+49[1-9][0-9]{6,9}", fullmatch=True), max_size=4, unique=True)
DETAILS = st.builds(
    Details,
    name=st.text(max_size=20),
    company=st.text(max_size=20),
    numbers=NUMBERS.map(tuple),
    tags=st.lists(st.sampled_from(["a", "b", "c"]), unique=True).map(tuple),
    value=st.floats(-100, 100),
    fields=st.dictionaries(st.sampled_from(["x", "y"]), st.text(min_size=1, max_size=5)),
)


def test_numbers_are_in_normal_form_and_each_thing_once() -> None:
    given_ = Details(
        numbers=("030 12345678", "+49 30 12345678", ""), tags=("a  b", "a b"), emails=("a@b", "")
    )
    found = cleaned(given_, "DE", {})
    assert (found.numbers, found.tags, found.emails) == (("+493012345678",), ("a b",), ("a@b",))


def test_all_that_is_wrong_is_told_at_once() -> None:
    faulty = Details(
        name="x" * 201,
        language="klingon!",
        preferred_agent="Anna Müller",
        requires="english >",
        value=float("nan"),
        numbers=("x",),
        emails=("nobody",),
        tags=("y" * 41,),
        fields={"since": "2026-02-30", "kind": "b", "paid": "maybe"},
    )
    with pytest.raises(FaultyCard) as caught:
        cleaned(faulty, None, CUSTOM)
    assert {fault.place for fault in caught.value.faults} == {
        *("name", "language", "preferred_agent", "requires", "value", "numbers", "emails", "tags"),
        *("fields.since", "fields.kind", "fields.paid", "fields.size"),
    }


def test_nobody_is_no_customer() -> None:
    with pytest.raises(FaultyCard, match="expected a name"):
        cleaned(Details(name="  "), None, {})


def test_hostile_texts_are_kept_as_they_are_and_harmless_on_phones() -> None:
    name = "<script>\u202eevil\x07\x00\ud800"
    found = cleaned(Details(name=name), None, {})
    assert found.name == "<script>\u202eevil\x07\ufffd\ufffd"
    assert on_phones('a"<b>\r\nVia: x;y') == "ab Via: xy"


def test_what_another_program_says_is_cut_to_what_can_be_kept() -> None:
    said = {"id": "7" * 100, "name": "n" * 500, "value": "many", "numbers": ("030 12345678", "x"),
            "language": 1, "fields.paid": "yes", "fields.other": 5.0}  # fmt: skip
    card = card_from(said, CustomerSettings(fields=CUSTOM, country="DE"))
    assert (len(card.id), len(card.details.name), card.details.value) == (64, 200, 0.0)
    assert card.details.numbers == ("+493012345678",)
    assert card.details.fields == {"paid": True, "other": "5"}


def test_fields_are_set_one_by_one() -> None:
    before = Details(name="A", fields={"x": "1", "y": "2"})
    assert changed(before, {"fields": {"x": None, "z": "3"}}).fields == {"y": "2", "z": "3"}


@given(DETAILS)
def test_cleaning_twice_changes_nothing(details: Details) -> None:
    try:
        once = cleaned(details, "DE", {})
    except FaultyCard:
        return
    assert cleaned(once, "DE", {}) == once


@given(DETAILS, DETAILS)
def test_merging_loses_nothing_and_the_first_prevails(one: Details, other: Details) -> None:
    both = merged(one, other)
    assert set(both.numbers) == {*one.numbers, *other.numbers}
    assert both.numbers[: len(one.numbers)] == one.numbers
    assert set(both.tags) == {*one.tags, *other.tags}
    assert both.name == (one.name or other.name)
    assert {**both.fields, **one.fields} == both.fields
    assert both.fields.keys() == one.fields.keys() | other.fields.keys()
    assert merged(both, other) == both
    assert merged(one, replace(one)) == one
