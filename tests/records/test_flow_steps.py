"""A caller's way through flows; how many took which way; the last runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given

from acd.core.facts import Fact
from acd.records.flow_steps import HUNG_UP, steps_left
from acd.records.fold import fold, utc
from acd.records.store import RecordStore
from acd.records.traffic import last_runs, traffic
from tests.records.scenario import START, facts_of
from tests.records.test_fold import FACTS

ENTERED = "0 arrived 5 8000\n0 flow main\n"
CASES = {
    "at the start": ("3 ended caller", ["main/ hung up"]),
    "in a menu": (
        "1 step main/welcome next menu\n3 ended caller",
        ["main/welcome next menu", "main/menu hung up"],
    ),
    "in a sub-flow": (
        "1 step main/a call_identify\n3 ended caller",
        ["main/a call identify", "identify/ hung up"],
    ),
    "after a sub-flow": (
        "1 step main/a call_sub\n2 step sub/b return\n2 step main/a next c\n3 ended caller",
        ["main/a call sub", "sub/b return", "main/a next c", "main/c hung up"],
    ),
    "in the line": (
        "1 step main/a next line\n1 queued sales\n9 ended caller",
        ["main/a next line", "main/line hung up"],
    ),
    "to an agent": (
        "1 step main/a next line\n1 queued sales\n5 answered anna\n9 ended caller",
        ["main/a next line", "main/line answered"],
    ),
    "to an agent and to a survey": (
        "1 step main/a next line\n1 queued sales\n5 answered anna\n8 left anna\n"
        "8 step main/line after ask\n9 ended caller",
        ["main/a next line", "main/line answered", "main/line after ask", "main/ask hung up"],
    ),
    "to the end of the flow": ("1 step main/bye end\n1 ended system", ["main/bye end"]),
    "sent away by us": ("1 step main/a next b\n3 ended system", ["main/a next b", "main/b ended"]),
    "to an agent who sends the caller elsewhere": (
        "1 queued sales\n5 answered anna\n7 blind anna 8001\n7 queued support\n9 ended caller",
        ["main/ answered"],
    ),
    "into the place of a consultation": (
        "1 queued sales\n5 answered anna\n6 | flow night\n7 | step night/a next b\n"
        "8 attended anna c2\n9 ended caller",
        ["main/ answered", "night/b hung up"],
    ),
    "still there": ("1 step main/a next b", ["main/a next b"]),
}


@pytest.mark.parametrize("name", CASES)
def test_where_the_caller_went(name: str) -> None:
    told, expected = CASES[name]
    left = steps_left(facts_of(ENTERED + told))
    assert [f"{s.flow}/{s.step} {s.arrow} {s.to}".rstrip() for s in left] == expected


def test_an_end_that_nobody_saw_says_why() -> None:
    assert steps_left(facts_of(ENTERED + "3 ended unknown"))[-1].detail == "while the controller was away"


def test_without_a_flow_there_are_no_steps() -> None:
    assert steps_left(facts_of("0 arrived 5 8001\n0 queued sales\n5 answered anna\n9 ended caller")) == []


@given(FACTS)
def test_nobody_hangs_up_twice(told: tuple[Fact, ...]) -> None:
    arrows = [step.arrow for step in steps_left(fold("c1", told).facts)]
    assert arrows.count(HUNG_UP) <= 1


@pytest.fixture
def store(database_url: str) -> Iterator[RecordStore]:
    with RecordStore(database_url) as opened:
        opened.save_calls(
            [fold(f"c{n}", facts_of(ENTERED + told)) for n, (told, _) in enumerate(CASES.values())]
        )
        yield opened


def test_traffic_counts_every_arrow_and_where_callers_are_lost(store: RecordStore) -> None:
    found = traffic(store.engine, utc(START), utc(START + 60))
    assert found.arrows["main", "a", "next", "line"] == 3
    assert found.arrows["main", "a", "call sub", ""] == 1
    assert found.answered == {("main", "line"): 2, ("main", ""): 2}
    assert found.hung_up["main", "line"] == 1
    assert found.ended == {("main", "b"): 1}
    assert sum(found.hung_up.values()) == 7


def test_traffic_of_a_period_and_of_a_flow(store: RecordStore) -> None:
    early = traffic(store.engine, utc(START), utc(START + 2))
    assert early.hung_up == {}
    assert early.arrows["main", "welcome", "next", "menu"] == 1
    night = traffic(store.engine, utc(START), utc(START + 60), "night")
    assert (night.arrows, night.hung_up) == ({}, {("night", "b"): 1})


def test_written_again_a_call_counts_once(store: RecordStore) -> None:
    before = traffic(store.engine, utc(START), utc(START + 60))
    told = facts_of(ENTERED + CASES["in a menu"][0])
    store.save_calls([fold("c1", told)])
    assert traffic(store.engine, utc(START), utc(START + 60)) == before


def test_the_last_runs_of_a_flow(store: RecordStore) -> None:
    assert last_runs(store.engine, "night", 20) == ["c10"]
    assert last_runs(store.engine, "identify", 20) == ["c2"]
    assert len(last_runs(store.engine, "main", 3)) == 3
    assert last_runs(store.engine, "nothing", 20) == []
