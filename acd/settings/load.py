"""The configuration in one call: read, checked as a whole, built."""

from __future__ import annotations

from pathlib import Path

from acd.errors import SettingsError
from acd.settings.assemble import assemble
from acd.settings.files import Files, read_files
from acd.settings.model import Centre
from acd.settings.references import check_references


def load_centre(config_dir: Path, flows_dir: Path) -> Centre:
    """The checked configuration of both folders.

    Raises SettingsError with every problem there is, sorted by file and line.
    """
    files = _checked(config_dir, flows_dir)
    problems = files.problems()
    if problems:
        raise SettingsError([str(problem) for problem in problems])
    return assemble(files)


def check(config_dir: Path, flows_dir: Path) -> list[str]:
    """Every problem of the configuration as 'file:line: path: message'; empty if it is sound."""
    return [str(problem) for problem in _checked(config_dir, flows_dir).problems()]


def _checked(config_dir: Path, flows_dir: Path) -> Files:
    files = read_files(config_dir, flows_dir)
    check_references(files)
    return files
