"""The measurement of sizes, small: a centre of 50 agents for a second, on the real servers."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from bench.scale import LATE_P99_MS, Options, Result, measure, write_json
from bench.scale_callers import Traffic, faster, plan_of
from bench.scale_tables import tables
from bench.stopwatch import LOOP, Stopwatch
from tests.postgres import PostgresProcess


async def test_a_small_centre_is_measured(postgres: PostgresProcess, tmp_path: Path) -> None:
    said: list[str] = []
    options = Options(sizes=[50], seconds=1.0, browsers=0, find_limit=False, settle_s=0.2, faster=40.0)
    result = await measure(options, said.append, postgres)
    (found,) = result.sizes
    assert found.agents == 50
    assert found.calls_per_s > 0
    assert 0 < found.decided_p50_ms <= found.decided_p99_ms
    assert 0 < found.late_p50_ms <= found.late_p99_ms <= found.late_max_ms
    assert all(found.parts_ms[part] > 0 for part in ("engine", "shell", "mirror", "records", "journal"))
    assert found.cpu_ms > sum(found.parts_ms[part] for part in ("engine", "mirror", "records"))
    assert found.bytes["live file"] > 1000
    write_json(tmp_path / "out.json", result)
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["sizes"][0]["agents"] == 50
    assert written["limit_calls_per_s"] is None
    console = Console(width=200)
    with console.capture() as shown:
        for table in tables(result):
            console.print(table)
    assert "Bytes for a call" in shown.get()
    late = replace(found, late_p99_ms=LATE_P99_MS + 1)
    kept = replace(found, late_p99_ms=1.0, wanted_per_s=found.calls_per_s)
    assert (late.holds, kept.holds) == (False, True)
    assert Result([kept], [replace(kept, calls_per_s=99.0, wanted_per_s=99.0), late]).limit is not None


def test_so_many_calls_keep_the_agents_busy() -> None:
    traffic = Traffic(20_000)
    assert round(traffic.calls_per_s, 1) == 70.8
    assert round(faster(traffic, 2.0).calls_per_s, 1) == 141.7
    assert traffic.ring_s + traffic.talk_s + traffic.wrap_up_s == 240.0


def test_every_group_has_agents_and_every_agent_a_few_groups() -> None:
    plan = plan_of(1000)
    groups = {
        group: [a.id for a in plan.agents.values() if policy.requirement.admits(a.skills)]
        for group, policy in plan.groups.items()
    }
    assert len(groups) == 20
    assert all(100 < len(agents) <= 300 for agents in groups.values())


def test_time_is_counted_for_the_innermost_part_alone() -> None:
    watch = Stopwatch()

    def work() -> None:
        end = time.thread_time() + 0.02
        while time.thread_time() < end:
            pass

    inner = watch.of("inner", work)

    def outer() -> None:
        work()
        inner()

    watch.of("outer", outer)()
    spent = watch.read_ms()
    assert 15 < spent["inner"] < 35
    assert 15 < spent["outer"] < 35
    assert spent[LOOP] < 15
