"""The control socket: `acd agent …` and `acd status` talk to the running controller through it.

A Unix socket that only its owner may open; one JSON object a line in, one a line out:
`{"do": "ready", "agent": "anna"}` → `{"ok": true, …}` or `{"error": CODE, "message": TEXT}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from acd.errors import OperatorError, RequestRefused

log = structlog.get_logger(__name__)

LINE_MAX = 65_536
Request = Mapping[str, Any]
Answer = Mapping[str, Any]
Handler = Callable[[Request], Answer | Awaitable[Answer]]


class ControlServer:
    """Answers requests with `handlers[request["do"]]`."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        self._handlers = handlers
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen. Raises OperatorError when another controller already does.

        Where the disk takes no socket calls are routed all the same, and the log says so.
        """
        if await _somebody_listens(self._path):
            raise OperatorError(f"another controller is running here (it answers on {self._path})")
        try:
            await self._listen()
        except OSError as error:
            log.error("commands of operators cannot be taken", socket=str(self._path), reason=str(error))

    async def _listen(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        old = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=LINE_MAX)
        finally:
            os.umask(old)

    async def stop(self) -> None:
        """Close the socket and every connection."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self.answer(line), ensure_ascii=False).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass  # the other side went away, or sent a line over the limit
        finally:
            self._writers.discard(writer)
            writer.close()

    async def answer(self, line: bytes) -> Answer:
        """One request, as it came; never raises for what a client may send."""
        try:
            request = json.loads(line)
            found = self._handlers[request["do"]](request)
            return {"ok": True, **(await found if isinstance(found, Awaitable) else found)}
        except RequestRefused as refusal:
            return {"error": refusal.code, "message": str(refusal)}
        except (ValueError, KeyError, TypeError, RecursionError):
            known = ", ".join(self._handlers)
            return {"error": "bad-request", "message": f"not a request; 'do' is one of: {known}"}


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


async def _somebody_listens(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return False
    writer.close()
    return True
