"""A new leader shuts an older one out of Asterisk, before it logs in itself.

No action of the manager interface can be made to depend on who leads, so the old leader's sessions are
closed, by an account of its own (`acd-fence`) with which nothing else is done. The global variable ACD_LEADER
keeps the highest number that was seen: an old leader that connects again finds a higher one there, and ends.
The variable is set before sessions are closed, and read again after each log-in: so whoever logs in
in between either reads it or is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import structlog

from acd.errors import FencedOff, TelephonyError
from acd.settings.secrets import derived_password

log = structlog.get_logger(__name__)

USER = "acd-fence"
LEADER = "ACD_LEADER"
LIMIT_S = 3.0
LINE_MAX = 65_536
_CLOSED_WITHIN = 50  # looks, of 10 ms


def fence_password(password: str) -> str:
    """Of the account that closes sessions; made of the controller's own, so that there is one secret."""
    return derived_password(password, USER)


def fence_of(value: str) -> int:
    """The number in what the variable holds: `FENCE NAME`; 0 where there is none."""
    number = value.partition(" ")[0]
    return int(number) if number.isdecimal() else 0


async def shut_others_out(
    address: tuple[str, int],
    password: str,
    user: str,
    fence: int,
    name: str,
    may_act: Callable[[], None] = lambda: None,
) -> None:
    """Close every session of `user` at this Asterisk and leave our number there.

    `may_act` is called before each command, and does not return where another controller may lead.

    Raises FencedOff where a higher number is there already; TelephonyError, OSError or TimeoutError.
    """
    async with _console(address, password, may_act) as manager:
        await _mark(manager, fence, name)
        closed = 0
        for _ in range(_CLOSED_WITHIN):
            sessions = _sessions(await manager.say("manager show connected"), user)
            if not sessions:
                break
            for session in sessions:
                await manager.say(f"manager kick session {session}")
            closed += len(sessions)
            await asyncio.sleep(0.01)
        else:
            raise TelephonyError("sessions of another controller stay open")
        if closed:
            log.warning("sessions of another controller were closed", sessions=closed)


async def say(address: tuple[str, int], password: str, command: str) -> list[str]:
    """What Asterisk's console prints; nothing where it ends, as by `core stop now`.

    Raises TelephonyError, OSError or TimeoutError.
    """
    async with _console(address, password) as manager:
        with contextlib.suppress(asyncio.IncompleteReadError):
            return await manager.say(command)
        return []


@contextlib.asynccontextmanager
async def _console(
    address: tuple[str, int], password: str, may_act: Callable[[], None] = lambda: None
) -> AsyncIterator[_Console]:
    """Logged in, for `LIMIT_S` in all. Raises TelephonyError, OSError or TimeoutError."""
    async with asyncio.timeout(LIMIT_S):
        reader, writer = await asyncio.open_connection(*address, limit=LINE_MAX)
        try:
            await reader.readline()
            manager = _Console(reader, writer, may_act)
            await manager.log_in(fence_password(password))
            yield manager
        except asyncio.IncompleteReadError:
            raise TelephonyError("Asterisk closed the connection") from None
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _mark(manager: _Console, fence: int, name: str) -> None:
    lines = await manager.say("dialplan show globals")
    told = next((line.split("=", 1)[1] for line in lines if line.strip().startswith(f"{LEADER}=")), "")
    if fence_of(told) > fence:
        raise FencedOff(f"{told.partition(' ')[2]} leads under number {fence_of(told)}")
    await manager.say(f'dialplan set global {LEADER} "{fence} {name}"')


def _sessions(lines: list[str], user: str) -> set[str]:
    """The file descriptors, by which sessions are named, of the table that the console prints."""
    found = set()
    for line in lines:
        words = line.split()
        if len(words) >= 6 and words[0] == user and words[4].isdecimal():
            found.add(words[4])
    return found


class _Console:
    """Commands of Asterisk's console over the manager interface, one at a time."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        may_act: Callable[[], None] = lambda: None,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._may_act = may_act

    async def log_in(self, password: str) -> None:
        """Raises TelephonyError where the account is refused."""
        answer = await self._ask(f"Action: Login\r\nUsername: {USER}\r\nSecret: {password}\r\nEvents: off")
        if not answer.startswith("Response: Success"):
            raise TelephonyError(
                f"Asterisk refused the account {USER}, which there is with several controllers only"
                " (ACD_CONTROLLERS): run 'acd phones provision', and have Asterisk read it"
            )

    async def say(self, command: str) -> list[str]:
        """What it prints, line by line."""
        answer = await self._ask(f"Action: Command\r\nCommand: {command}")
        lines = answer.split("\r\n")
        return [line.removeprefix("Output: ") for line in lines if line.startswith("Output: ")]

    async def _ask(self, action: str) -> str:
        self._may_act()
        self._writer.write(f"{action}\r\n\r\n".encode())
        return (await self._reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
