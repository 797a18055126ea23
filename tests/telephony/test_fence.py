"""An older leader is shut out of Asterisk, and one that was frozen meanwhile does nothing there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from acd.errors import FencedOff
from acd.telephony import fence


class Stopped(Exception):
    """The process would have ended."""


class Console:
    """A manager interface that takes commands of the console; `leader` is the variable."""

    def __init__(self, leader: str) -> None:
        self.leader = leader
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        writer.write(b"Asterisk Call Manager/9.0.0\r\n")
        while True:
            try:
                action = (await reader.readuntil(b"\r\n\r\n")).decode()
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            if "dialplan set global" in action:
                self.leader = action.split('"')[1]
            writer.write(f"Response: Success\r\nOutput:    {fence.LEADER}={self.leader}\r\n\r\n".encode())
        writer.close()


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    """The other controller leads under number 1."""
    made = Console("1 two")
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()


async def _shut_out(console: Console, number: int, may: int) -> None:
    left = [may]

    def may_act() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Stopped

    await fence.shut_others_out(("127.0.0.1", console.port), "secret", "acd", number, "one", may_act)


async def test_each_command_asks_whether_this_one_still_leads(console: Console) -> None:
    with pytest.raises(Stopped):
        await _shut_out(console, 2, may=2)  # frozen after it has read who leads
    assert console.leader == "1 two"
    await _shut_out(console, 2, may=4)
    assert console.leader == "2 one"
    with pytest.raises(FencedOff, match="one leads under number 2"):
        await _shut_out(console, 1, may=2)
