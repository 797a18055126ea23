"""The lines that are measured are lines of a sound file, and all of them are imported."""

from __future__ import annotations

from acd.queue_log.line import read
from bench.queue_log_lines import lines
from bench.report_import import measure


def test_the_lines_are_in_order_and_the_same_each_time() -> None:
    made = list(lines(500))
    assert made == list(lines(500))
    times = [read(line).at for line in made]
    assert times == sorted(times)
    assert len(made) >= 500


def test_all_of_them_are_imported() -> None:
    figures = measure(2000)
    assert figures.refused == 0
    assert figures.lines >= 2000
    assert figures.calls > 300
    assert figures.states > 0
