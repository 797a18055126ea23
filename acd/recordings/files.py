"""Files of recordings: names, places, and what a wav file says of itself.

A recording's name is its path below the folder without the ending: `2026-11-26/c1-talk`. Beside the sound
may lie its peaks (`.peaks.json`), while the talk goes on the raw file of each side (`.sln`), and while
something is being made of it, a file with `.new` in its name.
"""

from __future__ import annotations

import hashlib
import math
import re
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from acd.settings.model import RecordFormat

PEAKS = ".peaks.json"
NEW, RAW = ".new", ".sln"
LEFT_AFTER_S = 86_400.0
"""What was under way for so long nothing goes on with."""
NAME = re.compile(r"\d{4}-\d{2}-\d{2}/[a-z0-9-]{1,120}")
"""Names that we give; nothing else is ever looked for on the disk."""
MEDIA = {RecordFormat.WAV: "audio/wav", RecordFormat.OPUS: "audio/ogg", RecordFormat.MP3: "audio/mpeg"}
_TALK = "-talk"
_NUMBERED = re.compile(r"-\d+$")
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Sound:
    """What a wav file says of itself."""

    duration_s: float
    channels: int
    rate_hz: int


def path_of(folder: Path, name: str, form: RecordFormat) -> Path:
    """Where the file is, or would be. Raises ValueError for what is no name of ours."""
    if NAME.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no name of a recording")
    return folder / f"{name}.{form.value}"


def file_there(folder: Path, name: str) -> Path | None:
    """The file on this disk, in whichever format it is; None: there is none, or it is no name of ours."""
    if NAME.fullmatch(name) is None:
        return None
    paths = (path_of(folder, name, form) for form in RecordFormat)
    return next((path for path in paths if path.is_file()), None)


def media_of(path: Path) -> str:
    """The media type of a file, by its ending. Raises ValueError for no format of ours."""
    return MEDIA[RecordFormat(path.suffix.removeprefix("."))]


def peaks_path(folder: Path, name: str) -> Path:
    """Where its peaks are kept. Raises ValueError as `path_of`."""
    return path_of(folder, name, RecordFormat.WAV).with_suffix(PEAKS)


def remove_files(folder: Path, names: Iterable[str]) -> None:
    """All that there is of these recordings: sounds, peaks, raw sides, and what was under way.

    Raises OSError; ValueError for what is no name of ours.
    """
    by_day: dict[Path, set[str]] = {}
    for name in names:
        place = path_of(folder, name, RecordFormat.WAV)
        by_day.setdefault(place.parent, set()).add(place.stem)
    for day, stems in by_day.items():
        for file in list(day.iterdir()) if day.is_dir() else ():
            if file.name.partition(".")[0] in stems:
                file.unlink(missing_ok=True)


def call_in(name: str) -> str:
    """The call that a file is of, by its name."""
    stem = name.rpartition("/")[2]
    return stem.removesuffix(_TALK) if stem.endswith(_TALK) else _NUMBERED.sub("", stem)


def sound_of(file: Path) -> Sound:
    """Of a wav file. Raises OSError, ValueError for another.

    By the file's length: Asterisk writes the one in the header last, and may not have come to it.
    """
    try:
        with wave.open(str(file)) as wav:
            channels, rate, width = wav.getnchannels(), wav.getframerate(), wav.getsampwidth()
            frames = wav.getnframes()
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{file.name} is no wav file: {error}") from error
    if not frames:
        frames = max(0, file.stat().st_size - 44) // (channels * width)
    return Sound(frames / rate, channels, rate)


def sha256_of(file: Path) -> str:
    """Of its bytes, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


class Folder:
    """Looks for sounds below the folder; days without a change since the last look are left out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[str, float] = {}

    def days(self) -> list[str]:
        """All there are, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(each.name for each in self.folder.iterdir() if _is_day(each.name) and each.is_dir())

    def changed_days(self) -> list[str]:
        """Those in which files have come or gone since this was last asked."""
        changed = []
        for day in self.days():
            at = (self.folder / day).stat().st_mtime
            if self._seen.get(day) != at:
                changed.append(day)
                self._seen[day] = at
        return changed

    def look_again(self, day: str) -> None:
        """There was something in it that could not be dealt with yet."""
        self._seen.pop(day, None)

    def sounds(self, day: str) -> dict[str, set[RecordFormat]]:
        """By name, the formats in which each is there."""
        found: dict[str, set[RecordFormat]] = {}
        for file in (self.folder / day).iterdir():
            form = file.suffix.removeprefix(".")
            name = f"{day}/{file.stem}"
            if form in list(RecordFormat) and NAME.fullmatch(name) is not None:
                found.setdefault(name, set()).add(RecordFormat(form))
        return found

    def left_over(self, day: str, before: float) -> list[Path]:
        """What was under way, raw sides as well, and has not changed since then (seconds since 1970)."""
        parts = [file for file in (self.folder / day).iterdir() if NEW in file.name or file.suffix == RAW]
        return sorted(file for file in parts if _changed_at(file) < before)

    def names(self, day: str) -> set[str]:
        """Of recordings that have any file there."""
        found = {f"{day}/{file.name.partition('.')[0]}" for file in (self.folder / day).iterdir()}
        return {name for name in found if NAME.fullmatch(name) is not None}


def _changed_at(file: Path) -> float:
    """One that has just been finished is not old."""
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _is_day(name: str) -> bool:
    try:
        datetime.strptime(name, "%Y-%m-%d")
    except ValueError:
        return False
    return True
