"""The store on both databases: what goes in comes out, again and again, also with others at it."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from sqlalchemy.exc import OperationalError

from acd.core.disposition import Disposition
from acd.core.fact_json import fact_to_dict
from acd.core.facts import (
    AgentInterval,
    Answered,
    Arrived,
    CallKind,
    Ended,
    EndedBy,
    Fact,
    LeftBy,
    LeftLine,
    Queued,
)
from acd.errors import OperatorError
from acd.records.corrections import Correction, Field
from acd.records.fold import fold, utc
from acd.records.record import CallRecord, SegmentKind
from acd.records.slots import slot_of
from acd.records.store import RecordsAway, RecordStore
from tests.postgres import PostgresProcess
from tests.records.scenario import START, facts_of
from tests.records.test_fold import FACTS, SCENARIOS

DAY = (utc(START) - timedelta(hours=1), utc(START) + timedelta(hours=1))
WHOLE = SCENARIOS["through the menu to an agent, with hold and wrap-up"][0]
TRANSFER = SCENARIOS["attended transfer to an agent reached through the other group"][0]


@pytest.fixture
def store(database_url: str) -> Iterator[RecordStore]:
    with RecordStore(database_url) as opened:
        yield opened


def record(call_id: str, story: str = WHOLE) -> CallRecord:
    return fold(call_id, facts_of(story))


def shifted(call_id: str, seconds: float) -> CallRecord:
    """A call abandoned in the line of sales, that began so long after START."""
    return record(
        call_id, f"{seconds} arrived 5550199 8001\n{seconds} queued sales\n{seconds + 9} ended caller"
    )


def test_a_call_comes_back_as_it_was(store: RecordStore) -> None:
    saved = {name: record(f"c{n}", story) for n, (name, (story, *_)) in enumerate(SCENARIOS.items())}
    store.save_calls(list(saved.values()))
    for name, each in saved.items():
        assert store.call(each.call_id) == each, name
    assert store.call("unknown") is None


def test_adding_leaves_what_is_there_as_it_is(store: RecordStore) -> None:
    good, thin = record("c1"), shifted("c1", 5)
    store.save_calls([good])
    for _ in range(2):
        store.add_calls([thin, shifted("c2", 3), shifted("c2", 4)])
    store.add_calls([])
    assert store.call("c1") == good
    assert store.call("c2") == shifted("c2", 3)


@settings(max_examples=25, deadline=None)
@given(told=FACTS)
def test_any_call_comes_back_as_it_was(
    told: tuple[Fact, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    saved = fold("c1", told)
    with RecordStore(f"sqlite:///{tmp_path_factory.mktemp('db')}/acd.db") as store:
        store.save_calls([saved])
        assert store.call("c1") == saved


def test_a_call_written_again_replaces_itself(store: RecordStore) -> None:
    told = facts_of(WHOLE)
    early, late = fold("c1", told[:-1]), fold("c1", told)
    store.save_calls([early, shifted("c2", 5)])
    store.save_calls([early, late])
    store.save_calls([late])
    assert store.call("c1") == late
    assert [v.visit for v in store.visits(*DAY) if v.call_id == "c1"] == list(late.visits)
    assert store.call("c2") == shifted("c2", 5)


def test_facts_are_added_and_never_changed(store: RecordStore) -> None:
    told = facts_of(WHOLE)
    half = len(told) // 2
    store.save_calls([fold("c1", told[:half])])
    store.save_calls([fold("c1", told)])
    store.save_calls([fold("c1", told[:half])])  # of before, once more
    assert store.call("c1") == fold("c1", told)
    with store.engine.connect() as connection:
        parts = connection.exec_driver_sql(
            "SELECT part, first_position, json_array_length(data) FROM facts ORDER BY part"
        ).all()
    assert [tuple(part) for part in parts] == [(0, 0, half), (1, half, len(told) - half)]


def test_facts_that_do_not_continue_those_on_record_are_added_once(store: RecordStore) -> None:
    told = facts_of(WHOLE)
    store.save_calls([fold("c1", [*told[:3], *told[5:]])])  # two were lost on the way
    for _ in range(2):
        store.save_calls([fold("c1", told[:7])])
        assert store.call("c1") == fold("c1", told)


def test_what_was_before_a_loss_stays_behind_it_where_parts_are_put_together(store: RecordStore) -> None:
    """One controller gave the node up and told so; the next did not know, gave it up, and heard more."""
    came = "0 arrived 5550100 8001\n1 queued sales\n"
    store.save_calls([fold("c1", facts_of(came + "13 ended node b"))])
    late = facts_of(came + "30 ended node b\n5 returned late\n5 fellback anna\n20 ended unknown")
    for _ in range(2):
        store.save_calls([fold("c1", late)])
        kept = store.call("c1")
        assert kept is not None
        assert [(v.outcome.value, v.agent, v.wait_s) for v in kept.visits] == [("answered", "anna", 4.0)]
        assert kept.ended_at == utc(START + 20)


def test_a_fact_that_came_to_say_more_is_the_one_on_record(store: RecordStore) -> None:
    """Those that were stored before it did have no such field."""
    begin = [Arrived(START, CallKind.INBOUND, "+49", "", "8001"), Queued(START + 1, "sales")]
    left = LeftLine(START + 30, "sales", LeftBy.KEY)
    told = [*begin, left, Queued(START + 30, "support"), Answered(START + 40, "anna")]
    assert set(fact_to_dict(left)) == {"fact", "at", "group", "how", "exit"}
    assert fact_to_dict(LeftLine(START, "sales", LeftBy.KEY, key="9"))["key"] == "9"
    store.save_calls([fold("c1", told)])
    store.save_calls([fold("c1", [*told, Ended(START + 60, EndedBy.CALLER)])])
    kept = store.call("c1")
    assert kept is not None
    assert kept.facts == (*told, Ended(START + 60, EndedBy.CALLER))


def test_what_is_written_raises_the_versions_of_its_quarters_of_an_hour(store: RecordStore) -> None:
    def versions() -> dict[int, int]:
        with store.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT slot, version FROM slots").all()
        return {slot - slot_of(START): version for slot, version in rows}

    long = "0 arrived 5550199 8001\n0 queued sales\n1900 ended caller"
    store.save_calls([record("c1"), shifted("c2", 5)])
    assert versions() == {0: 1}
    store.save_calls([record("c1"), record("c3", long)])
    assert versions() == {0: 2, 1: 1, 2: 1}
    store.save_intervals([AgentInterval("anna", "ready", None, START + 800, START + 1000)])
    assert versions() == {0: 3, 1: 2, 2: 1}
    store.save_intervals([AgentInterval("anna", "ready", None, START + 800, START + 801)])
    assert versions() == {0: 4, 1: 3, 2: 1}
    store.add_calls([record("c1")])
    assert versions() == {0: 4, 1: 3, 2: 1}


def test_calls_of_a_period_newest_first(store: RecordStore) -> None:
    calls = [shifted(f"c{minute}", 60 * minute) for minute in range(6)]
    store.save_calls(calls)
    found = store.calls(utc(START + 60), utc(START + 300))
    assert [call.call_id for call in found] == ["c4", "c3", "c2", "c1"]
    assert found == calls[4:0:-1]
    assert [call.call_id for call in store.calls(*DAY, limit=2)] == ["c5", "c4"]


def test_calls_by_group_agent_and_number(store: RecordStore) -> None:
    store.save_calls([record("c1"), record("c2", TRANSFER), shifted("c3", 0)])

    def ids(**filters: str) -> set[str]:
        return {call.call_id for call in store.calls(*DAY, **filters)}  # type: ignore[arg-type]

    assert ids() == {"c1", "c2", "c3"}
    assert ids(group="support") == {"c2"}
    assert ids(agent="anna") == {"c1", "c2"}
    assert ids(agent="ben", group="sales") == {"c2"}
    assert ids(number="5550199") == {"c3"}
    assert ids(number="8000") == {"c1"}


def test_last_talks_oldest_first_and_bounded(store: RecordStore) -> None:
    for call_id in ("c1", "c2"):
        store.save_calls([record(call_id)])
    store.save_calls([shifted("c3", 5)])  # nobody answered
    talks = store.last_talks(DAY[0], 10)
    (talk,) = set(talks)
    assert len(talks) == 2
    saved = record("c1")
    answered = next(s for s in saved.segments if s.kind is SegmentKind.TALKING)
    customer = saved.customer_id
    assert talk == (customer, saved.caller_number, answered.agent, answered.started_at)
    assert len(store.last_talks(DAY[0], 1)) == 1
    assert store.last_talks(DAY[1], 10) == []


def test_visits_count_when_they_were_offered(store: RecordStore) -> None:
    store.save_calls([record("c2", TRANSFER)])
    found = store.visits(utc(START), utc(START + 30))
    assert [(v.call_id, v.kind, v.visit.group) for v in found] == [("c2", "inbound", "sales")]
    assert [v.visit.group for v in store.visits(*DAY)] == ["sales", "support"]
    assert [v.visit.group for v in store.visits(*DAY, group="support")] == ["support"]


def test_an_interval_that_goes_on_for_days_is_found_in_each_of_them(store: RecordStore) -> None:
    day = 86_400.0
    long = AgentInterval("anna", "not_ready", "holiday", START, START + 9 * day, None)
    store.save_intervals([long, AgentInterval("ben", "ready", None, START, START + 60, None)])
    for since, found in ((0, ["anna", "ben"]), (1, ["anna"]), (8, ["anna"]), (9, []), (-1, [])):
        begin = datetime.fromtimestamp(START + since * day, UTC)
        until = begin + timedelta(hours=1)
        assert [interval.agent for interval in store.intervals(begin, until)] == found, since


def test_intervals(store: RecordStore) -> None:
    first = AgentInterval("anna", "ready", None, START, START + 60)
    second = AgentInterval("anna", "talking", None, START + 60, START + 90, "c1")
    lunch = AgentInterval("ben", "not_ready", "lunch", START, START + 1800)
    store.save_intervals([first, lunch, second])
    store.save_intervals([second, second])
    assert store.intervals(*DAY) == [first, second, lunch]
    assert store.intervals(utc(START + 60), utc(START + 61)) == [second, lunch]
    longer = AgentInterval("ben", "not_ready", "lunch", START, START + 2000)
    store.save_intervals([longer])
    assert store.intervals(utc(START + 1900), utc(START + 1901)) == [longer]


def test_many_at_once(store: RecordStore) -> None:
    store.save_calls([shifted(f"c{i}", i) for i in range(1200)])
    store.save_intervals(
        [AgentInterval("anna", "ready", None, START + i, START + i + 1) for i in range(1200)]
    )
    assert len(store.calls(*DAY, limit=2000)) == len(store.visits(*DAY)) == len(store.intervals(*DAY)) == 1200


def test_all_or_none(store: RecordStore) -> None:
    with pytest.raises(UnicodeError):
        store.save_calls([record("c1"), record("c\ud8002")])
    assert store.call("c1") is None


def test_another_process_reads_while_one_writes(store: RecordStore) -> None:
    store.save_calls([record("c1")])
    program = (
        "import sys; from acd.records.store import RecordStore\n"
        "with RecordStore(sys.argv[1]) as store: print(store.call('c1').call_id, store.call('c2'))"
    )
    with RecordStore(_url(store)):  # the second opening finds nothing to migrate
        pass
    with store.engine.connect() as reading:
        reading.exec_driver_sql("SELECT * FROM calls").all()  # an open snapshot blocks nobody
        store.save_calls([shifted("c3", 0)])
        answer = subprocess.run(
            [sys.executable, "-c", program, _url(store)], capture_output=True, text=True, check=True
        )
    assert answer.stdout == "c1 None\n"


def test_many_open_a_new_database_at_once(empty_database_url: str) -> None:
    stores = [RecordStore(empty_database_url) for _ in range(8)]
    gate = threading.Barrier(len(stores))
    failures: list[BaseException] = []

    def open_one(one: RecordStore) -> None:
        gate.wait()
        try:
            one.open()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_one, args=(one,)) for one in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    stores[0].save_calls([record("c1")])
    assert stores[7].call("c1") == record("c1")
    for one in stores:
        one.close()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "sqlite:///{tmp}/missing/acd.db",
            "cannot open sqlite:.*unable to open.*script/server",
        ),
        ("sqlite://", "records in memory would be lost"),
        ("nonsense", "the database address cannot be used"),
        ("nosuchdatabase://host/acd", "the database address cannot be used"),
    ],
)
def test_what_cannot_be_opened_says_so(url: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=message):
        RecordStore(url.format(tmp=tmp_path)).open()


def test_a_database_that_is_away_at_the_start_is_used_when_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "not yet"
    store = RecordStore(f"sqlite:///{folder}/acd.db")
    with pytest.raises(RecordsAway, match="unable to open"):
        store.open()
    with pytest.raises(OperationalError):
        store.save_calls([record("c1")])
    assert not store.is_open
    folder.mkdir()
    store.save_calls([record("c1")])
    assert store.is_open
    assert store.call("c1") is not None
    store.close()
    with pytest.raises(RuntimeError, match="not open"):
        store.call("c1")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "acd.db"
    path.write_bytes(b"this is a text file, and a rather long one\n" * 100)
    with pytest.raises(OperatorError, match="file is not a database"):
        RecordStore(f"sqlite:///{path}").open()


def test_a_database_of_a_newer_version(store: RecordStore) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(OperatorError, match="made by another version"):
        RecordStore(_url(store)).open()


def test_a_closed_store_refuses(tmp_path: Path) -> None:
    store = RecordStore(f"sqlite:///{tmp_path}/acd.db")
    with pytest.raises(RuntimeError, match="not open"):
        store.call("c1")
    store.close()


def test_errors_do_not_show_who_called(store: RecordStore) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE calls RENAME TO elsewhere")
    with pytest.raises(Exception, match=r"no such table|does not exist") as caught:
        store.save_calls([record("c1")])
    assert "5550100" not in str(caught.value)


def test_a_period_in_another_zone_is_the_same_period(store: RecordStore) -> None:
    store.save_calls([record("c1")])
    since = datetime.fromtimestamp(START, UTC).astimezone()
    assert len(store.visits(since, since + timedelta(minutes=1))) == 1


def _url(store: RecordStore) -> str:
    return store.engine.url.render_as_string(hide_password=False)


def told(agent: str, at: float, code: str = "sold") -> Disposition:
    return Disposition("c1", agent, at, "sales", code, "Sold", True, {"order": "A-1"}, "王 <b>", at + 60)


def test_dispositions_come_back_and_later_words_count(store: RecordStore) -> None:
    store.save_dispositions([told("anna", 20, "lost"), told("anna", 10), told("ben", 15)])
    assert store.dispositions(["c1", "c2"]) == [told("ben", 15), told("anna", 20, "lost")]
    store.save_dispositions([told("anna", 12), told("ben", 15)])  # after a restart, of before
    assert store.dispositions(["c1"]) == [told("ben", 15), told("anna", 20, "lost")]
    store.save_dispositions([told("anna", 30)])
    assert store.dispositions(["c1"])[-1] == told("anna", 30)
    assert store.dispositions(["c2"]) == []


def corrected(field: Field, value: str, call_id: str = "c1") -> Correction:
    return Correction(call_id, utc(START), "sue", field, value, "the caller said so")


def test_a_corrected_customer_stays_so_when_the_call_is_written_again(store: RecordStore) -> None:
    store.save_calls([record("c1")])
    store.correct(corrected(Field.CUSTOMER, "k8"))
    store.correct(corrected(Field.EXCLUDED, "yes"))
    for _ in range(2):
        found = store.call("c1")
        assert found is not None
        assert (found.customer_id, found.customer_name, found.contact_key) == ("k8", None, "id:k8")
        assert found.facts == record("c1").facts
        store.save_calls([record("c1")])
    assert [(c.field, c.value) for c in store.corrections("c1")] == [("customer", "k8"), ("excluded", "yes")]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (corrected(Field.EXCLUDED, "yes", "c7"), "no call 'c7' is on record"),
        (corrected(Field.COMPLAINT, "perhaps"), "the value of complaint is yes or no, not 'perhaps'"),
        (corrected(Field.CUSTOMER, "k\n8"), "characters that can be printed"),
        (replace(corrected(Field.EXCLUDED, "yes"), reason=" "), "say why"),
    ],
)
def test_what_cannot_be_a_correction_is_refused(store: RecordStore, wrong: Correction, message: str) -> None:
    store.save_calls([record("c1")])
    with pytest.raises(OperatorError, match=message):
        store.correct(wrong)
    assert store.corrections("c1") == []


def test_a_database_without_an_encoding_keeps_every_text(postgres: PostgresProcess) -> None:
    """As a server makes them that was set up in a bare locale."""
    name = "acd_without_encoding"
    kind = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc"
    postgres.run(f"CREATE DATABASE {name} TEMPLATE template0 {kind}")
    with RecordStore(postgres.url(name)) as store:
        store.save_calls([replace(record("c1"), caller_name="Wěi Lǐ 李伟")])
        found = store.call("c1")
    postgres.drop(name)
    assert found is not None
    assert found.caller_name == "Wěi Lǐ 李伟"
