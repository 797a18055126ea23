"""What the calls of one phone share, and the dialog of one call."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tests.integration.sip.digest import authorization
from tests.integration.sip.message import Headers, SipMessage, format_party, new_branch, new_token
from tests.integration.sip.transactions import SipSocket
from tests.integration.sip.waiting import WaitedTooLong

ALLOWED = "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, UPDATE, INFO"


@dataclass(slots=True)
class Dialog:
    """Names and numbers that tie the messages of one call together."""

    call_id: str
    local_name: str
    local_uri: str
    local_tag: str
    remote_uri: str
    remote_tag: str
    target: str
    cseq: int = 0
    routes: tuple[str, ...] = ()


class Line:
    """A socket with an identity: builds requests, answers challenges."""

    def __init__(self, sip: SipSocket, number: str, password: str | None) -> None:
        self.sip = sip
        self.number = number
        self.password = password

    @property
    def server_uri(self) -> str:
        """The server as a SIP address without user."""
        return f"sip:{self.sip.server[0]}:{self.sip.server[1]}"

    @property
    def contact(self) -> str:
        """The Contact header's value."""
        host, port = self.sip.local
        by = "" if self.sip.kind == "UDP" else f";transport={self.sip.kind.lower()}"
        return f"<sip:{self.number}@{host}:{port}{by}>"

    def uri_of(self, number: str) -> str:
        """The address of a number at our server."""
        return f"sip:{number}@{self.sip.server[0]}:{self.sip.server[1]}"

    def new_dialog(self, remote_uri: str, local_name: str = "", from_number: str | None = None) -> Dialog:
        """A dialog that a request of ours is about to open."""
        local_uri = self.uri_of(from_number or self.number)
        return Dialog(new_token(), local_name, local_uri, new_token(4), remote_uri, "", remote_uri)

    def build(
        self, dialog: Dialog, method: str, extra: Headers = (), body: str = "", cseq: int | None = None
    ) -> SipMessage:
        """The next request within the dialog; `cseq` is given for ACK and CANCEL only."""
        if cseq is None:
            dialog.cseq += 1
            cseq = dialog.cseq
        host, port = self.sip.local
        headers = [
            ("Via", f"SIP/2.0/{self.sip.kind} {host}:{port};branch={new_branch()};rport"),
            ("Max-Forwards", "70"),
            ("From", format_party(dialog.local_name, dialog.local_uri, dialog.local_tag)),
            ("To", format_party("", dialog.remote_uri, dialog.remote_tag)),
            ("Call-ID", dialog.call_id),
            ("CSeq", f"{cseq} {method}"),
            ("Contact", self.contact),
            ("Allow", ALLOWED),
            *(("Route", route) for route in dialog.routes),
            *extra,
        ]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return SipMessage(f"{method} {dialog.target} SIP/2.0", tuple(headers), body)

    def credentials(self, response: SipMessage, request: SipMessage) -> Headers:
        """The extra header that answers a challenge; nothing if it is none or we have no password."""
        proved = request.header("Authorization") or request.header("Proxy-Authorization")
        if response.status not in (401, 407) or self.password is None or proved:
            return ()
        uri = request.start_line.split(" ")[1]
        return (authorization(response, request.method, uri, self.number, self.password),)

    async def exchange(
        self, dialog: Dialog, method: str, extra: Headers = (), body: str = "", limit_s: float = 10.0
    ) -> SipMessage:
        """Send a request, answer a challenge, return the final response; raises WaitedTooLong."""
        request = self.build(dialog, method, extra, body)
        response = await self._final(request, limit_s)
        proof = self.credentials(response, request)
        if proof:
            response = await self._final(self.build(dialog, method, (*extra, *proof), body), limit_s)
        return response

    async def _final(self, request: SipMessage, limit_s: float) -> SipMessage:
        final: asyncio.Future[SipMessage] = asyncio.get_running_loop().create_future()

        def take(response: SipMessage) -> None:
            if (response.status or 0) >= 200 and not final.done():
                final.set_result(response)

        self.sip.request(request, take)
        try:
            return await asyncio.wait_for(final, limit_s)
        except TimeoutError:
            raise WaitedTooLong(f"waited {limit_s:g} s for the answer of {request.start_line!r}") from None
