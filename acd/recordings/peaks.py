"""The loudness of a recording over time, for the picture of its wave: computed once, kept beside the file.

Run as a program of its own at low priority, since it looks at every sample: `python -m acd.recordings.peaks
WAV PEAKS`. Reads wav files of 16 bit.
"""

from __future__ import annotations

import json
import math
import sys
import wave
from array import array
from pathlib import Path
from typing import IO, TypedDict

BUCKETS_MAX = 2000
SHORTEST_BUCKET_S = 0.05
LOUDEST = 32768


class Peaks(TypedDict):
    """`channels`: of each, the loudest sample of each bucket, from 0 to 100."""

    bucket_s: float
    duration_s: float
    channels: list[list[int]]


def peaks_of(source: str | IO[bytes]) -> Peaks:
    """Of a wav file, or of one that comes through a pipe. Raises wave.Error, OSError, EOFError."""
    with wave.open(source) as wav:
        rate, count = wav.getframerate(), wav.getnchannels()
        if wav.getsampwidth() != 2:
            raise wave.Error("only samples of 16 bit can be read")
        bucket = max(int(rate * SHORTEST_BUCKET_S), math.ceil(wav.getnframes() / BUCKETS_MAX))
        channels: list[list[int]] = [[] for _ in range(count)]
        frames = 0
        while block := wav.readframes(bucket):
            samples = array("h", block[: len(block) // (2 * count) * 2 * count])
            frames += len(samples) // count
            for n, levels in enumerate(channels):
                side = samples[n::count]
                high, low = (max(side), min(side)) if side else (0, 0)
                loudest = max(high, -low)
                levels.append(min(100, round(100 * loudest / LOUDEST)))
    return Peaks(bucket_s=bucket / rate, duration_s=frames / rate, channels=channels)


def write_peaks(source: Path, target: Path) -> None:
    """Whole or not at all. Raises as `peaks_of`."""
    fresh = target.with_name(f"{target.name}.new")
    fresh.write_text(json.dumps(peaks_of(str(source)), separators=(",", ":")))
    fresh.chmod(0o600)
    fresh.replace(target)


def main() -> None:
    """See the module."""
    source, target = sys.argv[1:]
    write_peaks(Path(source), Path(target))


if __name__ == "__main__":
    main()
