"""Connections to the port of the desktop: how many there may be, and how long one may say nothing.

Each costs a file and memory before anything is known of who it is. Those that ask for nothing make room, the
oldest first, then those whose answer is still being sent: a long download is not cut as long as anybody is
silent, and whoever asks for files and never reads them cannot keep others out. One whose request is being
worked on, an open WebSocket included, never does.
"""

from __future__ import annotations

import asyncio
import resource
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import structlog
from aiohttp import web

from acd.accounts.attempts import network_of
from acd.settings.environment import Environment
from acd.web.limits import Limits
from acd.web.row import Row

log = structlog.get_logger(__name__)

FIRST_LIMIT_S = 10.0
"""Within so long the whole header of the first request has come."""
KEPT_S = 75.0
"""So long a connection is kept for the next request: longer than proxies keep theirs (60 s, most of them)."""
HANDSHAKE_LIMIT_S = 10.0
BACKLOG = 512
ALL_MAX = 8000
SPARE_OF_ADDRESS = 1000
"""Connections of one address beyond the WebSockets that it may have: a browser opens up to six."""
TOLD_EVERY_S = 10.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Connections:
    """All that are open. `of_address`: how many one address may have, none of `proxies`, who speak for many.

    `on_refused` is called for each that had to go, or was not let in.
    """

    def __init__(
        self,
        proxies: Collection[str],
        of_address: Callable[[], int],
        on_refused: Callable[[], None] = lambda: None,
    ) -> None:
        self._proxies = proxies
        self.of_address = of_address
        self._on_refused = on_refused
        self._silent: Row[Connection] = Row()
        self._answering: Row[Connection] = Row()
        self._open: dict[asyncio.BaseProtocol, Connection] = {}
        self._at: Counter[str] = Counter()
        self._told_at = -TOLD_EVERY_S
        self.all_max = _all_max()

    def __len__(self) -> int:
        return len(self._open)

    def protocol(self, inner: asyncio.Protocol, tls: ssl.SSLContext | None) -> Connection:
        """For a connection that is there in a moment; `inner` serves it."""
        return Connection(self, inner, tls)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """While it is served, until the last byte of the answer, its connection is not silent."""
        connection, task = self._open.get(request.protocol), asyncio.current_task()
        if connection is None or task is None:  # lost since
            return await handler(request)
        connection.has_asked()
        self._is_in_no_row(connection)
        connection.task = task  # in it the server also sends what we return
        task.add_done_callback(lambda done: self._has_answered(connection, done))
        try:
            return await handler(request)
        finally:
            if connection.inner in self._open:
                self._answering.add(connection)

    def network_of(self, address: str) -> str:
        """For whom connections from there count; '' for nobody: a proxy speaks for many."""
        return "" if address in self._proxies else network_of(address)

    def takes(self, new: Connection) -> bool:
        """Whether there is room; one that is silent makes it."""
        if new.network and self._at[new.network] >= self.of_address():
            return self._make_room(new, new.network)
        if len(self._open) >= self.all_max:
            return self._make_room(new)
        self._add(new)
        return True

    def gone(self, connection: Connection) -> None:
        """It is closed, or lost. Twice is harmless."""
        if self._open.pop(connection.inner, None) is None:
            return
        self._is_in_no_row(connection)
        if connection.network:
            self._at[connection.network] -= 1
            if not self._at[connection.network]:
                del self._at[connection.network]

    def close(self) -> None:
        """The process ends: also those that have not agreed on TLS yet."""
        for connection in list(self._open.values()):
            connection.drop()

    def _make_room(self, new: Connection, network: str | None = None) -> bool:
        self._on_refused()
        self._tell(new)
        oldest = self._silent.oldest(network) or self._answering.oldest(network)
        if oldest is None:
            return False
        self.gone(oldest)
        oldest.drop()
        self._add(new)
        return True

    def _add(self, new: Connection) -> None:
        self._open[new.inner] = new
        if new.network:
            self._at[new.network] += 1
        self._silent.add(new)

    def _has_answered(self, connection: Connection, task: asyncio.Task[Any]) -> None:
        if connection.task is not task:  # the next request has begun
            return
        connection.task = None
        if connection.inner in self._open:
            self._is_in_no_row(connection)
            self._silent.add(connection)

    def _is_in_no_row(self, connection: Connection) -> None:
        self._silent.remove(connection)
        self._answering.remove(connection)

    def _tell(self, last: Connection) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= TOLD_EVERY_S:
            self._told_at = now
            log.warning(
                "too many connections: those that ask for nothing are closed, the oldest first",
                open=len(self._open),
                last_from=last.address,
                of_it=self._at[last.network],
            )


