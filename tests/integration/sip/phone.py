"""A SIP phone for tests: does what it is told, at the moment it is told, and remembers everything.

It is used where a finished softphone cannot be steered: chosen refusals, silence, headers,
transfers of both kinds, exact times. Without a password and with `local_host` 127.0.0.2 it is a
caller on the trunk.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType

from tests.integration.sip.call import PhoneCall
from tests.integration.sip.call_state import CallState
from tests.integration.sip.connections import Opener
from tests.integration.sip.line import Dialog, Line
from tests.integration.sip.message import Headers, SipMessage, new_token, parse_party, response_to
from tests.integration.sip.rtp import RtpEndpoint
from tests.integration.sip.transactions import SipSocket, Traced


@dataclass(frozen=True, slots=True)
class Answering:
    """What the phone does with an incoming call by itself.

    `status` None leaves the call alone after the ringing. `silent` sends nothing at all, not even 100.
    `forward_to` is the number named with a `status` of 302.
    """

    rings: bool = True
    status: int | None = None
    after_s: float = 0.0
    silent: bool = False
    forward_to: str = ""


RING = Answering()
"""Ring until the test answers or refuses."""
ANSWER = Answering(status=200)
"""Ring and pick up at once."""
SILENT = Answering(rings=False, silent=True)
"""Dead, yet registered."""


def refusing(status: int, rings: bool = False, after_s: float = 0.0) -> Answering:
    """Refuse with this final status (486, 480, 603, 503, 404, 488…)."""
    return Answering(rings=rings, status=status, after_s=after_s)


def forwarding(number: str) -> Answering:
    """Send every call on to another number (302), as a phone with call forwarding switched on does."""
    return Answering(rings=False, status=302, forward_to=number)


class Phone:
    """One phone with one line; any number of calls. Use it with `async with`."""

    def __init__(
        self,
        number: str,
        password: str | None = None,
        *,
        server: tuple[str, int],
        local_host: str = "127.0.0.1",
        display_name: str = "",
        tone_hz: float | None = None,
        answering: Answering = RING,
        open_socket: Opener = SipSocket.open,
    ) -> None:
        self.number = number
        self.display_name = display_name
        self.tone_hz = tone_hz
        self.answering = answering
        self.calls: list[PhoneCall] = []
        self._server = server
        self._local_host = local_host
        self._password = password
        self._open_socket = open_socket
        self._arrived: list[PhoneCall] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: list[asyncio.TimerHandle] = []

    async def __aenter__(self) -> Phone:
        self._sip = await self._open_socket(self._server, self._on_request, self._local_host)
        self._line = Line(self._sip, self.number, self._password)
        self._registration = self._line.new_dialog(self._line.uri_of(self.number))
        self._registration.target = self._line.server_uri
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in self.calls:
            call.rtp.close()
        self._sip.close()

    @property
    def trace(self) -> list[Traced]:
        """Every message sent and received, with its time."""
        return self._sip.trace

    def received(self, start: str) -> list[Traced]:
        """The received messages whose first line begins so, e.g. 'INVITE' or 'SIP/2.0 180'."""
        return [seen for seen in self.trace if not seen.sent and seen.message.start_line.startswith(start)]

    async def register(self, expires_s: int = 300, limit_s: float = 5.0) -> None:
        """Register with digest authentication; raises AssertionError if the server refuses."""
        extra = (("Expires", str(expires_s)),)
        response = await self._line.exchange(self._registration, "REGISTER", extra, limit_s=limit_s)
        assert response.status == 200, f"{self.number} cannot register: {response.start_line}"

    async def unregister(self) -> None:
        """Take the registration back."""
        await self.register(expires_s=0)

    def go_dead(self) -> None:
        """Unplug: nothing is heard or answered any more, the registration stays."""
        self._sip.deaf = True
        for call in self.calls:
            call.rtp.close()

    def come_back(self) -> None:
        """Plug in again: what is sent (or repeated) from now on is heard."""
        self._sip.deaf = False

    async def dial(
        self,
        number: str,
        *,
        from_number: str | None = None,
        from_name: str | None = None,
        headers: Headers = (),
        to_number: str | None = None,
    ) -> PhoneCall:
        """Send the INVITE and return the call at once; wait_ringing() and wait_answered() come next.

        `to_number`: what To says, where that is not the number called.
        """
        rtp = await RtpEndpoint.open(self._local_host, self.tone_hz)
        name = self.display_name if from_name is None else from_name
        dialog = self._line.new_dialog(self._line.uri_of(to_number or number), name, from_number)
        dialog.target = self._line.uri_of(number)
        blank = self._line.build(dialog, "INVITE", headers, cseq=1)
        call = PhoneCall(self._line, dialog, rtp, blank, outgoing=True)
        call.invite = self._line.build(dialog, "INVITE", headers, call.offer())
        self.calls.append(call)
        call.start()
        return call

    async def wait_incoming(self, limit_s: float = 5.0) -> PhoneCall:
        """The next incoming call (each is returned once); `call.identity` says who calls."""
        await self._sip.bell.until(lambda: self._arrived, limit_s, f"a call to {self.number}")
        return self._arrived.pop(0)

    # what arrives

    def _on_request(self, request: SipMessage) -> None:
        call_id = request.require("Call-ID")
        call = next((one for one in self.calls if one.dialog.call_id == call_id), None)
        if call is not None:
            call.take_request(request)
        elif request.method == "INVITE":
            self._spawn(request)
        elif request.method != "ACK":
            known = request.method in ("OPTIONS", "NOTIFY")
            status, reason = (200, "OK") if known else (481, "Call Does Not Exist")
            self._sip.respond(request, response_to(request, status, reason, new_token(4)))

    def _spawn(self, request: SipMessage) -> None:
        task = asyncio.get_running_loop().create_task(self._take_call(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_call(self, request: SipMessage) -> None:
        caller, called = parse_party(request.require("From")), parse_party(request.require("To"))
        target = parse_party(request.require("Contact")).uri
        dialog = Dialog(
            request.require("Call-ID"), "", called.uri, new_token(4), caller.uri, caller.tag, target
        )
        dialog.routes = tuple(request.all("Record-Route"))
        rtp = await RtpEndpoint.open(self._local_host, self.tone_hz)
        call = PhoneCall(self._line, dialog, rtp, request, outgoing=False)
        self.calls.append(call)
        self._arrived.append(call)
        self._react(call, self.answering)
        self._sip.bell.ring()

    def _react(self, call: PhoneCall, answering: Answering) -> None:
        if answering.silent:
            return
        if answering.rings:
            call.ring()
        status = answering.status
        if status is None:
            return

        def decide() -> None:
            if call.end is not None or call.state is CallState.ANSWERED:
                return
            if status == 200:
                call.accept()
            elif status == 302:
                call.forward(answering.forward_to)
            else:
                call.refuse(status)

        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(answering.after_s, decide))


async def first_to_ring(phones: dict[str, Phone], *names: str) -> tuple[str, PhoneCall]:
    """Whose phone rings first, and the call."""
    waits = {asyncio.create_task(phones[name].wait_incoming(30)): name for name in names}
    done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    task = next(iter(done))
    return waits[task], task.result()
