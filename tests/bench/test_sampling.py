"""The sampler sees where processor time goes, and not where a program waits."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from bench.sampling import Sampler


def burn(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_the_one_who_works_is_seen(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGPROF)
    sampler = Sampler()
    sampler.start()
    try:
        burn(0.2)
        time.sleep(0.05)  # costs nothing
        found = sampler.samples
    finally:
        sampler.stop()
        signal.signal(signal.SIGPROF, before)
    assert 5 <= found <= 150
    sampler.write(tmp_path / "profile.txt")
    text = (tmp_path / "profile.txt").read_text()
    first, _, itself = text.partition("most in the function itself\n")
    assert first.startswith(f"{sampler.samples} samples")
    assert itself.splitlines()[0].endswith("test_sampling.py:12 burn")
