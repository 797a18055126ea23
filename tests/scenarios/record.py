"""Writes a day that goes wrong as a scenario, cut down to the lines that matter.

    python -m tests.scenarios.record SEED [NAME]     → tests/scenarios/NAME.txt

The file is played by the suite from then on. Above its first `==` stands the centre, as YAML.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.scenarios.day import Day
from tests.scenarios.played import play

FOLDER = Path(__file__).parent
SHRINK_FOR_S = 120.0


def main(arguments: list[str]) -> int:
    """The exit code."""
    if not arguments or not arguments[0].isdigit() or len(arguments) > 2:
        sys.stderr.write("usage: python -m tests.scenarios.record SEED [NAME]\n")
        return 2
    day = Day(int(arguments[0]))
    try:
        day.run()
    except Exception as error:
        found = f"{type(error).__name__}: {error}".splitlines()[0][:100]
    else:
        sys.stdout.write(f"seed {arguments[0]} holds: nothing to record\n")
        return 1
    text = recorded(day, found)
    path = FOLDER / f"{arguments[1] if len(arguments) > 1 else f'seed_{arguments[0]}'}.txt"
    path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{path.name}: {len(day.lines)} lines cut down to {len(text.splitlines())}\n{found}\n")
    return 0


def recorded(day: Day, title: str) -> str:
    """The day as a text to be played; cut down, if it goes wrong there, too."""

    def text_of(lines: list[str]) -> str:
        return f"{day.centre}\n== {title}\n" + "\n".join(lines) + "\n"

    def fails(lines: list[str]) -> bool:
        try:
            play(text_of(lines))
        except Exception:
            return True
        return False

    # Whoever waits for ever does so without a line of the day's: time has to pass.
    lines = [*day.lines, "240:00.00  sales closes"]
    return text_of(shrunk(lines, fails) if fails(lines) else lines)


def shrunk(lines: list[str], fails: Callable[[list[str]], bool]) -> list[str]:
    """Fewer lines that fail as well: ever smaller pieces are left out (A. Zeller: delta debugging)."""
    until, size = time.monotonic() + SHRINK_FOR_S, max(1, len(lines) // 2)
    while True:
        begin = 0
        while begin < len(lines) and time.monotonic() < until:
            fewer = lines[:begin] + lines[begin + size :]
            if fewer and fails(fewer):
                lines = fewer
            else:
                begin += size
        if size == 1 or time.monotonic() >= until:
            return lines
        size //= 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
