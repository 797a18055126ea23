"""Times for people."""

from __future__ import annotations

import pytest

from acd.records.report import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0, "0.0 s"), (59.94, "59.9 s"), (59.96, "1:00"), (185, "3:05"), (3723, "1:02:03")],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
