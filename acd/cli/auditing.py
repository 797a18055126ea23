"""What a command did, in the audit log: the words are those of the pages' requests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from acd.accounts.audit import AuditLog, Entry
from acd.cli import context
from acd.records.store import RecordStore

ORIGIN = "cli"
"""Stands where the address of a browser would, and before the name: it is no account of the desktop."""


def audit(store: RecordStore, what: str, about: str, **detail: Any) -> None:
    """Keep an entry of the machine's user, who may do all that an admin may."""
    entry = Entry(datetime.now(UTC), f"{ORIGIN}:{context.user()}", "admin", ORIGIN, what, about, detail)
    AuditLog(store.engine).add([entry])
