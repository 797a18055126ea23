"""One end of an audio stream: sends a tone and RFC 4733 digits, keeps what it hears."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from tests.integration.sip.audio import (
    SAMPLE_RATE_HZ,
    Samples,
    decode_ulaw,
    encode_ulaw,
    hears,
    is_silent,
    tone,
)
from tests.integration.sip.waiting import Bell

PACKET_S = 0.02
PACKET_SAMPLES = int(SAMPLE_RATE_HZ * PACKET_S)
WINDOW_S = 0.2
"""A tone is looked for in the last so many seconds."""
HEARD_S_MAX = 600
ULAW = 0
DIGIT_EVENTS = "0123456789*#ABCD"


@dataclass(slots=True)
class _Press:
    event: int
    payload_type: int
    packets: int
    timestamp: int
    done: asyncio.Future[None]
    sent: int = 0


@dataclass(slots=True)
class Heard:
    """Audio packets in order of arrival, with the time (time.monotonic()) of each."""

    packets: deque[tuple[float, bytes]] = field(
        default_factory=lambda: deque(maxlen=int(HEARD_S_MAX / PACKET_S))
    )

    def samples(self, last_s: float | None = None) -> Samples:
        """What arrived within the last `last_s` seconds (default: all)."""
        since = 0.0 if last_s is None else time.monotonic() - last_s
        chosen: list[bytes] = []
        for at, payload in reversed(self.packets):
            if at < since:
                break
            chosen.append(payload)
        return decode_ulaw(b"".join(reversed(chosen))) if chosen else np.zeros(0)


class RtpEndpoint(asyncio.DatagramProtocol):
    """µ-law audio and digits on one UDP port. Sends from the moment `remote` is set."""

    def __init__(self, tone_hz: float | None = None) -> None:
        self.tone_hz = tone_hz
        self.remote: tuple[str, int] | None = None
        self.sending = True
        self.dtmf_payload_type = 101
        self.heard = Heard()
        self.digits_heard: list[str] = []
        self._bell = Bell()
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._presses: deque[_Press] = deque()
        self._sequence = random.randrange(0x8000)
        self._timestamp = random.randrange(0x7FFFFFFF)
        self._source = random.randrange(1 << 32)
        self._marker_due = True
        self._digit_seen_at = -1

    @classmethod
    async def open(cls, host: str = "127.0.0.1", tone_hz: float | None = None) -> RtpEndpoint:
        """Bind a free port of `host` and begin to keep time; `tone_hz` None sends silence."""
        loop = asyncio.get_running_loop()
        endpoint = cls(tone_hz)
        await loop.create_datagram_endpoint(lambda: endpoint, local_addr=(host, 0))
        endpoint._next_packet(loop.time())
        return endpoint

    @property
    def port(self) -> int:
        """The local UDP port."""
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def close(self) -> None:
        """Stop sending and listening; may be called twice. What was heard stays."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.close()
        for press in self._presses:
            press.done.cancel()
        self._presses.clear()

    async def press(self, digits: str, duration_s: float = 0.1, pause_s: float = 0.1) -> None:
        """Press keys as a telephone does (RFC 4733); returns after the last key is released."""
        loop = asyncio.get_running_loop()
        last: asyncio.Future[None] | None = None
        for digit in digits:
            packets = max(2, round(duration_s / PACKET_S))
            last = loop.create_future()
            self._presses.append(
                _Press(DIGIT_EVENTS.index(digit.upper()), self.dtmf_payload_type, packets, 0, last)
            )
            # A press of no event is the pause between two keys.
            self._presses.append(_Press(-1, 0, max(1, round(pause_s / PACKET_S)), 0, loop.create_future()))
        if last is not None:
            await last

    async def speak(self, frequency_hz: float, seconds: float) -> None:
        """Send a tone for so long, then silence; returns after its last packet."""
        spoken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.tone_hz = frequency_hz
        # A press of no event is time in which the tone is sent.
        self._presses.append(_Press(-1, 0, round(seconds / PACKET_S), 0, spoken))
        await spoken
        self.tone_hz = None

    async def until(self, condition: Callable[[], object], limit_s: float, what: str) -> None:
        """Wait until something is true of what was heard, tried with every packet; raises WaitedTooLong."""
        await self._bell.until(condition, limit_s, what)

    async def until_heard(self, limit_s: float = 5.0) -> None:
        """Wait until the first audio packet has come; raises WaitedTooLong."""
        await self._bell.until(lambda: bool(self.heard.packets), limit_s, "any audio")

    async def until_hears(self, frequency_hz: float, limit_s: float = 5.0) -> None:
        """Wait until the tone is heard; raises WaitedTooLong."""
        await self._bell.until(
            lambda: hears(self._window(), frequency_hz), limit_s, f"a tone of {frequency_hz:g} Hz"
        )

    async def until_hears_only(
        self, frequency_hz: float, others_hz: tuple[float, ...], limit_s: float = 5.0
    ) -> None:
        """Wait until the tone is heard and none of the others is; raises WaitedTooLong."""

        def alone() -> bool:
            window = self._window()
            return hears(window, frequency_hz) and not any(hears(window, other) for other in others_hz)

        await self._bell.until(alone, limit_s, f"a tone of {frequency_hz:g} Hz without {others_hz}")

    async def until_silent(self, limit_s: float = 5.0) -> None:
        """Wait until silence, or nothing at all, has come for a window's length; raises WaitedTooLong."""
        started = time.monotonic()
        await self._bell.until(
            lambda: time.monotonic() - started > WINDOW_S and is_silent(self._window()), limit_s, "silence"
        )

    async def until_digit(self, digits: str, limit_s: float = 5.0) -> None:
        """Wait until the far end has pressed these keys, in this order; raises WaitedTooLong."""
        await self._bell.until(lambda: digits in "".join(self.digits_heard), limit_s, f"the digits {digits}")

    def hears_now(self, frequency_hz: float) -> bool:
        """Whether the tone was in what came in the last moment."""
        return hears(self._window(), frequency_hz)

    def _window(self) -> Samples:
        return self.heard.samples(WINDOW_S)

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport is not a subclass of DatagramTransport before Python 3.12.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) < 12 or data[0] >> 6 != 2:
            return
        payload_type, timestamp = data[1] & 0x7F, struct.unpack_from("!I", data, 4)[0]
        payload = data[12 + 4 * (data[0] & 0x0F) :]
        if payload_type == ULAW:
            self.heard.packets.append((time.monotonic(), payload))
            return
        is_digit = payload_type == self.dtmf_payload_type and len(payload) >= 4
        # All packets of one press carry the timestamp of its beginning.
        if is_digit and timestamp != self._digit_seen_at and payload[0] < len(DIGIT_EVENTS):
            self._digit_seen_at = timestamp
            self.digits_heard.append(DIGIT_EVENTS[payload[0]])

    def error_received(self, exc: Exception) -> None:
        """The far end has closed its port: normal at the end of a call."""

    def _next_packet(self, due_at: float) -> None:
        loop = asyncio.get_running_loop()
        if self.remote is not None and self.sending and self._transport is not None:
            self._send_packet()
        self._bell.ring()
        following = max(due_at + PACKET_S, loop.time() - 5 * PACKET_S)
        self._timer = loop.call_at(following, self._next_packet, following)

    def _send_packet(self) -> None:
        press = self._presses[0] if self._presses else None
        if press is None or press.event < 0:
            level = self.tone_hz
            samples = tone(level, PACKET_SAMPLES, self._timestamp) if level else np.zeros(PACKET_SAMPLES)
            self._send(ULAW, self._timestamp, encode_ulaw(samples), self._marker_due)
            self._marker_due = False
        else:
            self._send_digit(press)
        if press is not None:
            press.sent += 1
            if press.sent >= press.packets:
                self._presses.popleft()
                if not press.done.done():
                    press.done.set_result(None)
        self._timestamp = (self._timestamp + PACKET_SAMPLES) & 0xFFFFFFFF

    def _send_digit(self, press: _Press) -> None:
        if press.sent == 0:
            press.timestamp = self._timestamp
        last = press.sent + 1 >= press.packets
        volume_and_end = 10 | (0x80 if last else 0)
        payload = struct.pack("!BBH", press.event, volume_and_end, (press.sent + 1) * PACKET_SAMPLES)
        # The end is sent three times, because one lost packet would leave the key pressed.
        for _ in range(3 if last else 1):
            self._send(press.payload_type, press.timestamp, payload, press.sent == 0)
        self._marker_due = last

    def _send(self, payload_type: int, timestamp: int, payload: bytes, marker: bool) -> None:
        assert self._transport is not None
        head = struct.pack(
            "!BBHII", 0x80, payload_type | (0x80 if marker else 0), self._sequence, timestamp, self._source
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._transport.sendto(head + payload, self.remote)
