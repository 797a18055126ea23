"""The load: its staff, its verdict, its files; without an Asterisk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bench.load import TARGETS, Result, Stage, growth, is_kept, table, write_json
from bench.load_centre import phones_for, staff_for
from bench.probe import LAGS
from bench.processes import cpu_s, rss_mb
from bench.traffic import BareNumbers, Window
from tests.integration.sip.waiting import WaitedTooLong

GOOD = Stage(30.0, 8.0, 18_240, True, 30.1, 0, 2.0, 19.0, 40.0, 3.5, 8.0, 1.2, 1.0)


def test_there_are_more_phones_than_agents_and_more_agents_than_talks() -> None:
    phones = phones_for(240.0)
    staff = staff_for(240.0, phones)
    assert 240 < len(staff) < len(phones) < 320
    assert phones[: len(staff)] == staff
    assert len(set(phones)) == len(phones)


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"lost": 1}, False),
        ({"lag_p99_ms": 20.1}, False),
        ({"rate_kept": False}, False),
        ({"controller_cpu_ms": 9.0, "asterisk_cpu_ms": 99.0, "rss_growth_mb": 99.0}, True),
    ],
)
def test_a_rate_holds(change: dict[str, Any], holds: bool) -> None:
    assert replace(GOOD, **change).holds is holds


@pytest.mark.parametrize(
    "change",
    [
        {"lost": 1},
        {"lag_p99_ms": 20.1},
        {"controller_cpu_ms": 4.1},
        {"asterisk_cpu_ms": 8.1},
        {"rss_growth_mb": 5.1},
    ],
)
def test_each_target_can_be_missed(change: dict[str, Any]) -> None:
    assert Result(10.0, GOOD, 5.0).is_good
    missed = Result(10.0, replace(GOOD, **change), 5.0)
    assert not missed.is_good
    console = Console(width=120)
    with console.capture() as shown:
        console.print(table(missed))
    assert shown.get().count("MISSED") == 1
    assert shown.get().count("met") == len(TARGETS) - 1


def test_a_bare_dial_that_cost_nothing_is_no_measure() -> None:
    assert not Result(10.0, GOOD, 0.0).is_good


def test_json(tmp_path: Path) -> None:
    write_json(tmp_path / "out.json", Result(10.0, GOOD, 5.0, highest_cps=58.59))
    found = json.loads((tmp_path / "out.json").read_text())
    wanted = {
        "calls_per_s", "lost", "lag_p99_ms", "controller_cpu_ms", "asterisk_cpu_ms", "bare_dial_cpu_ms",
        "rss_growth_mb", "asterisk_of_bare", "targets", "met", "highest_cps",
    }  # fmt: skip
    assert wanted <= found.keys()
    assert (found["met"], found["asterisk_of_bare"], found["highest_cps"]) == (True, 1.6, 58.59)
    write_json(tmp_path / "out.json", Result(10.0, GOOD, 5.0))
    assert "highest_cps" not in json.loads((tmp_path / "out.json").read_text())


def test_chance_is_no_overload() -> None:
    assert is_kept(9, 12.0)
    assert is_kept(1700, 1800.0)
    assert not is_kept(1650, 1800.0)


def test_what_is_filled_once_is_no_growth() -> None:
    assert growth(tuple([50.0] * 10 + [80.0] * 90)) == 0.0
    assert growth(tuple(50.0 + second for second in range(100))) == 80.0
    assert growth((50.0, 51.0)) == 0.0


def test_a_call_costs_what_was_used_while_it_was_looked_at() -> None:
    window = Window(100.0, 110.0, 20, (0.1, 0.06), 0.02, (50.0,))
    assert (window.calls_per_s, window.cpu_ms(0), window.cpu_ms(1)) == (2.0, 5.0, 3.0)
    assert replace(window, ended=0).cpu_ms(0) == 0.0


def test_a_bare_dial_goes_to_the_phone_that_has_been_idle_longest() -> None:
    numbers = BareNumbers(["3001", "3002"])
    assert (numbers.take(), numbers.take()) == ("953001", "953002")
    with pytest.raises(WaitedTooLong, match="no phone is idle"):
        numbers.take()
    numbers.give_back("953002")
    assert numbers.take() == "953002"


def test_a_process_is_looked_at() -> None:
    assert cpu_s(os.getpid()) > 0
    assert 5 < rss_mb(os.getpid()) < 2000


def test_the_probe_is_the_command_line(tmp_path: Path) -> None:
    lags = tmp_path / "lags.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench.probe", "--help"],
        env={**os.environ, LAGS: str(lags)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert "Run the controller alone" in done.stdout
    assert json.loads(lags.read_text()) == []


PROBED = """
import asyncio, json, time
from bench import probe
from acd.telephony.agi import AgiServer

probe.watch()


async def main():
    seen = asyncio.Event()

    async def handler(session):
        probe._event_at.set(session.came_at)
        await session.command("NOOP")
        seen.since_reply_s = time.time() - probe._event_at.get()
        seen.set()

    server = AgiServer(handler)
    port = await server.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"agi_channel: c\\nagi_uniqueid: 1\\n\\n")
    await reader.readline()
    writer.write(b"200 result=0\\n")
    time.sleep(0.2)  # the loop works, the reply lies there
    await seen.wait()
    print(json.dumps(seen.since_reply_s))
    writer.close()
    await server.stop()

asyncio.run(main())
"""


def test_time_that_news_lie_unread_is_lag() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBED], capture_output=True, check=True, text=True, timeout=30
    )
    assert 0.19 < float(done.stdout) < 2.0
