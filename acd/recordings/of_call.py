"""Which recordings a call has, by its record. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from acd.core.facts import Fact, Queued, RecordingStep, SoundKept, TalkRecorded, consent_of
from acd.records.fold import utc
from acd.records.record import CallRecord

Pause = tuple[float, float]


class RecordingKind(StrEnum):
    """What was recorded."""

    TALK = "talk"
    VOICEMAIL = "voicemail"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Told:
    """What the facts of a call say of one recording.

    `group`: whose it is: of a talk, the last in whose line the caller had stood before. `consent`: given,
    declined, or None where nobody asked. `pauses`: [from, to) in seconds from the beginning; the last one
    may have no end, which is infinity then.
    """

    name: str
    call_id: str
    position: int
    kind: RecordingKind
    group: str | None
    started_at: datetime
    consent: str | None
    pauses: tuple[Pause, ...]


def told_of(record: CallRecord) -> list[Told]:
    """Those of the call, by beginning."""
    consent = consent_of(record.facts)
    word = consent.value if consent is not None else None
    found: list[Told] = []
    group: str | None = None
    for n, fact in enumerate(record.facts):
        match fact:
            case Queued():
                group = fact.group
            case TalkRecorded(step=RecordingStep.STARTED, name=name) if all(t.name != name for t in found):
                pauses = tuple(_pauses(record.facts[n:], fact.at))
                found.append(
                    Told(name, record.call_id, 0, RecordingKind.TALK, group, utc(fact.at), word, pauses)
                )
            case SoundKept():
                kind, whose = RecordingKind(fact.purpose.value), fact.group or group
                began = utc(fact.at - fact.duration_s)
                found.append(Told(fact.name, record.call_id, 0, kind, whose, began, word, ()))
    return [
        Told(t.name, t.call_id, n, t.kind, t.group, t.started_at, t.consent, t.pauses)
        for n, t in enumerate(sorted(found, key=lambda told: told.started_at))
    ]


def _pauses(facts: Sequence[Fact], began: float) -> Iterator[Pause]:
    since: float | None = None
    for fact in facts:
        if not isinstance(fact, TalkRecorded):
            continue
        if fact.step is RecordingStep.PAUSED and since is None:
            since = round(fact.at - began, 3)
        elif fact.step is RecordingStep.RESUMED and since is not None:
            yield since, round(fact.at - began, 3)
            since = None
        elif fact.step is RecordingStep.ENDED:
            break
    if since is not None:
        yield since, float("inf")


def within(pauses: Sequence[Pause], duration_s: float) -> list[Pause]:
    """The pauses as they lie in a file of this length."""
    cut = [(min(begin, duration_s), min(end, duration_s)) for begin, end in pauses]
    return [(begin, end) for begin, end in cut if end > begin]
