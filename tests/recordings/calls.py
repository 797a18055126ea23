"""Calls on record with sounds on the disk."""

from __future__ import annotations

import math
import wave
from array import array
from pathlib import Path
from zoneinfo import ZoneInfo

from acd.core.facts import (
    Arrived,
    CallKind,
    Customer,
    Ended,
    EndedBy,
    Fact,
    Queued,
    RecordingStep,
    TalkRecorded,
)
from acd.records.fold import fold
from acd.records.record import CallRecord

START = 1_763_805_600.0  # 2025-11-22 10:00:00 UTC
DAY = "2025-11-22"
ZONE = ZoneInfo("UTC")


def recorded_call(
    call_id: str = "c1", at: float = START, number: str = "5550100", customer: Customer | None = None
) -> CallRecord:
    """A call of sales with a talk of three seconds that was paused for one."""
    name = f"{DAY}/{call_id}-talk"
    facts: list[Fact] = [
        Arrived(at, CallKind.INBOUND, number, "", "8000", customer),
        Queued(at, "sales"),
        TalkRecorded(at + 5, RecordingStep.STARTED, name),
        TalkRecorded(at + 6, RecordingStep.PAUSED, "", "anna", "card"),
        TalkRecorded(at + 7, RecordingStep.RESUMED, "", "anna"),
        Ended(at + 8, EndedBy.CALLER),
    ]
    return fold(call_id, facts)


def write_wav(folder: Path, name: str, seconds: float = 3.0, channels: int = 2) -> Path:
    """A tone, of another loudness on each side."""
    file = folder / f"{name}.wav"
    file.parent.mkdir(parents=True, exist_ok=True)
    samples = array("h")
    for n in range(int(seconds * 8000)):
        tone = math.sin(n * 440 * 2 * math.pi / 8000)
        samples.extend(int(tone * 16000 / (side + 1)) for side in range(channels))
    with wave.open(str(file), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(samples.tobytes())
    return file
