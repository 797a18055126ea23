"""A caller's ear, voice and keys: RTP in, RTP and telephone events out (RFC 3550, RFC 4733).

The ear is open only while somebody listens: hundreds of callers who hear prompts all the time would
otherwise keep the processor busy.
"""

from __future__ import annotations

import asyncio
import random
import struct
import time
from collections.abc import Callable, Sequence
from functools import partial

from acd.crowd import sip
from acd.crowd.wire import READS_AT_ONCE, receive, stamped_socket

KEYS = "0123456789*#"
CLOCK_HZ = 8000
PACKET_S = 0.02
VOICE_TYPE = 0  # G.711 µ-law (RFC 3551)
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
        self._pressing = False
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

    # --- the voice --------------------------------------------------------------------------------
    def speak(self, packets: Sequence[bytes]) -> None:
        """Say these packets of PACKET_S over and over until the call is over; not while a key is pressed.

        What could not be said in time is left out.
        """
        clock = asyncio.get_running_loop().time  # that of `time.monotonic`, as keys have it
        began = clock()
        stamp = int(began * CLOCK_HZ)

        def say(number: int, last: int) -> None:
            if self.far_end is not None and not self._pressing:
                at = (stamp + number * round(PACKET_S * CLOCK_HZ)) & 0xFFFFFFFF
                marker = 0 if number == last + 1 else 0x80  # the voice sets in
                self._send(VOICE_TYPE | marker, at, packets[number % len(packets)])
                last = number
            following = max(number + 1, int((clock() - began) / PACKET_S))
            self._later(began + following * PACKET_S - clock(), partial(say, following, last))

        say(0, -2)

    # --- the keys -----------------------------------------------------------------------------------
    def press(self, key: str, on_release: Callable[[float], None] = lambda _at: None) -> None:
        """Press a key for PRESS_S. `on_release` hears when the end was sent, in Unix seconds."""
        event, stamp = KEYS.index(key), int(time.monotonic() * CLOCK_HZ) & 0xFFFFFFFF
        steps = round(PRESS_S / PACKET_S)
        self._pressing = True

        def send(step: int) -> None:
            at = time.time()
            duration = min(step, steps) * round(PACKET_S * CLOCK_HZ)
            marker = 0x80 if step == 1 else 0
            is_last = step >= steps
            payload = _EVENT.pack(event, VOLUME | (0x80 if is_last else 0), duration)
            self._send(EVENT_TYPE | marker, stamp, payload)
            if step == steps:
                on_release(at)
                for _ in range(ENDS - 1):
                    self._send(EVENT_TYPE, stamp, payload)
                self._pressing = False
            else:
                self._later(PACKET_S, lambda: send(step + 1))

        send(1)

    def _send(self, kind: int, stamp: int, payload: bytes) -> None:
        """`kind`: the payload's type with the marker bit."""
        if self.far_end is None or self._socket.fileno() < 0:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        header = HEADER.pack(0x80, kind, self._sequence, stamp, self._source)
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
