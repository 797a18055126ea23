"""Calls that only Asterisk knew of come to be on record, each once, and marked."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from acd import reconcile
from acd.agreement import KEPT, Agreement
from acd.core.facts import (
    Answered,
    Arrived,
    CallKind,
    Ended,
    EndedBy,
    Fact,
    FellBack,
    FlowEntered,
    Queued,
    Transferred,
    WrapUpEnded,
    WrapUpStarted,
)
from acd.errors import RequestRefused
from acd.reconcile import Reconciler, held_by
from acd.records.deleted import note_deleted
from acd.records.fold import fold, utc
from acd.records.outlines import consultations, outlines
from acd.records.record import CallRecord, Source, VisitOutcome
from acd.records.spool import Spool
from acd.records.store import RecordStore
from acd.records.writer import RecordWriter
from acd.settings.load import load_centre
from acd.telephony import cdr
from tests.telephony.test_cdr import MEMBER, NOON, row

CHECKOUT = Path(__file__).resolve().parents[1]


class Records:
    """A store, its writer, and Asterisk's account in a file."""

    def __init__(self, store: RecordStore, folder: Path) -> None:
        self.store = store
        self.writer = RecordWriter(store)
        self.account = folder / "acd.csv"
        self.place = folder / "place.json"
        self.accounts = [(self.account, self.place)]
        self.kept: dict[str, dict[str, Any]] = {}
        self.now = NOON + 100
        self.centre = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")
        self.reconciler = self.started()

    def started(self) -> Reconciler:
        """As a controller that begins does it."""
        return Reconciler(
            self.centre,
            self.store,
            self.writer,
            lambda _number: None,
            lambda: self.kept,
            self.accounts,
            lambda: self.now,
        )

    def asterisk_writes(self, *rows: str) -> None:
        """At the end of the file."""
        with self.account.open("a") as file:
            file.write("".join(rows))

    def call(self, call_id: str) -> CallRecord:
        """One that is on record."""
        found = self.store.call(call_id)
        assert found is not None
        return found

    def has(self, *call_ids: str) -> bool:
        """Whether all of these are on record."""
        return self.store.known(call_ids) == set(call_ids)


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """Empty ones."""
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        made = Records(store, tmp_path)
        made.writer.start()
        yield made
        await made.writer.close()


async def test_what_the_fallback_queue_served_is_marked(records: Records) -> None:
    member = {"channel": f"{MEMBER};2", "dest_channel": "PJSIP/1002-00000004"}
    records.asterisk_writes(
        row("c1", answer="1795348705.5", group="", **member),
        row("c1", dest_channel=f"{MEMBER};1", fell="1795348690"),
    )
    assert await records.reconciler.look() == 1
    call = records.call("c1")
    assert (call.source, call.kind, call.trunk) == (Source.FALLBACK, CallKind.INBOUND, "lab")
    assert call.started_at == utc(NOON - 119.9)
    assert (call.answered_at, call.ended_at) == (utc(NOON - 94.5), utc(NOON))
    (visit,) = call.visits
    assert (visit.group, visit.outcome, visit.agent) == ("sales", VisitOutcome.ANSWERED, "ben")
    assert visit.wait_s == pytest.approx(25.4)
    assert call.facts[2] == FellBack(NOON - 110)


async def test_what_asterisk_alone_knows_is_marked(records: Records) -> None:
    """Also what agents' phones dialled: a colleague, somebody outside."""
    own = {"channel": "PJSIP/1001-00000009", "source": "1001", "group": ""}
    records.asterisk_writes(
        row("c1", destination="over"),
        row("in", **own, dialed="1002", dest_channel="PJSIP/1002-0000000a"),
        row("out", **own, dialed="+49301", dest_channel="PJSIP/trunk-lab-0000000b"),
    )
    assert await records.reconciler.look() == 3
    call = records.call("c1")
    assert (call.source, call.ended_by) == (Source.CDR, EndedBy.AGENT)
    assert [fact.agent for fact in call.facts if isinstance(fact, Answered)] == ["anna"]
    inside, outside = records.call("in"), records.call("out")
    assert (inside.kind, inside.origin_agent, inside.visits) == (CallKind.INTERNAL, "anna", ())
    assert (outside.kind, outside.answered_at) == (CallKind.OUTBOUND, utc(NOON - 118.8))
    assert outside.outside_dials()[0].trunk == "lab"


