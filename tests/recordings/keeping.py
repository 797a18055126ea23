"""A home with recordings, and a keeper for them."""

from __future__ import annotations

from pathlib import Path

from acd.recordings.bucket import Bucket
from acd.recordings.keeper import Keeper
from acd.recordings.store import Recording, Recordings
from acd.records.store import RecordStore
from acd.settings.model import RecordingSettings, S3Settings
from tests.recordings.calls import DAY

NAME = f"{DAY}/c1-talk"


class World:
    """A folder, a database, and the settings that hold."""

    def __init__(self, folder: Path, url: str = "") -> None:
        self.dir = folder / "recordings"
        self.url = url or f"sqlite:///{folder}/records.sqlite3"
        self.store = RecordStore(self.url)
        self.store.open()
        self.settings = RecordingSettings()
        self.busy = False

    def keeper(self) -> Keeper:
        """As after a restart."""

        async def settings() -> RecordingSettings:
            return self.settings

        return Keeper(self.dir, self.store, settings, self.bucket, lambda: self.busy)

    def bucket(self, settings: S3Settings | None) -> Bucket | None:
        """With the keys of these tests."""
        return Bucket(settings, "key", "secret") if settings is not None else None

    def row(self, name: str = NAME) -> Recording:
        """It is on record."""
        found = Recordings(self.store.engine).get(name)
        assert found is not None
        return found

    def files(self) -> list[str]:
        """Of the day."""
        return sorted(file.name for file in (self.dir / DAY).iterdir())
