"""The ways to one controller: its control socket, where this machine has it, or else its control port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acd.errors import OperatorError
from acd.hosts import connected
from acd.runtime.control import ANSWER_MAX, STANDBY, exchange
from acd.runtime.control_proof import NotProved, prove
from acd.settings.controllers import ControllerPlace

TRY_LIMIT_S = 2.0
"""A controller that lives says in milliseconds whether it leads."""
STANDS_BY = "stands by"
"""Why one that is well does not lead."""
IS_GONE = "does not run"


@dataclass(frozen=True, slots=True)
class Connection:
    """Both ends of one to a controller that has said that it leads, by its `fence`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    fence: int


class DoesNotLead(Exception):
    """`reason`, in words that fit after the controller's name; `leader` is whom it holds for the leader."""

    def __init__(self, reason: str, leader: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.leader = leader


@dataclass(frozen=True, slots=True)
class Door:
    """`path` may be a socket of another machine's, in a folder that both have: then `place` is tried."""

    name: str
    path: Path
    place: ControllerPlace | None
    password: Callable[[], str]

    async def enter(self, line_max: int = ANSWER_MAX) -> Connection:
        """A connection, if this one leads. Raises DoesNotLead."""
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(TRY_LIMIT_S):
                reader, writer = await self._open(line_max)
                told = await exchange(reader, writer, TRY_LIMIT_S, {"do": "leadership"})
        except TimeoutError:
            raise _left(writer, "does not answer") from None
        except NotProved as error:
            raise _left(writer, f"is not to be trusted ({error})") from None
        except ConnectionRefusedError:
            raise _left(writer, IS_GONE) from None
        except (OSError, OperatorError, ValueError) as error:
            raise _left(writer, f"cannot be asked ({error})") from None
        except BaseException:
            if writer is not None:
                writer.transport.abort()
            raise
        if not told.get("leads"):
            raise _left(writer, _excuse(told), str(told.get("leader") or ""))
        return Connection(reader, writer, int(told.get("fence") or 0))

    async def _open(self, line_max: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Raises OSError, or OperatorError without a password."""
        try:
            return await asyncio.open_unix_connection(str(self.path), limit=line_max)
        except OSError:
            if self.place is None:
                raise ConnectionRefusedError("nobody listens") from None
        password = await asyncio.to_thread(self.password)
        port = self.place.port
        reader, writer = await connected(
            self.place.host, lambda address: asyncio.open_connection(address, port, limit=line_max)
        )
        try:
            await prove(reader, writer, password)
        except BaseException:
            writer.transport.abort()
            raise
        return reader, writer


def _excuse(told: dict[str, Any]) -> str:
    if told.get("ok") or told.get("error") == STANDBY:
        return STANDS_BY
    return f"does not say whether it leads ({told.get('message')})"


def _left(writer: asyncio.StreamWriter | None, reason: str, leader: str = "") -> DoesNotLead:
    if writer is not None:
        writer.transport.abort()
    return DoesNotLead(reason, leader)
