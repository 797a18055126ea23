"""`acd records reconcile`: the records beside Asterisk's account, some calls after the other."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acd.__main__ import app
from acd.cli import reconcile
from acd.core.facts import Arrived, CallKind, Ended, EndedBy, FlowEntered, Transferred
from acd.records.fold import fold
from acd.records.store import RecordStore
from tests.telephony.test_cdr import NOON, row


def told(call_id: str, number: int, off_s: float = 0.0) -> tuple[str, list[Any]]:
    """A call as Asterisk saw it, and as it is on record: so much longer there."""
    at = NOON - 600 + number
    line = row(call_id, start=f"{at}", answer=f"{at}", end=f"{at + 20}")
    begun = Arrived(at, CallKind.INBOUND, "+4930123", "", "8001")
    return line, [begun, FlowEntered(at, "main"), Ended(at + 20 + off_s, EndedBy.CALLER)]


def test_what_differs_is_found_batch_by_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = {f"c{n}": told(f"c{n}", n, 5.0 if n == 3 else 0.0) for n in range(9)}
    _, elsewhere = told("elsewhere", 50)
    part, begun = told("part", 4)
    calls["c4"][1].insert(2, Transferred(NOON - 590, "anna", "part", "attended", tuple(begun[:1])))
    account = tmp_path / "asterisk" / "log" / "cdr-custom" / "acd.csv"
    account.parent.mkdir(parents=True)
    account.write_text("".join(line for line, _ in calls.values()) + part)
    for name in [name for name in os.environ if name.startswith("ACD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.setattr(reconcile, "BATCH", 2)
    with RecordStore(f"sqlite:///{tmp_path / 'records.sqlite3'}") as store:
        on_record = {id: facts for id, (_, facts) in calls.items() if id != "c7"}
        store.save_calls([fold(id, facts) for id, facts in {**on_record, "elsewhere": elsewhere}.items()])
    found = CliRunner().invoke(
        app, ["records", "reconcile", "--from", "2026-11-22", "--to", "2026-11-22", "--json"]
    )
    assert found.exit_code == 1, found.output
    answer = json.loads(found.stdout[found.stdout.index("{") :])
    counts = {name: answer[name] for name in ("calls", "on_record", "part_of_another_call", "going_on")}
    assert counts == {"calls": 10, "on_record": 8, "part_of_another_call": 1, "going_on": 0}
    assert answer["missing"] == ["c7"]
    assert [(one["call_id"], one["what"], one["by_s"]) for one in answer["differences"]] == [
        ("c3", "end", 5.0)
    ]
    assert answer["not_in_asterisks_account"] == ["elsewhere"]
    shown = CliRunner().invoke(app, ["records", "reconcile", "--from", "2026-11-22", "--to", "2026-11-22"])
    assert "c7" in shown.output
    assert "end +5.0 s on record" in shown.output
