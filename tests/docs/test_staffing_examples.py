"""What docs/staffing.md shows is what the commands say."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.__main__ import app

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "staffing.md"
EXAMPLE = re.compile(r"```sh\nacd (erlang [^\n]+)\n```\n\n```json\n(.*?)```", re.DOTALL)
EXAMPLES = EXAMPLE.findall(DOCUMENT.read_text(encoding="utf-8"))


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_example(command: str, shown: str) -> None:
    done = CliRunner().invoke(app, shlex.split(command))
    assert done.exit_code == 0, done.output
    answer, expected = json.loads(done.output), json.loads(shown)
    assert list(answer) == list(expected)
    for name, value in expected.items():
        assert answer[name] == (value if value is None else pytest.approx(value, rel=1e-9)), name
