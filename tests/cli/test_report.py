"""`acd report`: what it shows, which files it writes, and what it says to whom it does not understand."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from acd.__main__ import app
from acd.core import facts
from acd.core.facts import AgentInterval, CallKind, EndedBy
from acd.core.service_level import ServiceLevelFormula
from acd.errors import OperatorError
from acd.records.fold import fold
from acd.records.store import RecordStore

CHECKOUT = Path(__file__).parents[2]
TEN = 1_795_341_600.0  # 2026-11-22 10:00:00 UTC, 11:00 in Berlin
DAY = ("--from", "2026-11-22", "--to", "2026-11-22")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two calls to the sales group of the example centre, and Anna's times."""
    for name in [name for name in os.environ if name.startswith("ACD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(CHECKOUT)
    answered = [
        facts.Arrived(TEN, CallKind.INBOUND, "+4930777", "W. Fang", "8001"),
        facts.Queued(TEN, "sales"),
        facts.Offered(TEN + 2, "anna", "1001", ()),
        facts.Answered(TEN + 5, "anna"),
        facts.Ended(TEN + 65, EndedBy.CALLER),
        facts.WrapUpStarted(TEN + 65, "anna"),
        facts.WrapUpEnded(TEN + 75, "anna"),
    ]
    abandoned = [
        facts.Arrived(TEN + 3600, CallKind.INBOUND, "+4930888", "", "8001"),
        facts.Queued(TEN + 3600, "sales"),
        facts.Ended(TEN + 3640, EndedBy.CALLER),
    ]
    with RecordStore(f"sqlite:///{tmp_path / 'records.sqlite3'}") as store:
        store.save_calls([fold("a261122-100000-1", answered), fold("a261122-110000-2", abandoned)])
        store.save_intervals(
            [
                AgentInterval("anna", "ready", None, TEN - 60, TEN),
                AgentInterval("anna", "not_ready", "lunch", TEN, TEN + 600),
            ]
        )
    return tmp_path


def acd(*arguments: str) -> str:
    """What a command that must succeed prints."""
    result = CliRunner().invoke(app, ["report", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(*arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(acd(*arguments, "--json"))
    return found


def test_without_a_name_it_is_that_of_the_groups(home: Path) -> None:
    shown = acd(*DAY)
    assert "Groups" in shown
    row = next(line for line in shown.splitlines() if "Sales" in line)
    assert [cell.strip() for cell in row.split("│")[2:5]] == ["2", "1", "1"]
    data = told(*DAY)
    assert (data["report"], data["timezone"], data["by"]) == ("groups", "Europe/Berlin", "group")
    assert data["total"]["values"]["offered"] == 2  # type: ignore[index]


def test_lines_of_hours_beside_the_week_before(home: Path) -> None:
    data = told("groups", *DAY, "--grain", "60min", "--by", "all", "--compare", "week", "--kpi", "offered")
    hours = {line["at"]: line for line in data["lines"] if line["values"]["offered"]}  # type: ignore[attr-defined]
    assert list(hours) == ["2026-11-22T11:00:00+01:00", "2026-11-22T12:00:00+01:00"]
    assert hours["2026-11-22T11:00:00+01:00"]["before"] == {"offered": 0}
    assert data["compare"] == {"from": "2026-11-15T00:00:00+01:00", "to": "2026-11-16T00:00:00+01:00"}


def test_filters_may_be_given_again(home: Path) -> None:
    data = told(*DAY, "--group", "sales", "--group", "support", "--number", "8001")
    assert data["filter"] == {"groups": ["sales", "support"], "numbers": ["8001"]}
    assert {line["key"] for line in data["lines"]} == {"sales", "support"}  # type: ignore[attr-defined]


def test_a_formula_of_ones_own(home: Path) -> None:
    data = told(*DAY, "--formula", "answered-in-time/answered", "--kpi", "service_level")
    assert data["service_level_formula"] == "answered-in-time/answered"
    assert data["total"]["values"]["service_level"] == 1.0  # type: ignore[index]
    assert data["columns"][0]["formula"] == "answered within T ÷ answered"  # type: ignore[index]


def test_agents_by_the_old_option_and_by_name(home: Path) -> None:
    data = told("--agents", *DAY)
    assert data == told("agents", *DAY)
    (anna,) = [line for line in data["lines"] if line["key"] == "anna"]  # type: ignore[attr-defined]
    assert (anna["values"]["logged_in_s"], anna["values"]["paid_s"]) == (660.0, 60.0)


def test_files(home: Path, tmp_path: Path) -> None:
    book, table = tmp_path / "groups.xlsx", tmp_path / "groups.csv"
    acd(*DAY, "--output", str(book), "--language", "zh-CN")
    assert openpyxl.load_workbook(book).sheetnames[0] == "报表"
    said = acd(*DAY, "--output", str(table))
    assert said.startswith(f"{table}: ")
    assert table.read_bytes().startswith(b"\xef\xbb\xbfId,Group,Offered")
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".sqlite3") == [
        "groups.csv",
        "groups.xlsx",
    ]
    mode = table.stat().st_mode & 0o777
    (tmp_path / "new").touch()
    assert mode == (tmp_path / "new").stat().st_mode & 0o777


def test_csv_into_a_pipe_has_no_bom(home: Path) -> None:
    rows = list(csv.reader(io.StringIO(acd(*DAY, "--format", "csv"), newline="")))
    assert rows[0][:3] == ["Id", "Group", "Offered"]
    assert rows[-1][2] == "2"


def test_a_file_that_cannot_be_written_leaves_nothing(home: Path, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot be written"):
        acd(*DAY, "--output", str(tmp_path / "none" / "groups.csv"))


def test_the_reports_and_a_formula_are_explained(home: Path) -> None:
    assert "not-ready" in acd("--list")
    shown = acd("--explain", "asa_s")
    assert "wait of answered ÷ answered" in shown
    assert "等待" in acd("--explain", "asa_s", "--language", "zh-CN")
    assert "service_level_answered" in acd("--list")
    assert "acd report groups --kpi answered_in_time" in acd("--explain", "answered_in_time")


def test_the_formula_of_the_service_level_is_named(home: Path) -> None:
    shown = acd("--explain", "service_level")
    assert "answered within T ÷ (offered − short abandoned)" in shown
    assert "(answered-in-time/offered-minus-short: of --formula or the centre's" in shown
    assert all(formula.value in shown for formula in ServiceLevelFormula)
    other = acd("--explain", "service_level", "--formula", "answered-in-time/answered")
    assert "(answered-in-time/answered: " in other
    assert "ServicelevelPerf " in other


def test_a_period_with_nothing_says_so(home: Path, tmp_path: Path) -> None:
    day = ("--from", "2020-01-01", "--to", "2020-01-01")
    said = acd("calls", *day, "--by", "number", "--output", str(tmp_path / "no.csv"))
    assert "Nothing is on record for this, " in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gruops",), "no report 'gruops' is defined; did you mean 'groups'"),
        (("--by", "gruop"), "did you mean 'group'"),
        (("--by", "step"), "cannot be broken down by step"),
        (("--grain", "day's"), "did you mean 'day'"),
        (("--kpi", "offred"), "did you mean 'offered'"),
        (("--formula", "answered-in-time/answred"), "did you mean 'answered-in-time/answered'"),
        (("--compare", "yesteryear"), "no comparison 'yesteryear' is defined; there are: day, month, none"),
        (("--group", "slaes"), "did you mean 'sales'"),
        (("--format", "xslx"), "did you mean 'xlsx'"),
        (("--format", "pdf"), "--output FILE.pdf"),
        (("--output", "groups"), "give --output an ending"),
        (("--explain", "asa"), "did you mean 'asa_s'"),
        (("--period", "lastweek"), "did you mean 'last-week'"),
        (("--period", "last-week", "--from", "2026-11-22"), "without --from and --to"),
        (("--from", "2026-13-01"), "--from '2026-13-01' is not understood"),
    ],
)
def test_what_is_not_understood(home: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(OperatorError, match=message.replace("(", r"\(")):
        acd(*arguments)


def test_a_day_without_calls(home: Path) -> None:
    assert "Sales" in acd("--period", "yesterday")


def test_the_calls_behind_a_figure(home: Path) -> None:
    shown = acd(*DAY, "--calls", "answered", "--key", "sales")
    assert "a261122-100000-1" in shown
    assert "a261122-110000-2" not in shown
    both = acd(*DAY, "--calls", "offered")
    assert "a261122-100000-1" in both
    assert "a261122-110000-2" in both
    later = acd(*DAY, "--grain", "60min", "--calls", "offered", "--at", "2026-11-22 12:30")
    assert "a261122-100000-1" not in later
    assert "a261122-110000-2" in later
    with pytest.raises(OperatorError, match="--at 'noon' is not understood"):
        acd(*DAY, "--calls", "offered", "--at", "noon")


def test_teams_and_planned_hours(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(CHECKOUT / "config", tmp_path / "config")
    agents = tmp_path / "config" / "agents.yml"
    named = agents.read_text(encoding="utf-8").replace(
        "    name: Anna Weber\n", "    name: Anna Weber\n    team: North\n    hours: office\n"
    )
    agents.write_text(named, encoding="utf-8")
    monkeypatch.setenv("ACD_CONFIG", str(tmp_path / "config"))
    (north,) = [
        line
        for line in told("agents", *DAY, "--by", "team", "--team", "North")["lines"]  # type: ignore[attr-defined]
        if line["key"] == "North"
    ]
    assert north["values"]["logged_in_s"] == 660.0
    # The 22nd of November is a Sunday: the office is closed.
    planned = told("adherence", *DAY, "--agent", "anna")["total"]["values"]  # type: ignore[index]
    assert (planned["planned_s"], planned["outside_plan_s"]) == (0.0, 660.0)
    monday = told("adherence", "--from", "2026-11-23", "--to", "2026-11-23", "--agent", "anna")
    assert monday["total"]["values"]["planned_s"] == 36_000.0  # type: ignore[index]
