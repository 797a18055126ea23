"""Lists of calls: the mappings of the documentation, and what cannot be."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest

from acd.core.facts import EndedBy
from acd.errors import OperatorError, SettingsError
from acd.imports import batches, csv_list
from acd.imports.csv_calls import RowReader
from acd.imports.csv_map import CsvMap, read_csv_map
from acd.imports.files import Files
from acd.imports.intake import Intake
from acd.imports.names import Names
from acd.imports.refusals import Refusals
from acd.records.record import CallRecord, Source
from acd.records.store import RecordStore

NOW = 1_800_000_000.0
DOCS = Path(__file__).resolve().parents[2] / "docs" / "import.md"
BLOCKS = dict(
    re.findall(
        r"<!-- a test uses this: (\S+) -->\n```\w+\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL
    )
)
SIMPLE = """\
columns: {call: id, start: at, agent: who, wait: w, talk: t, hold: h, wrap_up: acw}
group: sales
times: {format: unix}
"""
HEAD = "id,at,who,w,t,h,acw\n"


class Taken:
    """What came of a list, whose calls are in a database."""

    def __init__(self, folder: Path, mapping: str, content: str | bytes) -> None:
        (folder / "map.yml").write_text(mapping, encoding="utf-8")
        data = content if isinstance(content, bytes) else content.encode()
        (folder / "list.csv").write_bytes(data)
        meant: CsvMap = read_csv_map(folder / "map.yml")
        names = Names({"sales": "Sales"}, {"anna": ("Anna", "1001")}, meant.groups, meant.agents)
        self.refusals = Refusals(folder / "problems.txt")
        self.refusals.open()
        with closing(self.refusals), RecordStore(f"sqlite:///{folder}/records.sqlite3") as store:
            intake = Intake(store.engine, Source.CSV, self.refusals)
            files = Files([str(folder / "list.csv")], self.refusals)
            csv_list.run(files, meant, RowReader(meant, names, NOW), intake, self.refusals)
            self.count, self.known = intake.taken.calls, intake.taken.known
            self._store = store
            ids = sorted(re.findall(r"(?m)^\"?([\w.-]+)\"?[,;]", data.decode("latin-1")))
            self.calls: dict[str, CallRecord] = {
                call.call_id: call for call in (store.call(name) for name in dict.fromkeys(ids)) if call
            }

    def visits(self, call: str) -> list[tuple[object, ...]]:
        return [
            (v.group, v.outcome.value, v.agent, v.wait_s, v.talk_s, v.hold_s, v.wrap_up_s)
            for v in self.calls[call].visits
        ]

    def began(self, call: str) -> str:
        return self.calls[call].started_at.isoformat()


def test_vicidial(tmp_path: Path) -> None:
    taken = Taken(
        tmp_path,
        BLOCKS["vicidial.yml"],
        "uniqueid,call_date,phone_number,campaign_id,user,queue_seconds,length_in_sec,status,term_reason\n"
        "1.1,2026-03-02 10:00:00,030,SALESLINE,1001,12.00,72,SALE,AGENT\n"
        "1.2,2026-03-02 10:01:00,030,SALESLINE,VDCL,33.50,33.5,DROP,ABANDON\n"
        "1.3,2026-03-02 10:02:00,030,SALESLINE,VDCL,0,0,AFTHRS,AFTERHOURS\n",
    )
    assert taken.visits("1.1") == [("sales", "answered", "anna", 12, 60, 0, 0)]
    assert taken.visits("1.2") == [("sales", "abandoned", None, 33.5, 0, 0, 0)]
    assert taken.began("1.1") == "2026-03-02T09:00:00+00:00"
    assert taken.calls["1.1"].ended_by is EndedBy.AGENT
    assert (taken.count, dict(taken.refusals.unused)) == (2, {"row that the mapping ignores": 1})


def test_freepbx(tmp_path: Path) -> None:
    taken = Taken(
        tmp_path,
        BLOCKS["freepbx.yml"],
        '"uniqueid","calldate","src","dst","dstchannel","duration","billsec","disposition"\n'
        '"1.1","2026-07-02 10:00:00","030","600","PJSIP/1001-0000a1b2","75","60","ANSWERED"\n'
        '"1.2","2026-07-02 10:01:00","030","600","","20","0","NO ANSWER"\n',
    )
    assert taken.visits("1.1") == [("sales", "answered", "anna", 15, 60, 0, 0)]
    assert taken.visits("1.2") == [("sales", "abandoned", None, 20, 0, 0, 0)]
    assert taken.began("1.1") == "2026-07-02T08:00:00+00:00"


def test_connect(tmp_path: Path) -> None:
    taken = Taken(
        tmp_path,
        BLOCKS["connect.yml"],
        "ContactId,EnqueueTimestamp,CustomerEndpoint,SystemEndpoint,QueueName,AgentUsername,QueueDuration,"
        "AgentInteractionDuration,CustomerHoldDuration,AfterContactWorkDuration,DisconnectReason\n"
        "a-1,2026-03-02T10:00:00Z,+4930,+49800,Basic Queue,Anna,20,100,15,30,AGENT_DISCONNECT\n"
        "a-2,2026-03-02T10:00:00Z,+4930,+49800,Basic Queue,,20,,,,CUSTOMER_DISCONNECT\n",
    )
    assert taken.visits("a-1") == [("sales", "answered", "anna", 20, 100, 15, 30)]
    assert taken.visits("a-2") == [("sales", "abandoned", None, 20, 0, 0, 0)]


def test_genesys(tmp_path: Path) -> None:
    taken = Taken(
        tmp_path,
        BLOCKS["genesys.yml"],
        "\ufeffConversation ID,Date,ANI,DNIS,Queue,Users - Interacted,Total Queue,Total Talk,Total Hold,"
        "Total ACW,Abandoned\n"
        "g-1,03/02/26 10:00 AM,tel:+1,tel:+2,Sales Queue,Anna,12500,60000,5000,10000,NO\n"
        "g-2,03/02/26 10:00 AM,tel:+1,tel:+2,Sales Queue,,8000,,,,YES\n",
    )
    assert taken.visits("g-1") == [("sales", "answered", "anna", 12.5, 60, 5, 10)]
    assert taken.visits("g-2") == [("sales", "abandoned", None, 8, 0, 0, 0)]
    assert taken.began("g-1") == "2026-03-02T15:00:00+00:00"


def test_a_call_of_several_rows_is_one(tmp_path: Path) -> None:
    taken = Taken(
        tmp_path,
        SIMPLE,
        HEAD + "c,1700000100,ben,5,50,,\nd,1700000000,anna,1,1,,\nc,1700000000,anna,10,60,,20\n",
    )
    assert [visit[2] for visit in taken.visits("c")] == ["anna", "ben"]
    assert taken.visits("c")[0][6] == 20
    assert taken.calls["c"].transfers[0].how == "blind"
    assert taken.calls["c"].source is Source.CSV
    assert taken.count == 2


FAULTS = {
    "no number": ("c,1700000000,anna,x,60,,", "wait is no number"),
    "negative": ("c,1700000000,anna,-1,60,,", "negative wait"),
    "no moment": ("c,yesterday,anna,1,60,,", "start is no moment"),
    "in the future": ("c,1900000000,anna,1,60,,", "in the future"),
    "no id": (",1700000000,anna,1,60,,", "a call without an id"),
    "columns": ("c,1700000000,anna,1,60", "other number of columns"),
    "too long": ("c,1700000000,anna,1,9000000,,", "longer than a week"),
    "overlap": ("c,1700000000,anna,1,60,,\nc,1700000010,ben,1,60,,", "visits overlap"),
    "twice": ("c,1700000000,anna,1,60,,\nc,1700000000,anna,1,60,,", "duplicate"),
    "no CSV": ('c,1700000000,"an"na,1,60,,', "no CSV"),
    "zero bytes": ("c,1700000000,anna,1,6\0,,", "zero bytes"),
    "never left": ("c,1700000000,,,,,", "no wait"),
    "not a number": ("c,nan,anna,1,60,,", "start is no moment"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name: str, tmp_path: Path) -> None:
    rows, kind = FAULTS[name]
    taken = Taken(tmp_path, SIMPLE, f"{HEAD}{rows}\nz,1700000000,anna,1,60,,\n")
    assert set(taken.refusals.refused) == {kind}
    assert "z" in taken.calls
    assert all(
        line.startswith(("list.csv:", str(tmp_path)))
        for line in (tmp_path / "problems.txt").read_text().splitlines()
    )


def test_rows_of_a_call_that_are_far_apart_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first was written before the second was read: it is not taken for the same call, known already."""
    monkeypatch.setattr(csv_list, "ROWS_TOGETHER", 2)
    monkeypatch.setattr(batches, "BATCH", 3)
    others = "".join(f"x{n},1700000000,anna,1,60,,\n" for n in range(12))
    rows = f"c,1700000000,anna,1,60,,\n{others}c,1700000900,ben,1,60,,\n"
    taken = Taken(tmp_path, SIMPLE, HEAD + rows)
    assert taken.count == 13
    assert dict(taken.refusals.refused) == {"another call of the same id": 1}
    assert taken.known == 0
    assert "list.csv:15: refused: another call" in (tmp_path / "problems.txt").read_text()


