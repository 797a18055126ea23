"""Customers from CSV files and into them, and the file that owns its cards."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core.facts import Customer
from acd.customers.card import Details, Source
from acd.customers.csv_export import export_csv
from acd.customers.csv_form import escaped, unescaped
from acd.customers.csv_import import Importer, LineFault, Report
from acd.customers.file_sync import sync_file
from acd.customers.store import CustomerStore
from acd.errors import RequestRefused
from acd.records.store import RecordStore
from acd.settings.customer_file import CustomerRow
from acd.settings.customer_settings import CustomerSettings, CustomField, FieldType

SETTINGS = CustomerSettings(
    fields={
        "since": CustomField("since", {"en": "Since"}, FieldType.DATE),
        "secret": CustomField("secret", {"en": "Secret"}, masked=True),
    },
    country="DE",
)


@pytest.fixture
def directory(store: RecordStore) -> CustomerStore:
    return CustomerStore(store.engine, SETTINGS)


def take(store: RecordStore, text: str, *, all_or_nothing: bool = False) -> Report:
    importer = Importer(store.engine, SETTINGS, "ben")
    return importer.run(io.StringIO(text, newline=""), all_or_nothing=all_or_nothing)


FILE = """id,name,number,tags,since,value,note
K1,Anna,030 12345678,vip,2020-01-31,12.5,likes tea
,Ben,x,,,,
,Cleo,+4930111111;+4930222222,a;b,2020-02-31,abc,
,Anna Maria,+493012345678,gold,,,
,"Dora
Long",+4930333333,,,,
"""


def test_sound_lines_are_taken_and_the_others_told(store: RecordStore, directory: CustomerStore) -> None:
    report = take(store, FILE)
    assert (report.added, report.changed, report.faulty, report.applied) == (2, 1, 2, True)
    assert report.faults == [
        LineFault(3, "numbers", "expected a phone number such as +8613800138000", "x"),
        LineFault(4, "value", "expected a number such as 1200.50", "abc"),
    ]
    anna = directory.card("K1")
    assert (anna.details.name, anna.details.tags, anna.details.value) == ("Anna Maria", ("vip", "gold"), 12.5)
    assert anna.details.fields == {"since": "2020-01-31"}
    assert [(note.by, note.text) for note in anna.notes] == [("ben", "likes tea")]
    assert directory.count() == 2


def test_the_same_file_again_changes_nothing(store: RecordStore) -> None:
    text = "id,name,number\nK1,Anna,+4930123456\nK2,Ben,\n"
    take(store, text)
    report = take(store, text)
    assert (report.added, report.changed, report.unchanged) == (0, 0, 2)


def test_all_or_nothing(store: RecordStore, directory: CustomerStore) -> None:
    report = take(store, FILE, all_or_nothing=True)
    assert (report.added, report.faulty, report.applied, directory.count()) == (0, 2, False, 0)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", LineFault(1, "header", "the file is empty")),
        ("name;nam\n", LineFault(1, "nam", "unknown column 'nam'; did you mean 'name'?")),
        ("name,name\n", LineFault(1, "name", "the column 'name' is there twice")),
        ("value\n", LineFault(1, "header", "expected a column id, name, company, numbers or emails")),
        ("name,id\na\n", LineFault(2, "line", "expected 2 cells, got 1")),
        ("name\n\udcff\n", LineFault(2, "name", "is not UTF-8: save the file as UTF-8")),
        ('name\n"a\n', LineFault(2, "line", "invalid CSV: unexpected end of data")),
    ],
)
def test_faulty_files(store: RecordStore, text: str, fault: LineFault) -> None:
    assert take(store, text).faults == [fault]


def test_a_number_of_several_customers_says_nothing_certain(
    store: RecordStore, directory: CustomerStore
) -> None:
    for name in ("A", "B"):
        directory.add(Details(name=name, numbers=("+4930123456",)), card_id=name)
    (fault,) = take(store, "name,number\nC,+4930123456\n").faults
    assert fault.reason == "customers who share a number: A, B; say which by id"


def test_what_goes_out_comes_in_again_and_is_no_formula(
    store: RecordStore, directory: CustomerStore, tmp_path: Path
) -> None:
    hostile = '=HYPERLINK("http://x")'
    details = Details(
        name=hostile,
        company="'=x",
        numbers=("+4930123456", "+4930123457"),
        fields={"secret": "s", "since": "2020-01-01"},
    )
    directory.add(details, card_id="K1")
    text = "".join(export_csv(store.engine, SETTINGS, masked=True))
    _, row = csv.reader(io.StringIO(text, newline=""))
    assert not any(cell.startswith(("=", "-", "@")) for cell in row)
    assert "secret" not in "".join(export_csv(store.engine, SETTINGS))
    with RecordStore(f"sqlite:///{tmp_path}/other.db") as other:
        assert take(other, text).added == 1
        assert CustomerStore(other.engine, SETTINGS).card("K1").details == details


@given(st.text(max_size=10))
def test_escaping_is_undone(text: str) -> None:
    assert unescaped(escaped(text)) == text


# --- the file that owns its cards ---------------------------------------------------------------------
WANG = Customer("C-1", "Wang", "gold", "zh", 5.0, "")


def rows(*pairs: tuple[str, Customer]) -> list[CustomerRow]:
    return [CustomerRow(number, customer) for number, customer in pairs]


def sync(store: RecordStore, digest: str, *pairs: tuple[str, Customer]) -> tuple[int, int, int, int] | None:
    found = sync_file(store.engine, rows(*pairs), digest, lambda _s: None)
    return None if found is None else (found.added, found.changed, found.removed, found.kept)


def test_the_file_is_taken_up_once_and_only_what_differs(
    store: RecordStore, directory: CustomerStore
) -> None:
    pairs = [("+8613800138000", WANG), ("+8613800138001", WANG), ("+4930123456", Customer("C-2", "Li"))]
    assert sync(store, "1", *pairs) == (2, 0, 0, 0)
    assert sync(store, "1", *pairs) is None
    assert sync(store, "2", *pairs) == (0, 0, 0, 0)
    card = directory.card("C-1")
    assert (card.source, card.details.numbers) == (Source.FILE, ("+8613800138000", "+8613800138001"))
    with pytest.raises(RequestRefused, match=r"in the file config/customers\.csv"):
        directory.delete("C-1")


def test_what_people_changed_survives_the_file(store: RecordStore, directory: CustomerStore) -> None:
    sync(store, "1", ("+8613800138000", WANG))
    card = directory.card("C-1")
    mine = {"name": "Wang Xiaoming", "numbers": ["+8613800138000", "+4930123456"], "tags": ["vip"]}
    directory.change("C-1", card.version, mine)
    changed = replace(WANG, name="W.", segment="silver")
    assert sync(store, "2", ("+8613800138009", changed)) == (0, 1, 0, 0)
    details = directory.card("C-1").details
    assert (details.name, details.segment, details.tags) == ("Wang Xiaoming", "silver", ("vip",))
    assert details.numbers == ("+4930123456", "+8613800138009")


def test_who_leaves_the_file_goes_but_not_with_what_people_added(
    store: RecordStore, directory: CustomerStore
) -> None:
    sync(store, "1", ("+8613800138000", WANG), ("+4930123456", Customer("C-2", "Li")))
    directory.add_note("C-2", "ben", "likes tea")
    assert sync(store, "2") == (0, 0, 1, 1)
    assert directory.card("C-2").source is Source.HAND
    with pytest.raises(RequestRefused):
        directory.card("C-1")


def test_new_numbers_of_a_merged_card_reach_its_heir(store: RecordStore, directory: CustomerStore) -> None:
    sync(store, "1", ("+8613800138000", WANG))
    heir = directory.add(Details(name="Wang"))
    directory.merge(heir.id, "C-1", "ben")
    sync(store, "2", ("+8613800138000", WANG), ("+8613800138001", WANG))
    assert directory.card("C-1").id == heir.id
    assert directory.card(heir.id).details.numbers == ("+8613800138000", "+8613800138001")