async def test_what_is_known_stays_as_it_is(records: Records) -> None:
    """On record, still going on, or part of a call that is."""
    arrived = Arrived(NOON - 100, CallKind.INBOUND, "+49", "", "8001")
    consult = (Arrived(NOON - 60, CallKind.INTERNAL, "1001", "", "1002"),)
    moved = Transferred(NOON - 50, "anna", "consult", "attended", consult)
    records.store.save_calls([fold("known", [arrived, moved, Ended(NOON, EndedBy.CALLER)])])
    kept = {"facts": [{"fact": "Transferred", "how": "attended", "target": "held-consult"}]}
    records.kept = {"call:held": kept, "merged:other-consult": {"into": "held"}, "agent:anna": {}}
    names = ("known", "consult", "held", "held-consult", "other-consult", "new")
    records.asterisk_writes(*map(row, names))
    assert await records.reconciler.look() == 1
    assert records.has("known", "new")
    assert not any(records.has(name) for name in names[1:-1])
    assert records.call("known").source is Source.ACD


async def test_what_waits_on_disk_for_the_database_is_not_written_from_asterisks_account(
    records: Records, tmp_path: Path
) -> None:
    """Such calls are in neither the live state nor the database."""
    ours = fold("c1", [Arrived(NOON - 100, CallKind.INBOUND, "+49", "", "8001"), Ended(NOON, EndedBy.CALLER)])
    earlier = Spool(tmp_path / "spool")
    assert earlier.add(ours, replace=True)
    earlier.close()
    records.asterisk_writes(row("c1"), row("c2"))
    spool = Spool(tmp_path / "spool")
    spool.open()  # as the writer does that begins: here it does not write before it was asked about
    records.reconciler.writer = waiting = RecordWriter(records.store, spool=spool)
    with pytest.raises(reconcile.NotWritten, match="1 records wait"):
        await records.reconciler.look()
    asked: dict[str, Any] = {"do": "reconcile", "since": NOON - 3600, "until": NOON}
    with pytest.raises(RequestRefused, match="1 records wait"):
        await records.reconciler.handlers()["reconcile"](asked)  # type: ignore[misc]
    waiting.start()
    await waiting.drain()
    assert await records.reconciler.look() == 1
    await waiting.close()
    assert records.call("c1") == ours
    assert records.call("c2").source is Source.CDR


@pytest.mark.parametrize("source", [Source.CDR, Source.FALLBACK])
async def test_what_the_controller_knows_of_a_call_takes_the_place_of_asterisks_account(
    records: Records, source: Source
) -> None:
    """Both together would be two visits of one."""
    member = {"channel": f"{MEMBER};2", "dest_channel": "PJSIP/1002-00000004", "fell": "1795348690"}
    records.asterisk_writes(row("c1", **(member if source is Source.FALLBACK else {})), row("c1"))
    await records.reconciler.look()
    assert records.call("c1").source is source
    begin = [Arrived(NOON - 119.5, CallKind.INBOUND, "+49", "", "8001"), Queued(NOON - 110, "sales")]
    ours = [*begin, Answered(NOON - 90, "anna"), Ended(NOON, EndedBy.CALLER)]
    records.store.save_calls([fold("c1", ours)])
    assert records.call("c1") == fold("c1", ours)
    late = [*ours, WrapUpStarted(NOON, "anna"), WrapUpEnded(NOON + 9, "anna")]
    records.store.save_calls([fold("c1", late)])
    assert records.call("c1") == fold("c1", late)


async def test_what_has_just_ended_is_left_to_the_controller(records: Records) -> None:
    records.now = NOON + 10
    records.asterisk_writes(row("c1"))
    assert await records.reconciler.look(reconcile.SETTLED_S) == 0
    records.now += reconcile.SETTLED_S
    records.asterisk_writes(row("c2", end=str(records.now)))
    assert await records.reconciler.look(reconcile.SETTLED_S) == 1
    assert records.has("c1")


