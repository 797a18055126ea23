"""The fold: scenarios as tables, then what must hold for any facts at all."""

from __future__ import annotations

import itertools
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core import facts
from acd.core.fact_json import FACT_TYPES
from acd.core.facts import CallKind, EndedBy, Fact, LeftBy, OfferFailure, SoundPurpose
from acd.records.flow_steps import steps_left
from acd.records.fold import STEPS, fold, utc
from acd.records.record import CallRecord, Segment, SegmentKind, Transfer, VisitOutcome
from tests.records.scenario import START, facts_of, lines, segments_of, visits_of

SCENARIOS = {
    "its node dies while the caller talks": (
        """
        0    arrived 5550100 8001
        0    queued sales
        2    offered anna
        4    answered anna
        30   ended node b
        30   wrap anna
        35   wrapped anna
        """,
        """
        waiting 0-4 sales - answered
        ringing 2-4 sales anna answered
        talking 4-30 sales anna lost
        wrap_up 30-35 sales anna done
        """,
        "sales @0 answered anna wait=4 talk=26 wrap=5",
    ),
    "its node dies while the caller waits, which is no abandonment": (
        """
        0    arrived 5550100 8001
        0    queued sales
        20   ended node b
        """,
        "waiting 0-20 sales - lost",
        "sales @0 left - wait=20",
    ),
    "through the menu to an agent, with hold and wrap-up": (
        """
        0    arrived 5550100 8000
        0    flow main
        7    queued sales
        9    offered anna
        9.2  alerted anna
        12   answered anna
        20   held
        25   resumed
        42   ended caller
        42   wrap anna
        50   wrapped anna
        """,
        """
        ivr     0-7   -     -    left
        waiting 7-12  sales -    answered
        ringing 9-12  sales anna answered
        talking 12-42 sales anna caller_hung_up hold=5
        hold    20-25 sales anna done
        wrap_up 42-50 sales anna done
        """,
        "sales @7 answered anna wait=5 talk=25 hold=5 wrap=8",
    ),
    "an agent calls outside, over the second trunk": (
        """
        0  dialled anna 030123
        0  outside main anna
        1  outside_failed main congestion
        1  outside backup anna
        5  outside_answered
        25 ended outside
        """,
        """
        dialing_out 0-1  - anna congestion
        dialing_out 1-5  - anna answered
        outside     5-25 - anna outside_hung_up
        """,
        "",
    ),
    "a customer is sent outside and comes back": (
        """
        0  arrived 5550100 8001
        0  queued sales
        0  offered anna
        2  answered anna
        9  blind anna 030123
        9  outside main anna
        15 outside_failed main busy
        15 returned busy
        15 queued sales
        20 ended caller
        """,
        """
        waiting     0-2   sales -    answered
        ringing     0-2   sales anna answered
        talking     2-9   sales anna transferred
        transfer    9-9   sales anna left
        dialing_out 9-15  -     anna busy
        waiting     15-20 sales -    abandoned
        """,
        """
        sales @0 answered anna wait=2 talk=7
        sales @15 abandoned - wait=5
        """,
    ),
    "joined with somebody outside": (
        """
        0  arrived 5550100 8001
        0  queued sales
        0  offered anna
        2  answered anna
        5  | dialled anna 030123
        5  | outside main anna
        8  | outside_answered
        9  attended anna c2
        30 outside_left
        30 ended outside
        """,
        """
        waiting 0-2  sales -    answered
        ringing 0-2  sales anna answered
        talking 2-9  sales anna transferred
        consult 5-8  -     anna answered
        consult 8-9  -     anna transferred
        outside 9-30 -     anna outside_hung_up
        """,
        "sales @0 answered anna wait=2 talk=7",
    ),
    "abandoned in the menu": (
        """
        0 arrived 5550100 8000
        0 flow main
        3 ended caller
        """,
        "ivr 0-3 - - caller_hung_up",
        "",
    ),
    "abandoned in the line": (
        """
        0  arrived 5550100 8001
        0  queued sales
        30 ended caller
        """,
        "waiting 0-30 sales - abandoned",
        "sales @0 abandoned - wait=30",
    ),
    "abandoned while ringing": (
        """
        0 arrived 5550100 8001
        0 queued sales
        2 offered anna
        8 failed anna withdrawn
        8 ended caller
        """,
        """
        waiting 0-8 sales -    abandoned
        ringing 2-8 sales anna abandoned
        """,
        "sales @0 abandoned - wait=8",
    ),
    "vanished from the line while the controller was away": (
        """
        0  arrived 5550100 8001
        0  queued sales
        30 ended unknown
        """,
        "waiting 0-30 sales - abandoned",
        "sales @0 abandoned - wait=30",
    ),
    "sent away by the system": (
        """
        0  arrived 5550100 8001
        0  queued sales
        30 ended system closed
        """,
        "waiting 0-30 sales - left",
        "sales @0 left - wait=30",
    ),
    "three failed rings are one wait": (
        """
        0  arrived 5550100 8001
        0  queued sales
        0  offered anna
        15 failed anna no_answer
        15 offered ben
        16 failed ben busy
        16 offered chen
        17 failed chen declined
        17 offered dora
        20 failed dora unreachable
        20 offered emil
        21 failed emil unavailable
        25 offered fang
        28 answered fang
        60 left fang
        60 ended agent
        """,
        """
        waiting 0-28  sales -    answered
        ringing 0-15  sales anna no_answer
        ringing 15-16 sales ben  busy
        ringing 16-17 sales chen declined
        ringing 17-20 sales dora unreachable
        ringing 20-21 sales emil unavailable
        ringing 25-28 sales fang answered
        talking 28-60 sales fang agent_hung_up
        """,
        "sales @0 answered fang wait=28 talk=32",
    ),
    "overflow into another group's line": (
        """
        0  arrived 5550100 8001
        0  queued sales
        30 queued support
        40 answered ben
        50 ended caller
        """,
        """
        waiting 0-30  sales   -   left
        waiting 30-40 support -   answered
        talking 40-50 support ben caller_hung_up
        """,
        """
        sales   @0  left     -   wait=30
        support @30 answered ben wait=10 talk=10
        """,
    ),
    "said twice, it is one entry into the line": (
        """
        0  arrived 5550100 8001
        0  queued sales
        30 queued sales
        40 answered ben
        50 ended agent
        """,
        """
        waiting 0-40  sales -   answered
        talking 40-50 sales ben agent_hung_up
        """,
        "sales @0 answered ben wait=40 talk=10",
    ),
    "blind transfer, told after the phone's hang-up": (
        """
        0  arrived 5550100 8001
        0  queued sales
        5  answered anna
        20 left anna
        20 wrap anna
        20 blind anna 8002
        20 queued support
        30 wrapped anna
        45 answered chen
        60 ended caller
        """,
        """
        waiting 0-5   sales   -    answered
        talking 5-20  sales   anna transferred
        wrap_up 20-30 sales   anna done
        transfer 20-20 sales  anna left
        waiting 20-45 support -    answered
        talking 45-60 support chen caller_hung_up
        """,
        """
        sales   @0  answered anna wait=5 talk=15 wrap=10
        support @20 answered chen wait=25 talk=15
        """,
    ),
    "blind transfer to an agent who cannot, back, and on to the other group": (
        """
        0  arrived 5550100 8001
        0  queued sales
        5  answered anna
        20 blind anna 1002
        20 wrap anna
        20 directed ben
        20 offered ben
        35 failed ben no_answer
        35 returned no_answer
        35 queued support
        38 wrapped anna
        45 answered chen
        60 ended caller
        """,
        """
        waiting 0-5   sales   -    answered
        talking 5-20  sales   anna transferred
        transfer 20-20 sales  anna left
        wrap_up 20-38 sales   anna done
        waiting 20-35 -       ben  left
        ringing 20-35 -       ben  no_answer
        waiting 35-45 support -    answered
        talking 45-60 support chen caller_hung_up
        """,
        """
        sales   @0  answered anna wait=5  talk=15 wrap=18
        support @35 answered chen wait=10 talk=15
        """,
    ),
    "attended transfer to an agent called directly": (
        """
        0  arrived 5550100 8001
        0  queued sales
        5  answered anna
        20 held
        21 | arrived 1001 1002 internal anna
        21 | directed ben
        21 | offered ben
        25 | answered ben
        30 attended anna c2
        30 wrap anna
        70 ended caller
        """,
        """
        waiting 0-5   sales -    answered
        talking 5-30  sales anna transferred hold=10
        hold    20-30 sales anna transferred
        consult 21-25 -     ben  answered
        consult 21-25 -     ben  answered
        consult 25-30 -     ben  transferred
        talking 30-70 -     ben  caller_hung_up
        wrap_up 30-   sales anna open
        """,
        "sales @0 answered anna wait=5 talk=15 hold=10",
    ),
    "attended transfer to an agent reached through the other group": (
        """
        0  arrived 5550100 8001
        0  queued sales
        5  answered anna
        21 | arrived 1001 8002 internal anna
        21 | flow main
        23 | queued support
        25 | answered ben
        30 attended anna c2
        70 ended agent
        70 wrap ben
        75 wrapped ben
        """,
        """
        waiting 0-5   sales   -    answered
        talking 5-30  sales   anna transferred
        consult 21-23 -       -    left
        consult 23-25 support -    answered
        consult 25-30 support ben  transferred
        talking 30-70 support ben  agent_hung_up
        wrap_up 70-75 support ben  done
        """,
        """
        sales   @0  answered anna wait=5 talk=25
        support @30 transferred_in ben  wait=0 talk=40 wrap=5
        """,
    ),
    "attended transfer into the line, while it rings there": (
        """
        0  arrived 5550100 8001
        0  queued sales
        5  answered anna
        21 | arrived 1001 8002 internal anna
        21 | queued support
        28 | offered ben
        30 attended anna c2
        34 answered ben
        50 ended caller
        """,
        """
        waiting 0-5   sales   -    answered
        talking 5-30  sales   anna transferred
        consult 21-30 support -    transferred
        consult 28-30 support ben  transferred
        waiting 30-34 support -    answered
        ringing 30-34 support ben  answered
        talking 34-50 support ben  caller_hung_up
        """,
        """
        sales   @0  answered anna wait=5 talk=25
        support @30 answered ben  wait=4 talk=16
        """,
    ),
    "attended transfer into a flow": (
        """
        0  arrived 5550100 8001
        0  queued sales
        5  answered anna
        21 | arrived 1001 8000 internal anna
        22 | flow main
        30 attended anna c2
        33 ended caller
        """,
        """
        waiting 0-5   sales - answered
        talking 5-30  sales anna transferred
        consult 22-30 -     - transferred
        ivr     30-33 -     - caller_hung_up
        """,
        "sales @0 answered anna wait=5 talk=25",
    ),
    "the fallback queue held the line; the wait goes on": (
        """
        0  arrived 5550100 8001
        0  queued sales
        10 fellback
        30 offered anna
        33 answered anna
        40 ended caller
        """,
        """
        waiting  0-10  sales -    left
        fallback 10-30 sales -    left
        waiting  30-33 sales -    answered
        ringing  30-33 sales anna answered
        talking  33-40 sales anna caller_hung_up
        """,
        "sales @0 answered anna wait=33 talk=7",
    ),
    "the fallback queue's agent was found talking": (
        """
        0  arrived 5550100 8001
        0  queued sales
        30 fellback anna
        30 answered anna
        40 ended caller
        """,
        """
        waiting  0-30  sales -    answered
        fallback 30-30 sales anna answered
        talking  30-40 sales anna caller_hung_up
        """,
        "sales @0 answered anna wait=30 talk=10",
    ),
    "gone from the fallback queue, by nobody served": (
        """
        0  arrived 5550100 8001
        0  queued sales
        30 fellback
        40 ended unknown
        """,
        """
        waiting  0-30  sales - left
        fallback 30-40 sales - abandoned
        """,
        "sales @0 abandoned - wait=40",
    ),
    "served by the fallback queue": (
        """
        0  arrived 5550100 8001
        0  queued sales
        30 fellback ben
        40 ended unknown
        """,
        """
        waiting  0-30  sales -   answered
        fallback 30-40 sales ben unknown
        """,
        "sales @0 answered ben wait=30 talk=10",
    ),
    "served by the fallback queue after a while there": (
        """
        0  arrived 5550100 8001
        0  queued sales
        10 fellback
        30 fellback ben
        35 fellback
        40 ended agent
        """,
        """
        waiting  0-10  sales -   left
        fallback 10-30 sales -   answered
        fallback 30-40 sales ben agent_hung_up
        """,
        "sales @0 answered ben wait=30 talk=10",
    ),
    "served by the fallback queue, one knows not by whom": (
        """
        0  arrived 5550100 8001
        0  queued sales
        30 fellback
        40 ended agent
        """,
        """
        waiting  0-30  sales - left
        fallback 30-40 sales - left
        """,
        "sales @0 left - wait=40",
    ),
    "in line again after a talk in the fallback queue": (
        """
        0  arrived 5550100 8001
        0  queued sales
        10 fellback ben
        20 offered anna
        25 answered anna
        40 ended caller
        """,
        """
        waiting  0-10  sales -    answered
        fallback 10-20 sales ben  left
        waiting  20-25 sales -    answered
        ringing  20-25 sales anna answered
        talking  25-40 sales anna caller_hung_up
        """,
        """
        sales @0 answered ben wait=10 talk=10
        sales @20 answered anna wait=5 talk=15
        """,
    ),
    "a colleague who cannot take the call": (
        """
        0 arrived 1001 1002 internal anna
        0 directed ben
        0 offered ben
        2 failed ben busy
        2 ended system
        """,
        """
        waiting 0-2 - ben left
        ringing 0-2 - ben busy
        """,
        "",
    ),
    "still waiting": (
        """
        0  arrived 5550100 8001
        0  queued sales
        9  offered anna
        """,
        """
        waiting 0- sales -    open
        ringing 9- sales anna open
        """,
        "sales @0 waiting - wait=9",
    ),
    "out of the line by a key, a voicemail, and the caller hangs up in it": (
        """
        0    arrived 5550100 8000
        0    flow main
        2    step main/welcome next line
        2    queued sales
        4    offered anna
        6    failed anna no_answer
        20   leftline sales key
        20   step main/line key_1 message
        33   ended caller
        34   voicemail 2025-11-22/c1-1 sales
        """,
        """
        ivr     0-2   -     -    left
        waiting 2-20  sales -    left
        ringing 4-6   sales anna no_answer
        ivr     20-33 -     -    caller_hung_up
        voicemail 28.5-33 sales - done
        """,
        "sales @2 left - wait=18 by=key",
    ),
    "a survey after the agent": (
        """
        0    arrived 5550100 8000
        0    flow main
        1    queued sales
        3    answered anna
        9    left anna
        9    wrap anna
        10   step main/line after survey
        12   scored friendly 5
        15   ended system
        19   wrapped anna
        """,
        """
        ivr     0-1   -     -    left
        waiting 1-3   sales -    answered
        talking 3-9   sales anna agent_hung_up
        wrap_up 9-19  sales anna done
        ivr     10-15 -     -    system_hung_up
        survey  10-15 -     -    system_hung_up
        """,
        "sales @1 answered anna wait=2 talk=6 wrap=10",
    ),
    "a line without agents, and on to the next one": (
        """
        0    arrived 5550100 8000
        0    flow main
        1    queued sales
        1    leftline sales no_agents
        1    step main/line no_agents other
        1    queued support
        61   leftline support timeout
        62   ended system
        """,
        """
        ivr     0-1   -       - left
        waiting 1-1   sales   - left
        ivr     1-1   -       - left
        waiting 1-61  support - left
        ivr     61-62 -       - system_hung_up
        """,
        """
        sales @1 left - wait=0 by=no_agents
        support @1 left - wait=60 by=timeout
        """,
    ),
    "a late word about an agent who is no longer in the call": (
        """
        0  arrived 5550100 8001
        0  queued sales
        5  answered anna
        10 | arrived 1001 1002 internal anna
        10 | answered ben
        20 attended anna c2
        21 left anna
        40 left ben
        40 flow survey
        45 ended caller
        """,
        """
        waiting 0-5   sales -    answered
        talking 5-20  sales anna transferred
        consult 10-20 -     ben  transferred
        talking 20-40 -     ben  agent_hung_up
        ivr     40-45 -     -    caller_hung_up
        """,
        "sales @0 answered anna wait=5 talk=15",
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(name: str) -> None:
    story, segments, visits = SCENARIOS[name]
    record = fold("c1", facts_of(story))
    assert segments_of(record) == lines(segments)
    assert visits_of(record) == lines(visits)


def test_the_head_of_the_record() -> None:
    told = facts_of(SCENARIOS["through the menu to an agent, with hold and wrap-up"][0])
    record = fold("c1", told)
    assert record.call_id == "c1"
    assert record.kind is CallKind.INBOUND
    assert (record.caller_number, record.caller_name, record.dialed_number) == ("5550100", "W. Fang", "8000")
    assert (record.customer_id, record.customer_name, record.customer_segment) == ("k7", "王芳", "gold")
    assert record.origin_agent is None
    assert (record.started_at, record.answered_at, record.ended_at) == (
        utc(START),
        utc(START + 12),
        utc(START + 42),
    )
    assert record.ended_by is EndedBy.CALLER
    assert record.facts == tuple(told)
    assert record.started_at.tzinfo is UTC


def test_transfers_say_where_they_led() -> None:
    record = fold("c1", facts_of(SCENARIOS["blind transfer, told after the phone's hang-up"][0]))
    assert record.transfers == (Transfer(utc(START + 20), "anna", "sales", "blind", "8002", "support"),)
    record = fold(
        "c1", facts_of(SCENARIOS["attended transfer to an agent reached through the other group"][0])
    )
    assert record.transfers == (
        Transfer(utc(START + 30), "anna", "sales", "attended", "c2", "support", "ben"),
    )
    record = fold("c1", facts_of(SCENARIOS["a customer is sent outside and comes back"][0]))
    assert record.transfers == (Transfer(utc(START + 9), "anna", "sales", "blind", "030123"),)


def test_a_talk_that_was_lost_goes_on_once() -> None:
    """The second time the caller was lost in a survey: whoever talks then, does so under no visit."""
    record = fold(
        "b1",
        [
            facts.Arrived(0.0, CallKind.INBOUND, "+49", "", "100"),
            facts.Queued(1.0, "sales", 0, "", False),
            facts.Offered(2.0, "anna", "1001"),
            facts.Answered(3.0, "anna"),
            facts.Ended(13.0, EndedBy.NODE, "b"),
            facts.Returned(20.0, "found again"),
            facts.Answered(20.0, "anna"),
            facts.AgentLeft(25.0, "anna"),
            facts.FlowEntered(25.0, "survey", "v1"),
            facts.Ended(30.0, EndedBy.NODE, "b"),
            facts.Returned(40.0, "found again"),
            facts.Answered(40.0, "anna"),
            facts.Ended(90.0, EndedBy.CALLER),
        ],
    )
    assert [(visit.agent, visit.talk_s) for visit in record.visits] == [("anna", 15.0)]


@pytest.mark.parametrize(
    ("later", "visit"),
    [
        (
            [facts.FellBack(20.0, "anna"), facts.Ended(50.0, EndedBy.UNKNOWN)],
            ("answered", "anna", 19.0, 30.0),
        ),
        (
            [facts.FellBack(15.0, None), facts.FellBack(20.0, "anna"), facts.Ended(50.0, EndedBy.CALLER)],
            ("answered", "anna", 19.0, 30.0),
        ),
        ([facts.FellBack(15.0, None), facts.Ended(50.0, EndedBy.CALLER)], ("abandoned", None, 49.0, 0.0)),
        ([facts.FellBack(15.0, None)], ("waiting", None, 14.0, 0.0)),
        ([facts.Ended(50.0, EndedBy.UNKNOWN)], ("abandoned", None, 49.0, 0.0)),
        ([facts.Ended(50.0, EndedBy.NODE, "b")], ("left", None, 12.0, 0.0)),
        (
            [facts.FlowEntered(15.0, "main", "v1"), facts.Ended(50.0, EndedBy.CALLER)],
            ("left", None, 12.0, 0.0),
        ),
    ],
)
def test_a_wait_that_was_taken_for_lost(later: list[Fact], visit: tuple[object, ...]) -> None:
    told = [
        facts.Arrived(0.0, CallKind.INBOUND, "+49", "", "100"),
        facts.Queued(1.0, "sales", 0, "", False),
        facts.Ended(13.0, EndedBy.NODE, "b"),
        facts.Returned(14.0, "went on at node b"),
        *later,
    ]
    (found,) = fold("b1", told).visits
    assert (found.outcome.value, found.agent, found.wait_s, found.talk_s) == visit


@pytest.mark.parametrize(
    ("later", "visit", "segments"),
    [
        (
            [facts.FellBack(5.0, "anna"), facts.Ended(9.0, EndedBy.UNKNOWN)],
            ("answered", "anna", 4.0, 4.0),
            [("waiting", 1.0, 5.0, "answered"), ("fallback", 5.0, 9.0, "unknown")],
        ),
        (
            [facts.FellBack(5.0, "anna"), facts.Ended(50.0, EndedBy.CALLER)],
            ("answered", "anna", 4.0, 45.0),
            [("waiting", 1.0, 5.0, "answered"), ("fallback", 5.0, 50.0, "caller_hung_up")],
        ),
        (
            [facts.Ended(5.0, EndedBy.UNKNOWN)],
            ("abandoned", None, 4.0, 0.0),
            [("waiting", 1.0, 5.0, "abandoned")],
        ),
    ],
)
def test_what_was_before_a_loss_that_had_not_been(
    later: list[Fact], visit: tuple[object, ...], segments: list[tuple[str, float, float, str]]
) -> None:
    """Its node was away for long; Asterisk's account tells in the end."""
    told = [
        facts.Arrived(0.0, CallKind.INBOUND, "+49", "", "100"),
        facts.FlowEntered(0.0, "main", "v1"),
        facts.Queued(1.0, "sales", 0, "", False),
        facts.Ended(13.0, EndedBy.NODE, "b"),
        facts.Returned(5.0, "went on at node b"),
        *later,
    ]
    record = fold("b1", told)
    (found,) = record.visits
    assert (found.outcome.value, found.agent, found.wait_s, found.talk_s) == visit
    assert (record.ended_by, record.ended_at) == (later[-1].by, utc(later[-1].at))  # type: ignore[attr-defined]
    spans = [(s.kind.value, s.started_at, s.ended_at, s.outcome.value) for s in record.segments[1:]]
    assert spans == [(kind, utc(begun), utc(over), outcome) for kind, begun, over, outcome in segments]
    assert [step.at for step in steps_left(told)] == [later[0].at]


def test_a_survey_ends_with_its_step() -> None:
    story = "0 arrived 5 8000\n0 flow main\n4 step main/hello next survey\n6 scored friendly 5\n" + (
        "7 scored quick 4\n8 step main/survey next end\n9 ended caller"
    )
    assert segments_of(fold("c1", facts_of(story))) == ["ivr 0-9 - - caller_hung_up", "survey 4-8 - - done"]


def test_a_consulting_agents_talk_does_not_answer_the_call_but_taking_it_over_does() -> None:
    record = fold("c1", facts_of("0 arrived 5 8000\n1 | answered ben\n9 attended anna c2"))
    assert record.answered_at == utc(START + 9)


def test_every_fact_has_a_step() -> None:
    assert set(STEPS) == set(FACT_TYPES.values())


def test_a_clock_that_steps_back_counts_as_no_time() -> None:
    record = fold("c1", facts_of("0 arrived 5 8001\n5 queued sales\n3 answered anna\n9 ended caller"))
    assert segments_of(record) == ["waiting 5-5 sales - answered", "talking 5-9 sales anna caller_hung_up"]


AGENTS = st.sampled_from(["anna", "ben", "chen"])
GROUPS = st.sampled_from(["sales", "support"])
STEP_NAMES = st.sampled_from(["", "welcome", "menu"])
ARROWS = st.sampled_from(["next", "choice 1", "call main", "return", "end"])
TIMES = st.integers(0, 400).map(lambda quarter: START + quarter / 4)


def _fact(consult: st.SearchStrategy[tuple[Fact, ...]]) -> st.SearchStrategy[Fact]:
    return st.one_of(
        st.builds(
            facts.Arrived, TIMES, st.sampled_from(CallKind), st.just("5"), st.just(""), st.just("8000")
        ),
        st.builds(facts.FlowEntered, TIMES, st.just("main")),
        st.builds(facts.StepTaken, TIMES, st.just("main"), st.just("v1"), STEP_NAMES, ARROWS, STEP_NAMES),
        st.builds(facts.LanguageChosen, TIMES, st.just("zh")),
        st.builds(facts.Scored, TIMES, st.just("main/survey"), st.just("friendly"), st.integers(1, 5)),
        st.builds(
            facts.SoundKept, TIMES, st.just("2026-11-25/c1-1"), st.just(2.5), st.sampled_from(SoundPurpose)
        ),
        st.builds(facts.CallbackWanted, TIMES, GROUPS, st.just("+4930"), st.just("en")),
        st.builds(facts.LeftLine, TIMES, GROUPS, st.sampled_from(LeftBy)),
        st.builds(facts.Queued, TIMES, GROUPS),
        st.builds(facts.Moved, TIMES, st.sampled_from(["", "sue"]), GROUPS, GROUPS),
        st.builds(facts.Prioritised, TIMES, st.just("sue"), st.integers(0, 100)),
        st.builds(facts.Disposed, TIMES, AGENTS, st.just("sold"), st.sampled_from(["", "Sold / New"])),
        st.builds(facts.Directed, TIMES, AGENTS),
        st.builds(facts.Offered, TIMES, AGENTS, st.just("1001")),
        st.builds(facts.Alerted, TIMES, AGENTS),
        st.builds(facts.OfferFailed, TIMES, AGENTS, st.sampled_from(OfferFailure)),
        st.builds(facts.Answered, TIMES, AGENTS),
        st.builds(facts.Held, TIMES),
        st.builds(facts.Resumed, TIMES),
        st.builds(
            facts.Transferred, TIMES, AGENTS, st.just("c2"), st.sampled_from(["blind", "attended"]), consult
        ),
        st.builds(facts.CallerReplaced, TIMES, AGENTS, st.just("c2")),
        st.builds(facts.Returned, TIMES, st.just("busy")),
        st.builds(facts.AgentLeft, TIMES, AGENTS),
        st.builds(facts.WrapUpStarted, TIMES, AGENTS),
        st.builds(facts.WrapUpEnded, TIMES, AGENTS),
        st.builds(facts.FellBack, TIMES, st.none() | AGENTS),
        st.builds(facts.Ended, TIMES, st.sampled_from(EndedBy)),
    )


def _in_order(told: list[Fact]) -> tuple[Fact, ...]:
    return tuple(sorted(told, key=lambda fact: fact.at))


NO_CONSULT: st.SearchStrategy[tuple[Fact, ...]] = st.just(())
CONSULT = st.lists(_fact(NO_CONSULT), max_size=8).map(_in_order)
FACTS = st.lists(_fact(CONSULT), max_size=30).map(_in_order)
MAIN = {SegmentKind.IVR, SegmentKind.WAITING, SegmentKind.TALKING, SegmentKind.FALLBACK}
MAIN |= {SegmentKind.TRANSFER}


@given(FACTS)
def test_the_caller_is_in_one_place_at_a_time(told: tuple[Fact, ...]) -> None:
    record = fold("c1", told)
    places = [segment for segment in record.segments if segment.kind in MAIN]
    # Only these put a caller in hand; every other way out of a place leads into the next one.
    in_hand = {utc(fact.at) for fact in told if isinstance(fact, _IN_HAND)}
    for before, after in itertools.pairwise(places):
        assert before.ended_at is not None
        assert before.ended_at <= after.started_at
        assert before.ended_at == after.started_at or before.ended_at in in_hand
    if record.ended_at is not None:
        assert all(place.ended_at is not None for place in places)


_IN_HAND = (facts.Transferred, facts.Returned, facts.AgentLeft, facts.Ended)  # lost, and found again


@given(FACTS)
def test_ringing_lies_inside_a_place(told: tuple[Fact, ...]) -> None:
    record = fold("c1", told)
    places = [s for s in record.segments if s.kind in (SegmentKind.WAITING, SegmentKind.TALKING)]
    for ring in record.segments:
        if ring.kind is SegmentKind.RINGING:
            assert any(_within(ring, place) for place in places)


INNER = {
    SegmentKind.HOLD: SegmentKind.TALKING,
    SegmentKind.SURVEY: SegmentKind.IVR,
    SegmentKind.VOICEMAIL: SegmentKind.IVR,
}


@given(FACTS)
def test_what_goes_on_inside_lies_inside(told: tuple[Fact, ...]) -> None:
    record = fold("c1", told)
    for inner in record.segments:
        outer = INNER.get(inner.kind)
        if outer is not None:
            assert any(s.kind is outer and _within(inner, s) for s in record.segments)
    holds = [s for s in record.segments if s.kind is SegmentKind.HOLD and s.ended_at is not None]
    held_s = sum((s.ended_at - s.started_at).total_seconds() for s in holds if s.ended_at)
    closed = [s for s in record.segments if s.kind is SegmentKind.TALKING and s.ended_at is not None]
    assert sum(s.hold_s for s in closed) <= held_s + 0.01


@given(FACTS)
def test_visits_are_the_waits_and_the_times_add_up(told: tuple[Fact, ...]) -> None:
    record = fold("c1", told)
    for visit in record.visits:
        assert min(visit.wait_s, visit.talk_s, visit.hold_s, visit.wrap_up_s) >= 0
        assert (visit.agent is not None) == (visit.outcome is VisitOutcome.ANSWERED)
    waiting = [visit for visit in record.visits if visit.outcome is VisitOutcome.WAITING]
    assert len(waiting) <= (0 if record.ended_at else 1)
    talks = [s for s in record.segments if s.group and s.ended_at and _is_talk(s)]
    talked_s = sum((s.ended_at - s.started_at).total_seconds() for s in talks if s.ended_at)
    assert sum(v.talk_s + v.hold_s for v in record.visits) == pytest.approx(talked_s)


@given(FACTS, st.integers(0, 30))
def test_a_call_folds_at_every_moment(told: tuple[Fact, ...], count: int) -> None:
    """What is over stays as it is when more facts come (a ring called off in the same moment apart)."""
    earlier, later = fold("c1", told[:count]), fold("c1", told)
    assert _closed_places(earlier) <= _closed_places(later)


def _is_talk(segment: Segment) -> bool:
    connected = segment.kind is SegmentKind.FALLBACK and segment.agent is not None
    return segment.kind is SegmentKind.TALKING or connected


def _closed_places(record: CallRecord) -> set[Segment]:
    return {s for s in record.segments if s.kind in MAIN and s.ended_at is not None}


def _within(inner: Segment, outer: Segment) -> bool:
    if inner.started_at < outer.started_at:
        return False
    return outer.ended_at is None or (inner.ended_at is not None and inner.ended_at <= outer.ended_at)