def test_hold_in_the_talk_and_ends_that_do_not_agree(tmp_path: Path) -> None:
    mapping = (
        "columns: {call: id, start: at, ended: end, agent: who, wait: w, talk: t, hold: h}\ngroup: sales\n"
        "talk_includes_hold: true\ntimes: {format: unix, durations: 'h:m:s'}\n"
    )
    head = "id,at,end,who,w,t,h\n"
    taken = Taken(
        tmp_path,
        mapping,
        f"{head}c,1700000000,1700000070,anna,0:10,0:01:00,15:00\nd,1700000000,1700000070,anna,00:10,1:00,0:15\ne,1700000000,1700000010,anna,00:10,1:00,0:15\n",
    )
    assert taken.visits("d") == [("sales", "answered", "anna", 10, 45, 15, 0)]
    assert dict(taken.refusals.refused) == {"end before start": 2}


def test_an_hour_that_there_was_not(tmp_path: Path) -> None:
    mapping = SIMPLE.replace("{format: unix}", "{zone: Europe/Berlin}")
    taken = Taken(
        tmp_path, mapping, f"{HEAD}c,2026-03-29T02:30:00,anna,1,1,,\nd,2026-03-29T03:30:00,anna,1,1,,\n"
    )
    assert dict(taken.refusals.refused) == {"no such time": 1}
    assert taken.began("d") == "2026-03-29T01:30:00+00:00"


