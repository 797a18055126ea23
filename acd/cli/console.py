"""Every console that a command prints on is made here, so that all of them print alike."""

from __future__ import annotations

from rich.console import Console


def new_console(*, width: int | None = None, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """One that prints a text as it is: a line number between colons, as in `a.yml:100:`, is no emoji."""
    return Console(emoji=False, highlight=False, width=width, stderr=stderr, soft_wrap=soft_wrap)
