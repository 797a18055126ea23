"""Periods as people write them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from acd.errors import OperatorError
from acd.records.period import parse_period

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 23, 30, tzinfo=ZoneInfo("UTC"))  # already the 23rd in Berlin

PERIODS = """
from             | to                  | since            | until
-                | -                   | 2026-11-23 00:00 | 2026-11-23 00:30
today            | -                   | 2026-11-23 00:00 | 2026-11-23 00:30
yesterday        | -                   | 2026-11-22 00:00 | 2026-11-23 00:30
yesterday        | yesterday           | 2026-11-22 00:00 | 2026-11-23 00:00
today            | today               | 2026-11-23 00:00 | 2026-11-24 00:00
2026-11-01       | 2026-11-07          | 2026-11-01 00:00 | 2026-11-08 00:00
2026-11-22 10:00 | 2026-11-22 10:30    | 2026-11-22 10:00 | 2026-11-22 10:30
2026-11-22T10:00 | 2026-11-22 10:30:00 | 2026-11-22 10:00 | 2026-11-22 10:30
-                | 2026-11-20          | 2026-11-20 00:00 | 2026-11-21 00:00
-                | 2026-11-20 12:00    | 2026-11-20 00:00 | 2026-11-20 12:00
"""


@pytest.mark.parametrize("row", PERIODS.strip().splitlines()[1:])
def test_period(row: str) -> None:
    from_, to, since, until = (None if cell.strip() == "-" else cell.strip() for cell in row.split("|"))
    period = parse_period(from_, to, BERLIN, NOW)
    assert (f"{period.since:%Y-%m-%d %H:%M}", f"{period.until:%Y-%m-%d %H:%M}") == (since, until)
    assert period.since.tzinfo is period.until.tzinfo is BERLIN


def test_a_day_when_the_clocks_change_has_its_own_length() -> None:
    period = parse_period("2026-10-25", "2026-10-25", BERLIN, NOW)
    assert period.until.timestamp() - period.since.timestamp() == 25 * 3600


@pytest.mark.parametrize(
    ("from_", "to", "message"),
    [
        ("tomorow", None, "--from 'tomorow' is not understood: expected today, yesterday, a day like"),
        ("today", "2026-13-01", "--to '2026-13-01' is not understood"),
        ("today", "25:00", "--to '25:00' is not understood"),
        ("", None, "--from '' is not understood"),
        (
            "2026-11-22",
            "2026-11-21",
            "the period is empty: it would begin 2026-11-22 00:00 and end 2026-11-22",
        ),
        ("2027-01-01", None, "the period is empty"),
    ],
)
def test_what_is_not_a_period(from_: str, to: str | None, message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        parse_period(from_, to, BERLIN, NOW)
