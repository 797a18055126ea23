"""`acd replay-journal`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.__main__ import app
from acd.errors import OperatorError
from tests.journal.pages import Pages
from tests.journal.test_replay import changed, journal, lost_and_found

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal; times are shown in the zone of the example centre, an hour ahead of UTC in 1970."""
    for name in [name for name in os.environ if name.startswith("ACD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACD_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(CHECKOUT)
    return journal(tmp_path)


def played(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["replay-journal", *map(str, arguments)], catch_exceptions=False)


def test_it_says_whether_the_engine_answers_as_it_did(path: Path) -> None:
    result = played(path)
    assert result.exit_code == 0
    assert "12 events, 1 deadlines and restarts, " in result.output
    assert "the engine answers as it did" in result.output
    path.write_bytes(path.read_bytes()[:-5])
    assert "the last line is cut off" in played(path).output


def test_it_names_the_first_difference(path: Path) -> None:
    result = played(changed(path, 6, '"agent":"anna","phone"', '"agent":"ben","phone"'))
    assert result.exit_code == 2
    assert "line 6, 01:16:44.000: the engine answers differently" in result.output
    assert 'told      CallQueued call_id="c1" group="sales"' in result.output
    assert 'expected  Offer call_id="c1" agent="ben"' in result.output
    assert 'got       Offer call_id="c1" agent="anna"' in result.output


def test_it_shows_how_things_stood(path: Path) -> None:
    output = played(path, "--until", "1970-01-01 01:16:48").output
    assert "agent anna         talking 2.0 s c1" in output
    assert "call  c1           talking sales anna 2.0 s" in output


def test_it_tells_all_of_a_call(path: Path) -> None:
    output = played(path, "--until", "c2").output
    assert '01:16:47.000  CallArrived call_id="c2"' in output
    assert '→ HoldInLine call_id="c2" group="sales"' in output
    assert "c1" not in output.splitlines()[0]


def test_it_tells_what_was_kept_over_a_restart(path: Path) -> None:
    pages = Pages(lines_max=100)
    lost_and_found(pages)
    output = played(pages.written(path.parent)[1], "--until", "b2").output
    assert "0 agents and 0 calls that were kept, and 2 that were lost with their node" in output


def test_programs_get_all_of_it(path: Path) -> None:
    told = json.loads(played(path, "--json", "--until", "c1").output)
    assert (told["equal"], told["cut_off"], told["difference"]) == (True, False, None)
    assert told["of_call"][0]["event"]["caller_name"] == "Zoë 王\n"
    assert {agent["id"] for agent in told["agents"]} == {"ben", "dora", "emil"}
    changed(path, 6, '"agent":"anna"', '"agent":"ben"')
    told = json.loads(played(path, "--json").output)
    assert told["difference"]["line"] == 6


@pytest.mark.parametrize(
    ("until", "message"),
    [
        ("03:55", "--until '03:55' is not understood: expected a call's whole id, or a day and a time like"),
        ("1970-01-01 01:00", "is before all that .* tells: it begins at 1970-01-01 01:16:40 "),
    ],
)
def test_a_time_that_stops_nowhere_is_refused(path: Path, until: str, message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        played(path, "--until", until)
