"""A little of Asterisk's manager interface, for a look from outside: no events, one question at a time."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from acd.errors import TelephonyError

LIMIT_S = 3.0
_LINE_MAX = 1 << 20


class Ami:
    """Use it with `async with`; raises TelephonyError where nobody answers or the password is wrong."""

    def __init__(self, host: str, port: int, password: str) -> None:
        self._where = (host, port)
        self._password = password

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(LIMIT_S):
                self._reader, self._writer = await asyncio.open_connection(*self._where, limit=_LINE_MAX)
                await self._reader.readline()
        except (OSError, TimeoutError) as error:
            raise TelephonyError(
                f"nobody answers at {self._where[0]} port {self._where[1]}: {error}"
            ) from error
        answer = await self.ask("Login", Username="acd", Secret=self._password, Events="off")
        if answer.get("Response") != "Success":
            self._writer.close()
            raise TelephonyError("the password is refused")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    async def ask(self, action: str, **headers: str) -> dict[str, str]:
        """The answer's headers; `Timestamp` is Asterisk's own clock for a Ping."""
        lines = [f"Action: {action}", *(f"{name}: {value}" for name, value in headers.items())]
        try:
            async with asyncio.timeout(LIMIT_S):
                self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
                while True:
                    told = (await self._reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
                    found = dict(line.split(": ", 1) for line in told.split("\r\n") if ": " in line)
                    if "Response" in found:
                        return found
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise TelephonyError(f"{action}: no answer") from error
