"""A UDP socket whose messages carry the kernel's time of arrival.

So a measured time is when the message came, however busy this process was when it read it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable

from acd.crowd.sip import Message, parse

SO_TIMESTAMPNS = 35  # Linux; Python's socket module has no name for it
READS_AT_ONCE = 64
RECEIVE_BUFFER_BYTES = 4_000_000
_TIMESPEC = struct.Struct("@qq")

OnMessage = Callable[[Message, float], None]
"""Called with each message and its time of arrival in Unix seconds."""


class Wire:
    """A bound socket that talks with one server; anything that is not SIP is dropped."""

    def __init__(self, host: str, server: tuple[str, int], on_message: OnMessage) -> None:
        self.server = server
        self._on_message = on_message
        self._socket = stamped_socket(host, RECEIVE_BUFFER_BYTES)
        self.local: tuple[str, int] = self._socket.getsockname()
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def send(self, data: bytes) -> float:
        """Send one message; the time just before, in Unix seconds."""
        at = time.time()
        self._socket.sendto(data, self.server)
        return at

    def close(self) -> None:
        """Nothing is heard or sent any more."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        for _ in range(READS_AT_ONCE):
            received = receive(self._socket)
            if received is None:
                return
            data, at = received
            try:
                message = parse(data)
            except ValueError:
                continue
            self._on_message(message, at)
            if self._socket.fileno() < 0:
                return  # closed by what the message led to


class Silence:
    """A socket where audio may be sent to: nobody reads it, and nobody complains."""

    def __init__(self, host: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        self._socket.bind((host, 0))
        self.address: tuple[str, int] = self._socket.getsockname()

    def close(self) -> None:
        """Release the port."""
        self._socket.close()


def stamped_socket(host: str, buffer_bytes: int) -> socket.socket:
    """A bound UDP socket that does not block and whose datagrams are stamped when they arrive."""
    stamped = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stamped.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    stamped.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    stamped.bind((host, 0))
    stamped.setblocking(False)
    return stamped


def receive(stamped: socket.socket) -> tuple[bytes, float] | None:
    """A datagram and its time of arrival in Unix seconds; None if there is none."""
    try:
        data, ancillary, _, _ = stamped.recvmsg(65_535, 128)
    except (BlockingIOError, ConnectionError):
        return None
    return data, _arrival(ancillary)


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> float:
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(data[: _TIMESPEC.size])
            return float(seconds + nanoseconds * 1e-9)
    return time.time()
