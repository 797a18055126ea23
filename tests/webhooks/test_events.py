"""Which facts are told, under which id, and what is signed."""

from __future__ import annotations

import json

from acd.core import facts
from acd.core.facts import CallKind, Customer, EndedBy, SoundPurpose
from acd.webhooks.events import Event, EventName, agent_event, events_of
from acd.webhooks.signing import signature

AT = 1_790_000_000.123456
FACTS = [
    facts.Arrived(AT, CallKind.INBOUND, "+49301", "Ada", "8001", Customer("c7", "Ada"), trunk="sipgate"),
    facts.FlowEntered(AT, "main"),
    facts.Queued(AT + 1, "sales", 3),
    facts.Offered(AT + 2, "anna", "1001", ("longest idle",)),
    facts.Alerted(AT + 2.1, "anna"),
    facts.Answered(AT + 3, "anna"),
    facts.Held(AT + 4),
    facts.Resumed(AT + 5),
    facts.Transferred(AT + 6, "anna", "c2", "attended", (facts.Answered(AT + 5.5, "bert"),)),
    facts.CallbackWanted(AT + 7, "sales", "+49301", "en"),
    facts.SoundKept(AT + 8, "2026/x", 4.5, SoundPurpose.VOICEMAIL, "sales"),
    facts.SoundKept(AT + 8, "2026/y", 4.5, SoundPurpose.RECORD),
    facts.Ended(AT + 9, EndedBy.CALLER),
    facts.Disposed(AT + 10, "bert", "sold.new", "Sold / New contract"),
]


def test_the_facts_that_matter_to_others_are_told_in_their_order() -> None:
    told = list(events_of("c1", FACTS))
    assert [event.name for event in told] == [
        "call.arrived", "call.queued", "call.offered", "call.answered", "call.held", "call.resumed",
        "call.transferred", "callback.created", "voicemail.created", "call.ended",
        "disposition",
    ]  # fmt: skip
    assert told[0].data["customer"] == {"id": "c7", "name": "Ada"}
    assert told[6].data == {"agent": "anna", "how": "attended", "target": "c2", "to_agent": "bert"}
    assert told[8].data == {"group": "sales", "duration_s": 4.5}
    assert told[-2].data == {"by": "caller", "reason": ""}
    assert told[-1].data == {"agent": "bert", "code": "sold.new", "label": "Sold / New contract"}
    assert {event.call for event in told} == {"c1"}


def test_the_same_fact_has_the_same_id_however_it_is_learnt() -> None:
    told = [event.id for event in events_of("c1", FACTS)]
    assert told == [event.id for event in events_of("c1", FACTS)]
    assert len(set(told)) == len(told)
    assert told[0] == "call.arrived/c1/1790000000123456"
    from_the_database = agent_event("anna", "ready", None, 1_790_000_000.123456)
    assert agent_event("anna", "ready", None, AT).id == from_the_database.id


def test_the_body_says_what_happened_when_to_which_call() -> None:
    event = Event("x/c1/1", EventName.HELD, AT, "c1", {})
    assert json.loads(event.body()) == {
        "id": "x/c1/1",
        "event": "call.held",
        "at": AT,
        "call": "c1",
        "data": {},
    }


def test_a_signature_is_of_the_secret_the_time_and_the_body() -> None:
    # By another program: printf '1790000000.{"a":1}' | openssl dgst -sha256 -hmac whsec_x
    expected = "v1=c0aba027ee726fb3a402343fe7cc18ccd35b6366efa485b65437e71ccb9e8e26"
    assert signature("whsec_x", 1_790_000_000, b'{"a":1}') == expected
    assert signature("whsec_x", 1_790_000_001, b'{"a":1}') != expected
    assert signature("whsec_y", 1_790_000_000, b'{"a":1}') != expected
