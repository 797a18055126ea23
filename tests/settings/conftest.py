"""Every test here runs in its own folder, so that messages name files relative to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.settings.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A sound configuration in the current directory."""
    monkeypatch.chdir(tmp_path)
    Sandbox.create(tmp_path)
    return Sandbox(Path("config"), Path("ivr_flows"))
