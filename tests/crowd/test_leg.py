"""A phone of the crowd where packets are lost: it says again what was not heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
import pytest_asyncio

from acd.crowd import leg as legs
from acd.crowd import sip
from acd.crowd.leg import Leg, LegState
from acd.crowd.phone import Phone

LIMIT_S = 5.0
OFFER = "v=0\r\n"


class FarEnd(asyncio.DatagramProtocol):
    """Hears everything, and says what a test wants."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[sip.Message] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self.addr = addr
        self.heard.put_nowait(sip.parse(data))

    async def hears(self, what: str) -> sip.Message:
        """The next message of this method, or answer with this status."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                message = await self.heard.get()
                if what in (message.method, str(message.status)) and what in message.start_line:
                    return message

    def says(self, data: bytes, to: tuple[str, int]) -> None:
        self.transport.sendto(data, to)

    def answers(self, request: sip.Message, status: int) -> None:
        self.says(sip.response(request, status, "So", "far", "<sip:far@127.0.0.1:9>", ""), self.addr)


@pytest_asyncio.fixture
async def far_end(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FarEnd]:
    monkeypatch.setattr(legs, "REPEAT_S", 0.02)
    made, far = await asyncio.get_running_loop().create_datagram_endpoint(FarEnd, ("127.0.0.1", 0))
    yield far
    made.close()


@pytest_asyncio.fixture
async def phone(far_end: FarEnd) -> AsyncIterator[Phone]:
    async with Phone("1001", server=far_end.transport.get_extra_info("sockname")) as made:
        yield made


async def until(leg: Leg, state: LegState) -> None:
    """Wait for it."""
    changed = asyncio.Event()
    leg.on_change = lambda _leg: changed.set()
    async with asyncio.timeout(LIMIT_S):
        while leg.state is not state:
            changed.clear()
            await changed.wait()


async def test_an_answer_is_said_until_it_is_heard(far_end: FarEnd, phone: Phone) -> None:
    taken: asyncio.Future[Leg] = asyncio.get_running_loop().create_future()
    phone.on_invite = taken.set_result
    headers = (
        ("Via", "SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx"),
        ("From", "<sip:+49301@127.0.0.1>;tag=far"),
        ("To", "<sip:1001@127.0.0.1>"),
        ("Call-ID", "one"),
        ("CSeq", "1 INVITE"),
        ("Contact", "<sip:far@127.0.0.1:9>"),
    )
    far_end.says(sip.encode("INVITE sip:1001@127.0.0.1 SIP/2.0", headers, OFFER), phone.local)
    leg = await taken
    leg.answer()
    for _ in range(3):
        answer = await far_end.hears("200")
    assert leg.state is not LegState.TALKING
    tagged = tuple((n, answer.require("to") if n == "To" else v) for n, v in headers if n != "CSeq")
    ack = (*tagged, ("CSeq", "1 ACK"))
    far_end.says(sip.encode("ACK sip:1001@127.0.0.1 SIP/2.0", ack, ""), phone.local)
    await until(leg, LegState.TALKING)
    leg.close()


async def test_a_caller_who_leaves_before_the_answer_says_so_until_it_is_heard(
    far_end: FarEnd, phone: Phone
) -> None:
    leg = phone.dial("9400", lambda _leg: None)
    invite = await far_end.hears("INVITE")
    far_end.answers(invite, 180)
    leg.hang_up()
    for _ in range(3):
        cancel = await far_end.hears("CANCEL")
    far_end.answers(cancel, 200)
    far_end.answers(invite, 487)
    await until(leg, LegState.ENDED)
    assert leg.status == 487
    assert not phone.legs


async def test_a_caller_who_leaves_while_the_answer_comes_hangs_up(far_end: FarEnd, phone: Phone) -> None:
    leg = phone.dial("9400", lambda _leg: None)
    invite = await far_end.hears("INVITE")
    far_end.answers(invite, 180)
    leg.hang_up()
    far_end.answers(invite, 200)
    far_end.answers(await far_end.hears("BYE"), 200)
    await until(leg, LegState.ENDED)
