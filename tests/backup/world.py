"""A home with records, recordings, secrets, versions, and a place for it to be restored to."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from acd.backup.make import Made, Wanted, make
from acd.backup.pace import Pace
from acd.backup.restore import Asked, Restored, restore
from acd.recordings.store import Recordings
from acd.runtime.version_files import VersionFiles
from acd.settings.environment import Environment
from acd.settings.model import RecordFormat, RecordingSettings
from tests.recordings.calls import DAY, recorded_call, write_wav
from tests.recordings.keeping import World

CHECKOUT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
SECRETS = "ami: abcdefghijklmnopqrstuvwxyz12\n"


def environment(folder: Path, url: str = "") -> Environment:
    """A centre of its own below the folder."""
    return Environment(folder / "home", folder / "config", folder / "ivr_flows", records_url=url)


class Centre:
    """Two calls with recordings; the configuration is that of the checkout."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.env = environment(folder, url)
        self.env.home.mkdir(parents=True)
        shutil.copytree(CHECKOUT / "config", self.env.config_dir)
        shutil.copytree(CHECKOUT / "tests" / "flows", self.env.flows_dir)
        self.env.secrets_file.write_text(SECRETS)
        self.env.secrets_file.chmod(0o600)
        (self.env.home / "retention.key").write_text("a key")
        self.drills = self.env.home / "drills"
        self.drills.mkdir(mode=0o700)
        (self.drills / "2026-11-27T010203Z-redis-loss.md").write_text("# Drill redis-loss: passed")
        self.keep_version()
        self.keep_version()
        self.world = World(self.env.home, url)
        self.world.settings = RecordingSettings(format=RecordFormat.WAV)
        self.add_calls("c1", "c2")

    def keep_version(self) -> None:
        """As at a start."""
        versions = VersionFiles(self.env.versions_dir)
        staged = versions.stage(self.env.config_dir, self.env.flows_dir)
        versions.keep(staged, versions.entry_to_be(staged, "anna", "start", "no tests"))

    def add_calls(self, *calls: str) -> None:
        """On record, with a sound each that is not."""
        self.world.store.save_calls([recorded_call(call) for call in calls])
        for call in calls:
            write_wav(self.world.dir, f"{DAY}/{call}-talk", seconds=0.1)

    async def take_up(self) -> None:
        """Sounds come on record."""
        await self.world.keeper().look()

    @property
    def rows(self) -> Recordings:
        """Of recordings."""
        return Recordings(self.world.store.engine)


def back_up(centre: Centre, target: Path, at: datetime = NOW, **wanted: object) -> Made:
    """As `acd backup`."""
    asked = replace(Wanted(target, "Test"), **wanted)  # type: ignore[arg-type]
    return make(centre.env, asked, at, Pace(), {"ACD_HOME": "x", "PATH": "y", "ACD_LOG": ""})


def put_back(env: Environment, archive: Path, at: datetime = NOW, **asked: object) -> Restored:
    """As `acd restore`."""
    wanted = replace(Asked(archive, archive.parent / "recordings"), **asked)  # type: ignore[arg-type]
    return restore(env, wanted, at, Pace())


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below it with its bytes."""
    found = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
