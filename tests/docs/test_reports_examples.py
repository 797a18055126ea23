"""The examples of docs/reports.md run, and its configuration is sound."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.__main__ import app
from acd.records.store import RecordStore
from acd.settings.load import check, load_centre
from acd.settings.report_settings import Target

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = (CHECKOUT / "docs" / "reports.md").read_text(encoding="utf-8")
BLOCKS = [block.splitlines() for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)]
(CONFIG,) = re.findall(r"^```yaml\n# reports\.yml\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)


def config_in(folder: Path) -> Path:
    shutil.copytree(CHECKOUT / "config", folder / "config")
    (folder / "config" / "reports.yml").write_text(CONFIG, encoding="utf-8")
    return folder / "config"


def test_the_configuration_is_sound(tmp_path: Path) -> None:
    config = config_in(tmp_path)
    assert check(config, CHECKOUT / "ivr_flows") == []
    reports = load_centre(config, CHECKOUT / "ivr_flows").reports
    assert reports.targets["service_level"] == Target(0.8, 0.7)
    assert reports.mail is not None


def test_there_are_examples() -> None:
    assert [len(block) for block in BLOCKS] == [9, 5, 6]


@pytest.mark.parametrize("block", BLOCKS, ids=[block[0].split("#")[0].strip() for block in BLOCKS])
def test_commands(block: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ACD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.setenv("ACD_CONFIG", str(config_in(tmp_path)))
    with RecordStore(f"sqlite:///{tmp_path}/records.sqlite3"):
        pass  # made
    monkeypatch.chdir(tmp_path)
    for line in block:
        done = CliRunner().invoke(app, shlex.split(line, comments=True)[1:])
        assert done.exit_code == 0, (line, done.output, done.exception)
    written = {word for line in block for word in line.split() if word.startswith(("groups.", "agents."))}
    assert all((tmp_path / name).stat().st_size > 100 for name in written)