class Connection(asyncio.Protocol):
    """One of them. What comes is given to `inner` once there is room, and TLS has been agreed on."""

    def __init__(self, all_of_them: Connections, inner: asyncio.Protocol, tls: ssl.SSLContext | None) -> None:
        self.inner = inner
        self.address = self.network = ""
        self.task: asyncio.Task[Any] | None = None  # of the request that is being served
        self._all = all_of_them
        self._tls = tls
        self._tcp: asyncio.Transport | None = None
        self._is_inside = False
        self._early = b""
        self._agreeing: asyncio.Task[None] | None = None
        self._first: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is counted from here on, before any TLS."""
        assert isinstance(transport, asyncio.Transport)
        peer = transport.get_extra_info("peername")
        self._tcp, self.address = transport, str(peer[0]) if peer else ""
        self.network = self._all.network_of(self.address)
        if not self._all.takes(self):
            self.drop()
        elif self._tls is None:
            self._let_in(transport)
        else:
            transport.pause_reading()  # what comes is for TLS
            self._agreeing = asyncio.create_task(self._agree(transport, self._tls))

    async def _agree(self, transport: asyncio.Transport, tls: ssl.SSLContext) -> None:
        try:
            found = await asyncio.get_running_loop().start_tls(
                transport, self, tls, server_side=True, ssl_handshake_timeout=HANDSHAKE_LIMIT_S
            )
        except OSError:  # ssl.SSLError is one: no TLS, another version, gone, or too slow
            found = None
        if found is None or found.is_closing() or self._is_dropped:
            self._all.gone(self)
            self.drop()
        else:
            self._let_in(found)

    def _let_in(self, transport: asyncio.Transport) -> None:
        self._is_inside = True
        loop = asyncio.get_running_loop()
        self._first = loop.call_later(FIRST_LIMIT_S, self.drop)
        self.inner.connection_made(transport)
        if self._early:
            early, self._early = self._early, b""
            self.inner.data_received(early)

    def has_asked(self) -> None:
        """A whole header has come."""
        if self._first is not None:
            self._first.cancel()
            self._first = None

    @property
    def _is_dropped(self) -> bool:
        return self._tcp is None

    def drop(self) -> None:
        """At once. Twice is harmless."""
        if self.task is not None:  # one that sends a file would wait for ever for the socket, now another's
            self.task.cancel()
        if self._tcp is not None:
            self._tcp.abort()
            self._tcp = None

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self.has_asked()
        self._all.gone(self)
        self._tcp = None
        if self._is_inside:
            self._is_inside = False
            self.inner.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`. With the last word of TLS there may be the first of the request."""
        if self._is_inside:
            self.inner.data_received(data)
        else:
            self._early += data

    def eof_received(self) -> bool | None:
        """See `asyncio.Protocol`."""
        return self.inner.eof_received() if self._is_inside else None

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.inner.resume_writing()


class Site(web.TCPSite):
    """Where a server listens, with the connections counted.

    Raises OSError at its start where the port cannot be had.
    """

    def __init__(
        self,
        runner: web.AppRunner,
        connections: Connections,
        address: str,
        port: int,
        tls: ssl.SSLContext | None,
    ) -> None:
        super().__init__(runner, address, port, ssl_context=tls, backlog=BACKLOG)
        self._place = address, port
        self._connections = connections

    async def start(self) -> None:
        """Listen."""
        await web.BaseSite.start(self)
        serve = self._runner.server
        assert serve is not None
        self._server = await asyncio.get_running_loop().create_server(
            lambda: self._connections.protocol(serve(), self._ssl_context), *self._place, backlog=BACKLOG
        )


def connections_of(environment: Environment, limits: Limits) -> Connections:
    """As the configuration in use has it at each moment."""
    return Connections(
        environment.http_proxies,
        lambda: limits.settings.sockets_of_address + SPARE_OF_ADDRESS,
        limits.count_connection,
    )


def _all_max() -> int:
    """Each may take two files (a browser's phone), and the process needs some for itself."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ALL_MAX if soft == resource.RLIM_INFINITY else max(16, min(ALL_MAX, soft // 2))
