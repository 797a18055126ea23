"""The umask that the program sets itself at its start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def private_umask() -> Iterator[None]:
    """What is made meanwhile is nobody else's."""
    old = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(old)
