"""The bench of reports: the history that it makes up is one that the store could have written."""

from __future__ import annotations

from datetime import timedelta

from acd.records.fold import fold
from acd.records.store import RecordStore
from bench.report_calls import AGENTS
from bench.report_history import BEGIN, DAYS, History, write
from bench.reports import Timing, growth


def test_calls_that_are_made_up_are_what_their_facts_say(database_url: str) -> None:
    with RecordStore(database_url) as store:
        write(store.engine, History(60, 60, AGENTS[:2]), lambda _: None)
        calls = store.calls(BEGIN, BEGIN + timedelta(days=DAYS), limit=100)
        assert len(calls) == 60
        for call in calls:
            assert fold(call.call_id, call.facts) == call
        assert len(store.intervals(BEGIN, BEGIN + timedelta(days=2))) >= 4
        store.save_calls(calls)  # nothing is new
        assert store.calls(BEGIN, BEGIN + timedelta(days=DAYS), limit=100) == calls


def test_the_same_number_is_the_same_history() -> None:
    assert list(History(30, 30).chunks()) == list(History(30, 30).chunks())


def test_a_report_that_grows_too_much_is_told() -> None:
    def day(calls: int, ms: float) -> Timing:
        return Timing("sqlite", calls, "a day by group", ms, 200)

    assert growth([day(1_000_000, 20), day(10_000_000, 29)]) == []
    assert growth([day(1_000_000, 20), day(10_000_000, 50)]) == [
        "sqlite: a day's report takes 2.5 times as long"
    ]
