"""Folders for Asterisk's sake, whatever our umask is."""

from __future__ import annotations

from pathlib import Path

from acd.settings.shared_folder import WRITTEN_BY_GROUP, make_shared_folder
from tests.umask import private_umask


def mode(folder: Path) -> int:
    """Its permissions."""
    return folder.stat().st_mode & 0o7777


def test_what_is_made_has_the_mode_and_what_is_around_it_stays_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with private_umask():
        day = make_shared_folder(home / "recordings", WRITTEN_BY_GROUP, "2026-01-02")
    assert day == home / "recordings" / "2026-01-02"
    assert [mode(folder) for folder in (day, day.parent, home)] == [0o770, 0o770, 0o700]


def test_a_folder_that_is_there_keeps_its_mode_and_hands_on_its_group(tmp_path: Path) -> None:
    kept = tmp_path / "recordings"
    kept.mkdir()
    kept.chmod(0o2750)
    with private_umask():
        day = make_shared_folder(kept, WRITTEN_BY_GROUP, "2026-01-02")
    assert [mode(folder) for folder in (day, kept)] == [0o2770, 0o2750]
