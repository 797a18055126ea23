"""One person is forgotten: nothing of them is left on the disk, and reports stay as they are."""

from __future__ import annotations

import asyncio
import json
import shutil
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, insert, select
from typer.testing import CliRunner

from acd.__main__ import app
from acd.accounts.audit import AuditLog, Entry
from acd.core.disposition import Disposition
from acd.core.facts import (
    Answered,
    Arrived,
    CallbackOrder,
    CallbackWanted,
    CallKind,
    Customer,
    Ended,
    EndedBy,
    Queued,
    RecordingStep,
    StepTaken,
    TalkRecorded,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)
from acd.customers.card import Details, Source
from acd.customers.store import CustomerStore
from acd.errors import OperatorError
from acd.imports.writing import Batch, write
from acd.privacy.forget import Forgetting
from acd.privacy.person import Person, find_person
from acd.privacy.retention import Retention
from acd.privacy.scrub import scrubbed_fact
from acd.recordings.store import Recordings, Storage
from acd.records import schema
from acd.records.corrections import Correction, Field
from acd.records.fold import fold
from acd.records.new_calls import new_calls
from acd.records.record import CallRecord
from acd.records.store import RecordStore
from acd.settings.customer_settings import CustomerSettings
from acd.settings.retention import RetentionSettings
from acd.web.drafts import Drafts
from acd.webhooks.schema import deliveries, webhooks
from tests.recordings.calls import DAY, START, write_wav
from tests.recordings.keeping import World

NAME, NUMBER, EMAIL = "Käthe Vergessmich", "+4930778899001", "kaethe@example.com"
NEEDLES = [b"ergessmich", b"30778899001", EMAIL.encode()]
CHECKOUT = Path(__file__).parents[2]
AT = datetime(2025, 11, 22, 10, tzinfo=UTC)


def call(call_id: str, at: float, number: str, customer: Customer) -> CallRecord:
    """With everything in it that may tell of the caller."""
    facts = [
        Arrived(at, CallKind.INBOUND, number, customer.name[3:], "8000", customer),
        StepTaken(at + 1, "main", "1", "account", "next", "ask", f"account = {number}"),
        CallbackWanted(at + 2, "sales", number, "en"),
        Queued(at + 3, "sales"),
        Answered(at + 9, "anna"),
        TalkRecorded(at + 10, RecordingStep.STARTED, f"{DAY}/{call_id}-talk"),
        TalkRecorded(at + 12, RecordingStep.PAUSED, "", "anna", f"card of {customer.name}"),
        Ended(at + 40, EndedBy.CALLER),
    ]
    return fold(call_id, facts)


class Home(World):
    """A customer with a card, two calls, and words everywhere; and somebody else."""

    def fill(self) -> None:
        """All of it."""
        cards, store = CustomerStore(self.store.engine, CustomerSettings()), self.store
        card = cards.add(Details(name=NAME, numbers=(NUMBER,), emails=(EMAIL,)), source=Source.HAND)
        cards.add_note(card.id, "anna", f"{NAME} likes tea")
        self.id = card.id
        known = Customer(card.id, NAME, "gold")
        store.save_calls([call("c1", START, NUMBER, known), call("c2", START + 900, NUMBER, known)])
        store.save_calls([call("c3", START, "+4930555000111", Customer("C-2", "Otto Other"))])
        told = Disposition("c1", "anna", START + 50, "sales", "sold", "Sold", False, {"for": NAME}, NUMBER)
        store.save_dispositions([told])
        store.add_callbacks([CallbackOrder("c1", START + 2, "sales", NUMBER, "en")])
        audited = Entry(AT, "anna", "agent", "", "customer-change", f"customer {card.id}", {"name": NAME})
        AuditLog(store.engine).add([audited])
        hook = {"id": "w", "url": "", "events": [], "secret": "", "note": "", "enabled": True, "dropped": 0}
        body = {"event_id": "e", "event": "call.ended", "body": json.dumps({"number": NUMBER, "name": NAME})}
        sent = {"webhook_id": "w", "state": "done", "tries": 1, "created_at": AT, "next_at": AT}
        with store.engine.begin() as connection:
            connection.execute(insert(webhooks), {**hook, "created_by": "", "created_at": AT, "since_at": AT})
            connection.execute(insert(deliveries), {**sent, **body})
        Drafts(store.engine, "anna").put("c1", {"note": NAME})
        for call_id in ("c1", "c2", "c3"):
            write_wav(self.dir, f"{DAY}/{call_id}-talk", seconds=0.1)
        journal = self.dir.parent / "journal"
        journal.mkdir()
        (journal / "2025-11-22T10.jsonl").write_text(json.dumps({"caller_number": NUMBER}) + "\n")
        (journal / "2025-11-22T11.jsonl").write_text("{}\n")


