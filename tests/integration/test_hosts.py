"""Two hosts with a controller and an Asterisk each, cut off from each other; `script/hosts` does it long."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.hosts.network import may_make_hosts
from tests.integration.centre import CHECKOUT

SEED = 11
LONG_MINUTES = 5.0
ISLAND = "leader-redis+split"
"""Neither Redis nor the other host can be reached, where the leader is."""
RESUMED_WITHIN_S = 6.0


def run_hosts(folder: Path, *arguments: str, limit_s: float) -> dict[str, Any]:
    """The report of a run."""
    why = may_make_hosts()
    assert not why, why
    report = folder / "report.json"
    command = [sys.executable, "-m", "bench.hosts", "--out", str(report), *arguments]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        try:
            told, _ = running.communicate(timeout=limit_s)
        finally:
            running.kill()  # with all that it has begun
    assert report.exists(), told
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    assert found["problems"] == [], told
    assert running.returncode == 0
    assert found["calls"] > 0
    assert found["fences"] == sorted(set(found["fences"]))
    return found


@pytest.mark.asterisk
@pytest.mark.alone
@pytest.mark.timeout(200)
def test_a_leader_that_is_cut_off(tmp_path: Path) -> None:
    """From Redis, from the other host, from both at once: no call is lost, and never do two decide."""
    faults = ("leader-redis", "split", ISLAND)
    chosen = [word for name in faults for word in ("--fault", name)]
    found = run_hosts(tmp_path, "--seed", str(SEED), "--lasts", "3", *chosen, limit_s=180)
    assert [each["faults"] for each in found["episodes"]] == [name.split("+") for name in faults]
    assert found["dropped_packets"] > 0
    assert (found["lost"], found["records_missing"], found["records_differing"]) == (0, 0, 0)
    assert found["terms"] >= 2, "cut off from both a leader ends, and the other one leads"
    names = ("struck_s", "led_s", "resumed_s", "whole_s")
    took_s = {"+".join(each["faults"]): {name: each[name] for name in names} for each in found["episodes"]}
    sys.stdout.write(f"{took_s}\n")
    island = took_s[ISLAND]
    assert island["led_s"] is not None, took_s
    assert island["led_s"] <= RESUMED_WITHIN_S, took_s
    assert island["resumed_s"] - island["struck_s"] <= RESUMED_WITHIN_S, took_s


if os.environ.get("ACD_TEST_ALL"):

    @pytest.mark.asterisk
    @pytest.mark.alone
    @pytest.mark.timeout(900)
    def test_faults_by_chance(tmp_path: Path) -> None:
        """Each of them, one or two at a time."""
        seed = int(os.environ.get("ACD_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
        sys.stdout.write(f"the same again: script/hosts --minutes {LONG_MINUTES:g} --seed {seed}\n")
        arguments = ("--minutes", f"{LONG_MINUTES:g}", "--seed", str(seed))
        assert run_hosts(tmp_path, *arguments, limit_s=850)["records_missing"] == 0
