"""A phone of the crowd: one address, any number of calls; callers on a trunk share one, too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from acd.crowd import sip
from acd.crowd.audio import Audio
from acd.crowd.leg import REASONS, Leg
from acd.crowd.sip import Message
from acd.crowd.wire import Silence, Wire
from acd.errors import OperatorError

REGISTER_LIMIT_S = 5.0
REGISTER_REPEAT_S = 0.5


class Phone:
    """Use it with `async with`. `on_invite(leg)` is called for each call that comes in.

    With a password it can register; without one it is a caller on the trunk of `host`.
    """

    def __init__(
        self, number: str, password: str = "", *, server: tuple[str, int], host: str = "127.0.0.1"
    ) -> None:
        self.number = number
        self.legs: dict[str, Leg] = {}
        self.on_invite: Callable[[Leg], None] = lambda leg: leg.refuse(480)
        self._password = password
        self._server = server
        self._host = host
        self._answer: asyncio.Future[Message] | None = None
        self._cseq = 0

    async def __aenter__(self) -> Self:
        self._wire = Wire(self._host, self._server, self._take)
        self._silence = Silence(self._host)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for leg in self.legs.values():
            leg.close()
        self._wire.close()
        self._silence.close()

    # --- who it is --------------------------------------------------------------------------------
    @property
    def local(self) -> tuple[str, int]:
        """Its socket's address."""
        return self._wire.local

    @property
    def address(self) -> str:
        """Its SIP address at the server."""
        return f"sip:{self.number}@{self._server[0]}:{self._server[1]}"

    @property
    def contact(self) -> str:
        """Where it can be reached directly."""
        return f"<sip:{self.number}@{self.local[0]}:{self.local[1]}>"

    def media(self) -> str:
        """Its session description: it listens and says nothing."""
        return sip.describe_media(*self._silence.address)

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    # --- what it does -----------------------------------------------------------------------------
    async def register(self, expires_s: int = 3600) -> None:
        """Register with digest authentication. Raises OperatorError when the server refuses."""
        answer = await self._register(expires_s, "")
        if answer.status == 401:
            challenge = answer.require("www-authenticate")
            uri = f"sip:{self._server[0]}:{self._server[1]}"
            proof = sip.digest_answer(challenge, "REGISTER", uri, self.number, self._password)
            answer = await self._register(expires_s, proof)
        if answer.status != 200:
            raise OperatorError(f"phone {self.number} cannot register: {answer.start_line}")

    async def _register(self, expires_s: int, proof: str) -> Message:
        self._cseq += 1
        host, port = self.local
        headers = [
            ("Via", f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{sip.new_token()};rport"),
            ("Max-Forwards", "70"),
            ("From", f"<{self.address}>;tag={sip.new_token()}"),
            ("To", f"<{self.address}>"),
            ("Call-ID", f"register-{self.number}-{port}"),
            ("CSeq", f"{self._cseq} REGISTER"),
            ("Contact", self.contact),
            ("Expires", str(expires_s)),
        ]
        if proof:
            headers.append(("Authorization", proof))
        uri = f"sip:{self._server[0]}:{self._server[1]}"
        data = sip.encode(f"REGISTER {uri} SIP/2.0", tuple(headers))
        self._answer = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(REGISTER_LIMIT_S):
                while True:
                    self._wire.send(data)
                    await asyncio.wait((self._answer,), timeout=REGISTER_REPEAT_S)
                    if self._answer.done():
                        return self._answer.result()
        except TimeoutError:
            raise OperatorError(f"phone {self.number}: no answer to its registration") from None

    def dial(
        self,
        number: str,
        on_change: Callable[[Leg], None],
        from_number: str = "",
        from_name: str = "",
        audio: Audio | None = None,
    ) -> Leg:
        """Call a number of the server, as `from_number` and `from_name` where given.

        `audio` is for a caller who hears and presses keys; it is closed with the call.
        """
        at_server = f"{self._server[0]}:{self._server[1]}"
        name = f'"{from_name}" ' if from_name else ""
        own = f"{name}<sip:{from_number or self.number}@{at_server}>"
        call_id = f"{sip.new_token()}@{self.local[0]}"
        leg = Leg(self, call_id, f"sip:{number}@{at_server}", outgoing=True, own=own, audio=audio)
        leg.on_change = on_change
        self.legs[leg.call_id] = leg
        leg.dial()
        return leg

    # --- for its legs -----------------------------------------------------------------------------
    def send(self, data: bytes) -> float:
        """Send one message; the time just before."""
        return self._wire.send(data)

    @property
    def may_prove(self) -> bool:
        """Whether it has a password to say who it is."""
        return bool(self._password)

    def proof(self, challenge: str, method: str, uri: str) -> str:
        """The Authorization header that answers a challenge."""
        return sip.digest_answer(challenge, method, uri, self.number, self._password)

    def respond(self, request: Message, status: int, tag: str, body: str = "") -> bytes:
        """Answer a request; what was sent."""
        data = sip.response(request, status, REASONS.get(status, "Refused"), tag, self.contact, body)
        self._wire.send(data)
        return data

    def forget(self, leg: Leg) -> None:
        """The leg is over."""
        self.legs.pop(leg.call_id, None)

    def _take(self, message: Message, at: float) -> None:
        call_id = message.require("call-id")
        leg = self.legs.get(call_id)
        if leg is not None:
            leg.take(message, at)
        elif message.status is not None:
            final = message.status >= 200 and message.method == "REGISTER"
            current = message.require("cseq").split()[0] == str(self._cseq)
            if final and current and self._answer is not None and not self._answer.done():
                self._answer.set_result(message)
        elif message.method == "INVITE" and ";tag=" not in message.require("to"):
            leg = self.legs[call_id] = Leg(self, call_id, "", outgoing=False)
            leg.take(message, at)
            self.on_invite(leg)
        elif message.method != "ACK":
            self.respond(message, 200 if message.method in ("OPTIONS", "NOTIFY", "BYE") else 481, "x")
