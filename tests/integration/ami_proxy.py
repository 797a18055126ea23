"""Stands between Asterisk's manager interface and the controller, and can be told to misbehave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

Filter = Callable[[bytes], bytes]
MESSAGE_END = b"\r\n\r\n"


class AmiProxy:
    """Passes everything on, unless told otherwise. One controller at a time.

    `passing` cleared: nothing passes in either direction, connections stay. `delay_s`: each message to
    the controller comes so much later. `drop_answers`: answers to actions vanish, but for the log-in's.
    """

    def __init__(self, asterisk_port: int) -> None:
        self.passing = asyncio.Event()
        self.passing.set()
        self.delay_s = 0.0
        self.drop_answers = False
        self.connections = 0
        self.actions: list[bytes] = []
        self.port = 0
        self._asterisk_port = asterisk_port
        self._to_controller: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> AmiProxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def inject(self, data: bytes) -> None:
        """Bytes that the controller takes for Asterisk's."""
        assert self._to_controller is not None
        self._to_controller.write(data)

    async def drained(self) -> None:
        """Until the controller has read what was injected, but for what sockets hold."""
        assert self._to_controller is not None
        await self._to_controller.drain()

    def cut(self) -> None:
        """End the connection, in the middle of whatever was being said."""
        assert self._to_controller is not None
        self._to_controller.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self._to_controller = writer
        await self.passing.wait()
        try:
            from_asterisk, to_asterisk = await asyncio.open_connection("127.0.0.1", self._asterisk_port)
        except OSError:
            writer.close()
            self._tasks.discard(task)
            return
        with contextlib.suppress(OSError):
            writer.write(await from_asterisk.readline())  # the greeting, for which some wait
        both = [
            asyncio.create_task(self._pass(messages(reader), to_asterisk, self._from_controller)),
            asyncio.create_task(self._pass(messages(from_asterisk), writer, self._from_asterisk)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            to_asterisk.close()
            writer.close()
            self._tasks.discard(task)

    async def _pass(self, source: AsyncIterator[bytes], target: asyncio.StreamWriter, change: Filter) -> None:
        with contextlib.suppress(OSError):
            async for message in source:
                await self.passing.wait()
                if change == self._from_asterisk and self.delay_s:
                    await asyncio.sleep(self.delay_s)
                target.write(change(message))
                await target.drain()

    def _from_controller(self, message: bytes) -> bytes:
        self.actions.append(message)
        return message

    def _from_asterisk(self, message: bytes) -> bytes:
        is_answer = message.startswith(b"Response: ") and b"Authentication accepted" not in message
        return b"" if self.drop_answers and is_answer else message


async def messages(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """One by one, with their ends."""
    with contextlib.suppress(asyncio.IncompleteReadError, OSError):
        while True:
            yield await reader.readuntil(MESSAGE_END)
