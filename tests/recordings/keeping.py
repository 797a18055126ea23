"""A home with recordings, and a keeper for them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from acd.recordings.bucket import Bucket
from acd.recordings.keeper import Keeper
from acd.recordings.of_call import RecordingKind
from acd.recordings.store import Recording, Recordings, Storage
from acd.records.store import RecordStore
from acd.settings.model import RecordFormat, RecordingSettings, S3Settings
from tests.recordings.calls import DAY

NAME = f"{DAY}/c1-talk"


def kept_voicemail() -> Recording:
    """The row of voicemail c1-1."""
    at = datetime(2025, 11, 22, 10, tzinfo=UTC)
    kind, form, disk = RecordingKind.VOICEMAIL, RecordFormat.WAV, Storage.DISK
    return Recording(f"{DAY}/c1-1", "c1", 1, kind, "sales", at, 2.0, 1, form, 14, "", disk, None, ())


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
