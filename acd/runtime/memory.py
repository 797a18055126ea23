"""Garbage collection in a process that holds much for long.

Nearly everything here is freed the moment nobody refers to it. Python's collector looks for the rest (cycles:
exceptions, tasks) each time 700 objects more are there than before, which in a large centre with a long line
means again and again, in vain, and at the cost of every fifth event.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG, _MIDDLE, _OLD = 10_000, 10, 10
"""How many new objects set off a look at the young ones, and how many such looks one at the older ones."""


@contextmanager
def without_collection() -> Iterator[None]:
    """While something large is built that stays."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def settle() -> None:
    """What is there now stays: no later look goes through it. From now on there are fewer looks."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
