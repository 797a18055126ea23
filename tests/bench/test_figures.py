"""Percentiles, JSON and table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from bench.figures import Figures, figures, is_met, table, write_json
from bench.scenarios import EXACT, Counts, Scenario, Target, scenarios


def chosen(*names: str) -> list[Scenario]:
    return [s for s in scenarios() if s.name in names]


def test_percentiles_are_times_that_were_measured() -> None:
    assert figures([float(i) for i in range(1, 101)]) == Figures(100, 50.0, 95.0, 99.0, 100.0, 1.0)
    assert figures([3.14159]) == Figures(1, 3.14, 3.14, 3.14, 3.14, 3.14)


def test_nothing_measured_is_no_figure() -> None:
    with pytest.raises(ValueError, match="no samples"):
        figures([])


def test_samples_that_were_given_up_are_counted() -> None:
    assert figures([4.0, 500.0, 500.0], cut_off_ms=500.0).cut_off == 2
    assert figures([4.0, 500.0]).cut_off == 0


def test_targets() -> None:
    assert is_met(Target(30.0), Figures(9, 5.0, 6.0, 30.0, 80.0, 4.0))
    assert not is_met(Target(30.0), Figures(9, 5.0, 6.0, 30.1, 30.1, 4.0))
    assert is_met(EXACT, figures([2980.0, 3020.0]))
    assert not is_met(EXACT, figures([2979.9, 3000.0]))
    assert not is_met(EXACT, figures([3000.0, 3020.1]))


def test_json(tmp_path: Path) -> None:
    results = {
        "S1": {"ours": Figures(2, 1.0, 2.0, 40.0, 40.0, 1.0)},
        "S9": {"ours": Figures(2, 1.0, 2.0, 2.0, 2.0, 1.0)},
        "S2": {"app_queue": Figures(2, 1.0, 2.0, 2.0, 2.0, 1.0)},
    }
    write_json(tmp_path / "out.json", chosen("S1", "S2", "S9"), results)
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["scenarios"]["S1"]["ours"] == {
        "n": 2, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 40.0, "max_ms": 40.0, "min_ms": 1.0, "cut_off": 0,
    }  # fmt: skip
    assert written["targets"] == {"S1": {"p99_ms": 30.0, "min_ms": None, "met": False}}


def test_table_compares_the_medians() -> None:
    results = {
        "S2": {
            "ours": Figures(9, 5.0, 6.0, 7.0, 8.0, 4.0),
            "app_queue": Figures(9, 500.0, 900.0, 990.0, 999.0, 4.0),
        },
        "S8": {
            "ours": Figures(9, 5.0, 6.0, 107.0, 108.0, 4.0),
            "app_queue": Figures(2, 9000.0, 9000.0, 9000.0, 9000.0, 9000.0, cut_off=2),
        },
    }
    console = Console(width=160)
    with console.capture() as shown:
        console.print(table(chosen("S2", "S8"), results))
    text = shown.get()
    assert "100.0" in text
    assert "S2 10 agents, 50 waiting" in text
    assert "p99 ≤ 30: met" in text
    assert "p99 ≤ 100: MISSED" in text
    assert "> 9000.0" in text


def test_the_scenarios_have_samples_enough() -> None:
    assert [(s.name, s.samples) for s in scenarios()] == [
        ("S1", 1000), ("S2", 1000), ("S3", 1000), ("S4", 1000), ("S5", 1000),
        ("S6", 150), ("S7", 30), ("S8", 10), ("S9", 20), ("S10", 100),
    ]  # fmt: skip
    assert [s.samples for s in scenarios(Counts(1, 2, 3, 4, 5, 6))] == [1, 1, 1, 1, 1, 4, 2, 5, 3, 6]


def test_no_line_has_two_meanings() -> None:
    numbers = [line.number for s in scenarios() for line in s.lines]
    assert len(set(numbers)) == len(numbers)
    assert {line.joins for s in scenarios() for line in s.lines} <= {None, *numbers}
