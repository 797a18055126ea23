"""A call that is corrected while it is written again."""

from __future__ import annotations

import threading

from acd.core.facts import Answered, Arrived, CallKind, Ended, EndedBy, Queued, WrapUpEnded, WrapUpStarted
from acd.records import writing
from acd.records.corrections import Correction, Field
from acd.records.fold import fold, utc
from acd.records.store import RecordStore
from tests.records.meanwhile import at_work

FACTS = [
    Arrived(0.0, CallKind.INBOUND, "5550100", "", "8000"),
    Queued(1.0, "sales"),
    Answered(2.0, "anna"),
    Ended(9.0, EndedBy.CALLER),
]
LATE = [*FACTS, WrapUpStarted(9.0, "anna"), WrapUpEnded(12.0, "anna")]
LIMIT_S = 60.0


def test_neither_the_correction_nor_what_is_new_is_lost(database_url: str) -> None:
    with RecordStore(database_url) as store, RecordStore(database_url) as other:
        store.save_calls([fold("c1", FACTS)])
        begun = at_work(other)
        saving = threading.Thread(target=other.save_calls, args=([fold("c1", LATE)],))
        with store.engine.begin() as connection:
            writing.correct(
                connection, Correction("c1", utc(10.0), "susan", Field.CUSTOMER, "C-7", "said so")
            )
            saving.start()
            assert begun.wait(LIMIT_S)
        saving.join(LIMIT_S)
        record = store.call("c1")
        assert record is not None
        assert (record.customer_id, record.contact_key) == ("C-7", "id:C-7")
        assert len(record.facts) == len(LATE)
        assert [visit.wrap_up_s for visit in record.visits] == [3.0]
