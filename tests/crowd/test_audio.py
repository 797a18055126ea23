"""Keys as a telephone sends them (RFC 4733), and an ear that is open only for a while."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from itertools import pairwise

import pytest

from acd.crowd import sip
from acd.crowd.audio import HEADER, PRESS_S, Audio
from acd.crowd.voice import mu_law, murmur
from tests.integration.sip.audio import SILENCE_LEVEL, decode_ulaw, loudness

FAR_END_LIMIT_S = 3.0


@pytest.fixture
def far_end() -> socket.socket:
    """Where the caller's packets go."""
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.bind(("127.0.0.1", 0))
    end.setblocking(False)
    return end


async def packets(far_end: socket.socket, count: int) -> list[bytes]:
    """The next ones."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(FAR_END_LIMIT_S):
        return [await loop.sock_recv(far_end, 200) for _ in range(count)]


def kinds_of(sent: list[bytes]) -> list[int]:
    """The payloads' types."""
    return [HEADER.unpack(packet[: HEADER.size])[1] & 0x7F for packet in sent]


async def test_a_key_is_one_event_with_three_ends(far_end: socket.socket) -> None:
    audio = Audio("127.0.0.1")
    audio.far_end = far_end.getsockname()
    released: asyncio.Future[float] = asyncio.get_running_loop().create_future()
    before = time.time()
    audio.press("#", released.set_result)
    sent = await packets(far_end, 7)
    audio.close()
    heads = [HEADER.unpack(packet[: HEADER.size]) for packet in sent]
    events = [struct.unpack("!BBH", packet[HEADER.size :]) for packet in sent]
    first = heads[0][2]
    assert [(h[0], h[1] & 0x7F, (h[2] - first) & 0xFFFF) for h in heads] == [(0x80, 101, i) for i in range(7)]
    assert [bool(h[1] & 0x80) for h in heads] == [True] + [False] * 6
    assert len({(h[3], h[4]) for h in heads}) == 1
    assert [e[0] for e in events] == [11] * 7
    assert [bool(e[1] & 0x80) for e in events] == [False] * 4 + [True] * 3
    assert [e[2] for e in events] == [160, 320, 480, 640, 800, 800, 800]
    assert await released - before >= PRESS_S * 0.8
    far_end.close()


async def test_what_came_before_is_forgotten_and_events_are_no_audio(
    far_end: socket.socket,
) -> None:
    audio = Audio("127.0.0.1")
    address = sip.media_address(audio.media())
    heard: asyncio.Future[tuple[bytes, float]] = asyncio.get_running_loop().create_future()
    voice = HEADER.pack(0x80, 0, 1, 0, 1)
    far_end.sendto(voice + b"old", address)
    await asyncio.sleep(0)
    audio.listen(lambda payload, at: heard.set_result((payload, at)))
    far_end.sendto(HEADER.pack(0x80, 101, 2, 0, 1) + b"\x01\x0a\x00\xa0", address)
    far_end.sendto(voice + b"new", address)
    async with asyncio.timeout(FAR_END_LIMIT_S):
        payload, at = await heard
    assert payload == b"new"
    assert abs(at - time.time()) < FAR_END_LIMIT_S
    audio.deafen()
    audio.close()
    audio.close()
    far_end.close()


async def test_nothing_is_sent_before_the_call_is_answered_or_after_it(far_end: socket.socket) -> None:
    audio = Audio("127.0.0.1")
    audio.press("1")
    audio.far_end = far_end.getsockname()
    audio.close()
    audio.press("1")
    with pytest.raises(BlockingIOError):
        far_end.recv(200)
    far_end.close()


async def test_a_voice_is_heard_from_the_answer_on_and_gives_way_to_keys(far_end: socket.socket) -> None:
    audio = Audio("127.0.0.1")
    said = [bytes([n]) * 160 for n in range(1, 4)]
    audio.speak(said)
    with pytest.raises(BlockingIOError):
        far_end.recv(200)
    audio.far_end = far_end.getsockname()
    sent = await packets(far_end, 4)
    audio.press("5")
    while 101 not in (kinds := kinds_of(sent)) or kinds[-1] == 101:
        sent += await packets(far_end, 1)
    audio.close()
    far_end.close()
    heads = [HEADER.unpack(packet[: HEADER.size]) for packet in sent]
    begin = kinds.index(101)
    assert kinds[begin:-1] == [101] * 7  # no voice between the beginning and the end of a key
    assert [(head[2] - heads[0][2]) & 0xFFFF for head in heads] == list(range(len(heads)))
    voice = [(*head, packet[HEADER.size :]) for head, packet in zip(heads, sent, strict=True)]
    voice = [packet for packet in voice if packet[1] & 0x7F == 0]
    assert len({packet[4] for packet in voice}) == 1
    begin = said.index(voice[0][5])
    steps = [(packet[3] - voice[0][3]) // 160 for packet in voice]
    assert all((packet[3] - voice[0][3]) % 160 == 0 for packet in voice)
    assert [packet[5] for packet in voice] == [said[(begin + step) % 3] for step in steps]
    assert [bool(packet[1] & 0x80) for packet in voice] == [True] + [b != a + 1 for a, b in pairwise(steps)]


def test_a_murmur_has_sound_and_pauses_and_is_never_too_loud() -> None:
    heard = [decode_ulaw(packet) for packet in murmur(120.0)]
    assert {len(packet) for packet in heard} == {160}
    levels = [loudness(packet) for packet in heard]
    assert sum(level < SILENCE_LEVEL for level in levels) > len(levels) / 5
    assert 0.03 < max(levels) < 0.3
    assert murmur(120.0) != murmur(200.0)


@pytest.mark.parametrize("sample", [0, 3, -3, 100, -1000, 8000, -20_000, 32_767, -32_768])
def test_mu_law_is_undone_by_a_decoder(sample: int) -> None:
    (decoded,) = decode_ulaw(bytes([mu_law(sample)])) * 32_768
    assert decoded == pytest.approx(sample, rel=0.04, abs=4)


@pytest.mark.parametrize("body", ["", "c=IN IP4 127.0.0.1\r\n", "m=audio 4000 RTP/AVP 0\r\n"])
def test_a_description_without_audio_is_refused(body: str) -> None:
    with pytest.raises(ValueError, match="no audio"):
        sip.media_address(body)
