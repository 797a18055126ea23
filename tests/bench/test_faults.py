"""How a run of faults is judged, kept and told. The run itself is in tests/integration."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.core.facts import CallKind
from acd.records.record import CallRecord
from bench.faults import __main__ as command_line
from bench.faults.judge import compared
from bench.faults.load import Caller, gaps
from bench.faults.results import BEGIN, END, keep, kept, summary, table, write_into
from bench.faults.run import Outcome

BEGAN = 1_795_740_000.0


def caller(number: str = "+491", **changed: float | bool) -> Caller:
    """Answered after 2 s by an agent who hangs up after 10 s."""
    made = Caller(number, BEGAN, reached_at=BEGAN, answered_at=BEGAN + 2)
    made.agent_left_at = made.ended_at = BEGAN + 12
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def row(number: str = "+491", uniqueid: str = "1.1", end: float = BEGAN + 12) -> dict[str, str]:
    return {
        "channel": "PJSIP/trunk-lab-00000001",
        "source": number,
        "uniqueid": uniqueid,
        "start": f"{BEGAN:.6f}",
        "end": f"{end:.6f}",
    }


def record(
    number: str = "+491", began: float = 0.0, ended: float = 12.0, *, answered: bool = True
) -> CallRecord:
    def at(after_s: float) -> datetime:
        return datetime.fromtimestamp(BEGAN + after_s, UTC)

    return CallRecord(
        call_id="c1", kind=CallKind.INBOUND, caller_number=number, caller_name="", dialed_number="9400",
        customer_id=None, customer_name=None, customer_segment=None, origin_agent=None, started_at=at(began),
        answered_at=at(2.0) if answered else None, ended_at=at(ended), ended_by=None, segments=(), visits=(),
        facts=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("chosen", "named"), [((), "disk-full and recordings-full"), (("disk-full", "handover"), "disk-full")]
)
def test_who_may_not_make_disks_is_told_before_anything_is_begun(
    monkeypatch: pytest.MonkeyPatch, chosen: tuple[str, ...], named: str
) -> None:
    monkeypatch.setattr(command_line, "may_mount", lambda: False)
    told = CliRunner().invoke(command_line.app, [word for name in chosen for word in ("--fault", name)])
    assert told.exit_code == 2
    assert f"{named} needs root" in " ".join(told.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("rows", "records", "missing", "differing", "says"),
    [
        ([row()], [record()], 0, 0, ""),
        ([row()], [], 1, 0, r"0 records, 1 expected"),
        ([row()], [record(), record()], 1, 0, r"2 records, 1 expected"),
        ([], [], 1, 0, r"0 records"),
        ([row()], [record(answered=False)], 0, 1, "answered at the phones, not so on record"),
        ([row()], [record(began=1.4)], 0, 1, r"begins \+1\.4 s from"),
        ([row()], [record(ended=17.0)], 0, 1, r"ends \+5\.0 s from"),
    ],
)
def test_books(
    rows: list[dict[str, str]], records: list[CallRecord], missing: int, differing: int, says: str
) -> None:
    books = compared({"+491": caller()}, rows, records, by_length=False)
    assert (books.missing, books.differing, books.lost) == (missing, differing, missing + differing)
    assert bool(books.problems) == bool(says)


@pytest.mark.parametrize("after_s", [0.2, 3.0])
@pytest.mark.parametrize("waits", [True, False])
def test_who_answered_a_ring_that_was_taken_back_had_no_talk(after_s: float, waits: bool) -> None:
    """One who is let go later, or when the caller has left, had one."""
    made = caller(agent_left_at=0.0, ended_at=0.0 if waits else BEGAN + 2.1)
    made.leg_over(BEGAN + 2, BEGAN + 2 + after_s)
    assert made.was_let_go == (waits and after_s < 1)
    made.ended_at = BEGAN + 12
    differs = compared({"+491": made}, [row()], [record(answered=False)], by_length=False).differing
    assert differs == (not made.was_let_go)


def test_a_clock_that_was_set_is_no_difference_but_another_length_is() -> None:
    callers = {"+491": caller()}
    an_hour = record(began=3600.0, ended=3612.0)
    assert compared(callers, [row()], [an_hour], by_length=True).problems == ()
    assert compared(callers, [row()], [record(ended=3612.0)], by_length=True).differing == 1


def test_who_never_reached_asterisk_needs_no_record() -> None:
    unheard = {"+491": caller(reached_at=0.0, answered_at=0.0, agent_left_at=0.0)}
    assert compared(unheard, [], [], by_length=False).problems == ()


def test_who_is_lost() -> None:
    assert not caller().is_lost
    assert caller(agent_left_at=0.0).is_lost
    assert not caller(agent_left_at=0.0, left=True).is_lost
    assert not caller(agent_left_at=0.0, cut_off=True).is_lost
    assert not caller(agent_left_at=0.0, ended_at=0.0).is_lost


def test_pauses() -> None:
    assert gaps([0.5, 1.0, 3.0, 9.0], 0.8, 4.0) == [(1.0, pytest.approx(0.2)), (3.0, 2.0)]


def test_what_is_kept_and_shown(tmp_path: Path) -> None:
    file, page = tmp_path / "faults.jsonl", tmp_path / "page.md"
    for seed, resumed_s in ((1, 1.0), (2, 4.0), (3, 2.0)):
        keep(file, Outcome("handover", seed, 5.0, 60, in_progress=30 + seed, calls=100, resumed_s=resumed_s))
    with file.open("a") as torn:
        torn.write('{"fault": "hand')
    found = kept(file)
    assert [outcome.seed for outcome in found] == [1, 2, 3]
    found.append(Outcome("asterisk-restarted", 1, 5.0, 60, in_progress=40, expected=40))
    lines = table(found).splitlines()
    assert lines[2] == "| `acd handover` | 3 | 31–33 | 0 | 0 | 2.0 (4.0) | 0.0 (0.0) |"
    assert "| 40 | 0 (and 40 with the dead Asterisk) |" in lines[3]
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_into(page, "new")
    assert page.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="marks"):
        write_into(page, "new")


def test_targets_are_met_or_missed() -> None:
    good = [
        Outcome("controller-killed", 1, 5.0, 60, resumed_s=2.9, expected=3),
        Outcome("handover", 1, 5.0, 60, resumed_s=4.0),
    ]
    said = summary(good, "today", "2 processors")
    assert said.count("met (") == 3
    assert "missed" not in said
    assert "next call within 3 s: met (2.9 s at worst)" in said
    bad = [*good, Outcome("controller-frozen", 1, 5.0, 60, resumed_s=6.1, lost=1, records_lost=2)]
    said = summary(bad, "today", "2 processors")
    for told in ("**missed** (1 lost)", "**missed** (2 lost)", "within 6 s: **missed** (6.1 s at worst)"):
        assert told in said
