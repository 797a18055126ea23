"""Plays Asterisk's part of a FastAGI conversation, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

HEADER: Mapping[str, str] = {
    "agi_network": "yes",
    "agi_request": "agi://127.0.0.1:4573/run",
    "agi_channel": "PJSIP/trunk-lab-00000001",
    "agi_uniqueid": "1763805600.1",
    "agi_callerid": "+4930123456",
    "agi_calleridname": "W. Fang",
}


def header(arguments: Sequence[str] = (), **changed: str) -> bytes:
    """The block that opens a session; `changed` replaces or adds lines."""
    lines = {**HEADER, **changed}
    lines |= {f"agi_arg_{n}": argument for n, argument in enumerate(arguments, 1)}
    return "".join(f"{name}: {value}\n" for name, value in lines.items()).encode() + b"\n"


class AgiClient:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> AgiClient:
        """Connected, with nothing said yet."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, data: bytes) -> None:
        """Some bytes, as they are."""
        self._writer.write(data)

    async def command(self, reply: str = "200 result=0") -> str:
        """The next command of the server, answered; '' when it has closed."""
        try:
            line = (await self._reader.readline()).decode().rstrip("\n")
        except ConnectionError:
            return ""  # it closed after its last words, before our answer to them
        if line:
            self.send(reply.encode() + b"\n")
        return line

    async def order(self) -> str:
        """The next command of the server, which is not answered: the channel is busy with it."""
        return (await self._reader.readline()).decode().rstrip("\n")

    async def rest(self) -> bytes:
        """What the server still says, until it closes."""
        try:
            return await self._reader.read()
        except ConnectionResetError:
            return b""

    async def close(self) -> None:
        """Hang up the socket."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return
