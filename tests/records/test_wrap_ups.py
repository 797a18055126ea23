"""What a call's record knows of the wrap-ups."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

from acd.core import facts
from acd.core.fact_json import fact_from_dict, fact_to_dict
from acd.core.facts import CallKind, EndedBy, WrapUpEnd
from acd.records.fold import fold
from acd.records.record import WrapUp
from acd.records.story import call_story

AT = 1_795_348_800.0
HISTORY = [
    facts.Arrived(AT, CallKind.INBOUND, "0301", "", "8001"),
    facts.Queued(AT, "sales"),
    facts.Offered(AT, "anna", "1001"),
    facts.Answered(AT + 1, "anna"),
    facts.Transferred(AT + 5, "anna", "1002", "blind"),
    facts.WrapUpStarted(AT + 5, "anna"),
    facts.WrapUpExtended(AT + 6, "anna", 30.0),
    facts.Ended(AT + 7, EndedBy.CALLER),
    facts.WrapUpExtended(AT + 8, "anna", 30.0),
    facts.WrapUpEnded(AT + 70.5, "anna", WrapUpEnd.LIMIT),
]


def test_how_often_it_was_extended_and_what_ended_it() -> None:
    record = fold("c1", HISTORY)
    assert record.wrap_ups() == (WrapUp("anna", 65.5, 2, WrapUpEnd.LIMIT),)
    assert [s.kind.value for s in record.segments] == ["waiting", "ringing", "talking", "transfer", "wrap_up"]
    assert fold("c1", HISTORY[:-1]).wrap_ups() == (WrapUp("anna", 0.0, 2, None),)


def test_it_is_told() -> None:
    told = "\n".join(call_story(fold("c1", HISTORY), ZoneInfo("UTC")))
    assert "anna extended the wrap-up by 30 s" in told
    assert "anna finished wrap-up: the longest time was over" in told


def test_facts_survive_as_json_also_those_of_before() -> None:
    for fact in HISTORY:
        assert fact_from_dict(json.loads(json.dumps(fact_to_dict(fact)))) == fact
    before = fact_from_dict({"fact": "WrapUpEnded", "at": 5.0, "agent": "anna"})
    assert before == facts.WrapUpEnded(5.0, "anna", WrapUpEnd.UNKNOWN)
