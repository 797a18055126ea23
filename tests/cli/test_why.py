"""`acd why`: of callers in line through the running controller, of other calls from the records."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.__main__ import app
from acd.cli.why_screen import screen
from acd.core import facts
from acd.core.events import CallQueued
from acd.core.expected_wait import WaitRange
from acd.core.facts import CallKind, EndedBy, Fact, OfferFailure
from acd.core.plan import Plan
from acd.core.why import why_waiting
from acd.errors import OperatorError
from acd.records.fold import fold
from acd.records.store import RecordStore
from tests.core.centre import CALLBACKS, PLAN, RESERVE, RULES, STEPS_IN_VAIN
from tests.core.scenario import Player, parsed

CHECKOUT = Path(__file__).parents[2]
TEN = 1_795_341_600.0  # 2026-11-22 10:00:00 UTC


def drawn(plan: Plan, text: str, width: int = 90, call: str = "c1") -> list[str]:
    """The screen at the end of a scene, as it comes out of a socket."""
    player = Player(plan)
    player.play(parsed("== scene\n" + text)["scene"])
    floor = player.books.engine.floor
    report = why_waiting(floor, floor.calls[call], player.books.now, WaitRange(30, 90))
    return [line.plain for line in screen(json.loads(json.dumps(asdict(report))), width)]


BUSY = """
00:00  on shift: anna 1001
00:00  c3 arrives
00:00  c3 queues for wide
00:01  c3 is answered
00:01  1003 is idle
00:01  chen logs in on 1003
00:02  c2 arrives
00:02  c2 queues for wide with priority 4
00:04  c1 arrives
00:04  c1 queues for wide
00:16  c4 arrives
"""


def test_a_screen() -> None:
    assert drawn(RULES, BUSY) == [
        "Call       c1 from 0301234, 0:12 in the line of Widening (wide)",
        "Position   no. 2 of 2, priority 0",
        "  ahead    c2, waiting 0:14: priority 4 against 0",
        "Expected   0:30 from now for half of such callers, 1:30 for nine of ten",
        "Requires   ring 0 of 2: sales >= 5",
        "  next     ring 1 in 0:08: sales; adds chen",
        "Leaves     only to an agent, or by hanging up",
        "Agents at work who could serve the call, and what they need first:",
        "  anna         ring 0 talking, 0:15: the end of call c3",
        "At work, but not for this call in this ring:",
        "  chen         lacks sales >= 5 (has 3); from ring 1 on",
        "Logged out who could serve: ben, dora",
    ]


def test_who_goes_on_with_a_former_wait_is_said_to() -> None:
    player = Player(RULES)
    player.play(parsed("== scene\n00:00  c1 arrives\n00:00  c2 arrives")["scene"])
    engine, now = player.books.engine, player.books.now + 30
    for call, former, since in (("c1", "c0", now - 90), ("c2", None, now)):
        engine.handle(CallQueued(call, "wide", waiting_since=since, resumes=former), now)
    said = {}
    for call in ("c1", "c2"):
        report = why_waiting(engine.floor, engine.floor.calls[call], now + 5)
        said[call] = screen(asdict(report), 120)[0].plain
    assert said["c1"].endswith("1:35 in the line of Widening (wide), going on with the wait of call c0")
    assert said["c2"].endswith("0:05 in the line of Widening (wide)")


@pytest.mark.parametrize("width", [60, 80, 100])
def test_it_fits(width: int) -> None:
    logins = "".join(
        f"00:00  {1001 + n} is idle\n00:00  {a} logs in on {1001 + n}\n" for n, a in enumerate(PLAN.agents)
    )
    text = (
        logins
        + "00:01  c1 arrives\n00:01  c1 queues for stepwise asking for sales and support or english\n"
        + "00:05  c2 arrives"
    )
    lines = drawn(RULES, text, width)
    assert max(map(len, lines)) <= width
    assert len(lines) <= 30


def test_what_an_agent_needs_first_is_never_cut_off() -> None:
    lines = drawn(RULES, BUSY + "00:17  anna goes not ready: lunch\n00:18  anna logs out", 60)
    first = next(n for n, line in enumerate(lines) if line.startswith("  anna"))
    assert lines[first : first + 2] == [
        "  anna         ring 0 talking, 0:17: the end of call c3, but",
        "               logs out then",
    ]


def test_a_step_that_does_nothing_to_this_call_is_not_called_due() -> None:
    policy = [line for line in drawn(RULES, STEPS_IN_VAIN, 110) if "step" in line]
    assert policy == [
        "Policy     step 2, waited_s >= 30: priority +2; to group short; waits for room in short",
        "Policy     step 1, waited_s >= 30: leave by callback;"
        " does nothing: this call has no exit 'callback'",
    ]


def test_reserve_suspension_and_one_agent_alone() -> None:
    lines = drawn(RESERVE, "00:00  on shift: dora 1004\n00:01  c1 arrives\n00:01  c1 queues for plain")
    assert "Reserve    1 ready, kept for the calls of urgent" in lines
    text = "00:00  asterisk is away\n00:01  c1 arrives\n00:01  c1 queues for sales"
    assert drawn(PLAN, text)[0].startswith("SUSPENDED  nobody is offered calls")
    text = """
