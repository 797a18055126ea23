"""Prompts that can be told from each other by one packet: tones whose period divides a packet."""

from __future__ import annotations

import math
import struct
import wave
from pathlib import Path

RATE_HZ = 8000
LEVEL = 12_000
PERIODS = {"low": 16, "high": 8}
"""Name → samples of a period: 500 Hz and 1 kHz."""


def write(path: Path, name: str, seconds: float) -> None:
    """A tone as a sound file for Asterisk."""
    period = PERIODS[name]
    once = [round(LEVEL * math.sin(2 * math.pi * i / period)) for i in range(period)]
    samples = once * round(seconds * RATE_HZ / period)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE_HZ)
        sound.writeframes(struct.pack(f"<{len(samples)}h", *samples))


def heard_in(payload: bytes) -> str | None:
    """Which tone fills the packet (G.711); None for silence, anything else, or a packet of both."""
    if len(payload) < 4 * max(PERIODS.values()) or len(set(payload)) < 3:
        return None
    for name, period in sorted(PERIODS.items(), key=lambda item: item[1]):
        if payload[:-period] == payload[period:]:
            return name
    return None
