"""One call of a test phone: ring, answer, hold, transfer, hang up."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import quote

from tests.integration.sip.call_state import REASONS, CallEnd, CallState, identity_of
from tests.integration.sip.line import Dialog, Line
from tests.integration.sip.message import Headers, Party, SipMessage, parse_party, response_to
from tests.integration.sip.rtp import RtpEndpoint
from tests.integration.sip.sdp import answer_direction, describe_media, parse_media
from tests.integration.sip.waiting import WaitedTooLong

GLARE_WAITS_S = (0.1, 0.3, 1.0)
"""Before a re-INVITE is tried again that has met another one, or has overtaken our own ACK (RFC 3261, 14)."""
LEAVES_S = 0.5
"""How long a phone that has transferred a call waits for Asterisk to end its consultation."""


class PhoneCall:
    """A call; `rtp` speaks and hears, `at` holds the time (time.monotonic()) of each state."""

    def __init__(
        self, line: Line, dialog: Dialog, rtp: RtpEndpoint, invite: SipMessage, outgoing: bool
    ) -> None:
        self.rtp = rtp
        self.invite = invite
        self.dialog = dialog
        self.outgoing = outgoing
        self.state = CallState.CALLING
        self.at: dict[CallState, float] = {CallState.CALLING: time.monotonic()}
        self.end: CallEnd | None = None
        self.held_by_far_end = False
        self.refer_progress: list[int] = []
        self._notified_cseq = 0
        self.identity = identity_of(invite)
        self._line = line
        self._sdp_version = 0
        self._provisional_seen = False
        self._accepted = False

    # waiting

    async def wait_ringing(self, limit_s: float = 5.0) -> None:
        """Wait until the far end rings (180); an answer without ringing counts too."""
        await self._until(lambda: self.state in (CallState.RINGING, CallState.ANSWERED), limit_s, "ringing")

    async def wait_answered(self, limit_s: float = 5.0) -> None:
        """Wait for the answer (outgoing: 200; incoming: ACK of our 200)."""
        await self._until(lambda: self.state is CallState.ANSWERED, limit_s, "the answer")

    async def wait_ended(self, limit_s: float = 5.0) -> CallEnd:
        """Wait for the end, however it comes."""
        return await self._line.sip.bell.until(
            lambda: self.end, limit_s, f"the end of a call that is {self.state.value}"
        )

    async def wait_identity(self, number: str, limit_s: float = 5.0) -> Party:
        """Wait until the far end is shown with this number (connected line update)."""
        return await self._line.sip.bell.until(
            lambda: self.identity if self.identity.number == number else None,
            limit_s,
            f"the display to show {number} instead of {self.identity}",
        )

    def header(self, name: str) -> str | None:
        """A header of the INVITE, such as X-ACD-Call."""
        return self.invite.header(name)

    # the incoming call's answers

    def ring(self) -> None:
        """Send 180 Ringing."""
        self._respond(180)
        self._enter(CallState.RINGING)

    def accept(self) -> None:
        """Answer with 200 without waiting for the ACK."""
        if self.end is not None or self.outgoing:
            return
        self._accepted = True
        self._respond(200, self._media_body())
        self._take_media(self.invite.body)

    async def answer(self, limit_s: float = 5.0) -> None:
        """Pick up; returns when the far end has confirmed."""
        self.accept()
        await self.wait_answered(limit_s)

    def refuse(self, status: int) -> None:
        """Refuse the call with a final status such as 486."""
        self._respond(status)
        self._finish(by_us=True, status=status)

    def forward(self, number: str) -> None:
        """Answer that another number has to be called instead (302)."""
        self._respond(302, contact=f"<{self._line.uri_of(number)}>")
        self._finish(by_us=True, status=302)

    # in the call

    async def hang_up(self, limit_s: float = 5.0) -> CallEnd:
        """End the call in the way its state asks for: BYE, CANCEL or 486."""
        if self.end is not None:
            return self.end
        if self.state is CallState.ANSWERED:
            self._finish(by_us=True, status=None)
            await self._line.exchange(self.dialog, "BYE", limit_s=limit_s)
            return await self.wait_ended(limit_s)
        if self.outgoing:
            await self._cancel(limit_s)
        elif not self._accepted:
            self.refuse(486)
        # An answer that crosses our CANCEL stands, and so does our own 200: a BYE follows, but not before the
        # ACK (RFC 3261, 15).
        await self._line.sip.bell.until(
            lambda: self.end or self.state is CallState.ANSWERED, limit_s, f"the end of a call ({self.state})"
        )
        return await self.hang_up(limit_s)

    async def hold(self) -> None:
        """Put the far end on hold (re-INVITE, sendonly); raises AssertionError if it is refused."""
        await self._reinvite("sendonly")
        self.rtp.sending = False

    async def resume(self) -> None:
        """Take the far end back from hold; raises AssertionError if it is refused."""
        await self._reinvite("sendrecv")
        self.rtp.sending = True

    async def transfer(self, number: str, limit_s: float = 10.0) -> int:
        """Blind transfer by REFER; returns the last status reported for the new call (202 if none was).

        After a success we leave the call, as telephones do: Asterisk waits for that.
        """
        status = await self._refer(f"<{self._line.uri_of(number)}>", limit_s)
        if 200 <= status < 300:
            await self.hang_up(limit_s)
        return status

    async def transfer_to_call(self, other: PhoneCall, limit_s: float = 10.0) -> int:
        """Attended transfer: join this call's far end with `other`'s (REFER with Replaces).

        Returns the status like `transfer`; after a success we leave both calls.
        """
        dialog = other.dialog
        replaces = quote(f"{dialog.call_id};to-tag={dialog.remote_tag};from-tag={dialog.local_tag}", safe="")
        status = await self._refer(f"<{dialog.remote_uri}?Replaces={replaces}>", limit_s)
        if 200 <= status < 300:
            await self.hang_up(limit_s)
            # Asterisk ends the other one, too: a CANCEL in the same milliseconds can end the customer.
            with suppress(WaitedTooLong):
                await other.wait_ended(LEAVES_S)
            await other.hang_up(limit_s)
        return status

    async def _refer(self, refer_to: str, limit_s: float) -> int:
        extra = (("Refer-To", refer_to), ("Referred-By", f"<{self.dialog.local_uri}>"))
        self.refer_progress.clear()
        response = await self._line.exchange(self.dialog, "REFER", extra, limit_s=limit_s)
        if response.status not in (200, 202):
            return response.status or 0
        await self._line.sip.bell.until(
            lambda: self.end or any(status >= 200 for status in self.refer_progress),
            limit_s,
            "the outcome of the transfer",
        )
        return self.refer_progress[-1] if self.refer_progress else 202

    async def _reinvite(self, direction: str) -> None:
        for wait_s in GLARE_WAITS_S:
            response = await self._line.exchange(self.dialog, "INVITE", body=self._media_body(direction))
            if response.status not in (491, 500):
                break
            await asyncio.sleep(wait_s)
        assert response.status == 200, f"re-INVITE refused: {response.start_line}"
        self._line.sip.acknowledge(self._line.build(self.dialog, "ACK", cseq=response.cseq))
        self._take_media(response.body)

    async def _cancel(self, limit_s: float) -> None:
        # A CANCEL may only follow a provisional response (RFC 3261, 9.1).
        await self._until(lambda: self._provisional_seen, limit_s, "a first response")
        if self.end is not None or self.state is CallState.ANSWERED:
            return
        headers = tuple(
            (name, f"{self.invite.cseq} CANCEL" if name == "CSeq" else value)
            for name, value in self.invite.headers
            if name in ("Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq")
        )
        uri = self.invite.start_line.split(" ")[1]
        self._line.sip.request(SipMessage(f"CANCEL {uri} SIP/2.0", headers), lambda response: None)

    # what arrives

    def start(self) -> None:
        """Send the INVITE of an outgoing call."""
        self._line.sip.request(self.invite, self._on_invite_response)

    def offer(self) -> str:
        """The session description for an INVITE of ours."""
        return self._media_body()

    def take_request(self, request: SipMessage) -> None:
        """React to a request within this call."""
        handler = {
            "ACK": self._on_ack,
            "BYE": self._on_bye,
            "CANCEL": self._on_cancel,
            "INVITE": self._on_reinvite,
            "UPDATE": self._on_update,
            "NOTIFY": self._on_notify,
        }.get(request.method)
        if handler is not None:
            handler(request)
        else:
            self._reply(request, 200)

    def _on_invite_response(self, response: SipMessage) -> None:
        status = response.status or 0
        self._provisional_seen = True
        if status == 180:
            # An early dialog has its names already; a transfer may refer to it.
            self.dialog.remote_tag = parse_party(response.require("To")).tag
            self._enter(CallState.RINGING)
        if status < 200:
            return
        proof = self._line.credentials(response, self.invite)
        if proof:
            self._provisional_seen = False  # the next INVITE is a transaction of its own
            # Media and headers stay; only the proof, the branch and the number are new.
            self.invite = self._line.build(
                self.dialog, "INVITE", (*_own_headers(self.invite), *proof), self.invite.body
            )
            self.start()
        elif status >= 300:
            self._finish(by_us=status == 487, status=status)
        else:
            self.dialog.remote_tag = parse_party(response.require("To")).tag
            self.dialog.target = parse_party(response.require("Contact")).uri
            self.dialog.routes = tuple(reversed(response.all("Record-Route")))
            self._line.sip.acknowledge(self._line.build(self.dialog, "ACK", cseq=response.cseq))
            self._take_media(response.body)
            self._enter(CallState.ANSWERED)

    def _on_ack(self, ack: SipMessage) -> None:
        if self.end is None:
            self._take_media(ack.body)
            self._enter(CallState.ANSWERED)

    def _on_bye(self, request: SipMessage) -> None:
        self._reply(request, 200)
        self._finish(by_us=False, status=None)

    def _on_cancel(self, request: SipMessage) -> None:
        self._reply(request, 200)
        # One that crosses our 200 has no effect: the far end acknowledges that and sends BYE (RFC 3261, 9.2).
        if self.end is None and not self._accepted:
            self._respond(487)
            self._finish(by_us=False, status=487)

    def _on_reinvite(self, request: SipMessage) -> None:
        media = parse_media(request.body)
        self._take_media(request.body)
        self._note_identity(request)
        body = self._media_body(answer_direction(media.direction) if media else "sendrecv")
        self._reply(request, 200, body)

    def _on_update(self, request: SipMessage) -> None:
        self._note_identity(request)
        if request.body:
            self._on_reinvite(request)
        else:
            self._reply(request, 200)

    def _on_notify(self, request: SipMessage) -> None:
        # Two messages in one millisecond can pass each other in a proxy with several processes: the older
        # one is refused (RFC 3261, 12.2.2).
        if request.cseq < self._notified_cseq:
            self._reply(request, 500)
            return
        self._notified_cseq = request.cseq
        fragment = re.match(r"SIP/2\.0 (\d+)", request.body)
        if fragment:
            self.refer_progress.append(int(fragment.group(1)))
        self._reply(request, 200)
        if request.header("Event") == "talk" and not self.outgoing and self.state is CallState.RINGING:
            self.accept()  # a click on the page picks up

    # small parts

    def _note_identity(self, request: SipMessage) -> None:
        if request.header("P-Asserted-Identity"):
            self.identity = identity_of(request)

    def _media_body(self, direction: str = "sendrecv") -> str:
        self._sdp_version += 1
        return describe_media(self._line.sip.local[0], self.rtp.port, direction, self._sdp_version)

    def _take_media(self, body: str) -> None:
        media = parse_media(body)
        if media is None:
            return
        self.held_by_far_end = media.direction in ("sendonly", "inactive")
        self.rtp.dtmf_payload_type = media.dtmf_payload_type
        self.rtp.remote = (media.host, media.port)

    def _respond(self, status: int, body: str = "", contact: str = "") -> None:
        self._reply(self.invite, status, body, contact)

    def _reply(self, request: SipMessage, status: int, body: str = "", contact: str = "") -> None:
        extra: Headers = (("Contact", contact or self._line.contact),)
        if body:
            extra = (*extra, ("Content-Type", "application/sdp"))
        response = response_to(
            request, status, REASONS.get(status, "Refused"), self.dialog.local_tag, extra, body
        )
        self._line.sip.respond(request, response)

    def _enter(self, state: CallState) -> None:
        if self.end is None and self.state is not CallState.ANSWERED:
            self.state = state
            self.at.setdefault(state, time.monotonic())
            self._line.sip.bell.ring()

    def _finish(self, by_us: bool, status: int | None) -> None:
        if self.end is None:
            self.end = CallEnd(by_us, status)
            self.state = CallState.ENDED
            self.at[CallState.ENDED] = time.monotonic()
            self.rtp.close()
            self._line.sip.bell.ring()

    async def _until(self, condition: Callable[[], bool], limit_s: float, what: str) -> None:
        """Wait for a condition, or fail at once when the call has ended without it."""
        await self._line.sip.bell.until(
            lambda: condition() or self.end is not None, limit_s, f"{what} ({self.state})"
        )
        assert condition(), f"the call ended before {what}: {self.end}"


def _own_headers(invite: SipMessage) -> Headers:
    """The headers that the test asked for, without those that every request gets."""
    common = {"Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "Contact", "Allow", "Content-Type"}
    return tuple((name, value) for name, value in invite.headers if name not in common)
