"""Files that others write, and we read: call lists, accounts of calls, customers, Asterisk's configuration."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from functools import cache

from sqlalchemy import delete

from acd.customers.csv_import import Importer
from acd.customers.schema import customer_digits, customer_notes, customer_numbers, customer_words, customers
from acd.errors import OperatorError, SettingsError
from acd.importing.conf import read_conf
from acd.importing.known_agents import known_agents
from acd.importing.notes import Notes
from acd.importing.translate import translate
from acd.imports import csv_list
from acd.imports.csv_calls import RowReader
from acd.imports.csv_map import read_csv_map
from acd.imports.files import Files, by_first_time
from acd.imports.intake import Intake
from acd.imports.names import Names
from acd.imports.queue_history import QueueHistory
from acd.imports.queue_log import time_of
from acd.imports.refusals import Place, Refusals
from acd.queue_log import past
from acd.queue_log.line import BadLine, read, written
from acd.records.fold import fold
from acd.records.record import Source
from acd.records.store import RecordStore
from acd.settings.customer_file import read_customers
from acd.settings.customer_settings import CustomerSettings
from acd.settings.do_not_call import read_do_not_call
from acd.settings.phone_number import normalised
from acd.state.disk import DiskMirror
from acd.telephony import cdr
from tests.fuzz.target import Target, folder, has_no_line_end, parts, text_of

NOW = 1_800_000_000.0
PACKERS: tuple[Callable[[bytes], bytes], ...] = (gzip.compress, bz2.compress, lzma.compress)
SUFFIXES = (".gz", ".bz2", ".xz")
GOOD_ROW = (
    b'"call-1","8001","a-1.9","+4930123456","s","PJSIP/trunk-t-0000000a","PJSIP/1001-0000000b",'
    b'"1790000000.1","1790000001.1","1790000009.1","ANSWERED","sales",""\n'
)


@cache
def _store() -> RecordStore:
    store = RecordStore(f"sqlite:///{folder() / 'records.sqlite3'}")
    store.open()
    return store


def account(data: bytes) -> None:
    """Of Asterisk's account of calls whatever can be read is read, packed files included."""
    packed, content = parts(data, 2)
    path, rotated = folder() / "acd.csv", folder() / f"acd.csv.1{SUFFIXES[len(packed) % 3]}"
    path.write_bytes(content + b"\n" + GOOD_ROW)
    rotated.write_bytes(packed)
    try:
        rows = cdr.rows(path)
        assert any(row["call_id"] == "call-1" for row in rows), "a good row was lost"
        lines = [*content.decode("utf-8", "replace").split("\n"), GOOD_ROW.decode()]
        calls = cdr.calls_of(lines)
        assert "call-1" in calls
        assert cdr.ends(path, list(calls), 0.0).at
        list(cdr.lines_between(path, 0.0, NOW))
        cdr.ids_of(lines, 0.0, NOW)
    finally:
        rotated.unlink()


def queue_line(data: bytes) -> None:
    """A line is read, or is none; what is written is read as the same."""
    try:
        line = read(text_of(data))
    except BadLine:
        return
    again = written(line)
    assert has_no_line_end(again)
    assert read(again).at == line.at
    assert written(read(again)) == again


def queue_log(data: bytes) -> None:
    """Calls of a queue_log can be put on record, whatever is between their lines."""
    refusals = Refusals(None)
    history = QueueHistory(Names(), refusals, NOW)
    for number, raw in enumerate(data.splitlines(keepends=True)[:300], start=1):
        history.feed(raw, Place("q", number), "utf-8")
    for call, facts, _ in (*history.over(), *history.rest()):
        fold(call, facts, Source.QUEUE_LOG)
    for interval in history.intervals():
        assert interval.until >= interval.since
    path = folder() / "queue_log"
    path.write_bytes(data)
    list(past.lines_since(path, 0.0))


def packed(data: bytes) -> None:
    """A file to import that is damaged, or was never packed, is refused with a reason."""
    path = folder() / "list.gz"
    path.write_bytes(data)
    refusals = Refusals(None)
    try:
        by_first_time([str(path)], time_of)
        for _, raw in Files([str(path)], refusals).lines():
            assert b"\0" not in raw
    except OperatorError as error:
        assert str(error).isprintable()


def call_list(data: bytes) -> None:
    """A mapping and a list: rows are put on record or refused."""
    mapping, content = parts(data, 2)
    where = folder()
    (where / "map.yml").write_bytes(mapping)
    (where / "list.csv").write_bytes(content)
    refusals = Refusals(None)
    try:
        meant = read_csv_map(where / "map.yml")
        names = Names({"sales": "Sales"}, {"anna": ("Anna", "1001")}, meant.groups, meant.agents)
        intake = Intake(_store().engine, Source.CSV, refusals)
        files = Files([str(where / "list.csv")], refusals)
        csv_list.run(files, meant, RowReader(meant, names, NOW), intake, refusals)
    except (SettingsError, OperatorError):
        pass


def cards(data: bytes) -> None:
    """A line of customers is taken whole, or not at all and with a reason."""
    text = data.decode("utf-8", "surrogateescape")
    importer = Importer(_store().engine, CustomerSettings(country="DE"), "fuzz")
    report = importer.run(text.splitlines(keepends=True))
    assert report.added >= 0
    assert bool(report.faults) == bool(report.faulty)
    with _store().engine.begin() as connection:
        for table in (customer_notes, customer_numbers, customer_words, customer_digits, customers):
            connection.execute(delete(table))


