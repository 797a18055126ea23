"""The controller's end of the control socket and port; `acd.runtime.control` says what is spoken there."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog
from structlog.contextvars import bound_contextvars

from acd.errors import OperatorError, RequestRefused
from acd.runtime.control import BAD_REQUEST, FAILED, INTERNAL, LINE_MAX, STANDBY, Answer, Handler, Request
from acd.runtime.control_gate import ControlGate
from acd.runtime.log_words import requested

log = structlog.get_logger(__name__)


TURNS_TO_BEGIN = 4
"""So many turns of the loop after it was taken a connection begins to be served, and is known."""
Stream = Callable[[Request, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""Has the connection from this request on, until it returns; raises RequestRefused before its first line."""


class ControlServer:
    """Answers requests with `handlers[request["do"]]`; one that `streams` names has the whole connection.

    Without handlers it stands by: it may listen before there is something to answer with.
    """

    def __init__(
        self,
        path: Path,
        handlers: Mapping[str, Handler] | None = None,
        streams: Mapping[str, Stream] | None = None,
    ) -> None:
        self._path = path
        self._handlers = handlers or {}
        self._streams = streams or {}
        self._leader: Callable[[], str] | None = _nobody_known if handlers is None else None
        self._server: asyncio.Server | None = None
        self._gate: ControlGate | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def serve(self, handlers: Mapping[str, Handler], streams: Mapping[str, Stream]) -> None:
        """From now on answer with these, also who is connected already."""
        self._handlers, self._streams, self._leader = handlers, streams, None

    def stand_by(self, handlers: Mapping[str, Handler], leader: Callable[[], str]) -> None:
        """From now on answer these requests and refuse all others, with who leads ('' where that is not
        known). Streams that run are not ended."""
        self._handlers, self._streams, self._leader = handlers, {}, leader

    @property
    def refused(self) -> int:
        """How many came to the control port and did not prove to be ours."""
        return 0 if self._gate is None else self._gate.refused

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

    async def listen_at(self, address: str, port: int, password: str) -> int:
        """The control port, too, for who proves to know the password; which port it is, where `port` is 0.

        Raises OperatorError where it cannot be had, or the password is empty.
        """
        gate = ControlGate(password, self._serve)
        try:
            await gate.start(address, port)
        except OSError as error:
            text = f"port {port} on {address} cannot be used ({error.strerror}); see ACD_CONTROLLERS"
            raise OperatorError(text) from error
        self._gate = gate
        return gate.port

    async def stop(self) -> None:
        """Close the socket, the port and every connection."""
        if self._server is not None:
            self._server.close()
        if self._gate is not None:
            self._gate.stop()
        for _ in range(TURNS_TO_BEGIN):
            await asyncio.sleep(0)
        for writer in list(self._writers):
            writer.close()
        if self._server is not None:
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
        if request is not None and handler is None and self._leader is not None:
            return _line(self._standing_by(self._leader()))
        if request is None or handler is None:
            known = ", ".join([*self._handlers, *self._streams])
            return _line({"error": BAD_REQUEST, "message": f"not a request; 'do' is one of: {known}"})
        with bound_contextvars(**requested(request)):
            return await self._answered(handler, request)

    async def _answered(self, handler: Handler, request: Request) -> bytes:
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

    def _standing_by(self, leader: str) -> Answer:
        text = f"this controller stands by; {leader!r} leads" if leader else "this controller stands by"
        return {"error": STANDBY, "message": text, "leader": leader}


def _nobody_known() -> str:
    return ""


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