@pytest.fixture
async def home(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Home]:
    """Filled, and recordings on record."""
    home = Home(tmp_path, database_url)
    home.fill()
    await home.keeper().look()
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.setenv("ACD_DATABASE_URL", "" if database_url.startswith("sqlite") else database_url)
    yield home
    home.store.close()


def left(home: Home) -> list[str]:
    """Files and tables that have something of the person in them."""
    files = (file for file in sorted(home.dir.parent.rglob("*")) if file.is_file())
    found = [file.name for file in files if any(needle in file.read_bytes() for needle in NEEDLES)]
    tables = MetaData()
    tables.reflect(home.store.engine)
    with home.store.engine.connect() as connection:
        for name, table in tables.tables.items():
            rows = repr(connection.execute(select(table)).all()).encode()
            found += [name] if any(needle in rows for needle in NEEDLES) else []
    return found


def write_accounts(folder: Path) -> None:
    """What others than the database have of the calls; one that is over is still in the live state."""
    account = folder / "asterisk" / "log" / "cdr-custom" / "acd.csv"
    account.parent.mkdir(parents=True)
    account.write_text(f'"c1","8000","1.1","{NUMBER}","s","P","","1.0","1.0","2.0","ANSWERED","",""\n')
    (folder / "queue_log").write_text(f"{START:.0f}|c1|sales|NONE|ENTERQUEUE||{NUMBER}|1|{NAME}\n")
    live = folder / "live"
    live.mkdir()
    lines = [{"k": "call:c2", "v": {"number": NUMBER}}, {"k": "call:c2"}, {"k": "agent:anna", "v": {"n": 1}}]
    (live / "live.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def counted(store: RecordStore) -> list[Any]:
    """What reports are made of."""
    columns = [each for each in schema.visits.c if each.name != "contact_key"]
    with store.engine.connect() as connection:
        visits = connection.execute(select(*columns).order_by(schema.visits.c.call_id)).all()
        segments = connection.execute(select(schema.segments).order_by(schema.segments.c.call_id)).all()
        keys = connection.scalars(select(schema.calls.c.contact_key).order_by(schema.calls.c.call_id)).all()
    return [visits, segments, [keys.index(key) for key in keys]]


async def test_nothing_is_left_of_a_person_and_reports_stay(home: Home) -> None:
    write_accounts(home.dir.parent)
    assert {"acd.csv", "queue_log", "live.jsonl"} <= set(left(home))
    before = counted(home.store)
    run = CliRunner().invoke
    kept = run(app, ["customers", "forget", home.id], input="n\n")
    assert kept.exit_code == 1
    assert home.row(f"{DAY}/c1-talk").is_there
    done = await asyncio.to_thread(run, app, ["customers", "forget", NUMBER, "--yes"])
    assert done.exit_code == 0, done.output
    for part in (
        "2 calls",
        "1 cards",
        "2 recordings",
        "1 deliveries",
        "1 journal",
        "1 drafts",
        "1 cdr_lines",
        "1 queue_l",
    ):
        assert part in done.output
    assert "Not reached: back-ups" in done.output
    assert left(home) == []
    assert counted(home.store) == before
    assert not home.row(f"{DAY}/c1-talk").is_there
    assert home.row(f"{DAY}/c3-talk").is_there
    assert home.files() == ["c3-talk.mp3", "c3-talk.peaks.json"]
    record = home.store.call("c1")
    assert record is not None
    assert (record.caller_number, record.customer_id, record.customer_segment) == ("", None, "gold")
    other = home.store.call("c3")
    assert other is not None
    assert (other.caller_number, other.customer_name) == ("+4930555000111", "Otto Other")
    log = [entry for entry in AuditLog(home.store.engine).find() if entry.what == "customer-forget"]
    assert [entry.detail["state"] for entry in log] == ["done", "begun"]
    assert "agent:anna" in (home.dir.parent / "live" / "live.jsonl").read_text()
    again = run(app, ["customers", "forget", NUMBER, "--yes"])
    assert "nothing is kept" in str(again.exception or again.output)


async def test_a_customer_of_the_file_is_deleted_there_first_and_in_every_version(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card is still there then: the reload that takes it away comes afterwards."""
    config = home.dir.parent / "config"
    shutil.copytree(CHECKOUT / "config", config)
    monkeypatch.setenv("ACD_CONFIG", str(config))
    header, others = "number,name,segment,id,language\n", '"+4930555000111","Otto, Other",gold,C-2,\n'
    theirs = f"{NUMBER},{NAME},gold,{home.id},\n"
    (config / "customers.csv").write_text(header.replace(",", ", ") + others + theirs.replace(",", " ,"))
    for number in ("1", "2"):
        version = home.dir.parent / "versions" / number / "config"
        version.mkdir(parents=True)
        (version / "customers.csv").write_text(header + theirs + others + theirs.replace("30778", "30 778"))
    invoke = CliRunner().invoke
    refused = invoke(app, ["customers", "forget", home.id, "--yes"])
    assert "customers.csv:3: this customer is in the file" in str(refused.exception)
    (config / "customers.csv").write_text(header + others)
    done = await asyncio.to_thread(invoke, app, ["customers", "forget", home.id, "--yes"])
    assert done.exit_code == 0, done.output
    assert "4 version_lines" in done.output
    assert left(home) == []
    kept = home.dir.parent / "versions" / "2" / "config" / "customers.csv"
    assert kept.read_text() == header + others


async def test_a_card_that_is_gone_leaves_the_numbers_of_its_calls(home: Home) -> None:
    known = Customer("C-9", NAME, "gold")
    home.store.save_calls([call("c9", START, "+4930555000999", known), call("c8", START, NUMBER, known)])
    told = CliRunner().invoke(app, ["customers", "forget", "C-9"], input="n\n")
    assert f"cards: none; names: {NAME}; numbers: +4930555000999" in told.output


async def test_a_number_from_which_others_have_called_is_left_out_for_a_card_that_is_gone(home: Home) -> None:
    """They may have no card, and no name, either."""
    known, office, shared, called = (
        Customer("C-9", NAME),
        "+4930555000444",
        "+4930555000555",
        "+4930555000666",
    )
    numbers = ("+4930555000999", office, shared, called)
    home.store.save_calls([call(f"own{n}", START, number, known) for n, number in enumerate(numbers)])
    home.store.save_calls([
        fold("nobody", [
            Arrived(START, CallKind.INBOUND, office, "", "8000"),
            Ended(START + 9, EndedBy.CALLER),
        ]),
        call("c5", START, shared, Customer("C-2", "Otto Other")),
        fold("out", [
            Arrived(START, CallKind.OUTBOUND, "1001", "", called, Customer("C-2", "Otto Other")),
            Ended(START + 9, EndedBy.CALLER),
        ]),
    ])  # fmt: skip
    with home.store.engine.connect() as connection:
        person = find_person(connection, "C-9", "DE", home.dir.parent)
    assert (person.ids, person.numbers) == (("C-9",), ("+4930555000999",))
    folder = home.dir.parent
    work = Forgetting(folder, home.dir, folder / "journal", home.store, person, lambda: None)
    assert sorted(work.calls()) == ["own0", "own1", "own2", "own3"]


async def test_what_was_ended_half_way_goes_on(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with home.store.engine.connect() as connection:
        person = find_person(connection, home.id, "DE", home.dir.parent)
    folder = home.dir.parent

    def forgetting() -> Forgetting:
        return Forgetting(folder, home.dir, folder / "journal", home.store, person, lambda: None)

    for step in ("_wishes_and_words", "_card", "_journal", "_overwrite"):
        with monkeypatch.context() as patch:
            patch.setattr(Forgetting, step, lambda _self: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                forgetting().run()
    forgetting().run()
    assert left(home) == []


async def test_recordings_out_of_reach_are_said_before_anything_is_deleted(home: Home) -> None:
    Recordings(home.store.engine).stored(f"{DAY}/c2-talk", Storage.S3)
    before = home.files()
    done = CliRunner().invoke(app, ["customers", "forget", home.id, "--yes"])
    assert "no longer names: set recordings > s3" in str(done.exception)
    assert (home.files(), home.row(f"{DAY}/c1-talk").is_there) == (before, True)
    with home.store.engine.connect() as connection:
        assert find_person(connection, home.id, "DE", home.dir.parent).card == home.id


async def test_calls_may_be_deleted_with_all_their_parts(home: Home) -> None:
    with home.store.engine.connect() as connection:
        person = find_person(connection, NUMBER, "DE", home.dir.parent)
        before = connection.execute(select(schema.slots)).all()
    folder = home.dir.parent
    work = Forgetting(folder, home.dir, folder / "journal", home.store, person, lambda: None, calls_too=True)
    work.run()
    with home.store.engine.connect() as connection:
        for table in (schema.calls, schema.segments, schema.facts, schema.visits, schema.sounds):
            ids = set(connection.scalars(select(table.c.call_id)))
            assert ids <= {"c3"}
        assert connection.execute(select(schema.slots)).all() != before  # roll-ups are counted anew
    assert left(home) == []


async def test_deleted_calls_do_not_come_back(home: Home) -> None:
    with home.store.engine.connect() as connection:
        person = find_person(connection, NUMBER, "DE", home.dir.parent)
    records = home.store.these(["c1", "c2"])
    other = home.store.these(["c3"])
    assert len(records) == 2
    folder = home.dir.parent
    Forgetting(folder, home.dir, folder / "journal", home.store, person, lambda: None, calls_too=True).run()
    home.store.save_calls([*records, *other])  # out of the spool
    home.store.add_calls(records)  # out of Asterisk's account
    assert write(home.store.engine, Batch(new_calls("sqlite", records), [])).calls == 0  # out of an import
    home.store.save_dispositions([Disposition("c1", "anna", START + 99, "sales", "sold", note=NAME)])
    home.store.add_callbacks([CallbackOrder("c1", START + 99, "sales", NUMBER, "en")])
    assert home.store.these(["c1", "c2", "c3"]) == other
    assert home.store.deleted(["c1", "c2", "c3"]) == {"c1", "c2"}
    with home.store.engine.connect() as connection:
        for table in (schema.segments, schema.facts, schema.dispositions, schema.callbacks):
            assert set(connection.scalars(select(table.c.call_id))) <= {"c3"}
        codes = connection.scalars(select(schema.deleted_calls.c.code)).all()
    assert len(codes) == 2
    assert not {"c1", "c2"} & set(codes)
    assert left(home) == []


async def test_all_that_is_kept_of_a_person_in_one_file(home: Home, tmp_path: Path) -> None:
    home.store.add_callbacks([CallbackOrder("c2", START + 902, "sales", "+4930555000444", "en")])
    with home.store.engine.begin() as connection:
        wish = schema.callbacks.c
        task = connection.scalar(select(wish.callback_id).where(wish.number == "+4930555000444"))
        noted = {"kind": "callback", "task_id": str(task), "position": 0, "at": AT, "who": "anna"}
        other = {**noted, "kind": "voicemail", "note": "of another task"}
        for row in ({**noted, "note": "not at home"}, other):
            connection.execute(insert(schema.task_changes), {**row, "state": "open", "agent_id": None})
    target = tmp_path / "data.zip"
    done = CliRunner().invoke(app, ["customers", "export-data", home.id, "--output", str(target)])
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(target) as archive:
        data = json.loads(archive.read("data.json"))
        summary = archive.read("summary.txt").decode()
        sounds = [name for name in archive.namelist() if name.startswith("recordings/")]
    assert sounds == [f"recordings/{DAY}/{call_id}-talk.mp3" for call_id in ("c1", "c2")]
    assert [row["call_id"] for row in data["calls"]] == ["c1", "c2"]
    assert data["customers"][0]["name"] == NAME
    assert data["customer_notes"][0]["text"] == f"{NAME} likes tea"
    assert sorted({row["number"] for row in data["callbacks"]}) == ["+4930555000444", NUMBER]
    assert [row["note"] for row in data["task_changes"]] == ["not at home"]
    assert [row["text"] for row in data["drafts"]] == [{"note": NAME}]
    assert [json.loads(row["body"])["name"] for row in data["deliveries"]] == [NAME]
    for part in (NAME, NUMBER, "Calls: 2", "likes tea", "Sold"):
        assert part in summary
    assert "Otto Other" not in summary + json.dumps(data)


async def test_nobody_is_taken_for_somebody_else(home: Home) -> None:
    with home.store.engine.connect() as connection:
        for who in ("8000", "", " ", "C-9"):  # what all of them have dialled, and nobody
            with pytest.raises(OperatorError):
                find_person(connection, who, "DE", home.dir.parent)
        other = find_person(connection, "+4930555000111", "DE", home.dir.parent)
    assert (other.card, other.ids, other.names) == (None, (), ("Otto Other",))
    folder = home.dir.parent
    work = Forgetting(folder, home.dir, folder / "journal", home.store, other, lambda: None)
    assert work.calls() == ["c3"]


async def test_a_number_from_which_a_customer_with_a_card_has_called_is_not_theirs(home: Home) -> None:
    """Neither the card goes along, nor the calls of that customer from elsewhere."""
    shared = "+4930555000222"
    home.store.save_calls([call("c4", START, shared, Customer(home.id, NAME, "gold"))])
    before = left(home)
    for command in (
        ["forget", shared, "--yes"],
        ["export-data", shared, "--output", str(home.dir / "x.zip")],
    ):
        refused = CliRunner().invoke(app, ["customers", *command])
        assert isinstance(refused.exception, OperatorError)
        assert f"{home.id} ({NAME})" in str(refused.exception)
    assert left(home) == before
    told = CliRunner().invoke(app, ["customers", "forget", home.id], input="n\n")
    assert f"cards: {home.id}; names: {NAME}; numbers: {NUMBER}" in told.output


async def test_a_number_without_a_card_leads_to_its_own_calls_alone(home: Home) -> None:
    """Whom other calls tell as the same customer may be another person."""
    otto = Customer("C-2", "Otto Other")
    home.store.save_calls([call("c5", START, "+4930555000333", otto)])
    done = CliRunner().invoke(app, ["customers", "forget", "+4930555000333", "--yes", "--no-vacuum"])
    assert "1 calls" in done.output
    stays = home.store.call("c3")
    assert stays is not None
    assert (stays.caller_number, stays.customer_id) == ("+4930555000111", "C-2")


async def test_recordings_of_calls_that_are_nobodys_by_time_are_found_by_their_code(home: Home) -> None:
    settings, now = RetentionSettings(calls=30), AT + timedelta(days=60)
    Retention(home.store.engine, home.dir.parent, home.dir, settings, lambda: None, now).run()
    anonymous = home.store.call("c1")
    assert anonymous is not None
    assert anonymous.customer_id is None
    before = counted(home.store)
    target = home.dir.parent / "data.zip"
    run = CliRunner().invoke
    assert run(app, ["customers", "export-data", NUMBER, "--output", str(target)]).exit_code == 0
    with zipfile.ZipFile(target) as archive:
        assert f"recordings/{DAY}/c1-talk.mp3" in archive.namelist()
    target.unlink()
    done = run(app, ["customers", "forget", NUMBER, "--yes", "--no-vacuum"])
    assert "2 recordings" in done.output
    assert home.files() == ["c3-talk.mp3", "c3-talk.peaks.json"]
    assert counted(home.store) == before
    with home.store.engine.connect() as connection:
        query = select(schema.calls.c.call_id, schema.calls.c.contact_key)
        keys = {row.call_id: row.contact_key for row in connection.execute(query)}
    assert keys["c1"] == keys["c2"] != anonymous.contact_key
    unknown = run(app, ["customers", "forget", NUMBER, "--yes"])
    assert "nothing is kept" in str(unknown.exception)
    known = run(app, ["customers", "forget", "C-2", "--yes", "--no-vacuum"])  # without a card
    assert "1 recordings" in known.output


def test_words_that_may_be_of_others_are_left_alone() -> None:
    ann = Person("c1", ("c1",), ("+4930778899001", "1001"), ("Ann", "Ann Lee", "王小明"), ("a@example.com",))
    pattern = ann.pattern()
    assert pattern is not None
    text = "Ann Lee (030778899001, +49 is none) told Ann Leeds: 10010, 王小明, a@example.com, 307788990012"
    assert pattern.sub("…", text) == "… (…, +49 is none) told Ann Leeds: 10010, …, …, 307788990012"
    assert b"Ann" not in ann.needles()
    assert Person(None, (), ("1001",), ("Ann",)).pattern() is None


def test_a_fact_without_the_caller() -> None:
    fact = {
        "fact": "Transferred", "target": "+4930778899001", "how": "attended",
        "consult": [{"fact": "Arrived", "kind": "inbound", "caller_number": "1", "dialed_number": "8000"}],
    }  # fmt: skip
    assert scrubbed_fact(fact, None) == {
        "fact": "Transferred", "target": "", "how": "attended",
        "consult": [{"fact": "Arrived", "kind": "inbound", "caller_number": "", "dialed_number": "8000"}],
    }  # fmt: skip
    assert scrubbed_fact({"fact": "Transferred", "target": "8001"}, None)["target"] == "8001"
    dialled = {"fact": "Arrived", "kind": "outbound", "dialed_number": "8000"}
    assert scrubbed_fact(dialled, None)["dialed_number"] == ""


async def test_what_is_told_of_a_call_later_does_not_bring_the_person_back(home: Home) -> None:
    store, known = home.store, Customer(home.id, NAME, "gold")
    run = CliRunner().invoke
    assert run(app, ["customers", "forget", home.id, "--yes", "--no-vacuum"]).exit_code == 0
    before = counted(store)
    late = [WrapUpStarted(START + 40, "anna"), WrapUpEnded(START + 70, "anna", WrapUpEnd.AGENT)]
    again = [*call("c1", START, NUMBER, known).facts, *late]
    with store.engine.connect() as connection:
        versions = connection.execute(select(schema.slots)).all()
    for _ in range(2):
        store.save_calls([fold("c1", again)])
    noted = Disposition("c1", "anna", START + 60, "sales", "lost", "Lost", False, {"for": NAME}, NUMBER)
    store.save_dispositions([noted])
    store.add_callbacks([CallbackOrder("c1", START + 5, "sales", NUMBER, "en")])
    store.correct(Correction("c1", AT, "susan", Field.EXCLUDED, "yes", "a trial"))
    store.correct(Correction("c1", AT, "susan", Field.EXCLUDED, "no", "it was none"))
    with pytest.raises(OperatorError, match="has been made nobody's"):
        store.correct(Correction("c1", AT, "susan", Field.CUSTOMER, home.id, "it was her"))
    assert left(home) == []
    record = store.call("c1")
    assert record is not None
    assert (record.anonymised, record.customer_id, record.customer_segment) == (True, None, "gold")
    assert len(record.facts) == len(again)
    assert record.visits[0].wrap_up_s == 30.0
    assert [told.code for told in store.dispositions(["c1"])] == ["lost"]
    assert counted(store)[2] == before[2]  # who called again is still known to be one
    with store.engine.connect() as connection:
        assert connection.execute(select(schema.slots)).all() != versions
