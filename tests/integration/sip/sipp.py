"""A SIPp caller that is steered while it runs.

SIPp does the signalling; its third-party call control connection (`-3pcc`, meant for a second SIPp)
ends here instead, so that a test can say "dial", "hang up" and hear "ringing", "answered". The
audio and the keys come from an RtpEndpoint whose port the scenario advertises.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.integration.sip.programs import Program
from tests.integration.sip.rtp import RtpEndpoint
from tests.integration.sip.sipp_scenarios import CallerIdentity, caller_scenario
from tests.integration.sip.waiting import Bell, WaitedTooLong

MESSAGE_END = b"\x1b"
"""SIPp separates control messages by the escape character."""
ON_ITS_WAY_S = 0.5


@dataclass(frozen=True, slots=True)
class SippEvent:
    """Something the scenario reported; `at_s` is time.monotonic()."""

    at_s: float
    kind: str
    fields: dict[str, str]


class SippCaller:
    """One caller with one call, coming from the trunk's address. Use it with `async with`.

    `rtp` presses keys (RFC 4733), sends the tone and keeps what the caller hears.
    """

    def __init__(
        self,
        number: str,
        *,
        server: tuple[str, int],
        from_number: str = "5550100",
        from_name: str = "",
        source: str = "127.0.0.2",
        tone_hz: float | None = None,
    ) -> None:
        if set("[]") & set(number + from_number + from_name):
            raise ValueError("SIPp reads square brackets as its own keywords")
        self.number = number
        self.events: list[SippEvent] = []
        self._from = (from_number, from_name)
        self._server = server
        self._source = source
        self._tone_hz = tone_hz
        self._bell = Bell()
        self._call_id = ""

    async def __aenter__(self) -> SippCaller:
        self._home = tempfile.TemporaryDirectory(prefix="sipp-")
        self.rtp = await RtpEndpoint.open(self._source, self._tone_hz)
        self._connected: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
        self._control = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        folder = Path(self._home.name)
        identity = CallerIdentity(self.number, *self._from, (self._source, self.rtp.port))
        (folder / "caller.xml").write_text(caller_scenario(identity))
        control_port = self._control.sockets[0].getsockname()[1]
        command = [
            *("sipp", f"{self._server[0]}:{self._server[1]}", "-sf", "caller.xml"),
            *("-i", self._source, "-bind_local", "-m", "1", "-r", "100", "-nostdin", "-aa"),
            *("-3pcc", f"127.0.0.1:{control_port}", "-trace_err", "-error_file", "errors.log"),
            *("-timer_resol", "1"),
        ]
        self.program = await Program.start(command, cwd=folder)
        try:
            await self._wait("ready", 5.0)
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def dial(self) -> None:
        """Send the INVITE."""
        await self._command("dial")

    async def wait_ringing(self, limit_s: float = 5.0) -> None:
        """Wait for a 180 Ringing; raises WaitedTooLong."""
        await self._wait("ringing", limit_s)

    async def wait_answered(self, limit_s: float = 5.0) -> None:
        """Wait for the 200; from here on the caller speaks. Raises WaitedTooLong."""
        await self._wait("answered", limit_s)

    async def press(self, digits: str) -> None:
        """Press keys; returns when the last one is released."""
        await self.rtp.press(digits)

    async def hang_up(self) -> None:
        """End the call: CANCEL while it rings, BYE afterwards. wait_ended() tells when it is over.

        SIPp drops a call without a word when a command comes between two of its steps, as right after an
        answer: one that is on its way gets a moment to be reported first.
        """
        with contextlib.suppress(WaitedTooLong):
            await self._bell.until(
                lambda: any(event.kind in ("answered", "ended", "refused") for event in self.events),
                ON_ITS_WAY_S,
                "an answer",
            )
        await self._command("hang up")

    async def wait_ended(self, limit_s: float = 5.0) -> SippEvent:
        """Wait for the end: kind 'ended' with the field By (caller, far end), or 'refused' with Status."""
        return await self._wait("ended", limit_s, "refused")

    def errors(self) -> str:
        """What SIPp complained about."""
        log = Path(self._home.name) / "errors.log"
        return log.read_text() if log.exists() else ""

    async def _command(self, text: str) -> None:
        writer = await asyncio.wait_for(asyncio.shield(self._connected), 5.0)
        writer.write(f"Call-ID: {self._call_id}\r\nCommand: {text}\r\n".encode() + MESSAGE_END)
        await writer.drain()

    async def _wait(self, kind: str, limit_s: float, other: str = "") -> SippEvent:
        def reported() -> SippEvent | None:
            return next((event for event in self.events if event.kind in (kind, other)), None)

        seen = ", ".join(event.kind for event in self.events)
        what = f"{kind} of the caller to {self.number} (so far: {seen}; {self.errors()})"
        return await self._bell.until(reported, limit_s, what)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connected.set_result(writer)
        try:
            while True:
                message = await reader.readuntil(MESSAGE_END)
                self._take(message[:-1].decode())
        except (asyncio.IncompleteReadError, ConnectionError):
            self._bell.ring()

    def _take(self, text: str) -> None:
        lines = (line.partition(":") for line in text.splitlines() if ":" in line)
        fields = {name.strip(): value.strip() for name, _, value in lines}
        self._call_id = fields.get("Call-ID", self._call_id)
        # SIPp's own message, when it gives a call up, has no event.
        event = SippEvent(time.monotonic(), fields.get("Event", "given up by SIPp"), fields)
        if event.kind == "answered":
            host, _, port = fields["Media"].rpartition(":")
            self.rtp.remote = (host, int(port))
        elif event.kind in ("ended", "refused"):
            self.rtp.close()
        self.events.append(event)
        self._bell.ring()

    async def _close(self) -> None:
        await self.program.stop()
        self.rtp.close()
        if self._connected.done():
            self._connected.result().close()
        self._control.close()
        await self._control.wait_closed()
        self._home.cleanup()
