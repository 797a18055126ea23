"""`acd versions show` and `acd versions diff`."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.__main__ import app
from tests.backup.world import Centre


@pytest.fixture
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Centre:
    centre = Centre(tmp_path)
    groups = centre.env.config_dir / "groups.yml"
    groups.write_text(groups.read_text() + "# more\n")
    centre.keep_version()
    monkeypatch.setenv("ACD_HOME", str(centre.env.home))
    return centre


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["versions", *arguments])


def test_what_was_in_a_version_is_shown(centre: Centre) -> None:
    assert "config/groups.yml" in run("show", "3").output
    shown = run("show", "3", "config/groups.yml")
    assert shown.output == (centre.env.config_dir / "groups.yml").read_text()
    assert "no file 'config/passwd'" in str(run("show", "3", "config/passwd").exception)
    assert "there is no version 9" in str(run("show", "9").exception)


def test_the_difference_of_two_versions(centre: Centre) -> None:
    same = run("diff", "1", "2")
    assert (same.output, same.exit_code) == ("", 0)
    told = run("diff", "1", "3")
    assert told.exit_code == 1
    assert told.output.splitlines()[:2] == ["--- 1/config/groups.yml", "+++ 3/config/groups.yml"]
    assert "+# more" in told.output
    assert '"number": 3' in run("--json").output