async def test_what_was_too_young_for_several_looks_is_seen_by_one(records: Records) -> None:
    """After several absences in a row looks come close together."""
    records.asterisk_writes(row("c1"))
    assert await records.reconciler.look(reconcile.SETTLED_S) == 1
    records.asterisk_writes(row("c2", end=str(records.now)))
    for _ in range(4):
        records.now += 6
        assert await records.reconciler.look(reconcile.SETTLED_S) == 0
    records.now += 6
    assert await records.reconciler.look(reconcile.SETTLED_S) == 1
    assert records.has("c1", "c2")


async def test_a_restart_goes_on_where_the_last_run_was(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row is read twice, but for those of the first look: not the whole of a long file."""
    read: list[list[str]] = []

    def ids_of(lines: Any, since: float, until: float) -> Any:
        found = ids_of_lines(lines, since, until)
        read.append(sorted(found, key=["old", "c1", "c2", "c3", "c4"].index))
        return found

    ids_of_lines = cdr.ids_of
    monkeypatch.setattr(cdr, "ids_of", ids_of)
    records.asterisk_writes(row("old", end=str(NOON - 8 * 86_400)), row("c1"))
    for name in ("c2", "c3", "c4"):
        await records.reconciler.look()
        records.asterisk_writes(row(name, end=str(records.now)))
        records.now += reconcile.SETTLED_S
    records.reconciler = records.started()
    await records.reconciler.look()
    assert read == [["old", "c1"], ["old", "c1", "c2"], ["c2", "c3"], ["c3", "c4"]]
    assert records.has("c1", "c2", "c3", "c4")


async def test_only_what_nobody_knows_is_kept_of_the_account(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A week of a busy centre would be larger than the controller."""
    wanted: list[set[str]] = []

    def calls_of(lines: Any, only: Any) -> Any:
        wanted.append(set(only))
        return calls_of_lines(lines, only)

    calls_of_lines = cdr.calls_of
    monkeypatch.setattr(cdr, "calls_of", calls_of)
    records.store.save_calls([fold("known", [ARRIVED, GONE])])
    records.kept = {"call:held": {"facts": []}}
    records.asterisk_writes(*map(row, ("known", "held", "new")), row("later", start=str(NOON)))
    asked = {"do": "reconcile", "since": NOON - 3600, "until": NOON}
    assert await records.reconciler.handlers()["reconcile"](asked) == {"missing": 1}  # type: ignore[misc]
    assert wanted == [{"new"}]
    assert records.has("new")
    assert not records.has("later")


async def test_a_call_that_was_deleted_for_good_does_not_come_back(records: Records) -> None:
    records.asterisk_writes(row("c1"), row("c2"))
    with records.store.engine.begin() as connection:
        note_deleted(connection, ["c1"], utc(NOON))
    assert await records.reconciler.look() == 1
    assert records.store.known(["c1", "c2"]) == {"c2"}


async def test_another_database_is_compared_from_the_beginning(records: Records, tmp_path: Path) -> None:
    records.asterisk_writes(row("c1"))
    await records.reconciler.look()
    await records.reconciler.look()
    with RecordStore(f"sqlite:///{tmp_path}/other.db") as store:
        other = Records(store, tmp_path)
        other.writer.start()
        assert await other.reconciler.look() == 1
        await other.writer.close()


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"database": "", "place": {"file": "x"}}'])
async def test_a_place_that_cannot_be_read_is_none(records: Records, text: str) -> None:
    records.place.write_text(text)
    records.asterisk_writes(row("c1"))
    assert await records.reconciler.look() == 1


