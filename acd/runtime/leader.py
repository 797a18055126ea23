"""The controller that leads, wherever it is: all that talk to the controller find it through this.

Where there is only one controller (no ACD_CONTROLLERS) that is the one behind the control socket. Of several,
the one that led the last time is asked first whether it still does, a moment later all at once. A request is
sent only to a controller that has just said so on the same connection, and only once: whether one that got no
answer was granted nobody knows, so it is never sent again by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from acd.errors import OperatorError
from acd.runtime.control import ANSWER_MAX, close, exchange, granted, request
from acd.runtime.doors import Connection, DoesNotLead, Door
from acd.settings.controllers import ControllerPlace
from acd.settings.environment import Environment

LOOK_AGAIN_S = 0.1
HEAD_START_S = 0.3
"""The one that led the last time is asked alone for so long: one that is frozen holds nobody up."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one controller is at: it leads, or why it does not."""

    name: str
    leads: bool
    reason: str


class Leader:
    """For one process; it remembers who led. Nothing is opened by making one."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._last = ""

    def doors(self) -> list[Door]:
        """To each controller there is; none where there is only one, behind the control socket."""
        environment = self._environment
        places = {place.name: place for place in environment.controllers}
        found: dict[str, ControllerPlace | None] = dict(places)
        if not places and environment.control_socket.exists():
            return []
        sockets = sorted(environment.home.glob("controllers/*/run/acd.sock"))
        found |= {path.parents[1].name: None for path in sockets if path.parents[1].name not in found}
        return [
            Door(name, environment.home / "controllers" / name / "run" / "acd.sock", place, self._password)
            for name, place in found.items()
        ]

    async def request(
        self, *, limit_s: float = 10.0, patience_s: float = 0.0, **fields: Any
    ) -> dict[str, Any]:
        """Ask it. Raises OperatorError (none leads, or it does not answer) or RequestRefused.

        `limit_s`: how long the answer may take; `patience_s`: how long one that leads is looked for.
        """
        doors = self.doors()
        if not doors:
            return await request(self._environment.control_socket, limit_s=limit_s, **fields)
        found = await self._find(doors, ANSWER_MAX, patience_s)
        try:
            return granted(await exchange(found.reader, found.writer, limit_s, fields))
        finally:
            await close(found.writer)

    @asynccontextmanager
    async def connection(self, line_max: int = ANSWER_MAX) -> AsyncIterator[Connection]:
        """A connection to it, for a stream; lines that come in are of at most `line_max` bytes.

        Raises OSError or OperatorError where none leads. It has fence 0 where there is only one controller.
        """
        if doors := self.doors():
            found = await self._find(doors, line_max, 0.0)
        else:
            socket = str(self._environment.control_socket)
            found = Connection(*await asyncio.open_unix_connection(socket, limit=line_max), 0)
        try:
            yield found
        finally:
            await close(found.writer)

    async def standings(self) -> list[Standing]:
        """All controllers, of several; nothing where there is only one."""
        doors = self.doors()
        found = await asyncio.gather(*(door.enter() for door in doors), return_exceptions=True)
        standings = []
        for door, one in zip(doors, found, strict=True):
            if isinstance(one, Connection):
                await close(one.writer)
                standings.append(Standing(door.name, True, "leads"))
            elif isinstance(one, DoesNotLead):
                standings.append(Standing(door.name, False, one.reason))
            else:
                raise one
        return standings

    async def _find(self, doors: list[Door], line_max: int, patience_s: float) -> Connection:
        loop = asyncio.get_running_loop()
        until = loop.time() + patience_s
        while True:
            try:
                return await self._find_once(doors, line_max)
            except OperatorError:
                if loop.time() + LOOK_AGAIN_S > until:
                    raise
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _find_once(self, doors: list[Door], line_max: int) -> Connection:
        race = _Race(line_max)
        try:
            if last := [door for door in doors if door.name == self._last]:
                race.enter(last)
                found = await race.winner(HEAD_START_S)
            if not last or found is None:
                race.enter([door for door in doors if door not in last])
                found = await race.winner(None)
        finally:
            await race.end()
        if found is None:
            raise OperatorError(none_leads(race.excuses))
        self._last, connection = found
        return connection

    def _password(self) -> str:
        from acd.settings.secrets import read_control_password

        return read_control_password(self._environment.secrets_file)


class _Race:
    """Controllers that are asked at the same time; the first that leads wins. `excuses` are the others'."""

    def __init__(self, line_max: int) -> None:
        self._line_max = line_max
        self._names: dict[asyncio.Task[Connection], str] = {}
        self._running: set[asyncio.Task[Connection]] = set()
        self.excuses: dict[str, str] = {}

    def enter(self, doors: Iterable[Door]) -> None:
        """These, too."""
        for door in doors:
            task = asyncio.create_task(door.enter(self._line_max))
            self._names[task] = door.name
            self._running.add(task)

    async def winner(self, limit_s: float | None) -> tuple[str, Connection] | None:
        """Its name; None where all have said no, or none has won in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while self._running:
                    done, self._running = await asyncio.wait(
                        self._running, return_when=asyncio.FIRST_COMPLETED
                    )
                    for task in done:
                        try:
                            found = task.result()
                        except DoesNotLead as excuse:
                            self.excuses[self._names[task]] = excuse.reason
                        else:
                            return self._names.pop(task), found
        return None

    async def end(self) -> None:
        """Those that nobody needs any more; of two that lead, as it may seem for a moment, one is enough."""
        for task in self._names:
            task.cancel()
        for one in await asyncio.gather(*self._names, return_exceptions=True):
            if isinstance(one, Connection):
                one.writer.transport.abort()


def none_leads(excuses: Mapping[str, str]) -> str:
    """`no controller leads: one stands by, two does not answer`."""
    return "no controller leads: " + ", ".join(f"{name} {reason}" for name, reason in excuses.items())
