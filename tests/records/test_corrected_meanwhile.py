"""A call that is corrected while it is written again."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import event

from acd.core.facts import Answered, Arrived, CallKind, Ended, EndedBy, Queued, WrapUpEnded, WrapUpStarted
from acd.records import writing
from acd.records.corrections import Correction, Field
from acd.records.fold import fold, utc
from acd.records.store import RecordStore

FACTS = [
    Arrived(0.0, CallKind.INBOUND, "5550100", "", "8000"),
    Queued(1.0, "sales"),
    Answered(2.0, "anna"),
    Ended(9.0, EndedBy.CALLER),
]
LATE = [*FACTS, WrapUpStarted(9.0, "anna"), WrapUpEnded(12.0, "anna")]
LIMIT_S = 20.0


def test_neither_the_correction_nor_what_is_new_is_lost(database_url: str) -> None:
    with RecordStore(database_url) as store, RecordStore(database_url) as other:
        store.save_calls([fold("c1", FACTS)])
        _ = other.engine
        at_work = threading.Event()

        def look(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            """Whoever has read what is on record by then will overwrite what is committed now."""
            if not statement.startswith(("SELECT", "PRAGMA")) or "FOR UPDATE" in statement:
                at_work.set()

        event.listen(other.engine, "before_cursor_execute", look)
        saving = threading.Thread(target=other.save_calls, args=([fold("c1", LATE)],))
        with store.engine.begin() as connection:
            writing.correct(
                connection, Correction("c1", utc(10.0), "susan", Field.CUSTOMER, "C-7", "said so")
            )
            saving.start()
            assert at_work.wait(LIMIT_S)
        saving.join(LIMIT_S)
        record = store.call("c1")
        assert record is not None
        assert (record.customer_id, record.contact_key) == ("C-7", "id:C-7")
        assert len(record.facts) == len(LATE)
        assert [visit.wrap_up_s for visit in record.visits] == [3.0]
