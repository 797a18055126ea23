"""The cable between a browser and the web process, which can be pulled out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Cable:
    """`url` leads to the web process as long as it is plugged in. Sound takes another way."""

    def __init__(self, port: int) -> None:
        self.url = ""
        self._port = port
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None] | None, set[asyncio.StreamWriter]] = {}
        self._own_port = 0

    async def plug_in(self) -> None:
        """From now on connections are taken."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._own_port)
        self._own_port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._own_port}"

    async def pull(self) -> None:
        """All connections end, and no new ones are taken."""
        if self._server is not None:
            self._server.close()
        tasks = [task for task in self._open if task is not None]
        for writer in set[asyncio.StreamWriter]().union(*self._open.values()):
            writer.transport.abort()
        await asyncio.gather(*tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._open[task] = {writer}
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._port)
            self._open[task].add(back)
            await asyncio.gather(_pass(reader, back), _pass(there, writer))
        except OSError:  # the web process is away: so is this end
            writer.close()
        finally:
            del self._open[task]


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def cable(port: int) -> AsyncIterator[Cable]:
    """Plugged in."""
    found = Cable(port)
    await found.plug_in()
    try:
        yield found
    finally:
        await found.pull()
