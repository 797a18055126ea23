"""Renames that are all done, or all undone."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self


class Moves:
    """A context manager: an exception in its block puts back all that has been moved.

    What is put aside from below `home` goes into the folder `home/NAME`, as deep as it was; other things stay
    where they are, with `.NAME` behind their names.
    """

    def __init__(self, name: str, home: Path) -> None:
        self._name = name
        self._home = home
        self._done: list[tuple[Path, Path]] = []
        self.aside: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is None:
            return
        failed: OSError | None = None
        for source, target in reversed(self._done):
            try:
                _move(target, source)
            except OSError as error:  # the others go back all the same
                failed = failed or error
        if failed is not None:
            raise failed

    def put_aside(self, path: Path) -> None:
        """If it is there; an empty folder is no loss. Raises OSError."""
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
        elif path.exists():
            below = path.is_relative_to(self._home)
            if below:
                (self._home / self._name).mkdir(exist_ok=True, mode=0o700)
                target = self._home / self._name / path.relative_to(self._home)
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            else:
                target = path.with_name(f"{path.name}.{self._name}")
            self._moved(path, target)
            self.aside.append(target)

    def put(self, source: Path, target: Path) -> None:
        """Where nothing is any more. Raises OSError."""
        target.parent.mkdir(parents=True, exist_ok=True)
        self._moved(source, target)

    def bring_back(self, path: Path, what: Callable[[str], bool]) -> None:
        """Of a folder that was put aside all with such names, where nothing else has taken its place since.

        Raises OSError.
        """
        target = next((target for source, target in self._done if source == path), None)
        if target is None:
            return
        for old in sorted(target.iterdir()):
            if what(old.name) and not os.path.lexists(path / old.name):
                self.put(old, path / old.name)

    def _moved(self, source: Path, target: Path) -> None:
        _move(source, target)
        self._done.append((source, target))


def _move(source: Path, target: Path) -> None:
    """A rename; to another file system a copy, which is whole before it has its name."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        fresh = target.with_name(f".{target.name}.new")
        shutil.move(source, fresh)
        fresh.rename(target)
