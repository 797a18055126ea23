"""One call of a phone of the crowd, incoming or outgoing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from acd.crowd import sip
from acd.crowd.sip import Headers, Message

if TYPE_CHECKING:
    from acd.crowd.audio import Audio
    from acd.crowd.phone import Phone

REPEAT_S = 0.5
REPEATS_MAX = 6
STEADY_MAX = 11
"""What is no INVITE is said so often at most, for half a minute as well, at growing intervals up to"""
STEADY = 8
"""so many times the first one."""
REASONS = {180: "Ringing", 200: "OK", 480: "Temporarily Unavailable", 486: "Busy Here", 603: "Decline"}


class LegState(StrEnum):
    """Where a call is. ENDED says nothing about why: see `Leg.status`."""

    CALLING = "calling"
    RINGING = "ringing"
    TALKING = "talking"
    ENDED = "ended"


class Leg:
    """A call. `at` maps what happened to its time in Unix seconds:

    invite, ringing, talking, cancel (the far end's), bye (ours or theirs), bye_answered, ended.
    `status` is the final status of an INVITE that was refused. `on_change` is called after each change
    of `state`. `audio` is where the caller hears and presses keys; without one nobody listens.
    """

    def __init__(
        self,
        phone: Phone,
        call_id: str,
        remote: str,
        *,
        outgoing: bool,
        own: str = "",
        audio: Audio | None = None,
    ) -> None:
        self.phone = phone
        self.audio = audio
        self._own = own or f"<{phone.address}>"
        self.call_id = call_id
        self.outgoing = outgoing
        self.state = LegState.CALLING
        self.at: dict[str, float] = {}
        self.status: int | None = None
        self.invite: Message | None = None
        self.on_change: Callable[[Leg], None] = lambda _leg: None
        self._own_tag = sip.new_token()
        self._remote = remote  # the other end's address: To of what we send
        self._remote_tag = ""
        self._target = remote
        self._branch = ""
        self._cseq = 0
        self._proof = ""
        self._last_response: bytes | None = None
        self._repeating: asyncio.TimerHandle | None = None
        self._left = False  # before an answer

    @property
    def caller_number(self) -> str:
        """Who calls: the user part of From."""
        assert self.invite is not None
        return sip.address_in(self.invite.require("from")).partition(":")[2].partition("@")[0]

    # --- what the person does ---------------------------------------------------------------------
    def dial(self) -> None:
        """Send the INVITE."""
        self.at["invite"] = self._request("INVITE", self._media())

    def ring(self) -> None:
        """Say that the phone rings."""
        self._respond(180)
        self._enter(LegState.RINGING)

    def answer(self) -> None:
        """Pick up; said again until the far end has heard it."""
        self._respond(200, self.phone.media())
        self._say_again(1)

    def _say_again(self, count: int) -> None:
        def again() -> None:
            if self.state in (LegState.TALKING, LegState.ENDED) or self._last_response is None:
                return
            self.phone.send(self._last_response)
            self._say_again(count + 1)

        if count < STEADY_MAX:
            wait_s = REPEAT_S * min(2 ** (count - 1), STEADY)
            self._repeating = asyncio.get_running_loop().call_later(wait_s, again)
        else:  # a call that nobody confirms is over
            self.at["bye"] = self._request("BYE")
            self._end(408)

    def refuse(self, status: int) -> None:
        """Refuse the call with a final status such as 486."""
        self._respond(status)
        self._end(status)

    def hang_up(self) -> None:
        """End the call in the way that its state asks for."""
        if self.state is LegState.ENDED:
            return
        if self.state is LegState.TALKING:
            self.at["bye"] = self._request("BYE")
            self._end(None)
        elif self.outgoing:
            self._quiet()
            self._left = True
            self._cancel(1)
        else:
            self.refuse(486)

    def _cancel(self, count: int) -> None:
        """Until the INVITE is answered, with whatever; one that nobody hears ends by itself."""
        if self.state is LegState.ENDED:
            return
        if count > STEADY_MAX:
            self._end(408)
            self.phone.forget(self)
            return
        self.phone.send(self._build("CANCEL", cseq=self._cseq, branch=self._branch))
        loop = asyncio.get_running_loop()
        wait_s = REPEAT_S * min(2 ** (count - 1), STEADY)
        self._repeating = loop.call_later(wait_s, self._cancel, count + 1)

    # --- what the far end does --------------------------------------------------------------------
    def take(self, message: Message, at: float) -> None:
        """A message of this call."""
        if message.status is not None:
            self._take_response(message, message.status, at)
        elif message.method == "INVITE":
            self._take_invite(message, at)
        elif message.method == "ACK":
            if not self.outgoing and self.state is not LegState.ENDED:
                self._quiet()
            self._enter(LegState.TALKING, at)
        else:
            if self.state is not LegState.ENDED:
                self._quiet()
            self.phone.respond(message, 200, self._own_tag)
            if message.method == "BYE":
                self.at.setdefault("bye", at)
                self._end(None, at)
            elif message.method == "CANCEL" and self.state is not LegState.TALKING:
                self.at["cancel"] = at
                if self.state is not LegState.ENDED:
                    self._respond(487)
                    self._end(487, at)

    def _take_invite(self, message: Message, at: float) -> None:
        if self.invite is None:
            self.invite, self.at["invite"] = message, at
            self._remote_tag = message.require("from").partition(";tag=")[2]
            self._target = sip.address_in(message.require("contact"))
        elif message.require("cseq") != self.invite.require("cseq") or self.outgoing:
            self.phone.respond(message, 200, self._own_tag, self._media())
        elif self._last_response is not None:
            self.phone.send(self._last_response)

    def _take_response(self, message: Message, status: int, at: float) -> None:
        if message.method == "CANCEL" or (self._left and status < 200):
            return  # what counts is the end of the INVITE
        self._quiet()
        if message.method == "BYE":
            self.at.setdefault("bye_answered", at)
            self.phone.forget(self)
            self.on_change(self)
        elif message.method == "INVITE" and status >= 200:
            self._take_final(message, status, at)
        elif message.method == "INVITE" and status == 180:
            self._enter(LegState.RINGING, at)

    def _take_final(self, message: Message, status: int, at: float) -> None:
        self._remote_tag = message.require("to").partition(";tag=")[2]
        if status >= 300:
            self.phone.send(self._build("ACK", cseq=self._cseq, branch=self._branch))
            if status == 401 and self._cseq == 1 and self.phone.may_prove:
                self._prove(message)
            else:
                self._end(status, at)
            return
        self._target = sip.address_in(message.require("contact"))
        self.phone.send(self._build("ACK", cseq=self._cseq))
        if self.audio is not None:
            self.audio.far_end = sip.media_address(message.body)
        self._enter(LegState.TALKING, at)
        if self._left and self.state is LegState.TALKING:  # the answer came in between
            self.hang_up()

    def _prove(self, challenge: Message) -> None:
        """Ask again, and say who asks."""
        self._remote_tag = ""
        self._proof = self.phone.proof(challenge.require("www-authenticate"), "INVITE", self._remote)
        self._request("INVITE", self._media())

    # --- how --------------------------------------------------------------------------------------
    def _media(self) -> str:
        return self.audio.media() if self.audio is not None else self.phone.media()

    def _respond(self, status: int, body: str = "") -> None:
        assert self.invite is not None
        self._last_response = self.phone.respond(self.invite, status, self._own_tag, body)

    def _request(self, method: str, body: str = "") -> float:
        """Send a request until the server says something."""
        self._cseq += 1
        data = self._build(method, cseq=self._cseq, body=body)
        most, steady = (REPEATS_MAX, 2**REPEATS_MAX) if method == "INVITE" else (STEADY_MAX, STEADY)

        def again(count: int) -> None:
            if count < most:
                self.phone.send(data)
                loop = asyncio.get_running_loop()
                self._repeating = loop.call_later(REPEAT_S * min(2**count, steady), again, count + 1)
            else:
                self._end(408)
                self.phone.forget(self)

        at = self.phone.send(data)
        self._repeating = asyncio.get_running_loop().call_later(REPEAT_S, again, 1)
        return at

    def _build(self, method: str, *, cseq: int, branch: str = "", body: str = "") -> bytes:
        if method == "INVITE":
            self._branch = branch = "z9hG4bK" + sip.new_token()
        own, contact = self._own, self.phone.contact
        if not self.outgoing:
            assert self.invite is not None
            own, remote = self.invite.require("to"), self.invite.require("from").partition(";tag=")[0]
        else:
            remote = f"<{self._remote}>"
        host, port = self.phone.local
        headers: Headers = (
            ("Via", f"SIP/2.0/UDP {host}:{port};branch={branch or 'z9hG4bK' + sip.new_token()};rport"),
            ("Max-Forwards", "70"),
            ("From", f"{own};tag={self._own_tag}"),
            ("To", f"{remote};tag={self._remote_tag}" if self._remote_tag and method != "CANCEL" else remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", contact),
        )
        if self._proof and method == "INVITE":
            headers += (("Authorization", self._proof),)
        return sip.encode(f"{method} {self._target} SIP/2.0", headers, body)

    def _quiet(self) -> None:
        if self._repeating is not None:
            self._repeating.cancel()
            self._repeating = None

    def _enter(self, state: LegState, at: float | None = None) -> None:
        if self.state in (state, LegState.ENDED) or self.state is LegState.TALKING:
            return
        self.state = state
        self.at.setdefault(state.value, at if at is not None else self.phone.now())
        self.on_change(self)

    def _end(self, status: int | None, at: float | None = None) -> None:
        if self.state is LegState.ENDED:
            return
        ours = "bye_answered" not in self.at and self._repeating is not None
        self.state = LegState.ENDED
        self.status = status
        if self.audio is not None:
            self.audio.close()
        self.at["ended"] = at if at is not None else self.phone.now()
        if not ours:  # nothing is awaited any more
            self._quiet()
            self.phone.forget(self)
        self.on_change(self)

    def close(self) -> None:
        """Stop repeating; the far end is told nothing."""
        self._quiet()
        if self.audio is not None:
            self.audio.close()
