"""The measurement of the simulation's speed: its centres, its JSON, its verdict."""

from __future__ import annotations

import json
from pathlib import Path

from acd.core.router import Router
from bench.simulate import CASES, Speed, centre_of, is_good, measure, scenario_of, table, write_json


def test_centres_are_as_they_are_called() -> None:
    one, many = (centre_of(case) for case in CASES)
    assert (len(one.agents), len(one.groups)) == (50, 1)
    assert (len(many.agents), len(many.groups)) == (500, 50)
    router = Router(many)
    assert {len(router.groups_of(agent)) for agent in many.agents} == {3}
    assert centre_of(CASES[1]) == many


def test_every_case_is_measured(tmp_path: Path) -> None:
    done: list[float] = []
    speeds = measure(200, 1, done.append)
    assert speeds.keys() == {case.name for case in CASES}
    assert all(150 < speed.calls < 250 and speed.calls_per_s > 0 for speed in speeds.values())
    assert done == [0.5, 1.0]
    write_json(tmp_path / "out.json", speeds)
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["calls_per_s"].keys() == found["targets"].keys() == speeds.keys()
    assert table(speeds).row_count == len(CASES)


def test_a_missed_target_is_no_success() -> None:
    speeds = {case.name: Speed(int(case.target), 1.0) for case in CASES}
    assert is_good(speeds)
    assert not is_good({**speeds, CASES[0].name: Speed(100, 1.0)})


def test_the_scenario_is_as_long_as_it_takes() -> None:
    scenario = scenario_of(CASES[0], 900)
    assert scenario.length_s == 3600.0
