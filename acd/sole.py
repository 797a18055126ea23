"""Work that one of several processes does: whoever has the lock of a file."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def sole(file: Path) -> Iterator[bool]:
    """Whether this process is the one, without waiting; the system frees the lock with the process.

    Raises OSError where the file cannot be opened.
    """
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
