"""Work that one of several processes does: whoever has the lock of a file; and who is there beside it."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO


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


def alone(file: Path) -> IO[str] | None:
    """Be the only one that is there, until what it gives is closed, or the process ends.

    None: somebody else is there. Raises OSError where the file cannot be opened or locked.
    """
    return _locked(file, fcntl.LOCK_EX)


def present(file: Path) -> IO[str] | None:
    """Be there, with any number of others, so that nobody is `sole`: until what it gives is closed.

    None: somebody is the sole one. Raises OSError where the file cannot be opened or locked.
    """
    return _locked(file, fcntl.LOCK_SH)


def _locked(file: Path, how: int) -> IO[str] | None:
    lock = file.open("w")
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    except OSError:
        lock.close()
        raise
    return lock
