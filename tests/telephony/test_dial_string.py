"""Nothing but what belongs there gets into a dial string."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.commands import DialOut, Offer
from acd.telephony.dial_string import emergency_dial, outside_dial, phone_dial

OUT = re.compile(
    r"[A-Za-z0-9_-]*\|PJSIP/\+?[0-9]{2,20}@trunk-[A-Za-z0-9_-]{1,64},[0-9]+,gib\(acd-out\^s\^1\(\+?[0-9]+\^\+?[0-9]+\)\)"
)
HOSTILE = st.text(st.sampled_from("0123456789+&,|${}()@/\n\r;^ １٣abc-_"), max_size=24) | st.text(max_size=20)


def test_an_outside_number() -> None:
    command = DialOut("c1", "main", "+4930123", "030123", "+4930100", 60.0, "sales")
    assert outside_dial(command) == "sales|PJSIP/030123@trunk-main,60,gib(acd-out^s^1(+4930100^+4930123))"
    assert emergency_dial("main", "112", "+4930100").startswith("PJSIP/112@trunk-main,60,")


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "1",
        "0301&PJSIP/1001",
        "0301,20,U(x)",
        "${EXTEN}",
        "0301@other",
        "0301\n",
        "０３０１",
        "03^01",
        "+",
        "0" * 21,
    ],
)
def test_what_is_no_number_is_refused(hostile: str) -> None:
    for command in (
        DialOut("c1", "main", "+4930123", hostile, "+4930100", 60.0),
        DialOut("c1", "main", "+4930123", "030123", hostile, 60.0),
        DialOut("c1", "main", hostile, "030123", "+4930100", 60.0),
    ):
        with pytest.raises(ValueError):
            outside_dial(command)


@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
def test_either_it_is_refused_or_it_has_its_form(
    trunk: str, number: str, digits: str, shown: str, group: str
) -> None:
    try:
        dial = outside_dial(DialOut("c1", trunk, number, digits, shown, 60.0, group))
    except ValueError:
        return
    assert OUT.fullmatch(dial)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_neither_does_a_phone(phone: str, music: str, group: str) -> None:
    try:
        dial = phone_dial(Offer("c1", "anna", phone, 15.0, music, group), call_id_header=False)
    except ValueError:
        return
    assert re.fullmatch(r"[\w-]*\|PJSIP/[\w-]+,15,gi(m\([\w-]+\))?", dial, re.ASCII)
