"""What counts as growth of a controller under the same load."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.steady import Look, Part, parts, problems, read

PAGE = """
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 8.5e+07
# TYPE process_open_fds gauge
process_open_fds 31.0
# TYPE acd_tasks gauge
acd_tasks 19.0
# TYPE acd_dispatch_seconds histogram
acd_dispatch_seconds_bucket{le="0.001"} 90.0
acd_dispatch_seconds_bucket{le="0.005"} 100.0
acd_dispatch_seconds_bucket{le="+Inf"} 100.0
acd_dispatch_seconds_count 100.0
acd_dispatch_seconds_sum 0.1
"""


def looks(*, mb_more: float = 0.0, slow_from_s: float = 1e9) -> list[Look]:
    """Ten minutes of them, one in ten seconds; a hundred offers each, some of them slower from a time on."""
    out, quick, all_ = [], 0.0, 0.0
    for second in range(61):
        out.append(Look(10 * second, 80.0 + mb_more * second / 60, 30, 20, {0.001: quick, 0.01: all_}))
        all_ += 100
        quick += 90 if second >= slow_from_s else 100
    return out


def test_a_metrics_page_is_read() -> None:
    assert read(PAGE, 7.0) == Look(7.0, 85.0, 31, 19, {0.001: 90.0, 0.005: 100.0, float("inf"): 100.0})


def test_the_parts_begin_after_the_warm_up() -> None:
    found = parts(looks(), 600.0)
    assert [part.begins_s for part in found] == [100, 180, 260, 340, 420, 500]
    assert found[0] == Part(100, 80.0, 30, 20, 700, 1.0)
    assert problems(found) == []
    assert parts(looks()[:5], 600.0) == []


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (looks(mb_more=1.0), []),
        (looks(mb_more=6.0), ["memory has grown by 4.9 %: 81.3 MB, then 85.3 MB"]),
        (looks(slow_from_s=40), ["p99 of dispatch: at most 1 ms, then at most 10 ms"]),
    ],
)
def test_what_grows_is_said(seen: list[Look], said: list[str]) -> None:
    assert problems(parts(seen, 600.0)) == said


def test_a_short_run_judges_nothing() -> None:
    seen = [replace(look, at_s=look.at_s / 10) for look in looks(mb_more=60.0)]
    assert problems(parts(seen, 60.0)) == []


def test_files_and_tasks() -> None:
    first, last = Part(0, 80, 30, 20, 9, 1), Part(500, 80, 35, 25, 9, 1)
    assert problems([first, last]) == ["open files: 30, then 35", "tasks: 20, then 25"]
