"""FastAGI, server side: Asterisk connects once for each question "what next?" of a caller.

Written here because panoramisk's FastAGI server spins for ever when a peer closes before the blank
line. The protocol: a block of `agi_name: value` lines and a blank line; then one command, one reply
line `200 result=…` (or 510, 511, 520), in turn. Asterisk sends `HANGUP` when the channel is hung up.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping

import structlog

from acd.errors import TelephonyError

log = structlog.get_logger(__name__)

LINE_MAX = 8192
HEADER_LINES_MAX = 100
HEADER_TIMEOUT_S = 5.0
SESSIONS_MAX = 2000
# More than the kernel hands over at once, so that each connection is read before it may have to go.
OPENING_MAX = 600
BACKLOG = 512
UNASKED_REPLIES_MAX = 10
_REPLY = re.compile(r"^([0-9]{3})[ -](?:result=(-?[0-9]{1,9})?)?\s*(.*)$")


def script_name(password: str) -> str:
    """The script that our dialplan asks for: a word that other users of the machine cannot know.

    FastAGI has no password of its own; without one anybody on the machine could pose as a channel.
    """
    return "run-" + hashlib.sha256(b"agi\0" + password.encode()).hexdigest()[:32]


class SessionClosed(TelephonyError):
    """The caller's channel no longer talks to us in this session."""


def quoted(value: str) -> str:
    """A value as an argument of an AGI command; line breaks and controls become blanks."""
    clean = "".join(c if c.isprintable() else " " for c in value)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


class AgiSession:
    """One conversation with one channel. Commands are sent one at a time."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, env: Mapping[str, str]
    ) -> None:
        self._reader = reader
        self._writer = writer
        self.env = env
        self._turn = asyncio.Lock()
        self._last_words: bytes | None = None
        self._replies: asyncio.Queue[str | None] = asyncio.Queue()
        self._pump = asyncio.create_task(self._read())
        self.closed = asyncio.Event()
        self.on_closed: Callable[[], None] = lambda: None

    @property
    def arguments(self) -> list[str]:
        """The arguments of the dialplan's AGI(), in order; missing ones end the list."""
        out: list[str] = []
        while (value := self.env.get(f"agi_arg_{len(out) + 1}")) is not None:
            out.append(value)
        return out

    async def command(self, line: str) -> tuple[int, str]:
        """Send one command; result and the rest of the reply. Raises SessionClosed, TelephonyError."""
        async with self._turn:
            if self.closed.is_set():
                raise SessionClosed("the session is over")
            self._writer.write(line.encode() + b"\n")
            reply = await self._replies.get()
            self._say_last_words()
        if reply is None:
            raise SessionClosed("the session is over")
        match = _REPLY.match(reply)
        if match is None or match[1] != "200":
            if match is not None and match[1] == "511":
                raise SessionClosed("the channel is gone")
            raise TelephonyError(f"{line.split(' ')[0]}: {reply}")
        return int(match[2] or 0), match[3]

    def finish(self, name: str, value: str) -> None:
        """Set a channel variable and end the session in one go: the dialplan goes on with it.

        At once, or after the reply to a command that is under way; commands that wait for their turn
        raise SessionClosed. Nobody waits for a reply: if the channel has gone, that is reported otherwise.
        """
        self._last_words = f"SET VARIABLE {name} {quoted(value)}\n".encode()
        if not self._turn.locked():
            self._say_last_words()

    def _say_last_words(self) -> None:
        if self._last_words is not None and not self.closed.is_set():
            self._writer.write(self._last_words)
            # At once: `close` leaves it to the loop, which may have bookkeeping to do first.
            self._writer.write_eof()
            self.close()

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable or writable function."""
        await self.command(f"SET VARIABLE {name} {quoted(value)}")

    async def get_variable(self, name: str) -> str:
        """A channel variable or function; '' when unset."""
        result, rest = await self.command(f"GET VARIABLE {name}")
        return rest[1:-1] if result == 1 and rest.startswith("(") else ""

    def close(self) -> None:
        """End the session; the dialplan goes on."""
        self._pump.cancel()
        self._finish()

    async def _read(self) -> None:
        """Replies to the one who waits for them; notices when Asterisk closes."""
        try:
            while line := await self._reader.readline():
                text = line.decode("utf-8", "replace").strip()
                if text == "HANGUP":
                    break
                if text.startswith("520-"):  # a usage message of several lines; the last repeats the code
                    continue
                if self._replies.qsize() >= UNASKED_REPLIES_MAX:
                    break  # not Asterisk: it answers once for each command
                if text[:3].isdigit():
                    self._replies.put_nowait(text)
        except (OSError, ValueError) as error:  # ValueError: a line over the limit
            log.debug("agi session broke", reason=str(error))
        finally:
            self._finish()

    def _finish(self) -> None:
        if not self.closed.is_set():
            self.closed.set()
            self._replies.put_nowait(None)
            self._writer.close()
            self.on_closed()


Handler = Callable[[AgiSession], Awaitable[None]]


class AgiServer:
    """Listens, reads the header of each connection within limits, and hands sessions over.

    Asterisk sends the header at once. When too many connections have not sent theirs, the oldest of
    them make room: those who only connect must not keep callers out.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening: dict[asyncio.Task[None], asyncio.StreamWriter] = {}  # the oldest first

    async def start(self, host: str, port: int) -> int:
        """Listen; the port (of use when 0 was asked for)."""
        self._server = await asyncio.start_server(self._accept, host, port, limit=LINE_MAX, backlog=BACKLOG)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the port and every session."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._opening) >= OPENING_MAX:
            oldest = next(iter(self._opening))
            self._opening.pop(oldest).transport.abort()
        elif len(self._tasks) >= SESSIONS_MAX:
            writer.close()
            return
        self._tasks.add(task)
        self._opening[task] = writer
        try:
            await self._serve(reader, writer, task)
        except asyncio.CancelledError:
            pass  # stop(); ending quietly keeps asyncio's stream callback from reporting it
        finally:
            self._opening.pop(task, None)
            self._tasks.discard(task)
            writer.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, task: asyncio.Task[None]
    ) -> None:
        env = await _read_header(reader)
        self._opening.pop(task, None)
        if env is None:
            return
        session = AgiSession(reader, writer, env)
        try:
            await self._handler(session)
        except SessionClosed:
            pass  # the caller hung up, or was sent elsewhere
        except TelephonyError as error:
            log.warning("agi session failed", reason=str(error))
        finally:
            session.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _read_header(reader: asyncio.StreamReader) -> dict[str, str] | None:
    """The `agi_…` block; None for a peer that is not Asterisk or takes too long."""
    env: dict[str, str] = {}
    try:
        async with asyncio.timeout(HEADER_TIMEOUT_S):
            for _ in range(HEADER_LINES_MAX):
                line = await reader.readline()
                if line in (b"\n", b"\r\n"):
                    return env if {"agi_channel", "agi_uniqueid"} <= env.keys() else None
                name, colon, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(":")
                if not (line.endswith(b"\n") and name.startswith("agi_") and colon):
                    return None
                env[name] = value.strip(" ")
    except (TimeoutError, OSError, ValueError) as error:
        log.debug("agi header refused", reason=str(error) or type(error).__name__)
    return None
