"""SIP of a test phone over something else than plain UDP: TCP, TLS, WebSocket, or from a translated address.

What such a phone says of where it is cannot be reached: answers and calls have to come to its connection.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import aiohttp

from tests.integration.sip.message import SipMessage
from tests.integration.sip.transactions import SipSocket

UNREACHABLE = ("127.0.0.99", 9)
Opener = Callable[[tuple[str, int], Callable[[SipMessage], None], str], Awaitable[SipSocket]]


class TranslatedSocket(SipSocket):
    """UDP, with the address that it has inside of its house."""

    @property
    def local(self) -> tuple[str, int]:
        """What it says."""
        return UNREACHABLE


class ConnectedSocket(SipSocket):
    """Over a connection: `kind` is what stands in Via."""

    def __init__(
        self,
        server: tuple[str, int],
        on_request: Callable[[SipMessage], None],
        kind: str,
        send: Callable[[bytes], None],
    ) -> None:
        super().__init__(server, on_request)
        self.kind = kind
        self._write = send
        self._task: asyncio.Task[None] | None = None

    @property
    def local(self) -> tuple[str, int]:
        """What it says."""
        return UNREACHABLE

    def send(self, message: SipMessage) -> None:
        """Send one message once."""
        self._write(message.encode())
        self._note(message, sent=True)

    def close(self) -> None:
        """The connection, too."""
        super().close()
        if self._task is not None:
            self._task.cancel()

    def hear(self, reading: Awaitable[None]) -> None:
        """`reading` passes messages on to datagram_received until the end."""
        self._task = asyncio.ensure_future(reading)


def over_tcp(tls: ssl.SSLContext | None = None) -> Opener:
    """TCP, or TLS."""

    async def open_socket(
        server: tuple[str, int], on_request: Callable[[SipMessage], None], host: str
    ) -> SipSocket:
        reader, writer = await asyncio.open_connection(*server, ssl=tls, local_addr=(host, 0))
        sip = ConnectedSocket(server, on_request, "TLS" if tls else "TCP", writer.write)

        async def read() -> None:
            try:
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).lstrip(b"\r\n")
                    length = next(
                        int(line.partition(b":")[2])
                        for line in head.split(b"\r\n")
                        if line.lower().startswith(b"content-length")
                    )
                    sip.datagram_received(head + await reader.readexactly(length), server)
            finally:
                writer.close()

        sip.hear(read())
        return sip

    return open_socket


def over_websocket(port: int) -> Opener:
    """SIP over WebSocket, as browsers and the web process speak it; at another port of the server."""

    async def open_socket(
        server: tuple[str, int], on_request: Callable[[SipMessage], None], host: str
    ) -> SipSocket:
        session = aiohttp.ClientSession()
        socket = await session.ws_connect(f"http://{server[0]}:{port}/ws", protocols=("sip",))
        sending: set[asyncio.Task[None]] = set()

        def send(data: bytes) -> None:
            task = asyncio.ensure_future(socket.send_str(data.decode()))
            sending.add(task)
            task.add_done_callback(sending.discard)

        sip = ConnectedSocket(server, on_request, "WS", send)

        async def read() -> None:
            try:
                async for message in socket:
                    text = message.data if isinstance(message.data, bytes) else str(message.data).encode()
                    sip.datagram_received(text, server)
            finally:
                await socket.close()
                await session.close()

        sip.hear(read())
        return sip

    return open_socket