def test_other_words_and_encodings(tmp_path: Path) -> None:
    mapping = (
        "columns: {call: id, start: at, agent: who, wait: w, talk: t, outcome: o, name: n}\ngroup: sales\n"
        "times: {format: unix}\ndelimiter: ';'\nencoding: latin-1\noutcomes: {ja: answered, weg: left}\n"
    )
    content = (
        "id;at;who;w;t;o;n\nc;1700000000;anna;1,5;60;JA;Jürgen\nd;1700000000;;9;;weg;x\n"
        "e;1700000000;;9;;nein;x\nf;1700000000;;9;;ja;x\n"
    )
    taken = Taken(tmp_path, mapping, content.encode("latin-1"))
    assert taken.calls["c"].caller_name == "Jürgen"
    assert taken.visits("c")[0][3] == 1.5
    assert taken.visits("d")[0][1] == "left"
    assert dict(taken.refusals.refused) == {"unknown outcome": 1, "answered by nobody": 1}


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no column 'at'; did you mean 'att'"):
        Taken(tmp_path, SIMPLE, HEAD.replace(",at,", ",att,"))


@pytest.mark.parametrize(
    ("mapping", "where"),
    [
        ("columns: {call: id, start: at}\n", "map.yml:1"),
        ("columns:\n  call: id\n  start: at\n  talk: t\n  wait: w\n  whom: x\ngroup: sales\n", "map.yml:6"),
        (SIMPLE + "delimiter: ';;'\n", "map.yml:4"),
        (SIMPLE + "outcomes:\n  a: won\n", "map.yml:5"),
        (SIMPLE.replace("format: unix", "format: never"), "map.yml:3"),
    ],
)
def test_a_faulty_mapping_says_where(mapping: str, where: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=where):
        Taken(tmp_path, mapping, HEAD)
