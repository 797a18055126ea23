"""A voice to listen to: no words, but syllables and pauses, as G.711 packets."""

from __future__ import annotations

import math
from functools import cache

from acd.crowd.audio import CLOCK_HZ, PACKET_S

PACKET_SAMPLES = round(PACKET_S * CLOCK_HZ)
SYLLABLE_S, BETWEEN_S = 0.18, 0.06
LOUDNESS = 4000  # of 32,767: as loud as a quiet speaker
# Each syllable's pitch against the speaker's; 0: a pause as long as a syllable.
MELODY = (1.0, 1.12, 1.06, 0.0, 1.0, 1.19, 1.06, 0.94, 0.0, 0.0, 1.06, 1.0, 0.89, 0.0, 0.0, 0.0)
HARMONICS = (1.0, 0.6, 0.45, 0.2)
_BIAS, _CLIP = 0x84, 32_635


@cache
def murmur(pitch_hz: float) -> tuple[bytes, ...]:
    """Packets of PACKET_S in µ-law to be said over and over by a speaker of this pitch."""
    samples: list[int] = []
    for step in MELODY:
        samples += _syllable(pitch_hz * step)
        samples += [0] * round(BETWEEN_S * CLOCK_HZ)
    samples += [0] * (-len(samples) % PACKET_SAMPLES)
    coded = bytes(map(mu_law, samples))
    return tuple(coded[at : at + PACKET_SAMPLES] for at in range(0, len(coded), PACKET_SAMPLES))


def _syllable(pitch_hz: float) -> list[int]:
    """Harmonics that swell and fade; a pitch of 0 is silence."""
    count = round(SYLLABLE_S * CLOCK_HZ)
    turn = 2 * math.pi * pitch_hz / CLOCK_HZ
    return [
        round(
            LOUDNESS
            * math.sin(math.pi * n / count)
            * sum(part * math.sin(turn * n * order) for order, part in enumerate(HARMONICS, 1))
        )
        for n in range(count)
    ]


def mu_law(sample: int) -> int:
    """The G.711 µ-law code of a 16-bit sample (ITU-T G.711, table 2a)."""
    size = min(abs(sample), _CLIP) + _BIAS
    segment = size.bit_length() - 8
    code = segment << 4 | (size >> (segment + 3)) & 0x0F
    return ~(code | (0x80 if sample < 0 else 0)) & 0xFF
