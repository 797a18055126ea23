"""Exact lines of calls, from scenarios of facts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core import facts
from acd.core.facts import CallKind
from acd.queue_log.line import written
from acd.queue_log.of_calls import CallLines
from tests.records.scenario import START, facts_of, lines

SCENARIOS = {
    "through the menu to an agent, who hangs up": (
        """
        0    arrived 5550100 8000
        0    flow main
        7    queued sales
        9    offered anna
        12   answered anna
        20   held
        25   resumed
        42   ended agent
        42   wrap anna
        50   wrapped anna
        """,
        """
        7|c|sales|NONE|DID|8000
        7|c|sales|NONE|ENTERQUEUE||5550100|1|W. Fang
        12|c|sales|anna|CONNECT|5|c|3
        20|c|sales|anna|CALLERONHOLD|
        25|c|sales|anna|CALLEROFFHOLD|
        42|c|sales|anna|COMPLETEAGENT|5|30|1
        """,
    ),
    "one does not answer, one is called off, the caller gives up": (
        """
        0    arrived 1 8000
        0    queued sales
        1    offered anna
        16   failed anna no_answer
        16   offered ben
        18.5 failed ben withdrawn
        18.5 ended caller
        """,
        """
        0|c|sales|NONE|DID|8000
        0|c|sales|NONE|ENTERQUEUE||1|1|W. Fang
        16|c|sales|anna|RINGNOANSWER|15000
        18|c|sales|ben|RINGCANCELED|2500
        18|c|sales|NONE|ABANDON|1|1|18
        """,
    ),
    "a key, then the longest wait, then nobody at work, then sent away": (
        """
        0   arrived 1 8000
        0   queued sales
        10  leftline sales key 5
        20  queued vip
        50  leftline vip timeout
        50  queued support
        51  leftline support no_agents
        60  queued sales
        61  ended system
        """,
        """
        0|c|sales|NONE|DID|8000
        0|c|sales|NONE|ENTERQUEUE||1|1|W. Fang
        10|c|sales|NONE|EXITWITHKEY|5|1|1|10
        20|c|vip|NONE|ENTERQUEUE||1|1|W. Fang
        50|c|vip|NONE|EXITWITHTIMEOUT|1|1|30
        50|c|support|NONE|ENTERQUEUE||1|1|W. Fang
        51|c|support|NONE|EXITEMPTY|1|1|1
        60|c|sales|NONE|ENTERQUEUE||1|1|W. Fang
        61|c|sales|NONE|EXITWITHTIMEOUT|1|1|1
        """,
    ),
    "a key of which nobody has kept which, and a talk that ends on hold": (
        """
        0   arrived 1 8000
        0   queued sales
        10  leftline sales key
        20  queued sales
        21  answered anna
        25  held
        30  ended caller
        """,
        """
        0|c|sales|NONE|DID|8000
        0|c|sales|NONE|ENTERQUEUE||1|1|W. Fang
        10|c|sales|NONE|EXITWITHKEY|-|1|1|10
        20|c|sales|NONE|ENTERQUEUE||1|1|W. Fang
        21|c|sales|anna|CONNECT|1|c|0
        25|c|sales|anna|CALLERONHOLD|
        30|c|sales|anna|CALLEROFFHOLD|
        30|c|sales|anna|COMPLETECALLER|1|9|1
        """,
    ),
    "a blind transfer into another line": (
        """
        0   arrived 1 8000
        0   queued sales
        2   answered anna
        9   blind anna 8001
        9   queued support
        15  answered ben
        20  ended caller
        """,
        """
        0|c|sales|NONE|DID|8000
        0|c|sales|NONE|ENTERQUEUE||1|1|W. Fang
        2|c|sales|anna|CONNECT|2|c|0
        9|c|sales|anna|BLINDTRANSFER|8001|acd|2|7|1
        9|c|support|NONE|ENTERQUEUE||1|1|W. Fang
        15|c|support|ben|CONNECT|6|c|0
        20|c|support|ben|COMPLETECALLER|6|5|1
        """,
    ),
    "an attended transfer to somebody whom the agent reached through a line": (
        """
        0   arrived 1 8000
        0   queued sales
        2   answered anna
        5   | arrived 1001 8001 internal anna
        5   | queued support
        8   | answered ben
        12  attended anna c2
        30  ended caller
        """,
        """
        0|c|sales|NONE|DID|8000
        0|c|sales|NONE|ENTERQUEUE||1|1|W. Fang
        2|c|sales|anna|CONNECT|2|c|0
        12|c|sales|anna|ATTENDEDTRANSFER|BRIDGE|c2|2|10|1
        """,
    ),
    "an attended transfer into a line where it rings": (
        """
        0   arrived 1 8000
        0   queued sales
        2   answered anna
        5   | arrived 1001 8001 internal anna
        5   | queued support
        8   | offered ben
        12  attended anna c2
        15  answered ben
        30  ended agent
        """,
        """
        0|c|sales|NONE|DID|8000
        0|c|sales|NONE|ENTERQUEUE||1|1|W. Fang
        2|c|sales|anna|CONNECT|2|c|0
        12|c|sales|anna|ATTENDEDTRANSFER|BRIDGE|c2|2|10|1
        12|c|support|NONE|ENTERQUEUE||1|1|W. Fang
        15|c|support|ben|CONNECT|3|c|3
        30|c|support|ben|COMPLETEAGENT|3|15|1
        """,
    ),
    "the fallback queue has the caller and connects": (
        """
        0   arrived 1 8000
        0   queued sales
        5   fellback
        9   fellback anna
        30  ended caller
        """,
        """
        0|c|sales|NONE|DID|8000
        0|c|sales|NONE|ENTERQUEUE||1|1|W. Fang
        9|c|sales|anna|CONNECT|9|c|0
        30|c|sales|anna|COMPLETECALLER|9|21|1
        """,
    ),
    "the agent leaves, the flow has the caller again": (
        """
        0   arrived 1 8000
        0   queued sales
        2   answered anna
        9   left anna
        9   flow survey
        20  ended caller
        """,
        """
        0|c|sales|NONE|DID|8000
        0|c|sales|NONE|ENTERQUEUE||1|1|W. Fang
        2|c|sales|anna|CONNECT|2|c|0
        9|c|sales|anna|COMPLETEAGENT|2|7|1
        """,
    ),
    "who never waits for a group is in no queue": (
        """
        0   arrived 1 8000
        0   directed anna
        1   offered anna
        3   answered anna
        9   ended caller
        """,
        "",
    ),
    "an agent's own call is nobody's": (
        """
        0   arrived 1001 8000 internal anna
        1   queued sales
        3   answered ben
        9   ended agent
        """,
        "",
    ),
}


def _shown(made: list[str]) -> list[str]:
    """With seconds since the beginning."""
    return [f"{int(text.split('|', 1)[0]) - int(START)}|{text.split('|', 1)[1]}" for text in made]


@pytest.mark.parametrize("name", SCENARIOS)
def test_lines(name: str) -> None:
    told, expected = SCENARIOS[name]
    made = CallLines().of("c", facts_of(told))
    assert _shown([written(line) for line in made]) == lines(expected)


@pytest.mark.parametrize("name", SCENARIOS)
def test_fact_by_fact_makes_the_same(name: str) -> None:
    told = facts_of(SCENARIOS[name][0])
    one_by_one = CallLines()
    assert [line for fact in told for line in one_by_one.of("c", [fact])] == CallLines().of("c", told)


def test_positions() -> None:
    book = CallLines()
    told = facts_of("0 arrived 1 8000\n0 queued sales")
    for call in ("a", "b", "c"):
        book.of(call, told)
    assert [line.data[:2] for line in book.of("b", facts_of("5 ended caller"))] == [("2", "2")]
    assert [line.data[:2] for line in book.of("c", facts_of("6 ended caller"))] == [("2", "3")]
    book.of("a", facts_of("7 answered anna"))
    assert book.of("d", told)[-1].data[2] == "1"


_FACT = st.sampled_from(
    facts_of(
        """
        1 arrived 1 8000
        1 queued sales
        1 queued vip
        1 leftline sales key
        1 offered anna
        1 failed anna no_answer
        1 answered anna
        1 answered ben
        1 held
        1 resumed
        1 left anna
        1 returned x
        1 blind anna 8001
        1 | queued sales
        1 | answered ben
        1 attended anna c2
        1 fellback
        1 fellback ben
        1 flow main
        1 ended caller
        """
    )
)


@given(st.lists(_FACT, max_size=20))
def test_any_facts_make_whole_visits(told: list[facts.Fact]) -> None:
    opened: dict[str, str] = {}
    on_hold = False
    arrived = facts.Arrived(0.0, CallKind.INBOUND, "1", "", "8000")
    for line in CallLines().of("c", [arrived, *told, *facts_of("2 ended caller")]):
        state = opened.get("c", "")
        if line.event == "ENTERQUEUE":
            assert not state
            opened["c"] = line.queue
        elif line.event == "CONNECT":
            assert state == line.queue
        elif line.event.startswith(("COMPLETE", "ABANDON", "EXIT", "BLIND", "ATTENDED")):
            assert state == line.queue
            assert not on_hold
            opened["c"] = ""
        elif line.event.startswith("CALLERO"):
            assert state == line.queue
            assert on_hold != (line.event == "CALLERONHOLD")
            on_hold = not on_hold
    assert not opened.get("c")
