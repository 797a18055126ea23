"""Which files of an installation belong to its back-up, by the name that they have in the archive."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from acd.runtime.version_files import VersionFiles, files_of
from acd.settings.config_files import config_files
from acd.settings.environment import DRILLS, Environment

CONFIG, FLOWS, VERSIONS, HOME, JOURNAL = "config", "ivr_flows", "versions", "home", "journal"
KEPT_OF_HOME = ("retention.key", "retention.stamp", DRILLS)
"""Of ACD_HOME: small files without which what is on record would not mean the same, and reports of drills."""
_LAST = "version.json"


def small_files(env: Environment) -> Iterator[tuple[str, Path]]:
    """Configuration, flows, and what else is small. Raises OSError."""
    for path in config_files(env.config_dir):
        yield f"{CONFIG}/{path.name}", path
    yield from _below(FLOWS, env.flows_dir)
    for name in KEPT_OF_HOME:
        if (env.home / name).is_file():
            yield f"{HOME}/{name}", env.home / name
        yield from _below(f"{HOME}/{name}", env.home / name)


def take_out_others(staging: Path) -> list[str]:
    """Of an unpacked archive what is no configuration: older programs kept all of config/, keys included.

    The names of what is gone, as in the archive. Raises OSError.
    """
    of_versions = sorted(staging.glob(f"{VERSIONS}/*/{CONFIG}"))
    gone = [path for config in (staging / CONFIG, *of_versions) for path in _taken_out(config)]
    return [path.relative_to(staging).as_posix() for path in gone]


def _taken_out(config: Path) -> list[Path]:
    ours = set(config_files(config))
    others = sorted(path for path in config.iterdir() if path not in ours) if config.is_dir() else []
    for path in others:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return others


def version_files(env: Environment) -> Iterator[tuple[str, Path]]:
    """The versions, oldest first; of each the file that makes it one comes last."""
    versions = VersionFiles(env.versions_dir)
    for entry in versions.entries():
        root = f"{VERSIONS}/{entry.number}"
        for name, path in files_of(versions.kept(entry)):
            yield f"{root}/{name}", path
        yield f"{root}/{_LAST}", env.versions_dir / str(entry.number) / _LAST


def journal_files(env: Environment) -> Iterator[tuple[str, Path]]:
    """What the engine was told and answered."""
    yield from _below(JOURNAL, env.journal_dir)


def _below(root: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file in order; hidden ones and folders that are links left out, as in a version."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent) / name
            if not name.startswith(".") and path.is_file():
                yield f"{root}/{path.relative_to(folder).as_posix()}", path
