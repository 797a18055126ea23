"""`acd simulate` as it is typed."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from acd.__main__ import app
from acd.cli import context
from acd.cli.console import new_console
from acd.errors import OperatorError, SettingsError

CHECKOUT = Path(__file__).resolve().parents[2]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example centre, with a home of its own."""
    for name in [name for name in os.environ if name.startswith("ACD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.chdir(CHECKOUT)
    return tmp_path


def invoke(*words: str | Path) -> str:
    """What is printed; the command must succeed."""
    done = CliRunner().invoke(app, ["simulate", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return ANSI.sub("", done.stdout)


@pytest.mark.parametrize(("width", "shown"), [("80", "90 %\nwithin,"), ("200", "90 % within, s")])
def test_headings_and_figures_are_whole(
    home: Path, monkeypatch: pytest.MonkeyPatch, width: str, shown: str
) -> None:
    monkeypatch.setattr(context, "console", new_console(width=int(width)))
    out = invoke("--hours", "4", "--lines", "4")
    assert "…" not in out
    assert all(len(line) <= int(width) for line in out.splitlines() if "│" in line or "┃" in line)
    for word in shown.split("\n"):
        assert word in out
    assert not re.search(r"± *│", out)


def test_nothing_but_the_example(home: Path) -> None:
    out = invoke("--hours", "20", "--wide", "--json", home / "out.json")
    for text in (
        "Poisson, 37.5 an",
        "seed 1",
        "service level",
        "sales",
        "support",
        "anna",
        "batch means",
    ):
        assert text in out
    assert "answered within T ÷ (offered − short abandons)" in out
    found = json.loads((home / "out.json").read_text())
    total = found["total"]
    assert total["counts"]["offered"] == sum(g["counts"]["offered"] for g in found["groups"].values()) > 1500
    for name in ("service_level", "asa_s", "abandon_rate", "aht_s", "p90_wait_s", "offered_per_hour"):
        assert total[name]["half_width"] > 0, name
    assert found["agents"].keys() == {"anna", "ben", "chen", "dora", "emil", "fang"}
    assert 0.5 < found["occupancy"]["value"] < 0.8
    assert [interval["from"] for interval in found["intervals"]][:3] == ["01:00", "01:30", "02:00"]
    assert invoke("--hours", "20", "--wide") == out
    assert invoke("--hours", "20", "--wide", "--seed", "2") != out


def test_another_configuration_has_flows_of_its_own(home: Path) -> None:
    base = CHECKOUT / "tests" / "fixtures" / "faulty" / "_base"
    config = home / "imported"
    shutil.copytree(base / "config", config)
    assert "1 hours" in invoke("--hours", "1", "--config", config, "--flows", base / "ivr_flows")
    with pytest.raises(SettingsError, match=r"ivr_flows/complaint\.yml"):
        invoke("--hours", "1", "--config", config)  # the flows in use name groups that it lacks
    shutil.copytree(base / "ivr_flows", config / "flows")
    assert "1 hours" in invoke("--hours", "1", "--config", config)
    with pytest.raises(OperatorError, match="--flows goes with --config alone"):
        invoke("--flows", config / "flows")


def test_wishes(home: Path) -> None:
    wishes = "--hours 10 --calls-per-hour 60 --aht 120 --patience never --lines 8"
    out = invoke(*wishes.split(), "--json", home / "out.json")
    assert "8 lines" in out
    assert "without limit" in out
    found = json.loads((home / "out.json").read_text())
    assert found["total"]["counts"]["abandoned"] == 0
    assert found["total"]["aht_s"]["value"] == pytest.approx(120, rel=0.15)
    assert found["total"]["offered_per_hour"]["value"] == pytest.approx(60, rel=0.2)


def test_pictures(home: Path) -> None:
    invoke("--hours", "3", "--plot", home / "a.svg")
    invoke("--hours", "3", "--plot", home / "b.svg")
    assert (home / "a.svg").read_bytes() == (home / "b.svg").read_bytes()
    assert ElementTree.parse(home / "a.svg").getroot().tag.endswith("svg")
    invoke("--hours", "3", "--plot", home / "a.png")
    assert (home / "a.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperatorError, match=r"the name has to end in \.svg or \.png"):
        invoke("--plot", home / "a.pdf")
    with pytest.raises(OperatorError, match="there is no folder"):
        invoke("--hours", "1", "--plot", home / "none" / "a.svg")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(OperatorError, match="needs matplotlib"):
        invoke("--plot", home / "a.svg")


def test_a_scenario_with_mistakes(home: Path) -> None:
    (home / "day.yml").write_text("groups: {sale: {}}\n")
    with pytest.raises(SettingsError, match=r"day\.yml:1: groups > sale: no group 'sale' is defined"):
        invoke("--scenario", home / "day.yml")
    with pytest.raises(SettingsError, match="the file is missing"):
        invoke("--scenario", home / "other.yml")
    with pytest.raises(OperatorError, match="there is no folder"):
        invoke("--hours", "1", "--json", home / "none" / "out.json")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--json", "nowhere/out.json"], "--json nowhere/out.json: there is no folder nowhere"),
        (["--plot", "nowhere/out.svg"], "--plot nowhere/out.svg: there is no folder nowhere"),
        (["--json", "config"], "--json config: this is a folder; name a file"),
        (["--first", "3"], "--first goes with --replay alone: it says how many differences to show"),
        (["--replay", "2026-13-45"], "--replay '2026-13-45' is not understood: "),
        (["--replay", "2026-11-20..soon"], "--replay 'soon' is not understood: "),
        (["--replay", "2026-11-20", "--json", "nowhere/out.json"], "there is no folder nowhere"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_simulated(
    monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    def simulated(*_: object) -> None:
        raise AssertionError("simulated")

    monkeypatch.setattr("acd.cli.simulate.run_simulation", simulated)
    with pytest.raises(OperatorError) as refused:
        invoke("--hours", "1", *words) if "--replay" not in words else invoke(*words)
    assert message in str(refused.value)
