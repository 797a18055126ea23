"""The commands of docs/simulate.md run, on its scenarios, with a recorded day."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.__main__ import app
from acd.settings.load import load_centre
from acd.simulate.load import load_scenario
from acd.simulate.schema import (
    AgentsEntry,
    AgentTimeEntry,
    ArrivalsEntry,
    DurationEntry,
    GroupEntry,
    PatienceEntry,
    SimulationEntry,
)
from tests.simulate.recorded_day import recorded_day, store_day

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = (CHECKOUT / "docs" / "simulate.md").read_text(encoding="utf-8")
COMMANDS = [
    line.partition("#")[0].strip()
    for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
    if line.startswith("acd ")
]
SCENARIOS = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which everything lies that the commands name."""
    folder = tmp_path_factory.mktemp("desk")
    home = folder / "home"
    home.mkdir()
    plan = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows").plan
    store_day(home, recorded_day(plan))
    shutil.copytree(CHECKOUT / "config", folder / "new")
    (folder / "monday.yml").write_text(SCENARIOS[0], encoding="utf-8")
    (folder / "records.yml").write_text(SCENARIOS[1], encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ACD_")]:
            patch.delenv(name)
        patch.setenv("ACD_HOME", str(home))
        patch.setenv("ACD_CONFIG", str(CHECKOUT / "config"))
        patch.setenv("ACD_FLOWS", str(CHECKOUT / "ivr_flows"))
        patch.chdir(folder)
        yield folder


def test_there_are_examples() -> None:
    assert len(COMMANDS) >= 10
    assert len(SCENARIOS) == 2
    assert SCENARIOS[0].startswith("# monday.yml\n")


RUN = [*COMMANDS, "acd simulate --scenario records.yml --hours 24"]


@pytest.mark.parametrize("command", RUN if os.environ.get("ACD_TEST_ALL") else RUN[-1::-3])
def test_command(desk: Path, command: str) -> None:
    words = shlex.split(command)[1:]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "service level" in done.stdout
    for name in (word for word in words if word.endswith((".json", ".svg"))):
        assert (desk / name).stat().st_size > 1000, name


def test_every_option_is_named() -> None:
    models = (
        SimulationEntry,
        GroupEntry,
        AgentsEntry,
        ArrivalsEntry,
        DurationEntry,
        PatienceEntry,
        AgentTimeEntry,
    )
    names = {name for model in models for name in model.model_fields}
    assert {name for name in names if f"`{name}" not in TEXT and f"{name}:" not in TEXT} == set()


def test_the_scenario_is_as_it_looks(desk: Path) -> None:
    plan = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows").plan
    scenario = load_scenario(desk / "monday.yml", plan)
    assert scenario.shifts is not None
    assert [shift.breaks for shift in scenario.shifts] == [[(43200.0, 45000.0)], [(50400.0, 52200.0)]]
    assert scenario.opens_s == 7.5 * 3600
