"""What machines call things, as the same words wherever a command shows them."""

from __future__ import annotations


def state_in_words(state: str) -> str:
    """'wrap_up' → 'wrap-up', 'not_ready' → 'not ready'."""
    return state.replace("wrap_up", "wrap-up").replace("_", " ")
