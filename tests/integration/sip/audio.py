"""What was heard: µ-law coding, and tones found in samples with the Goertzel formula.

Samples are float arrays between -1 and 1, 8000 a second.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

SAMPLE_RATE_HZ = 8000
SILENCE_LEVEL = 0.005
"""Root mean square below which we speak of silence (-46 dB of full scale)."""
TONE_LEVEL_MIN = 0.02
"""The weakest amplitude that counts as hearing a tone."""
TONE_SHARE_MIN = 0.1
"""A heard tone carries at least this share of the power: three mixed voices still pass, speech does not."""

HEARING_S_MIN = 0.1
"""Shorter pieces say little: neighbouring tones cannot be told apart in them."""


def tone_level(samples: Samples, frequency_hz: float, rate_hz: int = SAMPLE_RATE_HZ) -> float:
    """Amplitude (0–1, full scale 1) of the sine of this frequency in the samples."""
    if len(samples) == 0:
        return 0.0
    window = np.hanning(len(samples))
    turns = np.exp(-2j * np.pi * frequency_hz / rate_hz * np.arange(len(samples)))
    return float(2.0 * abs(np.sum(samples * window * turns)) / max(float(np.sum(window)), 1e-9))


def loudness(samples: Samples) -> float:
    """Root mean square of the samples; 0 for none."""
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0


def hears(samples: Samples, frequency_hz: float, rate_hz: int = SAMPLE_RATE_HZ) -> bool:
    """Whether the tone of this frequency is clearly part of the samples; a blink of sound is not enough."""
    if len(samples) < HEARING_S_MIN * rate_hz:
        return False
    level = tone_level(samples, frequency_hz, rate_hz)
    power = loudness(samples) ** 2
    return level >= TONE_LEVEL_MIN and power > 0 and level**2 / 2 >= TONE_SHARE_MIN * power


def is_silent(samples: Samples) -> bool:
    """Whether nothing but faint noise is in the samples; no samples at all are silent too."""
    return loudness(samples) < SILENCE_LEVEL


def tone(frequency_hz: float, count: int, start: int = 0, amplitude: float = 0.3) -> Samples:
    """`count` samples of a sine, beginning with sample number `start`."""
    result: Samples = amplitude * np.sin(
        2 * np.pi * frequency_hz * np.arange(start, start + count) / SAMPLE_RATE_HZ
    )
    return result


def read_wav(path: Path) -> tuple[Samples, int]:
    """Samples (first channel) and rate of a 16-bit wav file.

    The lengths in the header are not believed: a file that is still being written says 0 there.
    """
    content = path.read_bytes()
    start = content.find(b"data") + 8
    if content[:4] != b"RIFF" or start < 8:
        return np.zeros(0), SAMPLE_RATE_HZ
    channels = int.from_bytes(content[22:24], "little")
    rate_hz = int.from_bytes(content[24:28], "little")
    data = content[start : len(content) - (len(content) - start) % (2 * channels)]
    return np.frombuffer(data, dtype="<i2").astype(np.float64)[::channels] / 32768.0, rate_hz


def write_wav(path: Path, samples: Samples) -> None:
    """Write the samples as a 16-bit mono file, for the ears of a person who looks into a failed test."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def _ulaw_table() -> Samples:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84 << ((code >> 4) & 7)) - 0x84
    table: Samples = np.where(code & 0x80, -magnitude, magnitude) / 32768.0
    return table


_DECODED = _ulaw_table()


def decode_ulaw(data: bytes) -> Samples:
    """Samples of a µ-law payload (ITU-T G.711)."""
    return _DECODED[np.frombuffer(data, dtype=np.uint8)]


def encode_ulaw(samples: Samples) -> bytes:
    """µ-law payload of the samples."""
    linear = np.clip(np.abs(samples) * 32768.0, 0, 32635).astype(np.int64) + 0x84
    exponent = np.floor(np.log2(linear)).astype(np.int64) - 7
    mantissa = (linear >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    coded: bytes = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8).tobytes()
    return coded
