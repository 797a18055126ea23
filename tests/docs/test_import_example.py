"""The example of docs/import.md becomes what the document shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from acd.__main__ import app
from acd.settings.load import find_problems

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "import.md"


def blocks(what: str) -> dict[str, str]:
    """The marked blocks by file name."""
    text = DOCUMENT.read_text(encoding="utf-8")
    return dict(re.findall(rf"<!-- a test {what} this: (\S+) -->\n```\w+\n(.*?)```", text, re.DOTALL))


def test_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flows").mkdir()
    for name, text in blocks("runs").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["import", "queues.conf"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    # A line with a limit wants a flow for whoever comes beyond it: it keeps nobody from starting.
    said = find_problems(tmp_path / "imported", tmp_path / "flows")
    assert [(problem.warning, "max_waiting" in problem.message) for problem in said] == [(True, True)]
    shown = blocks("compares")
    assert set(shown) == {"groups.yml", "agents.yml"}
    for name, text in shown.items():
        assert text in (tmp_path / "imported" / name).read_text(encoding="utf-8")
    groups = yaml.safe_load((tmp_path / "imported" / "groups.yml").read_text(encoding="utf-8"))["groups"]
    assert groups["support"]["rings"] == [{"after_s": 45, "requires": {"support": 9}}]
