"""The control socket: `acd agent …` and `acd status` talk to the running controller through it.

A Unix socket that only its owner may open; one JSON object a line in, one a line out:
`{"do": "ready", "agent": "anna"}` → `{"ok": true, …}` or `{"error": CODE, "message": TEXT}`. What is no
request is answered with BAD_REQUEST, what the operator has to see to with FAILED, a fault of ours with
INTERNAL. The same is spoken on the control port of one of several controllers, once both sides have proved
who they are (`control_proof`); one that stands by answers STANDBY, with the name of the `leader` if known.
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
ANSWER_MAX = 16 * 1024 * 1024
BAD_REQUEST = "bad-request"
FAILED = "failed"
INTERNAL = "internal"
STANDBY = "standby"
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
        reader, writer = await asyncio.open_unix_connection(str(path), limit=ANSWER_MAX)
    except OSError:
        text = (
            f"no controller answers on {path}: start one with script/server"
            " (one that runs already starts a new controller within seconds)"
        )
        raise OperatorError(text) from None
    try:
        return granted(await exchange(reader, writer, limit_s, fields))
    finally:
        await close(writer)


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limit_s: float, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """One request on a connection, and its answer, whatever that says. Raises OperatorError."""
    try:
        async with asyncio.timeout(limit_s):
            writer.write(json.dumps(fields).encode() + b"\n")
            line = await reader.readline()
    except TimeoutError:
        raise OperatorError("the controller does not answer; is it frozen?") from None
    except OSError:
        line = b""
    if not line.endswith(b"\n"):
        raise OperatorError("the controller went away without an answer; its log says why")
    answer: dict[str, Any] = json.loads(line)
    return answer


def granted(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer. Raises RequestRefused where it is a refusal."""
    if "error" in answer:
        raise RequestRefused(answer["error"], answer["message"])
    return answer


async def close(writer: asyncio.StreamWriter) -> None:
    """A connection that is not needed any more, or that has ended."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
