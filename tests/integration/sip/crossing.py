"""A relay between one caller and the server that makes answers cross the caller's CANCEL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import TracebackType

from tests.integration.sip.message import SipMessage, parse_message
from tests.integration.sip.waiting import Bell


class CrossingRelay:
    """Holds the INVITE's 200 until the CANCEL has passed, then gives final answers in the order of `order`.

    `order` names the methods whose answers are held for their turn; all else passes at once. Use it with
    `async with`; callers take `server` for theirs. Requests of the server go to the caller directly.
    """

    def __init__(self, server: tuple[str, int], order: Sequence[str], *, source: str = "127.0.0.2") -> None:
        self.passed: list[str] = []
        self._server = server
        self._order = list(order)
        self._source = source
        self._held: dict[str, bytes] = {}
        self._cancelled = False
        self._caller: tuple[str, int] | None = None
        self._bell = Bell()

    async def __aenter__(self) -> CrossingRelay:
        loop = asyncio.get_running_loop()
        near, _ = await loop.create_datagram_endpoint(
            lambda: _Side(self._from_caller), local_addr=("127.0.0.1", 0)
        )
        far, _ = await loop.create_datagram_endpoint(
            lambda: _Side(self._from_server), local_addr=(self._source, 0)
        )
        self._near, self._far = near, far
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._near.close()
        self._far.close()

    @property
    def server(self) -> tuple[str, int]:
        """Where the caller sends its requests."""
        host, port = self._near.get_extra_info("sockname")[:2]
        return host, port

    async def until_answered(self, limit_s: float = 5.0) -> None:
        """Wait until the server has answered the call, of which the caller knows nothing yet."""
        await self._bell.until(lambda: "INVITE" in self._held, limit_s, "the answer to the INVITE")

    def _from_caller(self, data: bytes, sender: tuple[str, int]) -> None:
        self._caller = sender
        message = parse_message(data)
        self._far.sendto(data, self._server)
        if message.method == "CANCEL":
            self._cancelled = True
            self._give()

    def _from_server(self, data: bytes, sender: tuple[str, int]) -> None:
        message = parse_message(data)
        if _is_final(message) and message.method in self._order:
            self._held[message.method] = data
            self._give()
        else:
            self._pass(data, message)
        self._bell.ring()

    def _give(self) -> None:
        while self._cancelled and self._order and self._order[0] in self._held:
            data = self._held.pop(self._order.pop(0))
            self._pass(data, parse_message(data))

    def _pass(self, data: bytes, message: SipMessage) -> None:
        assert self._caller is not None
        self._near.sendto(data, self._caller)
        if _is_final(message) and message.method not in self.passed:  # a repetition is no answer more
            self.passed.append(message.method)
            self._bell.ring()


def _is_final(message: SipMessage) -> bool:
    return (message.status or 0) >= 200


class _Side(asyncio.DatagramProtocol):
    """One of the relay's two sockets."""

    def __init__(self, take: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data, addr)
