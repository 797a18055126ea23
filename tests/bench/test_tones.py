"""Which tone a packet holds."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from bench import tones


@pytest.mark.parametrize("name", ["low", "high"])
def test_every_packet_of_a_tone_is_recognised(tmp_path: Path, name: str) -> None:
    tones.write(tmp_path / "tone.wav", name, 0.5)
    with wave.open(str(tmp_path / "tone.wav")) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype=np.int16)
    assert len(samples) == 4000
    packets = [bytes((samples[i : i + 160] >> 8).astype(np.int8)) for i in range(0, len(samples), 160)]
    assert {tones.heard_in(packet) for packet in packets} == {name}


def test_silence_noise_and_a_mixed_packet_are_none() -> None:
    noise = bytes(np.random.default_rng(1).integers(0, 256, 160, dtype=np.uint8))
    high = bytes(range(0, 160, 20)) * 20
    low = bytes(range(0, 160, 10)) * 10
    assert (tones.heard_in(high), tones.heard_in(low)) == ("high", "low")
    assert tones.heard_in(b"\xff" * 160) is None
    assert tones.heard_in(b"\xff\x7f" * 80) is None
    assert tones.heard_in(noise) is None
    assert tones.heard_in(high[:80] + low[:80]) is None
    assert tones.heard_in(b"") is None
