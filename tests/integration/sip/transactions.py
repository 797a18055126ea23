"""One UDP socket that speaks SIP with one server: transactions, retransmission, a timed trace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from tests.integration.sip.message import SipMessage, parse_message
from tests.integration.sip.waiting import Bell

T1_S = 0.5
T2_S = 4.0
TRANSACTION_LIMIT_S = 32.0


@dataclass(frozen=True, slots=True)
class Traced:
    """One message on the wire and when it passed (time.monotonic() seconds)."""

    at_s: float
    sent: bool
    message: SipMessage


@dataclass(slots=True)
class Transaction:
    """A request of ours that waits for its final response."""

    request: SipMessage
    on_response: Callable[[SipMessage], None]
    timer: asyncio.TimerHandle | None = None
    answered: bool = False


@dataclass(slots=True)
class _Repeated:
    """A message sent again and again until something stops it."""

    message: SipMessage
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class _Served:
    """A request of the server's with our last response, to be sent again if the request comes again."""

    request: SipMessage
    response: SipMessage | None = None


@dataclass(slots=True)
class _Open:
    transactions: dict[tuple[str, str], Transaction] = field(default_factory=dict)
    served: dict[tuple[str, str], _Served] = field(default_factory=dict)
    unacknowledged: dict[tuple[str, int], _Repeated] = field(default_factory=dict)
    acknowledgements: dict[tuple[str, int], SipMessage] = field(default_factory=dict)


class SipSocket(asyncio.DatagramProtocol):
    """The transaction layer. New requests of the server go to `on_request`, retransmissions do not.

    With `deaf` set nothing that arrives is looked at, as if the phone had been unplugged.
    """

    kind = "UDP"

    def __init__(self, server: tuple[str, int], on_request: Callable[[SipMessage], None]) -> None:
        self.server = server
        self.trace: list[Traced] = []
        self.bell = Bell()
        self.deaf = False
        self._on_request = on_request
        self._open = _Open()
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(
        cls, server: tuple[str, int], on_request: Callable[[SipMessage], None], host: str
    ) -> SipSocket:
        """Bind a free port of `host`."""
        sip = cls(server, on_request)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: sip, local_addr=(host, 0))
        return sip

    @property
    def local(self) -> tuple[str, int]:
        """Our own address and port."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def close(self) -> None:
        """Forget everything that is under way and release the port."""
        for transaction in self._open.transactions.values():
            _cancel(transaction.timer)
        for repeated in self._open.unacknowledged.values():
            _cancel(repeated.timer)
        self._open = _Open()
        if self._transport is not None:
            self._transport.close()

    def request(self, message: SipMessage, on_response: Callable[[SipMessage], None]) -> Transaction:
        """Send a request and repeat it until it is answered; every new response goes to `on_response`.

        After 32 s without a final response a 408 of our own making is delivered.
        """
        transaction = Transaction(message, on_response)
        self._open.transactions[message.branch, message.method] = transaction
        self._repeat(transaction, T1_S, asyncio.get_running_loop().time() + TRANSACTION_LIMIT_S)
        return transaction

    def send(self, message: SipMessage) -> None:
        """Send one message once."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.sendto(message.encode(), self.server)
        self._note(message, sent=True)

    def acknowledge(self, ack: SipMessage) -> None:
        """Send the ACK of a 2xx, now and whenever that 2xx comes again."""
        self._open.acknowledgements[ack.require("Call-ID"), ack.cseq] = ack
        self.send(ack)

    def respond(self, request: SipMessage, response: SipMessage) -> None:
        """Answer a request; the final answer of an INVITE is repeated until its ACK comes."""
        served = self._open.served.setdefault((request.branch, request.method), _Served(request))
        served.response = response
        self.send(response)
        if request.method == "INVITE" and (response.status or 0) >= 200:
            repeated = _Repeated(response)
            self._open.unacknowledged[request.require("Call-ID"), request.cseq] = repeated
            self._repeat_response(repeated, T1_S)

    # what arrives

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport is not a subclass of DatagramTransport before Python 3.12.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.deaf or not data.strip():
            return
        message = parse_message(data)
        self._note(message, sent=False)
        if message.status is None:
            self._take_request(message)
        else:
            self._take_response(message)
        self.bell.ring()

    def error_received(self, exc: Exception) -> None:
        """The server's port is closed for the moment: retransmission goes on."""

    def _take_request(self, request: SipMessage) -> None:
        if request.method == "ACK":
            repeated = self._open.unacknowledged.pop((request.require("Call-ID"), request.cseq), None)
            _cancel(repeated.timer if repeated else None)
            self._on_request(request)
            return
        key = request.branch, request.method
        known = self._open.served.get(key)
        if known is None:
            self._open.served[key] = _Served(request)
            self._on_request(request)
        elif known.response is not None:
            self.send(known.response)

    def _take_response(self, response: SipMessage) -> None:
        status = response.status or 0
        transaction = self._open.transactions.get((response.branch, response.method))
        if transaction is None:
            return
        if transaction.answered:
            self._repeat_ack(transaction, response)
            return
        if status >= 200 or response.method == "INVITE":
            _cancel(transaction.timer)
        if status >= 200:
            transaction.answered = True
            if response.method == "INVITE" and status >= 300:
                self.send(_ack_refusal(transaction.request, response))
        transaction.on_response(response)

    def _repeat_ack(self, transaction: Transaction, response: SipMessage) -> None:
        if response.method != "INVITE" or (response.status or 0) < 200:
            return
        ack = self._open.acknowledgements.get((response.require("Call-ID"), response.cseq))
        self.send(ack if ack is not None else _ack_refusal(transaction.request, response))

    # repetition

    def _repeat(self, transaction: Transaction, interval_s: float, deadline: float) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() > deadline:
            transaction.answered = True
            transaction.on_response(_timed_out(transaction.request))
            self.bell.ring()
            return
        self.send(transaction.request)
        following_s = interval_s * 2 if transaction.request.method == "INVITE" else min(interval_s * 2, T2_S)
        transaction.timer = loop.call_later(interval_s, self._repeat, transaction, following_s, deadline)

    def _repeat_response(self, repeated: _Repeated, interval_s: float) -> None:
        def again() -> None:
            self.send(repeated.message)
            if interval_s < TRANSACTION_LIMIT_S:
                self._repeat_response(repeated, interval_s * 2)

        repeated.timer = asyncio.get_running_loop().call_later(interval_s, again)

    def _note(self, message: SipMessage, sent: bool) -> None:
        self.trace.append(Traced(time.monotonic(), sent, message))


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def _ack_refusal(request: SipMessage, response: SipMessage) -> SipMessage:
    """The ACK of a refusal belongs to the INVITE's own transaction (RFC 3261, 17.1.1.3)."""
    headers = (
        ("Via", request.require("Via")),
        ("From", request.require("From")),
        ("To", response.require("To")),
        ("Call-ID", request.require("Call-ID")),
        ("CSeq", f"{request.cseq} ACK"),
        ("Max-Forwards", "70"),
    )
    return SipMessage(f"ACK {request.start_line.split(' ')[1]} SIP/2.0", headers)


def _timed_out(request: SipMessage) -> SipMessage:
    names = ("Via", "From", "To", "Call-ID", "CSeq")
    return SipMessage("SIP/2.0 408 Request Timeout", tuple((name, request.require(name)) for name in names))
