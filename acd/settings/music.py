"""Music for those who wait: the class `default`, and a class for each folder of `ivr_flows/music/`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from acd.settings.asterisk_sounds import SOUND_FORMATS
from acd.settings.schema.values import MUSIC_CLASS_PATTERN

DEFAULT_CLASS = "default"


def own_music(flows_dir: Path) -> Mapping[str, Path]:
    """Class → folder, for the folders that hold at least one sound file."""
    folder = flows_dir / "music"
    if not folder.is_dir():
        return {}
    return {
        entry.name: entry
        for entry in sorted(folder.iterdir())
        if MUSIC_CLASS_PATTERN.fullmatch(entry.name)
        and entry.is_dir()
        and any(file.suffix in SOUND_FORMATS for file in entry.iterdir())
    }


def music_classes(flows_dir: Path) -> tuple[str, ...]:
    """Every class that a group may name."""
    return tuple({DEFAULT_CLASS: None, **dict.fromkeys(own_music(flows_dir))})
