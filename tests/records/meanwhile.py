"""Two who write at the same time."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import event

from acd.records.store import RecordStore


def at_work(store: RecordStore) -> threading.Event:
    """Set when somebody begins to write there, or takes rows to do so: what holds them is waited for."""
    begun = threading.Event()

    def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("SELECT", "PRAGMA")) or "FOR UPDATE" in statement:
            begun.set()

    event.listen(store.engine, "before_cursor_execute", look)
    return begun
