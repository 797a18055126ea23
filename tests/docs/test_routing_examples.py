"""The examples of docs/routing.md are sound configuration, and its commands run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from acd.__main__ import app
from acd.core import policy
from acd.core.pools import AgentChoice
from acd.settings.load import check, load_centre
from acd.settings.schema.groups import GroupEntry
from acd.settings.schema.routing import OperationEntry, RingEntry

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = (CHECKOUT / "docs" / "routing.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n# (\w+\.yml)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


def centre_with(folder: Path, file: str, example: str) -> Path:
    """The example centre's configuration, with the example's entries in place of its own."""
    config = folder / "config"
    shutil.copytree(CHECKOUT / "config", config)
    values = yaml.safe_load((config / file).read_text(encoding="utf-8"))
    for section, entries in yaml.safe_load(example).items():
        values.setdefault(section, {}).update(entries)
    (config / file).write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    return config


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == TEXT.count("```yaml") >= 9
    assert len(COMMANDS) >= 1


@pytest.mark.parametrize(("file", "example"), EXAMPLES)
def test_example(tmp_path: Path, file: str, example: str) -> None:
    config = centre_with(tmp_path, file, example)
    problems = check(config, CHECKOUT / "ivr_flows")
    assert [line for line in problems if ": warning: " not in line] == []  # flows may have other exits
    plan, before = (
        load_centre(folder, CHECKOUT / "ivr_flows").plan for folder in (config, CHECKOUT / "config")
    )
    assert plan != before, "the example changes nothing"


@pytest.mark.parametrize("command", COMMANDS)
def test_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str) -> None:
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.setenv("ACD_CONFIG", str(CHECKOUT / "config"))
    monkeypatch.setenv("ACD_FLOWS", str(CHECKOUT / "ivr_flows"))
    done = CliRunner().invoke(app, shlex.split(command)[1:], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "service level" in done.stdout


def test_every_option_is_named() -> None:
    told_elsewhere = {
        "name", "ring_timeout_s", "wrap_up_s", "wrap_up", "service_level_s", "service_level_target",
        "short_abandon_s", "music", "caller_id", "callbacks", "hours", "record",
            "dispositions", "greeting",
    }  # fmt: skip
    names = {*GroupEntry.model_fields, *RingEntry.model_fields, *OperationEntry.model_fields} - told_elsewhere
    names |= {*policy.NAMES, *AgentChoice, "ageing", "days", "wait_s", "every_s"}
    assert {name for name in names if f"`{name}" not in TEXT and f"{name}:" not in TEXT} == set()
