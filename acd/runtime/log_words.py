"""By which names a line of the log says whom it is about, everywhere: `call`, `agent`, `phone`, `by`.

Lines that are written while a request or a caller's question is answered get them from the context
(structlog's contextvars), those about an event or a command from what that is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LONGEST = 80
_FIELDS = (("call_id", "call"), ("agent", "agent"), ("phone", "phone"))
_REQUESTED = ("call", "agent", "by")


def about(thing: object) -> dict[str, str]:
    """Whom an event or a command is about."""
    found = {name: getattr(thing, field, None) for field, name in _FIELDS}
    call = getattr(thing, "call", None)  # the whole of it, to be stored
    found["call"] = found["call"] or getattr(call, "id", None)
    return {name: value for name, value in found.items() if isinstance(value, str) and value}


def requested(request: Mapping[str, Any]) -> dict[str, str]:
    """Whom a request on the control socket is about, and who asks; what it may hold is anybody's."""
    found = ((name, request.get(name)) for name in _REQUESTED)
    return {name: value[:LONGEST] for name, value in found if isinstance(value, str) and value}
