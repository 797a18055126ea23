"""The control connection of a baresip program: JSON documents in netstrings (its module ctrl_tcp)."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass

from tests.integration.sip.message import Party, parse_party
from tests.integration.sip.programs import Program
from tests.integration.sip.waiting import Bell

EVENTS_KEPT = 1000
START_LIMIT_S = 10.0
START_LOOK_S = 0.01
REPLY_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class BaresipEvent:
    """One event of the softphone, e.g. kind CALL_INCOMING; `at_s` is time.monotonic()."""

    at_s: float
    kind: str
    call_id: str
    peer: Party
    detail: str


class BaresipControl:
    """Sends commands and collects events; `bell` rings with every event."""

    def __init__(self, name: str, bell: Bell) -> None:
        self.bell = bell
        self.events: deque[BaresipEvent] = deque(maxlen=EVENTS_KEPT)
        self._name = name
        self._unread: deque[BaresipEvent] = deque(maxlen=EVENTS_KEPT)
        self._replies: deque[asyncio.Future[str]] = deque()
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None

    async def connect(self, port: int, program: Program) -> None:
        """Connect as soon as the program listens; raises AssertionError with its output if it does not."""
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
                break
            except ConnectionRefusedError:
                if program.has_ended or time.monotonic() > deadline:
                    raise AssertionError(f"baresip does not start:\n{program.text}") from None
                # baresip does not say when it listens, so the port is tried again.
                await asyncio.sleep(START_LOOK_S)
        self._listener = asyncio.get_running_loop().create_task(self._listen(reader))

    async def close(self) -> None:
        """Close the connection; nothing happens if there is none."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()

    async def command(self, name: str, parameter: str = "") -> str:
        """Run one of baresip's long commands; returns its text, raises AssertionError if it fails."""
        assert self._writer is not None
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._replies.append(reply)
        document = {"command": name, "params": parameter} if parameter else {"command": name}
        data = json.dumps(document).encode()
        self._writer.write(b"%d:%s," % (len(data), data))
        await self._writer.drain()
        return await asyncio.wait_for(reply, REPLY_LIMIT_S)

    async def wait_event(self, kind: str, limit_s: float) -> BaresipEvent:
        """The next event of this kind that no earlier wait has consumed; older ones are passed over."""
        seen = ", ".join(event.kind for event in self.events)
        return await self.bell.until(
            lambda: self._take(kind), limit_s, f"{kind} of {self._name} after {seen}"
        )

    async def wait_since(self, at_s: float, kind: str, detail: str, limit_s: float) -> None:
        """Wait for an event with this detail that came after a moment; consumes nothing."""

        def came() -> bool:
            latest = (event for event in self.events if event.at_s >= at_s)
            return any(event.kind == kind and event.detail == detail for event in latest)

        await self.bell.until(came, limit_s, f"{kind} ({detail}) of {self._name}")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Read netstrings (`length:content,`) until baresip closes the connection."""
        try:
            while True:
                length = await reader.readuntil(b":")
                content = await reader.readexactly(int(length[:-1]) + 1)
                self._take_document(json.loads(content[:-1].decode()))
        except (asyncio.IncompleteReadError, ConnectionError):
            for reply in self._replies:
                reply.cancel()

    def _take_document(self, document: dict[str, object]) -> None:
        if document.get("response"):
            self._take_reply(bool(document.get("ok")), str(document.get("data", "")))
            return
        event = _read_event(document)
        self.events.append(event)
        self._unread.append(event)
        self.bell.ring()

    def _take_reply(self, succeeded: bool, text: str) -> None:
        # baresip answers in the order of the commands.
        reply = self._replies.popleft()
        if reply.done():
            return
        if succeeded:
            reply.set_result(text)
        else:
            reply.set_exception(AssertionError(f"baresip {self._name}: {text}"))

    def _take(self, kind: str) -> BaresipEvent | None:
        if not any(event.kind == kind for event in self._unread):
            return None
        while (event := self._unread.popleft()).kind != kind:
            pass
        return event


def _read_event(document: dict[str, object]) -> BaresipEvent:
    def text(key: str) -> str:
        return str(document.get(key) or "")

    peer = Party(text("peerdisplayname"), parse_party(text("peeruri")).uri, "")
    return BaresipEvent(time.monotonic(), text("type"), text("id"), peer, text("param"))