00:00  1001 is idle
00:00  anna logs in on 1001
00:01  c1 arrives
00:01  c1 queues for wide preferring anna for 30 s
"""
    assert "Waits for  anna alone (asked for), 0:30 more; now not ready" in drawn(RULES, text)


ENTRY = """
00:00  back {may} be called
00:06  c1 is to be called back for back by c2
00:06  on shift: anna 1001
00:07  c3 arrives
"""
ENTRY_TRIED = """
00:00  on shift: anna 1001
00:06  c1 is to be called back for back by c2
00:08  c2 is answered
00:08  c2 dials out over main for anna
00:08  c2 is taken by the trunk
00:20  c2 does not reach its customer
00:21  c3 arrives
"""


def test_a_callback_says_what_its_entry_waits_for() -> None:
    lines = drawn(CALLBACKS, ENTRY.format(may="may not"), call="c2")
    assert lines[:6] == [
        "Call       c2 from +4930123, 0:01 in the line of Calls back, the agent first (back)",
        "Callback   0 tries so far; stands aside until its customers may be called",
        "Position   not in line now, priority 0",
        "Expected   not known: it does not stand in line now",
        "Requires   sales >= 5",
        "Leaves     in 9:59, when it expires; by 'acd callbacks'",
    ]
    assert "  anna         ready, 0:01: ready, but the call does not stand in line now" in lines
    callback = drawn(CALLBACKS, ENTRY_TRIED, call="c2")[1]
    assert callback == "Callback   1 try so far; stands aside, next try in 0:59"
    closed = ENTRY_TRIED + "00:22  back may not be called"
    assert drawn(CALLBACKS, closed, call="c2")[1].endswith("in 0:58, if customers may be called then")


def test_a_callback_that_stands_in_line() -> None:
    lines = drawn(CALLBACKS, "00:06  c1 is to be called back for back by c2\n00:07  c3 arrives", call="c2")
    assert lines[1] == "Callback   0 tries so far; the customer is called when an agent is there"
    assert lines[2] == "Position   no. 1 of 1, priority 0"


# --- calls that do not wait --------------------------------------------------------------------
def told(start: float, number: str = "+4930777") -> list[Fact]:
    """A call with two offers."""
    return [
        facts.Arrived(start, CallKind.INBOUND, number, "", "8001"),
        facts.Queued(start, "sales", 3),
        facts.Kept(start, "anna", 20.0, "last_agent"),
        facts.Unkept(start + 20),
        facts.Widened(start + 30, 1, "waited"),
        facts.Offered(
            start + 40, "ben", "1002", ("ben, ready 9.0 s: longest idle", "not anna: talking for 9 s")
        ),
        facts.OfferFailed(start + 55, "ben", OfferFailure.NO_ANSWER),
        facts.Offered(start + 55, "chen", "1003", ("chen, ready 2.0 s: longest idle",)),
        facts.Answered(start + 58, "chen"),
        facts.Ended(start + 90, EndedBy.CALLER),
    ]


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with three calls on record, and no controller."""
    for name in [name for name in os.environ if name.startswith("ACD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.chdir(CHECKOUT)
    with RecordStore(f"sqlite:///{tmp_path / 'records.sqlite3'}") as store:
        store.save_calls(
            [
                fold("a261122-100000-1", told(TEN)),
                fold("a261122-110000-1", told(TEN + 3600)),
                fold("b261122-120000-1", told(TEN + 7200, "+4930999")),
            ]
        )
    return tmp_path


def acd(*arguments: str) -> str:
    """A command that must succeed; what it prints."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    "command",
    [
        ("why", "a261122-100000-1"),
        ("trace", "a261122-100000-1"),
        ("calls", "list"),
        ("calls", "show", "a261122-100000-1"),
        ("report",),
        ("callbacks", "list"),
        ("callbacks", "done", "1"),
        ("voicemail", "list"),
        ("simulate", "--replay", "2026-11-22"),
        ("draw", "main", "--traffic", "2026-11-22"),
    ],
    ids=" ".join,
)
def test_where_nothing_has_run_no_database_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.chdir(CHECKOUT)
    with pytest.raises(OperatorError, match=r"there is no database .*records\.sqlite3; nothing has run here"):
        acd(*command)
    assert list(tmp_path.iterdir()) == []


def test_a_finished_call(records: Path) -> None:
    assert acd("why", "a261122-100000-1").splitlines() == [
        "Call a261122-100000-1, 2026-11-22 (Europe/Berlin)",
        "11:00:00   +0:00.0  waits for sales with priority 3",
        "11:00:00   +0:00.0  waits for anna alone, up to 20.0 s (they talked last time)",
        "11:00:20   +0:20.0  no longer waits for one agent alone",
        "11:00:30   +0:30.0  ring 1, waited",
        "11:00:40   +0:40.0  offered to ben on 1002",
        "                      ben, ready 9.0 s: longest idle",
        "                      not anna: talking for 9 s",
        "11:00:55   +0:55.0  ben did not answer",
        "11:00:55   +0:55.0  offered to chen on 1003",
        "                      chen, ready 2.0 s: longest idle",
        "11:00:58   +0:58.0  chen answered",
    ]


def test_the_beginning_of_an_id_or_the_latest_of_a_number(records: Path) -> None:
    assert acd("why", "b26").startswith("Call b261122-120000-1")
    assert acd("why", "+4930777").startswith("Call a261122-110000-1")
    assert acd("why", "+49 30 777").startswith("Call a261122-110000-1")


def test_as_json(records: Path) -> None:
    answer = json.loads(acd("why", "b26", "--json"))
    assert (answer["call"], answer["state"], answer["why"]) == ("b261122-120000-1", "ended", None)
    assert [d["what"] for d in answer["decisions"]][-1] == "chen answered"
    assert (
        answer["decisions"][5]["reasons"] == ["chen, ready 2.0 s: longest idle"]
        or len(answer["decisions"]) == 8
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nosuch", "no call 'nosuch' goes on or is on record: 'acd status' shows those that go on"),
        ("a26", "several calls begin with 'a26', name one: a261122-110000-1, a261122-100000-1"),
        ("%", "no call '%' goes on"),
        ("", "no controller answers"),
    ],
)
def test_what_cannot_be_told(records: Path, name: str, message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        acd("why", *([name] if name else []))


@pytest.mark.parametrize("width", [45, 60])
def test_nothing_is_cut_off(width: int) -> None:
    lines = drawn(RULES, BUSY, width)
    whole = " ".join(" ".join(lines).split())
    assert "anna ring 0 talking, 0:15: the end of call c3" in whole
    assert "chen lacks sales >= 5 (has 3); from ring 1 on" in whole
    assert max(map(len, lines)) <= width
