"""`acd customers`: what is typed is done, told, and in the audit log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.accounts.audit import AuditLog
from acd.cli import customers
from acd.errors import OperatorError, RequestRefused
from acd.records.store import RecordStore

FILE = "id,name,number\nK1,Anna,030 12345678\nK2,Ben,030 22345678\nK3,\x1b[2JCleo,x\n"


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordStore]:
    """Empty; the user of the machine is otto."""
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.setenv("SUDO_USER", "otto")
    with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3") as store:
        yield store


def run(*words: str) -> Result:
    """`acd customers …`."""
    return CliRunner().invoke(customers.app, list(words))


def test_from_a_file_to_one_card_less_each_change_in_the_audit_log(
    records: RecordStore, tmp_path: Path
) -> None:
    file = tmp_path / "new.csv"
    file.write_text(FILE, encoding="utf-8")
    taken = run("import", str(file), "--json")
    told = json.loads(taken.stdout)
    assert taken.exit_code == 1  # one faulty line
    assert (told["added"], told["faulty"], told["applied"], told["faults"][0]["line"]) == (2, 1, True, 4)
    found = json.loads(run("find", "3012345678", "--json").stdout)
    assert [card["id"] for card in found] == ["K1"]
    assert run("merge", "K1", "K2").stdout == "K2 is part of K1 now\n"
    assert json.loads(run("show", "K2", "--json").stdout)["id"] == "K1"
    assert json.loads(run("show", "K2", "--json", "--reveal").stdout)["id"] == "K1"
    assert "K1,Anna" in run("export", "--masked").stdout
    assert run("delete", "K1").stdout == "K1 is deleted\n"
    entries = AuditLog(records.engine).find()
    assert {(e.who, e.role, e.address) for e in entries} == {("cli:otto", "admin", "cli")}
    counts = {"file": "new.csv", "added": 2, "changed": 0, "faulty": 1, "applied": True}
    assert [(e.what, e.about, e.detail) for e in entries] == [
        ("customer-delete", "customer K1", {}),
        ("customers-export", "customers", {"masked": True}),
        ("customer-reveal", "customer K1", {}),
        ("customer-merge", "customer K1", {"other": "K2"}),
        ("customers-import", "customers", counts),
    ]


def test_what_is_refused_is_told_and_changes_nothing(records: RecordStore, tmp_path: Path) -> None:
    for words in (("show", "K9"), ("delete", "K9"), ("merge", "K9", "K8")):
        refusal = run(*words).exception
        assert isinstance(refusal, RequestRefused), words
        assert refusal.code == "unknown-customer"
    assert isinstance(run("import", str(tmp_path / "none.csv")).exception, OperatorError)
    assert run("find", "anybody").stdout == "nobody is found\n"
    assert AuditLog(records.engine).find() == []


def test_out_to_a_file_or_nothing_of_it(records: RecordStore, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text(FILE.replace("Ben", "=Ben"), encoding="utf-8")
    shown = run("import", str(tmp_path / "new.csv"))
    assert f"{tmp_path}/new.csv:4: number" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert run("export", str(tmp_path / "out.csv")).exit_code == 0
    text = (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert "'=Ben" in text
    assert run("export", "--output", str(tmp_path / "same.csv")).exit_code == 0
    assert (tmp_path / "same.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()
    twice = run("export", str(tmp_path / "a.csv"), "--output", str(tmp_path / "b.csv")).exception
    assert "say the file once" in str(twice)
    failed = run("export", str(tmp_path / "none" / "out.csv")).exception
    assert isinstance(failed, OperatorError)
    assert "cannot be written" in str(failed)
