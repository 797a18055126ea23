"""The control port: who proves to know the control password is let in, and nobody else hears a word."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import structlog

from acd.errors import OperatorError
from acd.runtime.control import LINE_MAX
from acd.runtime.control_proof import PROOF_LIMIT_S, NotProved, check

log = structlog.get_logger(__name__)

UNPROVED_MAX = 32
"""Connections that have proved nothing; one more, and the oldest is closed: a proof takes milliseconds."""
INSIDE_MAX = 512
"""Connections that have proved to be ours."""
TOLD_EVERY_S = 10.0
_ALIVE_AFTER_S, _ALIVE_EVERY_S, _ALIVE_TRIES = 10, 5, 3

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ControlGate:
    """`refused` counts those who were not let in."""

    def __init__(self, password: str, serve: Serve) -> None:
        if not password:
            raise OperatorError("the control port needs the control password of secrets.yml")
        self._password = password
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._unproved: dict[asyncio.StreamWriter, None] = {}  # the oldest first
        self._inside = 0
        self._told_at, self._told = -TOLD_EVERY_S, 0
        self.refused = 0

    async def start(self, address: str, port: int) -> None:
        """Raises OSError where the port cannot be had."""
        self._server = await asyncio.start_server(self._take, address, port, limit=LINE_MAX)

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def stop(self) -> None:
        """No more are taken, and who has proved nothing is gone; harmless where it never started."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._unproved):
            writer.transport.abort()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _notice_the_dead(writer)
        if not await self._is_let_in(reader, writer):
            writer.transport.abort()
            return
        self._inside += 1
        try:
            await self._serve(reader, writer)
        finally:
            self._inside -= 1

    async def _is_let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if self._inside >= INSIDE_MAX:
            return self._refuse(writer, f"{INSIDE_MAX} are inside already")
        if len(self._unproved) >= UNPROVED_MAX:
            next(iter(self._unproved)).transport.abort()
        self._unproved[writer] = None
        try:
            async with asyncio.timeout(PROOF_LIMIT_S):
                await check(reader, writer, self._password)
        except TimeoutError:
            return self._refuse(writer, "it said nothing in time")
        except NotProved as error:
            return self._refuse(writer, str(error))
        except OSError:
            return self._refuse(writer, "the connection was lost")
        finally:
            self._unproved.pop(writer, None)
        return True

    def _refuse(self, writer: asyncio.StreamWriter, reason: str) -> bool:
        """Counted; told now and then, with how many there were."""
        self.refused += 1
        now = time.monotonic()
        if now - self._told_at >= TOLD_EVERY_S:
            peer = writer.get_extra_info("peername")
            log.warning(
                "the control port has refused connections",
                refused=self.refused - self._told,
                last_from=peer[0] if peer else "",
                last_reason=reason,
            )
            self._told_at, self._told = now, self.refused
        return False


def _notice_the_dead(writer: asyncio.StreamWriter) -> None:
    """A machine that is gone ends its connections within half a minute, though it says nothing."""
    made: socket.socket = writer.get_extra_info("socket")
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _ALIVE_AFTER_S)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _ALIVE_EVERY_S)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _ALIVE_TRIES)
    made.setsockopt(
        socket.IPPROTO_TCP,
        socket.TCP_USER_TIMEOUT,
        (_ALIVE_AFTER_S + _ALIVE_EVERY_S * _ALIVE_TRIES) * 1000,
    )
