"""Every target for a bounded time: what was found once, what Hypothesis draws, what coverage leads to.

More of it: `script/fuzz`, or every test with ACD_TEST_ALL=1.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz.inputs import inputs
from tests.fuzz.target import CORPUS
from tests.fuzz.targets import TARGETS

LONG = bool(os.environ.get("ACD_TEST_ALL"))
TRIES, SLOW_TRIES = (3000, 600) if LONG else (80, 15)
SEARCH_S = 60 if LONG else 1
CHECKOUT = Path(__file__).parents[2]
CORPUS_MAX_BYTES = 200_000


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_good_and_what_was_found_once(name: str) -> None:
    target = TARGETS[name]
    for data in (b"", *target.seeds, *target.corpus().values()):
        target.run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_drawn(name: str) -> None:
    target = TARGETS[name]
    tries = SLOW_TRIES if target.slow else TRIES

    @settings(max_examples=tries, suppress_health_check=list(HealthCheck))
    @given(inputs(target))
    def run(data: bytes) -> None:
        target.run(data)

    run()


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is for Linux on x86-64")
def test_what_coverage_leads_to(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.search",
        "mixed",
        str(tmp_path),
        f"-max_total_time={SEARCH_S}",
    ]
    ran = subprocess.run([*command, "-seed=1"], cwd=CHECKOUT, capture_output=True, text=True, timeout=110)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert "INITED" in ran.stderr, ran.stderr[-3000:]  # it has run


def test_the_corpus_is_of_targets_and_small() -> None:
    folders = [folder for folder in CORPUS.iterdir() if folder.is_dir()]
    assert {folder.name for folder in folders} <= set(TARGETS)
    assert sum(file.stat().st_size for file in CORPUS.rglob("*") if file.is_file()) < CORPUS_MAX_BYTES
