"""What a call adds up to while it goes on: at any moment what its record says of it then."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from acd.core.facts import Ended, Fact
from acd.records.call_object import call_object
from acd.records.fold import fold
from acd.records.record import CallRecord, SegmentKind
from acd.runtime.call_tally import Tally
from tests.records.scenario import START, facts_of
from tests.records.test_fold import SCENARIOS

TALKS = (SegmentKind.TALKING, SegmentKind.OUTSIDE, SegmentKind.FALLBACK)


def moments(text: str) -> list[Sequence[Fact]]:
    """The facts that are known at each moment while the call goes on."""
    facts = facts_of(text)
    ends = next((n for n, fact in enumerate(facts) if isinstance(fact, Ended)), len(facts))
    return [
        facts[:n] for n in range(1, ends + 1) if n == ends or facts[n].at > facts[n - 1].at
    ]  # news of one moment comes together


def talked_s(record: CallRecord, now: float) -> float:
    """With agents and with somebody outside, without holds."""
    signs = {**dict.fromkeys(TALKS, 1), SegmentKind.HOLD: -1}
    return sum(
        signs[each.kind]
        * ((each.ended_at.timestamp() if each.ended_at else now) - each.started_at.timestamp())
        for each in record.segments
        if each.kind in signs and each.agent is not None
    )


@pytest.mark.parametrize("text", [told for told, *_ in SCENARIOS.values()], ids=list(SCENARIOS))
def test_it_is_what_the_record_says_at_every_moment(text: str) -> None:
    for facts in moments(text):
        tally, now = Tally(facts).as_object(), facts[-1].at
        record = fold("c1", facts)
        on_record = call_object(record)
        waits = 0.0 if tally["waits_since_at"] is None else now - tally["waits_since_at"]
        talks = 0.0 if tally["talks_since_at"] is None else now - tally["talks_since_at"]
        assert tally["waited_s"] + waits == pytest.approx(on_record["wait_s"], abs=0.002), facts[-1]
        assert tally["agents"] == on_record["agents"], facts[-1]
        assert tally["talked_s"] + talks == pytest.approx(talked_s(record, now), abs=0.002), facts[-1]


def test_while_a_survey_runs_the_one_who_has_served_is_known_and_the_wait() -> None:
    tally = Tally(
        facts_of(
            """
            0    arrived 5550100 8000
            0    flow main
            10   queued sales
            12   offered anna
            30   answered anna
            60   left anna
            60   flow survey
            70   step survey/ask 5 thanks
            """
        )
    )
    assert tally.as_object() == {
        "waited_s": 20.0,
        "waits_since_at": None,
        "talked_s": 30.0,
        "talks_since_at": None,
        "agents": ["anna"],
    }


def test_what_goes_on_is_told_by_its_beginning() -> None:
    ringing = Tally(facts_of("0 arrived 5550100 8001\n0 queued sales\n2 offered anna"))
    assert (ringing.waits_since, ringing.talks_since) == (START, None)  # ringing is a part of the wait
    held = Tally(facts_of("0 arrived 5550100 8001\n0 queued sales\n9 answered anna\n15 held"))
    assert (held.waited_s, held.talked_s, held.talks_since) == (9.0, 6.0, None)
