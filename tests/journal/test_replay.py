"""A journal that is played again gives the same commands; what differs, or is damaged, is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from acd.core import events
from acd.core.calls import Call
from acd.core.engine import Engine
from acd.core.events import Event
from acd.core.facts import CallKind
from acd.core.plan import Plan
from acd.core.policy import LeaveBy, PolicyStep, condition
from acd.errors import OperatorError, RequestRefused
from acd.journal.replay import TOO_MANY_WAITS, kept_of, replay
from tests.core.bookkeeper import picture
from tests.core.centre import EVERYTHING, SMALLER
from tests.journal.pages import Pages
from tests.scenarios.day import Day


@pytest.mark.parametrize("seed", range(1, 6))
def test_any_part_of_a_day_is_played_to_the_same_end(seed: int, tmp_path: Path) -> None:
    pages = Pages(lines_max=60)
    day = Day(seed, pages.engine)
    day.run()
    assert not pages.abandoned
    played = [replay(path) for path in pages.written(tmp_path)]
    assert len(played) > 3
    for number, page in enumerate(played):
        assert page.difference is None, (number, page.difference)
    assert sum(page.steps for page in played) > 200
    assert picture(played[-1].engine) == picture(day.player.books.engine)


def morning(pages: Pages, plan: Plan = EVERYTHING) -> None:
    """Anna takes a call, another waits, a request is refused, the plan changes."""
    engine = pages.engine(plan)
    happens: tuple[Event, ...] = (
        events.PhoneChanged("1001", reachable=True, in_use=False),
        events.AgentLoggedIn("anna", "1001"),
        events.AgentWentReady("anna"),
        events.CallArrived("c1", CallKind.INBOUND, "030 1", "Zoë 王\n", "8000"),
        events.CallQueued("c1", "sales"),
        events.OfferAlerting("c1"),
        events.OfferAnswered("c1"),
        events.CallArrived("c2", CallKind.INBOUND, "030 2", "", "8000"),
        events.CallQueued("c2", "sales", exits=frozenset({"full", "no_agents"})),
        events.PlanChanged(SMALLER),
        events.CallEnded("c1"),
    )
    for at, event in enumerate(happens):
        engine.handle(event, 1000.0 + at)
    with pytest.raises(RequestRefused):
        engine.handle(events.AgentLoggedIn("nobody", "1002"), 1020.0)
    engine.handle_timer(1030.0)


def journal(tmp_path: Path) -> Path:
    pages = Pages(lines_max=100)
    morning(pages)
    return pages.written(tmp_path)[0]


def changed(path: Path, line: int, old: str, new: str) -> Path:
    lines = path.read_text().splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    path.write_text("".join(lines))
    return path


def test_refusals_plans_and_deadlines_are_played_too(tmp_path: Path) -> None:
    found = replay(journal(tmp_path))
    assert (found.difference, found.cut_off) == (None, False)
    assert (found.steps, found.events) == (13, 12)
    assert found.began_at == 1000.0
    assert found.ended_at == 1030.0
    assert set(found.engine.floor.plan.agents) == set(SMALLER.agents)


def lost_and_found(pages: Pages) -> tuple[Engine, Engine]:
    """A controller loses b1 and b2 with their node; another one begins, and finds b2."""
    engine = pages.engine(EVERYTHING)
    for number, call_id in enumerate(("b1", "b2")):
        arrived = events.CallArrived(call_id, CallKind.INBOUND, "030 1", "", "8000", node="b")
        engine.handle(arrived, 1000.0 + number)
    engine.handle(events.FloorSeen(frozenset(), node="b", lost=True), 1010.0)
    kept = [Call.from_dict(orjson.loads(orjson.dumps(c.to_dict()))) for c in engine.floor.lost.values()]
    again = pages.engine(EVERYTHING)
    again.restore([], [], 1020.0, kept)
    again.handle(arrived, 1030.0)
    return engine, again


def test_calls_that_were_lost_with_their_node_are_taken_up_in_a_replay_too(tmp_path: Path) -> None:
    pages = Pages(lines_max=100)
    engine, again = lost_and_found(pages)
    first, second = (replay(path) for path in pages.written(tmp_path))
    assert (first.difference, second.difference) == (None, None)
    assert picture(first.engine) == picture(engine)
    assert picture(second.engine) == picture(again)
    assert (set(again.floor.lost), set(again.floor.calls)) == ({"b1"}, {"b2"})


def test_what_was_kept_over_a_restart_before_lost_calls_were() -> None:
    assert kept_of({"agents": [], "calls": []}) == ([], [], [])


def test_the_first_difference_is_told_with_both_outcomes(tmp_path: Path) -> None:
    path = changed(journal(tmp_path), 6, '"agent":"anna"', '"agent":"ben"')
    found = replay(path)
    assert found.difference is not None
    step, got = found.difference
    assert (step.line, step.at, step.told["event"]["is"]) == (6, 1004.0, "CallQueued")
    offers = [[c for c in outcome["did"] if c["is"] == "Offer"] for outcome in (step.outcome, got)]
    assert [[offer["agent"] for offer in offered] for offered in offers] == [["ben"], ["anna"]]
    assert found.steps == 5


def test_a_record_that_would_be_another_one_is_a_difference(tmp_path: Path) -> None:
    path = changed(journal(tmp_path), 5, "030 1", "030 9")
    found = replay(path)
    assert found.difference is not None
    assert found.difference[0].told["event"]["is"] == "CallEnded"


def test_a_call_that_was_refused_then_must_be_refused_now(tmp_path: Path) -> None:
    found = replay(changed(journal(tmp_path), 13, "nobody", "ben"))
    assert found.difference is not None
    assert found.difference[0].outcome == {"raised": "unknown-agent"}


def test_what_was_asked_outside_is_answered_as_it_was_then(tmp_path: Path) -> None:
    pages = Pages(lines_max=100)
    hopeless = PolicyStep(condition("expected_wait_s > 600"), (LeaveBy("callback"),))
    group = replace(EVERYTHING.groups["sales"], steps=(hopeless,))
    engine = pages.engine(replace(EVERYTHING, groups={"sales": group}))
    engine.ask_for_waits(lambda _call: float("inf"))
    engine.handle(events.CallArrived("c1", CallKind.INBOUND, "030 1", "", "8000"), 1000.0)
    engine.handle(events.CallQueued("c1", "sales", exits=frozenset({"callback"})), 1001.0)
    path = pages.written(tmp_path)[0]
    assert '"waits":[null]' in path.read_text()
    assert replay(path).difference is None
    path.write_text(path.read_text().replace('"waits":[null],', ""))
    found = replay(path)
    assert found.difference is not None
    assert found.difference[1] == {"raised": TOO_MANY_WAITS}


def test_a_last_line_that_is_cut_off_is_left_out(tmp_path: Path) -> None:
    path = journal(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    found = replay(path)
    assert (found.difference, found.cut_off, found.steps) == (None, True, 12)


@pytest.mark.parametrize(
    ("line", "old", "new", "told"),
    [
        (1, '"journal":1', '"journal":7', "1: .*expected the beginning of a journal of form 1"),
        (1, '"snapshot"', '"snapshit"', "1: .*the snapshot cannot be read"),
        (4, '{"at"', '{at"', "4: .*expected a JSON object"),
        (4, '"at":1002.0', '"at":"soon"', "4: .*expected a step"),
        (4, '"event"', '"evening"', "4: .*expected a step"),
        (4, "AgentWentReady", "AgentWentHome", "4: "),
        (6, '"group":"sales"', '"grope":"sales"', "6: .*group"),
        (6, '"priority":0', '"priority":"high"', "6: .*priority"),
    ],
)
def test_other_damage_is_told_with_its_line(line: int, old: str, new: str, told: str, tmp_path: Path) -> None:
    path = changed(journal(tmp_path), line, old, new)
    with pytest.raises(OperatorError, match=f"{path.name}:{told}"):
        replay(path)


@pytest.mark.parametrize("head", ["", '{"journal":1,"snap'])
def test_nothing_is_played_without_a_snapshot(head: str, tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_text(head)
    with pytest.raises(OperatorError, match="expected a snapshot"):
        replay(path)
    with pytest.raises(OperatorError, match="cannot be read"):
        replay(tmp_path / "none.jsonl")


def test_it_stops_where_it_is_told_to(tmp_path: Path) -> None:
    path = journal(tmp_path)
    found = replay(path, until=1006.5)
    assert (found.ended_at, found.engine.floor.calls["c1"].agent) == (1006.0, "anna")
    found = replay(path, call_id="c1")
    assert [step.at for step in found.of_call] == [1003.0, 1004.0, 1005.0, 1006.0, 1010.0, 1030.0]
    with pytest.raises(OperatorError, match="nothing is told of a call 'c9'"):
        replay(path, call_id="c9")


def test_a_fault_of_the_journal_is_none_of_the_engine(tmp_path: Path) -> None:
    pages = Pages(lines_max=100)
    engine = pages.engine(EVERYTHING)
    broken: Any = "\ud800"  # no text that a file could have
    engine.handle(events.CallArrived("c1", CallKind.INBOUND, broken, "", "8000"), 1000.0)
    assert "c1" in engine.floor.calls
    assert len(pages.abandoned) == 1


def test_lines_are_json(tmp_path: Path) -> None:
    lines = [orjson.loads(line) for line in journal(tmp_path).read_bytes().splitlines()]
    assert lines[0]["journal"] == 1
    assert all({"at"} < set(line) for line in lines[1:])
