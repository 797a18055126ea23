"""Which recordings a call has, and what is said of them."""

from __future__ import annotations

from datetime import timedelta

from acd.core.facts import (
    Answered,
    Arrived,
    CallKind,
    Consent,
    ConsentSaid,
    Ended,
    EndedBy,
    Fact,
    Queued,
    RecordingStep,
    SoundKept,
    SoundPurpose,
    TalkRecorded,
)
from acd.recordings.of_call import RecordingKind, told_of, within
from acd.records.fold import fold, utc
from acd.records.story import call_story
from tests.recordings.calls import START, ZONE


def talk(at: float, step: RecordingStep, name: str = "", reason: str = "") -> Fact:
    """One fact of the recorder."""
    return TalkRecorded(START + at, step, name, "", reason)


def test_a_talk_and_a_voicemail_with_pauses_and_consent() -> None:
    facts = [
        Arrived(START, CallKind.INBOUND, "5550100", "", "8000"),
        ConsentSaid(START + 2, Consent.DECLINED),
        ConsentSaid(START + 4, Consent.GIVEN),
        Queued(START + 5, "sales"),
        Answered(START + 9, "anna"),
        talk(9, RecordingStep.STARTED, "2025-11-22/c1-talk"),
        talk(20, RecordingStep.PAUSED, reason="card"),
        talk(25.5, RecordingStep.RESUMED),
        talk(40, RecordingStep.PAUSED, reason="in a flow"),
        SoundKept(START + 60, "2025-11-22/c1-1", 12.0, SoundPurpose.VOICEMAIL, "support"),
        talk(70, RecordingStep.ENDED),
        Ended(START + 70, EndedBy.CALLER),
    ]
    record = fold("c1", facts)
    first, second = told_of(record)
    assert (first.name, first.position, first.kind) == ("2025-11-22/c1-talk", 0, RecordingKind.TALK)
    assert (first.group, first.consent, first.started_at) == ("sales", "given", utc(START + 9))
    assert within(first.pauses, 60.0) == [(11.0, 16.5), (31.0, 60.0)]
    assert within(first.pauses, 20.0) == [(11.0, 16.5)]
    assert (second.name, second.position, second.kind) == ("2025-11-22/c1-1", 1, RecordingKind.VOICEMAIL)
    assert (second.group, second.started_at - first.started_at) == ("support", timedelta(seconds=39))
    story = "\n".join(call_story(record, ZONE))
    assert "declined to be recorded" in story
    assert "agreed to be recorded" in story


def test_a_talk_that_is_taken_up_again_is_one_recording() -> None:
    facts = [
        Arrived(START, CallKind.INBOUND, "5550100", "", "8000"),
        talk(1, RecordingStep.STARTED, "2025-11-22/c1-talk"),
        talk(5, RecordingStep.ENDED),
        talk(9, RecordingStep.STARTED, "2025-11-22/c1-talk"),
        talk(12, RecordingStep.ENDED),
        Ended(START + 12, EndedBy.CALLER),
    ]
    [only] = told_of(fold("c1", facts))
    assert (only.group, only.consent, only.pauses) == (None, None, ())
