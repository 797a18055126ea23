from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.settings.phone_number import NumberFormat, is_country, normalised, read_number, write_number

F = NumberFormat
HOSTILE = st.text(st.sampled_from("0123456789+ &,|${}()@/\n\r;^~*#\"'\\１٣漢.-"), max_size=24) | st.text(
    max_size=20
)


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
        ("+999123456", None),
        ("+49 1", None),
        ("12345678901234567", None),
        ("1001;rm", None),
        ("１００１", None),
        ("+49 30 ١٢٣٤٥٦", None),
        ("tel:+4930123456", None),
        ("+4930123456;ext=5", None),
        ("+49 800 FLOWERS", None),
    ],
)
def test_one_form(written: str, number: str | None) -> None:
    assert normalised(written) == number


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("030 12345678", "DE", "+493012345678"),
        ("0049 30 12345678", "DE", "+493012345678"),
        ("13800138000", "CN", "+8613800138000"),
        ("202 555 0123", "US", "+12025550123"),
        ("06 1234 5678", "IT", "+390612345678"),
        # What is not a whole number of the country is left as it is: an extension must stay one.
        ("1001", "DE", "1001"),
        ("8000", "DE", "8000"),
        ("110", "DE", "110"),
        ("13800138000", "DE", "13800138000"),
    ],
)
def test_with_a_country(written: str, country: str, number: str) -> None:
    assert normalised(written, country) == number


@pytest.mark.parametrize(
    ("written", "style", "number"),
    [
        ("+493012345678", F.E164_PLUS, "+493012345678"),
        ("493012345678", F.E164, "+493012345678"),
        ("+493012345678", F.E164, "+493012345678"),
        ("00493012345678", F.INTERNATIONAL, "+493012345678"),
        ("03012345678", F.NATIONAL, "+493012345678"),
        ("00442079460123", F.NATIONAL, "+442079460123"),
        ("8000", F.E164, "8000"),
        ("8000", F.NATIONAL, "8000"),
        ("anonymous", F.E164, None),
    ],
)
def test_as_a_provider_sends_it(written: str, style: NumberFormat, number: str | None) -> None:
    assert read_number(written, style, "DE") == number


@pytest.mark.parametrize(
    ("number", "style", "written"),
    [
        ("+493012345678", F.E164_PLUS, "+493012345678"),
        ("+493012345678", F.E164, "493012345678"),
        ("+493012345678", F.INTERNATIONAL, "00493012345678"),
        ("+493012345678", F.NATIONAL, "03012345678"),
        ("+442079460123", F.NATIONAL, "00442079460123"),
        ("112", F.E164_PLUS, "112"),
        ("112", F.NATIONAL, "112"),
    ],
)
def test_as_a_provider_wants_it(number: str, style: NumberFormat, written: str) -> None:
    assert write_number(number, style, "DE") == written


@given(HOSTILE, st.sampled_from([None, "DE", "US", "CN", "SH"]), st.sampled_from(F))
def test_nothing_but_digits_ever_comes_out(text: str, country: str | None, style: NumberFormat) -> None:
    for number in (normalised(text, country), read_number(text, style, country)):
        if number is not None:
            assert re.fullmatch(r"\+?[0-9]{2,15}", number, re.ASCII)
            assert re.fullmatch(r"\+?[0-9]{2,20}", write_number(number, style, country), re.ASCII)


@given(st.sampled_from(F), st.sampled_from(["+493012345678", "+442079460123", "+8613800138000"]))
def test_what_is_written_is_read_again(style: NumberFormat, number: str) -> None:
    assert read_number(write_number(number, style, "DE"), style, "DE") == number


def test_countries() -> None:
    assert [is_country(code) for code in ("DE", "CN", "de", "", "XX", "49")] == [True, True] + [False] * 4


def test_what_is_remembered_is_of_the_same_country() -> None:
    assert normalised("030 1234567", "DE") == "+49301234567"
    assert normalised("030 1234567", "FR") != "+49301234567"
    assert normalised("030 1234567", "DE") == "+49301234567"
