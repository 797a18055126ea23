"""Folders of faulty files, each with the exact messages that an operator gets.

A case holds only the files that differ from `_base`. To write the messages of a new case, run
`python -m tests.settings.test_faulty` and read them before they are committed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from acd.errors import SettingsError
from acd.settings.load import check, load_centre
from tests.settings.sandbox import BASE, FAULTY, Sandbox

CASES = sorted(folder.name for folder in FAULTY.iterdir() if folder != BASE)


@pytest.mark.parametrize("case", CASES)
def test_messages(case: str, sandbox: Sandbox) -> None:
    shutil.copytree(FAULTY / case, ".", dirs_exist_ok=True)
    expected = (FAULTY / case / "expected.txt").read_text(encoding="utf-8").splitlines()

    assert check(sandbox.config, sandbox.flows) == expected
    mistakes = [line for line in expected if ": warning: " not in line]
    if not mistakes:
        load_centre(sandbox.config, sandbox.flows)
        return
    with pytest.raises(SettingsError) as caught:
        load_centre(sandbox.config, sandbox.flows)
    assert list(caught.value.problems) == mistakes


def test_base_is_sound(sandbox: Sandbox) -> None:
    assert check(sandbox.config, sandbox.flows) == []


def write_expected() -> None:
    """Writes every case's messages as they are now."""
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            Sandbox.create(Path(folder))
            shutil.copytree(FAULTY / case, folder, dirs_exist_ok=True)
            os.chdir(folder)
            lines = check(Path("config"), Path("ivr_flows"))
        (FAULTY / case / "expected.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_expected()
