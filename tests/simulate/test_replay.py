"""Recorded days once more, through the present configuration and a changed one."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.__main__ import app
from acd.core.plan import Plan
from acd.core.service_level import ServiceLevelFormula
from acd.errors import OperatorError
from acd.settings.load import load_centre
from acd.simulate.recorded import Recorded, RecordedCall
from acd.simulate.replay import Configured, duties_of, replay
from acd.simulate.scenario import Duty, Turn
from acd.simulate.visits import Outcome, Visit
from tests.simulate.recorded_day import HABITS, HOUR, Recorder, recorded_day, store_day

CHECKOUT = Path(__file__).resolve().parents[2]
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Of the example."""
    return load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows").plan


@pytest.fixture(scope="module")
def day(plan: Plan) -> Recorder:
    """A day that is to be on record."""
    return recorded_day(plan)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, day: Recorder) -> Path:
    """The home of a centre that has worked this day."""
    for name in [name for name in os.environ if name.startswith("ACD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.chdir(CHECKOUT)
    store_day(tmp_path, day)
    return tmp_path


def changed(tmp_path: Path) -> Path:
    """Chen learns no more support, and whoever sells gets a long wrap-up."""
    config = tmp_path / "new"
    shutil.copytree(CHECKOUT / "config", config)
    agents = (config / "agents.yml").read_text()
    (config / "agents.yml").write_text(agents.replace("support: 5, ", ""))
    groups = (config / "groups.yml").read_text()
    (config / "groups.yml").write_text(groups.replace("wrap_up_s: 10", "wrap_up_s: 60"))
    return config


def invoke(*words: str | Path) -> str:
    """The command's output; it must succeed."""
    done = CliRunner().invoke(app, ["simulate", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return ANSI.sub("", done.stdout)


def test_the_present_configuration_decides_as_it_did(home: Path, day: Recorder) -> None:
    invoke("--replay", "2026-11-20", "--config", CHECKOUT / "config", "--json", home / "out.json")
    found = json.loads((home / "out.json").read_text())
    assert found["calls"] == len(day.calls) > 500
    assert found["differences"] == []
    recorded, present = found["figures"]["recorded"], found["figures"]["present"]
    for group in ("sales", "support", "all"):
        for name in ("service_level", "asa_s", "p90_wait_s"):
            assert present[group][name]["value"] == pytest.approx(recorded[group][name]["value"], abs=0.002)


def test_what_a_change_would_have_done(home: Path, tmp_path: Path) -> None:
    out = invoke("--replay", "2026-11-20..2026-11-20", "--config", changed(tmp_path), "--first", "3",
                 "--json", home / "out.json")  # fmt: skip
    found = json.loads((home / "out.json").read_text())
    figures = found["figures"]
    assert figures["changed"]["sales"]["asa_s"]["value"] > figures["present"]["sales"]["asa_s"]["value"] + 5
    assert figures["changed"]["sales"]["aht_s"]["value"] == pytest.approx(
        figures["present"]["sales"]["aht_s"]["value"] + 50, abs=10
    )
    differences = found["differences"]
    assert len(differences) > 100
    assert not [d for d in differences if d["group"] == "support" and d["changed"]["agent"] == "chen"]
    for difference in differences:
        one, other = difference["present"], difference["changed"]
        assert (one["outcome"], one["agent"]) != (other["outcome"], other["agent"]) or (
            abs(one["wait_s"] - other["wait_s"]) > 0.5
        )
    first = differences[0]
    assert first["at"].startswith("2026-11-20T")
    assert first["call_id"] in out
    assert "ASA, s" in out
    assert "asa_s" not in out
    assert f"{len(differences)} of {found['calls']} calls" in out
    assert len(re.findall(r"^│ 2026-11-20 ", out, re.MULTILINE)) == 3
    assert "answered within T ÷ (offered − short abandons)" in out


def test_the_same_replay_twice_is_the_same(home: Path, tmp_path: Path) -> None:
    words = ("--replay", "2026-11-20", "--config", changed(tmp_path), "--patience", "60")
    assert invoke(*words) == invoke(*words)


def test_a_day_without_calls(home: Path) -> None:
    with pytest.raises(OperatorError, match="no calls of customers to groups are on record from 2026-11-19"):
        CliRunner().invoke(app, ["simulate", "--replay", "2026-11-19"], catch_exceptions=False)


def test_what_does_not_go_with_a_replay(home: Path) -> None:
    with pytest.raises(OperatorError, match="--hours does not go with --replay"):
        CliRunner().invoke(app, ["simulate", "--replay", "today", "--hours", "3"], catch_exceptions=False)


def test_arrivals_and_talks_from_the_records(home: Path) -> None:
    period = '{records: {from: "2026-11-20", to: "2026-11-20"}}'
    scenario = home / "again.yml"
    scenario.write_text(
        f"simulation: {{hours: 24, warm_up_hours: 0}}\n"
        f"groups: {{sales: {{arrivals: {period}, talk: {period}, patience: {{never: true}}}}}}\n"
    )
    out = invoke("--scenario", scenario)
    assert "known times" in out
    assert "as recorded (" in out


def test_calls_of_a_group_that_is_gone(plan: Plan) -> None:
    calls = [
        RecordedCall(Visit("c1", "sales", "", 10.0, Outcome.ANSWERED, 3.0, "anna", 70.0), 0, 60.0),
        RecordedCall(Visit("c2", "fax", "", 20.0, Outcome.ABANDONED, 30.0)),
    ]
    found = replay(
        Recorded(0.0, HOUR, calls, {}, {}),
        Configured(plan),
        None,
        ServiceLevelFormula.ANSWERED_PLUS_ABANDONED,
        HABITS,
    )
    assert found.left_out == {"fax": 1}
    assert found.calls == found.present.total.counts.answered == 1
    assert found.changed is None


def test_who_is_not_on_record_is_there_when_anybody_was(plan: Plan) -> None:
    recorded = Recorded(
        0.0, HOUR, [], {"anna": [(0.0, 100.0)], "ben": [(50.0, 200.0)]}, {"anna": [(10.0, 20.0)]}
    )
    found = list(duties_of(recorded, plan))
    assert [d for d in found if d.agent == "anna"] == [
        Duty(0.0, "anna", Turn.COME),
        Duty(100.0, "anna", Turn.GO),
        Duty(10.0, "anna", Turn.PAUSE),
        Duty(20.0, "anna", Turn.RETURN),
    ]
    assert [d for d in found if d.agent == "dora"] == [
        Duty(0.0, "dora", Turn.COME),
        Duty(200.0, "dora", Turn.GO),
    ]
