"""Lines of the log: in the form that is wanted, with the call whose session writes them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys

import pytest

from acd.gate import EXIT_CODE

LIMIT_S = 60.0

PROGRAM = """
import structlog
from acd.cli.process import configure_logging
configure_logging()
structlog.contextvars.bind_contextvars(call="a1-7")
structlog.get_logger("x").info("something", agent="anna")
structlog.get_logger("x").debug("nothing")
"""


def lines(**variables: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "ACD_LOG": "info", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    return done.stderr.splitlines()


@pytest.mark.parametrize("form", ["json", ""])
def test_lines_for_programs_name_call_and_agent(form: str) -> None:
    (line,) = lines(ACD_LOG_FORMAT=form)
    told = json.loads(line)
    assert told.pop("timestamp").endswith("Z")
    assert told == {"event": "something", "level": "info", "call": "a1-7", "agent": "anna"}


def test_lines_for_people() -> None:
    (line,) = lines(ACD_LOG_FORMAT="console")
    assert "something" in line
    assert "call=a1-7" in line
    with pytest.raises(ValueError):
        json.loads(line)


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_line_that_cannot_be_written_stops_nothing(form: str) -> None:
    """A full disk: most lines tell of something that has failed, and what follows has to be done."""
    program = PROGRAM + "print('went on')"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "ACD_LOG": "info", "ACD_LOG_FORMAT": form},
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            check=False,
        )
    assert done.stdout == "went on\n"


def test_a_log_that_nobody_reads_keeps_no_leader_of_before_alive() -> None:
    reads, writes = os.pipe()
    try:
        os.set_blocking(writes, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writes, b"x" * 4096)
        os.set_blocking(writes, True)
        program = (
            "from acd.cli.process import configure_logging; from acd.gate import end_now;"
            " configure_logging(); end_now('another one leads')"
        )
        done = subprocess.run([sys.executable, "-c", program], stderr=writes, check=False, timeout=LIMIT_S)
    finally:
        os.close(reads)
        os.close(writes)
    assert done.returncode == EXIT_CODE
