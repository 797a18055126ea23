"""Work that one of several processes does: whoever has the lock of a file; and who is there beside it."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO


class CannotLock(OSError):
    """The file system has no locks, or none now: who else is there cannot be known."""


@contextlib.contextmanager
def sole(file: Path) -> Iterator[bool]:
    """Whether this process is the one, without waiting; the system frees the lock with the process.

    Raises OSError where the file cannot be opened, CannotLock where it cannot be locked.
    """
    lock = alone(file)
    if lock is None:
        yield False
        return
    with lock:
        yield True


def alone(file: Path) -> IO[str] | None:
    """Be the only one that is there, until what it gives is closed, or the process ends.

    None: somebody else is there. Raises OSError where the file cannot be opened, CannotLock for its lock.
    """
    return _locked(file, fcntl.LOCK_EX)


def present(file: Path) -> IO[str] | None:
    """Be there, with any number of others, so that nobody is `sole`: until what it gives is closed.

    None: somebody is the sole one. Raises OSError where the file cannot be opened, CannotLock for its lock.
    """
    return _locked(file, fcntl.LOCK_SH)


def _locked(file: Path, how: int) -> IO[str] | None:
    # For reading and writing: NFS makes locks of bytes of these, and wants the one for LOCK_SH, the other for
    # LOCK_EX.
    lock = file.open("a+")
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # locks of bytes may say the second for "somebody has it"
        lock.close()
        return None
    except OSError as error:
        lock.close()
        raise CannotLock(error.errno, error.strerror, str(file)) from error
    return lock
