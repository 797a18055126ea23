"""A small sound configuration in a folder of the test's own, to be spoilt."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

FAULTY = Path(__file__).parents[1] / "fixtures" / "faulty"
BASE = FAULTY / "_base"


@dataclass(frozen=True)
class Sandbox:
    """The two folders of a configuration."""

    config: Path
    flows: Path

    @classmethod
    def create(cls, folder: Path) -> Sandbox:
        """Copies the sound configuration into the folder."""
        shutil.copytree(BASE, folder, dirs_exist_ok=True)
        return cls(folder / "config", folder / "ivr_flows")
