"""Percentiles, JSON and table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from bench.figures import Figures, figures, table, write_json
from bench.scenarios import scenarios


def test_percentiles_are_times_that_were_measured() -> None:
    assert figures([float(i) for i in range(1, 101)]) == Figures(100, 50.0, 95.0, 99.0, 100.0)
    assert figures([3.14159]) == Figures(1, 3.14, 3.14, 3.14, 3.14)


def test_nothing_measured_is_no_figure() -> None:
    with pytest.raises(ValueError, match="no samples"):
        figures([])


def test_json(tmp_path: Path) -> None:
    write_json(tmp_path / "out.json", {"S1": {"ours": Figures(2, 1.0, 2.0, 2.0, 2.0)}})
    assert json.loads((tmp_path / "out.json").read_text()) == {
        "scenarios": {"S1": {"ours": {"n": 2, "p50_ms": 1.0, "p95_ms": 2.0, "p99_ms": 2.0, "max_ms": 2.0}}}
    }


def test_table_compares_the_medians() -> None:
    chosen = [s for s in scenarios() if s.name == "S2"]
    results = {
        "S2": {"ours": Figures(9, 5.0, 6.0, 7.0, 8.0), "app_queue": Figures(9, 500.0, 900.0, 990.0, 999.0)}
    }
    console = Console(width=140)
    with console.capture() as shown:
        console.print(table(chosen, results))
    assert "100.0" in shown.get()
    assert "S2 10 agents, 50 waiting" in shown.get()


def test_the_scenarios_have_samples_enough() -> None:
    assert [(s.name, s.samples) for s in scenarios()] == [
        ("S1", 1000), ("S2", 1000), ("S4", 1000), ("S7", 30), ("S9", 20),
    ]  # fmt: skip
