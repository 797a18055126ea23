"""What machines call things, as the same words wherever a command shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OTHERWISE = {"wrap_up": "wrap-up", "ivr": "menu"}


def state_in_words(state: str) -> str:
    """Of an agent, a call, a trunk: 'wrap_up' → 'wrap-up', 'not_ready' → 'not ready'."""
    return _OTHERWISE.get(state, state.replace("_", " "))


def node_in_words(node: Mapping[str, Any]) -> str:
    """The state of an Asterisk node of the picture."""
    if not node["up"]:
        return "away"
    if not node["known"]:
        return "is being looked at"
    return "drained" if node["drained"] else "takes calls"
