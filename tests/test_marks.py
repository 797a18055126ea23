"""Marks of tests are where `script/test` looks for them: elsewhere a test that has one would never be run."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent
OF_INTEGRATION = re.compile(r"\bmark\.(?:timing|alone)\b")


def test_marks_of_parts_of_their_own_are_only_in_integration() -> None:
    marked = {
        file.relative_to(TESTS)
        for file in TESTS.rglob("*.py")
        if OF_INTEGRATION.search(file.read_text(encoding="utf-8"))
    }
    assert {file for file in marked if file.parts[0] != "integration"} == set()
    assert marked, "the marks have other names now"
