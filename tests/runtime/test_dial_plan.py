"""Who may dial what outside, over which trunks, and which number is shown."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.runtime.dial_plan import Denial, DialPlan, Permit
from acd.runtime.numbers import NumberBook, ToAgent, ToOutside, ToRoute
from acd.settings.load import load_centre
from acd.settings.model import Centre
from acd.settings.outside import Dialing, DialRole, NumberRoute, TrunkSpec
from acd.settings.phone_number import NumberFormat
from tests.runtime.fakes import CHECKOUT

HOSTILE = st.text(st.sampled_from("0123456789+&,|${}()@/\n\r;^ *#１٣漢"), max_size=20) | st.text(max_size=20)


def centre(prefix: str = "") -> Centre:
    """The example, with two trunks and four agents who may dial."""
    example = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")
    roles = {
        "seller": DialRole("seller", ("+49", "+499001"), ("+49900", "+491370"), ("main", "backup")),
        "everybody": DialRole("everybody", ("+",), (), ("backup",)),
    }
    trunks = {
        "main": TrunkSpec("main", server="192.0.2.1", caller_id="+4930100"),
        "backup": TrunkSpec(
            "backup", server="192.0.2.2", caller_id="+4930200", dial_format=NumberFormat.NATIONAL
        ),
    }
    return replace(
        example,
        trunks={**example.trunks, **trunks},
        numbers={**example.numbers, "+4930100": NumberRoute("+4930100", group="sales")},
        dialing=Dialing(
            frozenset({"110", "112"}),
            ("backup", "main"),
            prefix,
            roles=roles,
            roles_of={"anna": "seller", "ben": "everybody", "dora": "seller"},
            caller_ids={"anna": "+4930111"},
            group_caller_ids={"support": "+4930222"},
        ),
    )


@pytest.mark.parametrize(
    ("agent", "number", "decision"),
    [
        ("anna", "+493012345678", Permit("+493012345678", ("main", "backup"))),
        ("anna", "+499003123456", Denial.NOT_ALLOWED),  # the longest prefix decides
        ("anna", "+499001234567", Permit("+499001234567", ("main", "backup"))),
        ("anna", "+442079460123", Denial.NOT_ALLOWED),
        ("ben", "+442079460123", Permit("+442079460123", ("backup",))),
        ("emil", "+493012345678", Denial.NOT_ALLOWED),  # has no role
        (None, "+493012345678", Denial.LOGGED_OUT),
        (None, "112", Permit("112", ("backup", "main"), emergency=True)),
        ("emil", "110", Permit("110", ("backup", "main"), emergency=True)),
    ],
)
def test_permit(agent: str | None, number: str, decision: Permit | Denial) -> None:
    assert DialPlan(centre()).permit(agent, number) == decision


@pytest.mark.parametrize(
    ("dialed", "prefix", "number"),
    [
        ("03012345678", "", "+493012345678"),
        ("00442079460123", "", "+442079460123"),
        ("+442079460123", "", "+442079460123"),
        ("112", "", "112"),
        ("1009", "", None),
        ("*13", "", None),
        ("", "", None),
        ("003012345678", "0", "+493012345678"),
        ("000442079460123", "0", "+442079460123"),
        ("112", "0", "112"),
        ("0112", "0", "112"),
        ("9112", "9", "112"),
        ("03012345678", "9", None),
        ("903012345678", "9", "+493012345678"),
        ("+442079460123", "9", "+442079460123"),
    ],
)
def test_what_is_outside(dialed: str, prefix: str, number: str | None) -> None:
    assert DialPlan(centre(prefix)).outside(dialed) == number


@given(HOSTILE, st.sampled_from(["", "0", "9"]))
def test_only_digits_get_out(dialed: str, prefix: str) -> None:
    number = DialPlan(CENTRES[prefix]).outside(dialed)
    if number is not None:
        assert re.fullmatch(r"\+[0-9]{2,15}|110|112", number, re.ASCII)
        assert re.fullmatch(r"\+?[0-9]+", dialed, re.ASCII)


CENTRES = {prefix: centre(prefix) for prefix in ("", "0", "9")}


def test_without_a_dial_plan_nothing_is_outside() -> None:
    plan = DialPlan(replace(centre(), dialing=None))
    assert [plan.outside(n) for n in ("112", "03012345678", "+442079460123")] == [None] * 3


@pytest.mark.parametrize(
    ("agent", "group", "trunk", "shown"),
    [
        ("anna", "support", "main", "+4930111"),  # the agent's own comes first
        ("ben", "support", "main", "+4930222"),  # a customer of support is sent on
        ("dora", None, "main", "+4930222"),  # of a group that the agent serves
        ("ben", None, "main", "+4930100"),
        ("ben", "sales", "backup", "+4930200"),
        (None, None, "backup", "+4930200"),
    ],
)
def test_which_number_is_shown(agent: str | None, group: str | None, trunk: str, shown: str) -> None:
    assert DialPlan(centre()).caller_id(agent, group, trunk) == shown


def test_numbers_of_ours_stay_inside() -> None:
    book = NumberBook(CENTRES["0"], DialPlan(CENTRES["0"]))
    route = CENTRES["0"].numbers["+4930100"]
    assert book.destination("1001") == ToAgent("anna")
    assert [book.destination(n) for n in ("+4930100", "00049 30 100".replace(" ", ""))] == [
        ToRoute(route)
    ] * 2
    assert book.destination("003012345678") == ToOutside("+493012345678")
    assert book.inside("03012345678") is None
    assert book.destination("4711") is None


def test_digits_as_the_provider_wants_them() -> None:
    plan = DialPlan(centre())
    assert plan.written("+493012345678", "main") == "+493012345678"
    assert plan.written("+493012345678", "backup") == "03012345678"
