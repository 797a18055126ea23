"""A call that is deleted for good while something is written of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from acd.core.disposition import Disposition
from acd.core.facts import Answered, Arrived, CallbackOrder, CallKind, Ended, EndedBy, Queued
from acd.privacy.calls import delete_calls
from acd.records.deleted import note_deleted
from acd.records.fold import fold, utc
from acd.records.store import RecordStore
from acd.records.task_store import TaskStore
from acd.records.tasks import SYSTEM, TaskChange, TaskKind, TaskState
from tests.records.meanwhile import at_work

FACTS = [
    Arrived(0.0, CallKind.INBOUND, "5550100", "", "8000"),
    Queued(1.0, "sales"),
    Answered(2.0, "anna"),
    Ended(9.0, EndedBy.CALLER),
]
LIMIT_S = 60.0
WORDS = Disposition("c1", "anna", 20.0, "sales", "", note="Mrs Smith is ill")
WISH = CallbackOrder("c1", 20.0, "sales", "5550100", "en")


def save_words(store: RecordStore) -> None:
    store.save_dispositions([WORDS])


def add_wish(store: RecordStore) -> None:
    store.add_callbacks([WISH])


@pytest.mark.parametrize("write", [save_words, add_wish])
def test_nothing_is_written_of_it(database_url: str, write: Callable[[RecordStore], None]) -> None:
    with RecordStore(database_url) as store, RecordStore(database_url) as other:
        store.save_calls([fold("c1", FACTS)])
        begun = at_work(other)
        writing = threading.Thread(target=write, args=(other,))
        with store.engine.begin() as connection:
            delete_calls(connection, ["c1"])
            note_deleted(connection, ["c1"], utc(30.0))
            writing.start()
            assert begun.wait(LIMIT_S)
        writing.join(LIMIT_S)
        assert store.dispositions(["c1"]) == []
        assert TaskStore(store.engine).open_wishes() == {}


def test_a_wish_of_it_leaves_others_of_the_number_as_they_are(tmp_path: Path) -> None:
    with RecordStore(f"sqlite:///{tmp_path / 'acd.db'}") as store:
        store.save_calls([fold("c0", FACTS), fold("c1", FACTS)])
        store.add_callbacks([replace(WISH, call_id="c0", at=5.0)])
        tasks = TaskStore(store.engine)
        (given_up,) = tasks.tasks(TaskKind.CALLBACK)
        tasks.change(TaskKind.CALLBACK, given_up.id, TaskChange(utc(10.0), SYSTEM, TaskState.FAILED))
        with store.engine.begin() as connection:
            delete_calls(connection, ["c1"])
            note_deleted(connection, ["c1"], utc(15.0))
        store.add_callbacks([WISH])
        (after,) = tasks.tasks(TaskKind.CALLBACK)
        assert after.state is TaskState.FAILED
