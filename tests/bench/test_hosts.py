"""What `script/hosts` takes for a reason, and what for a fault of ours."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from acd.core.facts import Ended, EndedBy, Returned
from acd.crowd.leg import Leg
from bench.faults.judge import Books
from bench.faults.load import Caller
from bench.hosts.judge import (
    Excuses,
    Led,
    LegEnds,
    Offers,
    fences_that_do_not_grow,
    judge_losses,
    judge_rings,
    leaderless,
    leg_ends,
)
from bench.hosts.kinds import FAULTS, Window
from bench.hosts.load import Ring
from bench.hosts.network import Drop
from bench.hosts.run import UNCONFIRMED, Episode, Report, _attribute, _note_books, plan
from tests.bench.test_faults import BEGAN, record

NOTHING, NO_ENDS = Excuses([]), LegEnds({})


def ring(
    phone: str,
    caller: str,
    at: float,
    *,
    talks: tuple[float, float] | None = None,
    node: str = "a",
    **more: Any,
) -> Ring:
    """At a phone; `talks` from … to."""
    leg = object.__new__(Leg)
    leg.at = {"invite": at} if talks is None else {"invite": at, "talking": talks[0], "ended": talks[1]}
    return Ring(phone, node, caller, leg, more.get("busy"))


def made(*offers: tuple[str, str, float]) -> Offers:
    """By leaders: agent, caller, when."""
    at: dict[tuple[str, str], list[float]] = {}
    for phone, caller, moment in offers:
        at.setdefault((f"agent{phone}", caller), []).append(moment)
    return Offers(at)


def test_a_caller_with_two_agents_at_once() -> None:
    one, two = ring("3001", "+1", 10, talks=(11, 20)), ring("3002", "+1", 15, talks=(16, 18))
    assert len(judge_rings([one, two], made(), NO_ENDS, NOTHING, []).problems) == 1
    later = ring("3002", "+1", 20, talks=(20.1, 22))
    assert judge_rings([one, later], made(), NO_ENDS, NOTHING, []).problems == []
    taken_back = ring("3002", "+1", 15, talks=(16, 16.1))
    found = judge_rings([one, taken_back], made(), NO_ENDS, NOTHING, [])
    assert (found.problems, found.glares) == ([], 1)
    ended = LegEnds({("3001", "+1"): [14.0]})
    cut = judge_rings([one, two], made(), ended, Excuses([Window("path", "a", 13, 15)]), [])
    assert (cut.problems, len(cut.excused)) == ([], 1)
    for began, until in ((5, 13.9), (14.1, 18)):
        other = Excuses([Window("path", "a", began, until)])
        assert len(judge_rings([one, two], made(), ended, other, []).problems) == 1, "told before, or after"


def test_a_phone_that_is_rung_by_two_calls() -> None:
    first = ring("3001", "+1", 10, talks=(11, 20))
    second = ring("3001", "+2", 15, node="b", busy=first)
    both = made(("3001", "+1", 9.9), ("3001", "+2", 14.9))
    apart = Excuses([Window("between", "a", 8, 12), Window("between", "b", 8, 12)])
    assert len(judge_rings([first, second], both, NO_ENDS, apart, []).problems) == 1, "a leader decided both"
    queue = made(("3001", "+1", 9.9))
    assert judge_rings([first, second], queue, NO_ENDS, apart, []).by_queue == 1
    assert len(judge_rings([first, second], queue, NO_ENDS, NOTHING, []).problems) == 1, "both could be seen"
    behind = Excuses([Window("path", "b", 8, 14.95)])
    assert judge_rings([first, second], both, NO_ENDS, behind, []).cut_rings == 1, "decided before, said now"
    before = Excuses([Window("path", "b", 8, 14)])
    assert len(judge_rings([first, second], both, NO_ENDS, before, []).problems) == 1
    again = ring("3001", "+2", 15.5, node="b", busy=first)
    found = judge_rings([first, second, again], both, NO_ENDS, before, [])
    assert (len(found.problems), found.cut_rings) == (1, 1), "two rings of one decision: one is of before"


def test_a_ring_that_is_said_again_and_cannot_be_taken_back() -> None:
    """What the first cut swallowed comes after it, given up by then; the second swallows that word, too."""
    first = ring("3001", "+1", 15, talks=(15.5, float("inf")))
    second = ring("3001", "+2", 25, busy=first)
    both = made(("3001", "+1", 11.4), ("3001", "+2", 24.9))
    swallows = Window("path", "a", 11, 14.8)
    for began, until, excused in ((15.2, 24, True), (15.2, 18, False), (17, 24, False), (26, 30, False)):
        cuts = Excuses([swallows, Window("path", "a", began, until)])
        verdict = judge_rings([first, second], both, NO_ENDS, cuts, [])
        assert (verdict.cut_rings, len(verdict.problems)) == (excused, not excused)
    new = made(("3001", "+1", 14.95), ("3001", "+2", 24.9))
    again = Excuses([swallows, Window("path", "a", 15.2, 24)])
    assert len(judge_rings([first, second], new, NO_ENDS, again, []).problems) == 1, "decided after the cut"


def test_while_nobody_leads_each_node_rings_as_if_it_were_alone() -> None:
    first = ring("3001", "+1", 10, talks=(11, 20))
    second = ring("3001", "+2", 15, node="b", busy=first)
    queue = made(("3001", "+1", 9.9))
    ours, theirs = Led(5.0, "one", 1), Led(8.0, "two", 2)
    for struck_at, next_at, excused in ((9.5, 19.0, True), (60.0, 61.0, False)):
        struck = [Window("leader", "a", struck_at, struck_at + 1), Window("path", "b", 0, 1)]
        found = leaderless(struck, [ours, Led(next_at, "two", 2)])
        assert found == [Window("between", host, struck_at, next_at) for host in ("a", "b")]
        verdict = judge_rings([first, second], queue, NO_ENDS, Excuses(found), [])
        assert (verdict.by_queue, len(verdict.problems)) == (excused, not excused)
    assert leaderless(struck, [ours, theirs]) == [], "it was the other one's by then"
    assert [window.ended for window in leaderless(struck, [ours])] == [76.0, 76.0]


def test_a_phone_that_was_not_told_that_its_call_is_over() -> None:
    """An end that Asterisk tells of, in a cut that is not over for longer than SIP takes to repeat."""
    first = ring("3001", "+1", 10, talks=(11, float("inf")))
    second = ring("3001", "+2", 15, node="b", busy=first)
    both = made(("3001", "+1", 9.9), ("3001", "+2", 14.9))
    row = {"dest_channel": "PJSIP/3001-0000000a", "source": "+1", "end": "12.5"}
    ends = leg_ends([{**row, "end": "9.0"}, row, {**row, "dest_channel": "PJSIP/3001-0000000b", "end": "16"}])
    for began, until, unknown in ((12, 13, True), (12, 60, True), (10, 12.4, False), (12, 12.6, True)):
        cut = Excuses([Window("path", "a", began, until)])
        assert judge_rings([first, second], both, ends, cut, []).cut_rings == unknown
    long_ago = ring("3001", "+2", 25, node="b", busy=first)
    cut = Excuses([Window("path", "a", 12, 13)])
    assert len(judge_rings([first, long_ago], both, ends, cut, []).problems) == 1, "it was told meanwhile"
    assert judge_rings([first, second], both, NO_ENDS, cut, []).cut_rings == 0, "Asterisk knows of no end"
    assert judge_rings([first, second], both, ends, Excuses([Window("dead", "a", 12, 13)]), []).cut_rings == 1


def test_a_call_that_was_cut_off_needs_a_reason() -> None:
    callers = {
        "+1": Caller("+1", 10.0, 11.0, ended_at=15.0),
        "+2": Caller("+2", 10.0, left=True, ended_at=15.0),
    }
    at = {"+1": "a", "+2": "b"}
    assert len(judge_losses(callers, at, NOTHING).problems) == 1
    assert len(judge_losses(callers, at, Excuses([Window("path", "b", 9, 12)])).problems) == 1
    for what in ("path", "dead"):
        found = judge_losses(callers, at, Excuses([Window("path", "a", 1, 2), Window(what, "a", 12, 14)]))
        assert (found.problems, len(found.excused), found.caused_at) == ([], 1, {"+1": 12})
    dead = Excuses([Window("dead", "a", 11, 12)])
    assert len(judge_losses(callers, at, dead).excused) == 1
    late = {"+1": Caller("+1", 10.0, 11.0, ended_at=45.0)}
    assert len(judge_losses(late, at, dead).problems) == 1, "it was started again long before"
    for ended_at, excused in (
        (18.9, True),
        (19.5, False),
        (30.0, False),
        (44.5, True),
        (46.9, True),
        (48, False),
    ):
        given_up = {"+1": Caller("+1", 10.0, 11.0, ended_at=ended_at)}
        found = judge_losses(given_up, at, Excuses([Window("path", "a", 12, 14)]))
        assert bool(found.excused) == excused, "repeated for 32 s, from a moment in the cut on"
        assert bool(found.problems) != excused
    late["+1"].cut_off = True
    assert judge_losses(late, at, dead).caused_at == {"+1": 11}, "heard nothing any more, hung up in the end"


def test_a_record_is_lost_where_it_is_missing_or_differs() -> None:
    """As in `script/faults`; not one for which what was cut is a reason."""
    records = [
        replace(record(f"+{number}"), call_id=f"a{number}", ended_by=by)
        for number, by in ((2, None), (3, EndedBy.NODE), (4, None), (5, None), (6, EndedBy.UNKNOWN))
    ]
    lost_at = Ended(BEGAN + 12, EndedBy.NODE)
    records[1] = replace(records[1], facts=(lost_at,))
    for number in (5, 6):
        records[number - 2] = replace(records[number - 2], facts=(lost_at, Returned(BEGAN + 12, "")))
    records[3] = replace(records[3], ended_at=datetime.fromtimestamp(BEGAN + 72, UTC))
    cut = Excuses([Window("between", "a", BEGAN, BEGAN + 20), Window("path", "a", BEGAN + 5, BEGAN + 8)])
    problems = (
        "+1: 0 records, 1 expected",
        "a2: ends +5.0 s from Asterisk's account",
        "a2: begins +1.4 s from Asterisk's account",
        "a3: ends -5.0 s from Asterisk's account",
        f"a4: {UNCONFIRMED} (Arrived 0.0, Ended 3.2)",
        "a5: ends +60.0 s from Asterisk's account",
        "a6: ends +6.0 s from Asterisk's account",
    )
    callers = {f"+{number}": Caller(f"+{number}", BEGAN + number) for number in range(1, 7)}
    report = Report(1, 1.0, 2.0, 12)
    lost = _note_books(report, Books(1, 5, problems), callers, records, cut)
    assert lost == {"+1", "+2", "+5"}
    assert (report.records_missing, report.records_differing) == (1, 2)
    assert (report.given_up, report.unconfirmed) == (2, 1)
    episodes = [Episode(["split"], "one", BEGAN, struck_s=0.5), Episode(["loss"], "one", BEGAN + 1.5)]
    _attribute(episodes, callers, [BEGAN + 1.2], {}, lost)
    assert [(each.records_lost, each.takeovers, each.led_s) for each in episodes] == [
        (1, 1, 0.7),
        (2, 0, None),
    ]


def test_numbers_of_leaders_grow() -> None:
    assert fences_that_do_not_grow([Led(1, "one", 1), Led(2, "two", 2), Led(3, "one", 5)]) == []
    assert len(fences_that_do_not_grow([Led(1, "one", 2), Led(2, "two", 2)])) == 1


def test_what_a_filter_is_told() -> None:
    whole = list(Drop("rest", "a").rules())
    assert [rule[2] for rule in whole] == ["10.77.0.1", "10.77.0.2"]
    ports = list(Drop("b", "a", (5038,), share=0.3).rules())
    assert [" ".join(rule[3:]) for rule in ports] == [
        f"-p tcp {side} 5038 -m statistic --mode random --probability 0.30 -j DROP"
        for side in ("--sport", "--dport")
    ]


def test_each_fault_comes_equally_often() -> None:
    seen: list[str] = []
    for names in plan(random.Random(1)):
        assert len(names) < 3
        if len(names) == 2:
            assert not FAULTS[names[0]].hits or FAULTS[names[0]].hits != FAULTS[names[1]].hits
        seen += names
        if len(seen) == 2 * len(FAULTS):
            break
    assert sorted(seen) == sorted([*FAULTS, *FAULTS])
    assert list(islice(plan(random.Random(7)), 9)) == list(islice(plan(random.Random(7)), 9))
