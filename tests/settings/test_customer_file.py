from __future__ import annotations

import os
from pathlib import Path

from acd.core.facts import Customer
from acd.settings.customer_file import CustomerRow, read_customers

HEADER = "number,name,segment,id,language\n"


def test_rows(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(
        "\ufeff"
        + HEADER
        + '+86 138-0013-8000,王小明,gold,C-1,zh\n\n 0049301234567 ,"Köhler, Sabine",,C-2,\n',
        encoding="utf-8",
    )
    rows, document = read_customers(path)
    assert document.problems == []
    assert rows == [
        CustomerRow("+8613800138000", Customer("C-1", "王小明", "gold", "zh")),
        CustomerRow("+49301234567", Customer("C-2", "Köhler, Sabine", "", "")),
    ]


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text("id, name, number, language, segment\nC-1,Ann,1001,en,gold\n")
    rows, document = read_customers(path)
    assert document.problems == []
    assert rows == [CustomerRow("1001", Customer("C-1", "Ann", "gold", "en"))]


def test_sound_rows_are_kept_beside_faulty_ones(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(HEADER + "1001,Ann,,C-1,\nnobody,Bob,,C-2,\n1003,Cid,,C-3,\n1001,Dan,,C-4,\n")
    rows, document = read_customers(path)
    assert [row.customer.name for row in rows] == ["Ann", "Cid"]
    assert [problem.line for problem in document.problems] == [3, 5]


def test_one_customer_may_have_several_numbers(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(HEADER + "1001,Ann,,C-1,\n1002,Ann,,C-1,\n")
    rows, document = read_customers(path)
    assert (len(rows), document.problems) == (2, [])


def test_an_empty_file_has_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.touch()
    rows, document = read_customers(path)
    assert rows == []
    assert [p.message for p in document.problems] == ["missing columns: number, name, segment, id, language"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + "1001,Köhler,,C-1,\n".encode("latin-1"))
    for name, line in (("missing.csv", 1), ("pipe.csv", 1), ("latin.csv", 2)):
        rows, document = read_customers(tmp_path / name)
        assert rows == []
        assert [problem.line for problem in document.problems] == [line]


def test_an_enormous_field(tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text(HEADER + "1001," + "x" * 200_000 + ",,C-1,\n")
    rows, document = read_customers(path)
    assert rows == []
    assert document.problems[0].message.startswith("invalid CSV: field larger than field limit")
