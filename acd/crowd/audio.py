"""A caller's ear and keys: RTP in, telephone events out (RFC 4733).

The ear is open only while somebody listens: hundreds of callers who hear prompts all the time would
otherwise keep the processor busy.
"""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import Callable

from acd.crowd import sip
from acd.crowd.wire import READS_AT_ONCE, receive, stamped_socket

KEYS = "0123456789*#"
CLOCK_HZ = 8000
PACKET_S = 0.02
EVENT_TYPE = 101  # as `sip.describe_media` says
PRESS_S = 0.1
ENDS = 3  # the last packet of a key is sent three times
VOLUME = 10
BUFFER_BYTES = 8_000
HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")

OnPacket = Callable[[bytes, float], None]
"""Called with each packet's payload and its time of arrival in Unix seconds."""


class Audio:
    """One call's audio. `far_end` is set when the call is answered."""

    def __init__(self, host: str) -> None:
        self.far_end: tuple[str, int] | None = None
        self._socket = stamped_socket(host, BUFFER_BYTES)
        self._host = host
        self._source = random.getrandbits(32)
        self._sequence = random.randrange(0x8000)
        self._on_packet: OnPacket | None = None
        self._timers: set[asyncio.TimerHandle] = set()

    def media(self) -> str:
        """The session description: audio to here."""
        return sip.describe_media(self._host, self._socket.getsockname()[1])

    # --- the ear ----------------------------------------------------------------------------------
    def listen(self, on_packet: OnPacket) -> None:
        """From now on; what came before is forgotten."""
        while receive(self._socket) is not None:
            pass
        if self._on_packet is None:
            asyncio.get_running_loop().add_reader(self._socket, self._read)
        self._on_packet = on_packet

    def deafen(self) -> None:
        """Nobody listens any more."""
        if self._on_packet is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._on_packet = None

    def _read(self) -> None:
        for _ in range(READS_AT_ONCE):
            if self._on_packet is None or (received := receive(self._socket)) is None:
                return
            data, at = received
            if len(data) > HEADER.size and data[1] & 0x7F != EVENT_TYPE:
                self._on_packet(data[HEADER.size :], at)

    # --- the keys -----------------------------------------------------------------------------------
    def press(self, key: str, on_release: Callable[[float], None] = lambda _at: None) -> None:
        """Press a key for PRESS_S. `on_release` hears when the end was sent, in Unix seconds."""
        event, stamp = KEYS.index(key), int(time.monotonic() * CLOCK_HZ) & 0xFFFFFFFF
        steps = round(PRESS_S / PACKET_S)

        def send(step: int) -> None:
            at = time.time()
            duration = min(step, steps) * round(PACKET_S * CLOCK_HZ)
            self._send(event, stamp, duration, is_first=step == 1, is_last=step >= steps)
            if step == steps:
                on_release(at)
                for _ in range(ENDS - 1):
                    self._send(event, stamp, duration, is_first=False, is_last=True)
            else:
                self._later(PACKET_S, lambda: send(step + 1))

        send(1)

    def _send(self, event: int, stamp: int, duration: int, *, is_first: bool, is_last: bool) -> None:
        if self.far_end is None or self._socket.fileno() < 0:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        kind = EVENT_TYPE | (0x80 if is_first else 0)
        header = HEADER.pack(0x80, kind, self._sequence, stamp, self._source)
        payload = _EVENT.pack(event, VOLUME | (0x80 if is_last else 0), duration)
        self._socket.sendto(header + payload, self.far_end)

    def _later(self, delay_s: float, do: Callable[[], None]) -> None:
        def fire() -> None:
            self._timers.discard(timer)
            do()

        timer = asyncio.get_running_loop().call_later(delay_s, fire)
        self._timers.add(timer)

    def close(self) -> None:
        """The call is over. May be called again."""
        self.deafen()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._socket.close()
