from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.facts import Customer
from acd.customers.directory import Directory
from acd.errors import SettingsError

WANG = Customer("C-1", "王小明", "gold")
LI = Customer("C-2", "李娜", "silver")
KOEHLER = Customer("C-3", "Sabine Köhler", "gold")
LONDON = Customer("C-4", "Oliver Bennett")
PARIS = Customer("C-5", "Chloé Dubois")
INTERNAL = Customer("C-6", "Workshop")
NATIONAL = Customer("C-7", "Old entry")

DIRECTORY = Directory(
    [
        ("+8613800138000", WANG),
        ("+8613900139001", LI),
        ("+8613900139002", LI),
        ("+493012345678", KOEHLER),
        ("+442079460123", LONDON),
        ("+332079460123", PARIS),
        ("5555", INTERNAL),
        ("02112345678", NATIONAL),
    ]
)


@pytest.mark.parametrize(
    ("number", "customer"),
    [
        ("+8613800138000", WANG),
        ("+86 138-0013-8000", WANG),
        ("008613800138000", WANG),
        ("8613800138000", WANG),  # the plus was lost on the way
        ("13800138000", WANG),  # national, no trunk zero
        ("03012345678", KOEHLER),  # national, with trunk zero
        ("+492112345678", NATIONAL),  # the entry is the one without country code
        ("5555", INTERNAL),
        ("05555", None),
        ("12345678", None),  # the end of a number, but too little of it
        ("02079460123", None),  # London or Paris: nobody can tell
        ("+442079460123", LONDON),
        ("+12079460123", None),  # complete, and another country
        ("+8613800138001", None),
        ("99013800138000", None),
        ("anonymous", None),
        ("", None),
        ("+", None),
    ],
)
def test_find(number: str, customer: Customer | None) -> None:
    assert DIRECTORY.find(number) == customer


def test_two_numbers_of_one_customer_are_no_doubt() -> None:
    both = Directory([("+8613900139001", LI), ("+6113900139001", LI)])
    assert both.find("13900139001") == LI


def test_looking_does_not_change_the_directory() -> None:
    directory = Directory([("+8613800138000", WANG)])
    for last in range(100):
        directory.find(f"+49301234567{last:02}")
    assert len(directory) == 1
    assert vars(directory) == vars(Directory([("+8613800138000", WANG)]))


@given(st.text(max_size=20))
def test_no_caller_number_is_an_error(number: str) -> None:
    DIRECTORY.find(number)


@given(st.from_regex(r"\+?[0-9]{2,15}", fullmatch=True))
def test_a_stranger_never_shares_fewer_than_nine_digits(number: str) -> None:
    customer = DIRECTORY.find(number)
    digits = number.lstrip("+0")
    if customer is not None and len(digits) >= 9:
        assert digits[-9:] in {"800138000", "900139001", "900139002", "012345678", "079460123", "112345678"}


def test_from_csv(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text("number,name,segment,id,language\n+8613800138000,王小明,gold,C-1,zh\n", encoding="utf-8")
    directory = Directory.from_csv(path)
    assert (len(directory), directory.find("13800138000")) == (1, replace(WANG, language="zh"))


def test_from_csv_tells_every_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("customers.csv").write_text("number,name,segment,id,language\nx,,gold,C-1,zh\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        Directory.from_csv(Path("customers.csv"))
    assert caught.value.problems == (
        "customers.csv:2: name: expected a name, got nothing",
        "customers.csv:2: number: expected a phone number such as +8613800138000, got 'x'",
    )
