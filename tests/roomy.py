"""Room for the frames of deep calls, in one piece.

CPython 3.11 keeps the frames of Python functions in pieces of 16 KiB, and gives a piece back to the system
as soon as its first frame ends. A loop that happens to stand at the end of one takes and gives back a piece
with each call: what Hypothesis draws, deep down in its strategies, took half a million pieces in five tests.
A frame that does not fit into a piece gets a larger one, and what it calls has the rest of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_LOCALS = 70_000
"""More than half of 1 MiB, by 8 bytes each: the rest is for what is called."""


def _made() -> Callable[[Callable[[], object]], None]:
    names = " = ".join(f"v{number}" for number in range(_LOCALS))
    found: dict[str, Any] = {}
    exec(f"def roomy(work):\n    work()\n    return\n    {names} = None", found)
    roomy: Callable[[Callable[[], object]], None] = found["roomy"]
    return roomy


roomy = _made()
"""Calls it."""