def customer_files(data: bytes) -> None:
    """customers.csv and do_not_call.csv: numbers in normal form, and what is wrong."""
    path = folder() / "customers.csv"
    path.write_bytes(data)
    rows, document = read_customers(path, "DE")
    for row in rows:
        assert normalised(row.number, "DE") == row.number
    numbers, other = read_do_not_call(path, "DE")
    assert all(normalised(number, "DE") == number for number in numbers)
    for problem in (*document.problems, *other.problems):
        assert str(problem).isprintable(), str(problem)


def asterisk_conf(data: bytes) -> None:
    """A queues.conf of anybody's becomes a configuration and notes."""
    queues, rules = parts(data, 2)
    path, other = folder() / "queues.conf", folder() / "queuerules.conf"
    path.write_bytes(queues)
    other.write_bytes(rules)
    notes = Notes()
    agents, _ = known_agents(other, notes)
    translate(read_conf(path, notes), read_conf(other, notes), agents, notes)
    for note in notes.in_order():
        assert str(note).isprintable(), str(note)


def live_state(data: bytes) -> None:
    """A file of live state that a crash has torn: what is whole in it is kept, and it can be written on."""
    where = folder() / "live"
    where.mkdir(exist_ok=True)
    (where / "live.jsonl").write_bytes(data + b'\n{"k":"good","v":{"a":1}}\n')
    mirror = DiskMirror(where)
    mirror.open()
    try:
        assert mirror.load()["good"] == {"a": 1}
        mirror.put("more", {"b": 2})
        assert not mirror.failing
    finally:
        mirror.close()


_MAP = b"columns: {call: id, start: at, agent: who, wait: w, talk: t, hold: h, outcome: o}\ngroup: sales\ntimes: {format: unix}\noutcomes: {yes: answered}\n"
_LIST = b"id,at,who,w,t,h,o\n1,1790000000,Anna,5,60,3,\n2,1790000100,,7,,,\n"
_QUEUE = (
    b"1790000000|c1|sales|NONE|ENTERQUEUE||+4930123|1\n1790000005|c1|sales|SIP/1001|CONNECT|5|a|2\n"
    b"1790000050|c1|sales|SIP/1001|COMPLETECALLER|5|45|1\n1790000060|NONE|NONE|SIP/1001|PAUSE|lunch\n"
    b"1790000070|c2|sales|NONE|ENTERQUEUE||x|1\n1790000080|c2|sales|NONE|ABANDON|1|1|10\n"
    b"1790000090|c3|sales|SIP/1|ATTENDEDTRANSFER|BRIDGE|x|1|2|3\n1790000099|NONE|NONE|NONE|QUEUESTART|\n"
)
_CARDS = b"id,name,numbers,emails,value,tags,note\nk7,Anna,+4930123456;030 999,a@b.de,12.5,vip,hello\n,Ben,+4930,,,,\n"
_CSV_WORDS = (b",", b'"', b'""', b"\n", b"\r", b"\r\n", b";", b"\t", b"=1+1", b"1e400", b"nan", b"inf", b"-1", b"\0", b"\xff",
              b"\xef\xbb\xbf", b"\xd9\xa1", b"9" * 20)  # fmt: skip
_CONF_WORDS = (b"[", b"](!)", b"](+)", b"](x)", b"=>", b"+=", b";--", b"--;", b"#include ", b"#exec x", b"member", b"penaltychange",
               b"\n", b"strategy=", b"99999999999999999999", b"\xc2\xb2", b"*", b"../")  # fmt: skip

FILE_TARGETS = (
    Target(
        "account",
        account,
        (b"\xff|" + GOOD_ROW, *(pack(GOOD_ROW * 3) + b"\xff|" + GOOD_ROW[:-4] for pack in PACKERS)),
        _CSV_WORDS,
    ),
    Target("queue-line", queue_line, tuple(_QUEUE.splitlines()), (b"|", b"\xc2\xb2", b"NONE", b"\x85", b"|" * 70)),
    Target("queue-log", queue_log, (_QUEUE,), (b"|", b"\n", b"NONE", b"|CONNECT|", b"|TRANSFER|", b"|-1", b"\xc2\xb2", b"9" * 11)),
    Target("packed", packed, (gzip.compress(_QUEUE), _QUEUE, gzip.compress(b"")), (b"\x1f\x8b", b"\0")),
    Target("call-list", call_list, (_MAP + b"\xff|" + _LIST,), (*_CSV_WORDS, b"iso", b"unix_ms", b"h:m:s", b"%Y"), slow=True),
    Target("cards", cards, (_CARDS,), _CSV_WORDS, slow=True),
    Target("customer-files", customer_files, (_CARDS, b"number,name,segment\n+4930123456,Anna,gold\n", b"number\n030 123456\n"), _CSV_WORDS),
    Target(
        "asterisk-conf",
        asterisk_conf,
        (b"[general]\nautofill=yes\n[t](!)\nstrategy=rrmemory\n[sales](t)\nmember => SIP/1001,1,Anna\nwrapuptime=10\ndefaultrule=r\n\xff|[r]\npenaltychange => 30,+1\nagent => 1,2,x\n",),
        _CONF_WORDS,
    ),
    Target("live-state", live_state, (b'{"t":1.5,"k":"a","v":{"x":1}}\n{"k":"a"}\n',), (b'"k"', b'"v"', b'"t"', b"null", b"1e999", b"{", b"\n")),
)  # fmt: skip
