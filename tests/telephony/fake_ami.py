"""A manager interface by script: answers actions as Asterisk does, and can be told to misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET
from struct import pack

Action = Mapping[str, str]
Answer = Callable[[Action], Sequence[Mapping[str, str]]]
"""The messages that answer an action; their ActionID is filled in."""

GREETING = b"Asterisk Call Manager/9.0.0\r\n"
SECRET = "secret"


def success(_action: Action) -> Sequence[Mapping[str, str]]:
    """What most actions are answered with."""
    return [{"Response": "Success", "Message": "ok"}]


def silence(_action: Action) -> Sequence[Mapping[str, str]]:
    """No answer at all."""
    return []


def refusal(_action: Action) -> Sequence[Mapping[str, str]]:
    """What Asterisk says when it will not."""
    return [{"Response": "Error", "Message": "No such channel"}]


def listing(name: str, *items: Mapping[str, str]) -> Answer:
    """A list of events, as `Status` and `DeviceStateList` answer."""

    def answer(_action: Action) -> Sequence[Mapping[str, str]]:
        return [
            {"Response": "Success", "EventList": "start", "Message": "will follow"},
            *items,
            {"Event": f"{name}Complete", "EventList": "Complete", "ListItems": str(len(items))},
        ]

    return answer


def encode(message: Mapping[str, str]) -> bytes:
    """One message as it is on the wire."""
    return "".join(f"{name}: {value}\r\n" for name, value in message.items()).encode() + b"\r\n"


class FakeAmi:
    """A server for one client at a time. `answers` maps an action's name to what it is answered with."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.actions: list[Action] = []
        self.logins = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._news = asyncio.Condition()

    async def start(self, port: int = 0) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Nobody answers any more."""
        if self._server is not None:
            self._server.close()
        self.cut()

    async def end(self, *, in_order: bool) -> None:
        """Nobody listens any more. The connection ends as that of a dead process, or it is reset."""
        assert self._server is not None
        assert self._writer is not None
        self._server.close()
        if not in_order:
            self._writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    def cut(self) -> None:
        """Break the connection without a word."""
        if self._writer is not None:
            self._writer.transport.abort()

    def send(self, data: bytes) -> None:
        """Some bytes, as they are."""
        assert self._writer is not None
        self._writer.write(data)

    def event(self, **headers: str) -> None:
        """One event."""
        self.send(encode(headers))

    def names(self) -> list[str]:
        """The names of the actions so far, without the log-ins."""
        return [a["Action"] for a in self.actions if a["Action"] != "Login"]

    async def until(self, condition: Callable[[FakeAmi], bool]) -> None:
        """Wait for the client to have done something."""
        async with self._news:
            await self._news.wait_for(lambda: condition(self))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        writer.write(GREETING)
        try:
            while True:
                block = await reader.readuntil(b"\r\n\r\n")
                lines = block.decode().split("\r\n")
                action = dict(line.partition(": ")[::2] for line in lines if line)
                await self._take(action, writer)
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    async def _take(self, action: Action, writer: asyncio.StreamWriter) -> None:
        messages: Sequence[Mapping[str, str]]
        if action["Action"] == "Login" and "Login" not in self.answers:
            right = action["Secret"] == SECRET
            self.logins += right
            messages = [{"Response": "Success" if right else "Error", "Message": "Authentication"}]
        else:
            messages = self.answers.get(action["Action"], success)(action)
        async with self._news:
            self.actions.append(action)
            self._news.notify_all()
        for message in messages:
            first, *rest = message.items()
            writer.write(encode(dict([first, ("ActionID", action["ActionID"]), *rest])))
