"""What the composition root itself decides: the record of a call that no controller saw."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.parts import facts_of
from acd.records.fold import fold
from acd.records.record import VisitOutcome
from acd.settings.load import load_centre
from acd.telephony.cdr import CustomerCall, Served

CHECKOUT = Path(__file__).resolve().parents[1]
NOON = 1_795_348_800.0  # 2026-11-22 12:00:00 UTC
CENTRE = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")


@pytest.mark.parametrize(
    ("dialed", "known_group", "offered_to"),
    [
        ("8001", "", "sales"),
        ("8000", "", None),  # a menu: nobody knows what the caller would have chosen
        ("8000", "support", "support"),
        ("4711", "", None),
    ],
)
def test_an_unseen_call_is_offered_to_the_group_that_is_known(
    dialed: str, known_group: str, offered_to: str | None
) -> None:
    call = CustomerCall("c1", "+49", dialed, NOON, NOON + 30, known_group, None)
    record = fold("c1", facts_of(call, CENTRE, lambda _number: None))
    assert [visit.group for visit in record.visits] == ([offered_to] if offered_to else [])
    assert all(visit.outcome is VisitOutcome.ABANDONED for visit in record.visits)


def test_who_answered_is_credited_from_the_moment_of_the_answer() -> None:
    call = CustomerCall("c1", "+49", "8002", NOON, NOON + 30, "", Served("1004", NOON + 8))
    (visit,) = fold("c1", facts_of(call, CENTRE, lambda _number: None)).visits
    assert (visit.group, visit.outcome, visit.agent) == ("support", VisitOutcome.ANSWERED, "dora")
    assert (visit.wait_s, visit.talk_s) == (8, 22)


def test_a_phone_of_nobody_answered() -> None:
    call = CustomerCall("c1", "+49", "8002", NOON, NOON + 30, "", Served("1999", NOON + 8))
    record = fold("c1", facts_of(call, CENTRE, lambda _number: None))
    assert [segment.agent for segment in record.segments] == [None, None]
