"""What machines call things, as the same words wherever a command shows them."""

from __future__ import annotations

_OTHERWISE = {"wrap_up": "wrap-up", "ivr": "menu"}


def state_in_words(state: str) -> str:
    """Of an agent, a call, a trunk: 'wrap_up' → 'wrap-up', 'not_ready' → 'not ready'."""
    return _OTHERWISE.get(state, state.replace("_", " "))
