"""`acd erlang` as a planner uses it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from acd.__main__ import app
from acd.errors import OperatorError

runner = CliRunner()
HOUR = ["--calls-per-hour", "1000", "--aht", "120"]


def test_the_table_says_what_has_no_end() -> None:
    done = runner.invoke(app, ["erlang", "c", *HOUR, "--agents", "30"])
    assert done.exit_code == 0
    assert "without end: more calls come than the agents can serve" in done.output
    assert "100.00%" in done.output


def test_the_table_of_agents_needed() -> None:
    done = runner.invoke(app, ["erlang", "a", *HOUR, "--service-level", "0.8", "--patience", "90"])
    row = next(line for line in done.output.splitlines() if "callers who give up" in line)
    assert "7.89%" in row
    assert "33" in next(line for line in done.output.splitlines() if " agents  " in line)


def test_the_load_may_be_said_as_calls() -> None:
    both = [
        json.loads(runner.invoke(app, ["erlang", "b", *said, "--lines", "40", "--json"]).output)
        for said in (HOUR, ["--load", str(1000 / 3600 * 120)])
    ]
    assert both[0] == pytest.approx(both[1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["c", *HOUR], "say either --agents or --service-level"),
        (["c", *HOUR, "--agents", "40", "--service-level", "0.8"], "say either --agents or --service-level"),
        (["a", *HOUR, "--agents", "40", "--patience", "0"], "patience is 0: it must be above 0"),
        (["a", *HOUR, "--service-level", "80", "--patience", "60"], "as 0.8 for 80 %"),
        (["b", "--lines", "3"], "say either --load, or --calls-per-hour and --aht"),
        (["b", "--load", "3", "--aht", "60", "--lines", "3"], "say either --load"),
        (["b", "--load", "3"], "say either --lines or --blocking"),
        (["b", "--load", "3", "--blocking", "0"], "blocking is 0: it must be above 0"),
        (["c", "--calls-per-hour", "9", "--aht", "nan", "--agents", "3"], "a finite number is expected"),
    ],
)
def test_mistakes_are_named(options: list[str], message: str) -> None:
    done = runner.invoke(app, ["erlang", *options])
    assert isinstance(done.exception, OperatorError)
    assert message in str(done.exception)