async def test_a_call_that_cannot_be_put_on_record_costs_no_other(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(call_id: str, facts: Sequence[Fact], source: Source) -> CallRecord:
        if call_id == "c1":
            raise ValueError("a fault of ours")
        return fold(call_id, facts, source)

    monkeypatch.setattr(reconcile, "fold", failing)
    records.asterisk_writes(row("c1"), row("c2"))
    with capture_logs() as logs:
        await records.reconciler.look()
    assert records.has("c2")
    assert "a call that only Asterisk knew of cannot be put on record" in [line["event"] for line in logs]


async def test_what_is_not_written_is_found_again(records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database goes away in the middle: the place stays where it was."""
    monkeypatch.setattr(reconcile, "WAIT_S", 0.01)
    records.asterisk_writes(row("c1"))
    await records.writer.close()
    with pytest.raises(reconcile.NotWritten):
        await records.reconciler.look()
    assert not records.place.exists()
    monkeypatch.undo()
    records.writer = RecordWriter(records.store)
    records.writer.start()
    records.reconciler = records.started()
    assert await records.reconciler.look() == 1


@pytest.mark.parametrize("why", ["EVERY_S", "SOON_S"])
async def test_looks_go_on_every_few_minutes_and_after_an_absence(
    records: Records, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    monkeypatch.setattr(reconcile, why, 0.001)
    known = asyncio.Event()
    running = asyncio.create_task(records.reconciler.keep(known))
    records.asterisk_writes(row("c1"))
    looked, look = asyncio.Event(), Reconciler.look

    async def noted(reconciler: Reconciler, settled_s: float) -> int:
        found = await look(reconciler, settled_s)
        looked.set()
        return found

    monkeypatch.setattr(Reconciler, "look", noted)
    known.set()
    if why == "SOON_S":
        records.reconciler.soon()
    async with asyncio.timeout(60):
        await looked.wait()
    assert records.has("c1")
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_regular_look_does_not_stand_for_one_that_is_wanted(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes before what is meant has settled."""
    monkeypatch.setattr(reconcile, "EVERY_S", 0.02)
    monkeypatch.setattr(reconcile, "SOON_S", 0.05)
    known, looked = asyncio.Event(), asyncio.Event()
    now = asyncio.get_running_loop().time

    async def look(_reconciler: Reconciler, _settled_s: float) -> int:
        monkeypatch.setattr(reconcile, "EVERY_S", 600.0)
        if now() >= wished_at + 0.05:
            looked.set()
        return 0

    monkeypatch.setattr(Reconciler, "look", look)
    running = asyncio.create_task(records.reconciler.keep(known))
    known.set()
    wished_at = now()
    records.reconciler.soon()
    async with asyncio.timeout(60):
        await looked.wait()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_an_account_that_cannot_be_read_keeps_no_other_waiting(
    records: Records, tmp_path: Path
) -> None:
    """Of another node, whose folder is away. What was asked for has failed all the same."""
    away = tmp_path / "away.csv"
    away.symlink_to(away)  # whoever asks for it gets an error, root too
    records.accounts.insert(0, (away, tmp_path / "away.json"))
    records.asterisk_writes(row("c1"))
    with pytest.raises(OSError, match="symbolic links"):
        await records.reconciler.look()
    assert records.has("c1")
    records.asterisk_writes(row("c2"))
    asked: dict[str, Any] = {"do": "reconcile", "since": NOON - 3600, "until": NOON}
    with pytest.raises(RequestRefused, match="OSError"):
        await records.reconciler.handlers()["reconcile"](asked)  # type: ignore[misc]
    assert records.has("c2")
    away.unlink()
    away.write_text(row("c3"))
    assert await records.reconciler.look() == 1
    assert records.has("c3")


@pytest.mark.parametrize("error", [OSError("away"), ValueError("a fault of ours")])
async def test_a_look_that_was_wanted_and_has_failed_is_taken_again_soon(
    records: Records, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Not with the next regular one."""
    monkeypatch.setattr(reconcile, "SOON_S", 0.001)
    known, looked = asyncio.Event(), asyncio.Event()
    looks: list[float] = []

    async def look(_reconciler: Reconciler, settled_s: float) -> int:
        looks.append(settled_s)
        if len(looks) < 3:
            raise error
        looked.set()
        return 0

    monkeypatch.setattr(Reconciler, "look", look)
    running = asyncio.create_task(records.reconciler.keep(known))
    records.reconciler.soon()
    known.set()
    async with asyncio.timeout(60):
        await looked.wait()
    assert records.reconciler._wishes == []
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_repairing_a_period(records: Records) -> None:
    records.asterisk_writes(row("c1"), row("c2", start=str(NOON - 9000)))
    handlers = records.reconciler.handlers()
    asked: dict[str, Any] = {"do": "reconcile", "since": NOON - 3600, "until": NOON}
    assert await handlers["reconcile"](asked) == {"missing": 1}  # type: ignore[misc]
    assert records.has("c1")
    assert not records.has("c2"), "it began before"
    with pytest.raises(RequestRefused, match="moments in Unix seconds"):
        await handlers["reconcile"]({**asked, "until": "noon"})  # type: ignore[misc]
    records.kept = {"call:c9": {"facts": []}}
    assert handlers["calls-held"]({}) == {"calls": ["c9"]}
    assert held_by({}) == frozenset()


def seen_call(**changed: Any) -> cdr.CallSeen:
    """Two minutes, answered by music after one second."""
    call = cdr.CallSeen("c1", "+49", "8001", NOON - 120, NOON - 119, NOON, "sales", None, "lab")
    return replace(call, **changed)


ARRIVED = Arrived(NOON - 120, CallKind.INBOUND, "+49", "", "8001")
FLOW = FlowEntered(NOON - 119, "main")
GONE = Ended(NOON, EndedBy.CALLER)


@pytest.mark.parametrize(
    ("facts", "changed", "differs"),
    [
        ([ARRIVED, FLOW, GONE], {}, []),
        ([ARRIVED, FLOW, GONE], {"started_at": NOON - 120.9}, []),
        ([ARRIVED, FLOW, GONE], {"started_at": NOON - 122}, [("begin", 2.0)]),
        ([ARRIVED, FLOW, GONE], {"ended_at": NOON + 3}, [("end", -3.0)]),
        ([ARRIVED, FLOW, GONE], {"answered_at": NOON - 110}, [("answer", -9.0)]),
        ([ARRIVED, FLOW, GONE], {"answered_at": None}, [("answer", 119.0)]),
        ([ARRIVED, replace(FLOW, at=NOON - 0.4), GONE], {"answered_at": None}, []),
        ([ARRIVED, Answered(NOON - 60, "anna"), GONE], {}, []),
        ([ARRIVED, Answered(NOON - 60, "anna"), GONE], {"answered_at": NOON - 50}, [("answer", -10.0)]),
        ([ARRIVED, GONE], {"answered_at": None}, []),
        ([ARRIVED, FLOW], {}, [("end", -NOON)]),
        ([replace(ARRIVED, kind=CallKind.INTERNAL), GONE], {"ended_at": NOON - 30, "answered_at": None}, []),
    ],
)
def test_differences(
    tmp_path: Path, facts: list[Fact], changed: dict[str, Any], differs: list[tuple[str, float]]
) -> None:
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        store.save_calls([fold("c1", facts)])
        known = outlines(store.engine, ["c1", "c2"])
    found = Agreement()
    found.add({"c1": seen_call(**changed)}, known, (), ())
    assert [(d.call_id, d.what, round(d.by_s, 3)) for d in found.differences] == [("c1", *d) for d in differs]
    assert (found.seen, found.on_record) == (1, 1)
    assert set(found.shown) == ({"c1"} if differs else set())


def test_where_each_call_is(tmp_path: Path) -> None:
    consult = (Arrived(NOON - 60, CallKind.INTERNAL, "1001", "", "1002"),)
    moved = Transferred(NOON - 50, "anna", "part", "attended", consult)
    names = ("c1", "part", "going", "gone")
    with RecordStore(f"sqlite:///{tmp_path}/acd.db") as store:
        store.save_calls([fold("c1", [ARRIVED, FLOW, moved, GONE])])
        known = outlines(store.engine, names)
        parts = consultations(store.engine, names, utc(NOON - 120))
        assert consultations(store.engine, names, utc(NOON)) == frozenset()
    seen = {name: seen_call(call_id=name) for name in names}
    found = Agreement()
    found.add(seen, known, parts, {"going"})
    assert (found.seen, found.on_record, found.part_of_another, found.going_on) == (4, 1, 1, 1)
    assert (found.missing, set(found.shown)) == (["gone"], {"gone"})
    assert found.to_dict()["missing"] == ["gone"]
    found.add({f"gone{n}": seen_call(call_id=f"gone{n}") for n in range(KEPT + 9)}, {}, (), ())
    assert (len(found.missing), len(found.shown)) == (KEPT + 10, KEPT)
