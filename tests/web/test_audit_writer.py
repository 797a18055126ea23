"""The audit log is written, whatever a single entry brings."""

from __future__ import annotations

from pathlib import Path

from acd.accounts.audit import AuditLog
from acd.records.store import RecordStore
from acd.web.audit_writer import AuditWriter
from tests.web.client import ANNA


async def test_an_entry_that_cannot_be_kept_keeps_no_other_out(tmp_path: Path) -> None:
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        writer = AuditWriter(store)
        writer.note(ANNA, "before")
        writer.note(ANNA, "half", "\ud800")
        writer.note(ANNA, "object", "", thing=object())
        writer.note(ANNA, "after")
        assert await writer.flush()
        writer.note(ANNA, "later")
        assert await writer.flush()
        assert [entry.what for entry in AuditLog(store.engine).find()] == ["later", "after", "before"]
