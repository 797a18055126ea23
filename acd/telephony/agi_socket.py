"""Lines over TCP, with nothing in between: two for each question of a caller, hundreds a second.

asyncio's streams make five objects and two tasks for a connection that lives for three lines, which was
a seventh of what a call cost. Here a connection is a socket that the loop watches.

What is sent is one command at a time, and the kernel takes it at once. A peer that does not read fills the
kernel's buffer; that is the end of the connection, nothing is kept here.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

LINE_MAX = 8192
BACKLOG = 512
ACCEPTED_AT_ONCE = 8
READ_AT_ONCE = 16_384
PAUSE_S = 0.5
"""So long no connection is taken when the process has no more file to give it."""


class Listener:
    """Takes connections; `on_connection(socket)` for each. Raises OSError when the port cannot be had.

    Those of addresses that `admits(address)` denies are closed before anything is read.
    """

    def __init__(
        self,
        host: str,
        port: int,
        on_connection: Callable[[socket.socket], None],
        admits: Callable[[str], bool] = lambda _address: True,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self._on_connection = on_connection
        self._admits = admits
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._listen()

    def _listen(self) -> None:
        self._pause = None
        self._loop.add_reader(self._socket, self._accept)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connection, address = self._socket.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:  # no more files, or no memory: it would be reported for ever
                log.error("connections cannot be taken", reason=str(error))
                self._loop.remove_reader(self._socket)
                self._pause = self._loop.call_later(PAUSE_S, self._listen)
                return
            if self._admits(address[0]):
                self._on_connection(connection)
            else:
                connection.close()

    def close(self) -> None:
        """Take no more. Closing twice is harmless."""
        if self._pause is not None:
            self._pause.cancel()
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()


def _ignore(_lines: list[str]) -> None:
    """Nobody listens."""


def _nothing() -> None:
    """Nobody need be told."""


class Wire:
    """One connection. `on_lines` is given whole lines without `\\n`; `on_gone` is called once, at the end.

    A line that is longer than LINE_MAX bytes ends it, and what is not UTF-8 reads as �.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        # A command must not wait for the acknowledgement of the one before.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._on_lines: Callable[[list[str]], None] = _ignore
        self._on_gone: Callable[[], None] = _nothing
        self.closed = False

    def begin(self, on_lines: Callable[[list[str]], None], on_gone: Callable[[], None]) -> None:
        """From here on it is read."""
        self._on_lines, self._on_gone = on_lines, on_gone
        self._loop.add_reader(self._socket, self._read)

    def send(self, data: bytes) -> None:
        """At once, or the connection is over."""
        if self.closed:
            return
        try:
            sent = self._socket.send(data)
        except OSError as error:
            log.debug("agi session broke", reason=str(error))
            sent = -1
        if sent != len(data):
            self.close()

    def close(self) -> None:
        """What was sent is delivered; nothing more is read."""
        if not self.closed:
            self.closed = True
            self._loop.remove_reader(self._socket)
            self._socket.close()
            gone, self._on_lines, self._on_gone = self._on_gone, _ignore, _nothing
            gone()

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ_AT_ONCE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            log.debug("agi session broke", reason=str(error))
            data = b""
        if not data:
            self.close()
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        if lines:
            self._on_lines([line.decode("utf-8", "replace") for line in lines if len(line) <= LINE_MAX])
        if len(self._rest) > LINE_MAX or any(len(line) > LINE_MAX for line in lines):
            self.close()
