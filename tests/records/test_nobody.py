"""Facts of calls that are nobody's: known again when they are told again."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select

from acd.core.facts import Arrived, CallKind, Ended, EndedBy, Scored, SoundKept, SoundPurpose
from acd.records import schema
from acd.records.corrections import Correction, Field
from acd.records.fact_parts import new_part
from acd.records.fold import fold, utc
from acd.records.nobody import is_same, nobodys_fact
from acd.records.store import RecordStore


@pytest.mark.parametrize(
    ("kept", "told", "same"),
    [
        ("…", "Käthe", True),
        ("Mr … called", "Mr Otto\nOther called", True),
        ("Mr … called", "Mrs Otto called", False),
        ({"a": ["…", 1]}, {"a": ["x", 1]}, True),
        ({"a": "…"}, {"b": "x"}, False),
        (["…"], ["x", "y"], False),
        ("a", "b", False),
        (None, "", False),
    ],
)
def test_what_words_were_taken_from_is_known_again(kept: object, told: object, same: bool) -> None:
    assert is_same(kept, told) is same


def test_what_was_told_before_is_no_new_fact() -> None:
    known = [{"at": 1, "fact": "Returned", "reason": "… left"}]
    told = [{"at": 1, "fact": "Returned", "reason": "Otto left"}, {"at": 2, "fact": "Ended"}]
    part = new_part(known, told, is_same)
    assert part is not None
    assert (part.first, part.data) == (1, told[1:])


def test_why_a_recording_was_paused_is_in_an_agents_words() -> None:
    fact = {"fact": "TalkRecorded", "reason": "Otto's card", "agent": "anna"}
    assert nobodys_fact(fact) == {"fact": "TalkRecorded", "reason": "", "agent": "anna"}
    assert nobodys_fact({"fact": "Returned", "reason": "gone"})["reason"] == "gone"


def test_scores_outlive_the_facts_that_told_them(database_url: str) -> None:
    facts = [
        Arrived(0.0, CallKind.INBOUND, "5550100", "", "8000"),
        Scored(1.0, "after", "kind", 5),
        SoundKept(2.0, "2025-11-22/c1-mail", 3.0, SoundPurpose.VOICEMAIL, "sales"),
        Ended(9.0, EndedBy.CALLER),
    ]
    with RecordStore(database_url) as store:
        store.save_calls([fold("c1", facts)])
        with store.engine.begin() as connection:
            connection.execute(delete(schema.facts))
        store.correct(Correction("c1", utc(10.0), "susan", Field.EXCLUDED, "yes", "loud"))
        with store.engine.connect() as connection:
            for table in (schema.survey_scores, schema.sounds):
                assert len(connection.execute(select(table)).all()) == 1
