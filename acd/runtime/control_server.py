"""The controller's end of the control socket; `acd.runtime.control` says what is spoken on it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog

from acd.errors import OperatorError, RequestRefused
from acd.runtime.control import BAD_REQUEST, FAILED, INTERNAL, LINE_MAX, Answer, Handler, Request

log = structlog.get_logger(__name__)


TURNS_TO_BEGIN = 4
"""So many turns of the loop after it was taken a connection begins to be served, and is known."""
Stream = Callable[[Request, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Has the connection from this request on, until it returns; raises RequestRefused before its first line."""


class ControlServer:
    """Answers requests with `handlers[request["do"]]`; one that `streams` names has the whole connection."""

    def __init__(
        self, path: Path, handlers: Mapping[str, Handler], streams: Mapping[str, Stream] | None = None
    ) -> None:
        self._path = path
        self._handlers = handlers
        self._streams = streams or {}
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
            for _ in range(TURNS_TO_BEGIN):
                await asyncio.sleep(0)
            for writer in list(self._writers):
                writer.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                request = _read(line)
                stream = self._streams.get(request["do"]) if request is not None else None
                if stream is not None and request is not None:
                    writer.write(await self._follow(stream, request, reader, writer))
                    await writer.drain()
                    return
                writer.write(await self.answer(line))
                await writer.drain()
        except (OSError, ValueError):
            pass  # the other side went away, or sent a line over the limit
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _follow(
        self, stream: Stream, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """The whole of it; what is to be said at its end."""
        try:
            await stream(request, reader, writer)
        except RequestRefused as refusal:
            return _line({"error": refusal.code, "message": str(refusal)})
        except OSError:
            raise
        except Exception as error:
            log.exception("a stream has failed", do=request["do"])
            return _line({"error": INTERNAL, "message": f"the controller failed ({type(error).__name__})"})
        return b""

    async def answer(self, line: bytes) -> bytes:
        """The answer to one request, as both are on the wire; never raises."""
        request = _read(line)
        handler = self._handlers.get(request["do"]) if request is not None else None
        if request is None or handler is None:
            known = ", ".join([*self._handlers, *self._streams])
            return _line({"error": BAD_REQUEST, "message": f"not a request; 'do' is one of: {known}"})
        try:
            found = handler(request)
            return _line({"ok": True, **(await found if isinstance(found, Awaitable) else found)})
        except RequestRefused as refusal:
            return _line({"error": refusal.code, "message": str(refusal)})
        except OperatorError as error:
            log.error("a request of an operator's failed", do=request["do"], reason=str(error))
            return _line({"error": FAILED, "message": str(error)})
        except Exception as error:
            log.exception("a request of an operator's failed", do=request["do"])
            text = f"the controller could not do that ({type(error).__name__}); its log says why"
            return _line({"error": INTERNAL, "message": text})


def _read(line: bytes) -> Request | None:
    """The request, with the text `do`; None where it is none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("do"), str):
        return None
    return found if b"\\u" not in line or _is_storable(found) else None


def _is_storable(value: object) -> bool:
    """Whether no text in it holds NUL or half a character, which JSON can write and no database takes."""
    if isinstance(value, str):
        return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, dict):
        return all(_is_storable(each) for pair in value.items() for each in pair)
    return all(map(_is_storable, value)) if isinstance(value, list) else True


def _line(answer: Answer) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode() + b"\n"


async def _somebody_listens(path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return False
    writer.close()
    return True
