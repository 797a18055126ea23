"""The control socket: `acd agent …` and `acd status` talk to the running controller through it.

A Unix socket that only its owner may open; one JSON object a line in, one a line out:
`{"do": "ready", "agent": "anna"}` → `{"ok": true, …}` or `{"error": CODE, "message": TEXT}`. What is no
request is answered with BAD_REQUEST, what the operator has to see to with FAILED, a fault of ours with
INTERNAL.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from acd.errors import OperatorError, RequestRefused

LINE_MAX = 65_536
BAD_REQUEST = "bad-request"
FAILED = "failed"
INTERNAL = "internal"
UNKNOWN_CALL = "unknown-call"
Request = Mapping[str, Any]
Answer = Mapping[str, Any]
Handler = Callable[[Request], Answer | Awaitable[Answer]]


def text_of(request: Request, key: str) -> str:
    """A text that the request must have. Raises RequestRefused, BAD_REQUEST."""
    value = request.get(key)
    if not isinstance(value, str):
        raise RequestRefused(BAD_REQUEST, f"the request needs '{key}', a text")
    return value


def text_if_any(request: Request, key: str) -> str:
    """A text that the request may have, or ''. Raises RequestRefused, BAD_REQUEST."""
    return text_of(request, key) if request.get(key) is not None else ""


async def request(path: Path, *, limit_s: float = 10.0, **fields: Any) -> dict[str, Any]:
    """Ask the running controller. Raises OperatorError (it is not running) or RequestRefused.

    `limit_s`: how long the answer may take.
    """
    try:
        reader, writer = await asyncio.open_unix_connection(str(path), limit=16 * 1024 * 1024)
    except OSError:
        text = (
            f"no controller answers on {path}: start one with script/server"
            " (one that runs already starts a new controller within seconds)"
        )
        raise OperatorError(text) from None
    try:
        async with asyncio.timeout(limit_s):
            writer.write(json.dumps(fields).encode() + b"\n")
            line = await reader.readline()
    except TimeoutError:
        raise OperatorError("the controller does not answer; is it frozen?") from None
    except OSError:
        line = b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    if not line.endswith(b"\n"):
        raise OperatorError("the controller went away without an answer; its log says why")
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        raise RequestRefused(answer["error"], answer["message"])
    return answer
