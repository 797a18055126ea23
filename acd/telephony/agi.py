"""FastAGI, server side: Asterisk connects once for each question "what next?" of a caller.

Written here because panoramisk's FastAGI server spins for ever when a peer closes before the blank
line. The protocol: a block of `agi_name: value` lines and a blank line; then one command, one reply
line `200 result=…` (or 510, 511, 520), in turn. Asterisk sends `HANGUP` when the channel is hung up.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

import structlog

from acd.errors import TelephonyError
from acd.telephony.agi_socket import Listener, Wire
from acd.telephony.peers import Peers

log = structlog.get_logger(__name__)

HEADER_LINES_MAX = 100
HEADER_TIMEOUT_S = 5.0
SESSIONS_MAX = 2000
# More than the kernel hands over at once, so that each connection is read before it may have to go.
OPENING_MAX = 600
UNASKED_REPLIES_MAX = 10
LATE_S = 1.0
"""A reply that took longer may have been on its way for most of that."""
_REPLY = re.compile(r"^([0-9]{3})[ -](?:result=(-?[0-9]{1,9})?)?\s*(.*)$")


def word_of(password: str) -> str:
    """What our dialplan says with each question: a word that other users of the machine cannot know.

    FastAGI has no password of its own; without one anybody on the machine could pose as a channel.
    """
    return "run-" + hashlib.sha256(b"agi\0" + password.encode()).hexdigest()[:32]


class SessionClosed(TelephonyError):
    """The caller's channel no longer talks to us in this session."""


def quoted(value: str) -> str:
    """A value as an argument of an AGI command; line breaks and controls become blanks."""
    if not value.isprintable():
        value = "".join(c if c.isprintable() else " " for c in value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class AgiSession:
    """One conversation with one channel. Commands are sent one at a time.

    `left`: the other end has closed it. `is_seen()`: it is known what is going on at this Asterisk. Else what
    comes may be old: on the way for as long as that was cut, while the channel has gone elsewhere.
    """

    def __init__(self, wire: Wire, env: Mapping[str, str]) -> None:
        self._wire = wire
        self.env = env
        self._turn = asyncio.Lock()
        self._last_words: bytes | None = None
        self._replies: deque[str] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self.closed = asyncio.Event()
        self.left = False
        self.is_seen: Callable[[], bool] = lambda: True
        self.may_act: Callable[[], None] = lambda: None
        self.on_closed: Callable[[], None] = lambda: None
        self.on_heard: Callable[[], None] = lambda: None

    @property
    def arguments(self) -> list[str]:
        """The arguments of the dialplan's AGI(), in order; missing ones end the list."""
        out: list[str] = []
        while (value := self.env.get(f"agi_arg_{len(out) + 1}")) is not None:
            out.append(value)
        return out

    @property
    def busy(self) -> bool:
        """Whether a command is under way."""
        return self._turn.locked()

    async def command(self, line: str) -> tuple[int, str]:
        """Send one command; result and the rest of the reply. Raises SessionClosed, TelephonyError."""
        async with self._turn:
            began = asyncio.get_running_loop().time()
            reply = await self._exchange(line)
            if asyncio.get_running_loop().time() - began > LATE_S and not self.is_seen():
                await self._exchange("GET VARIABLE UNIQUEID")  # is anybody there still?
            self._say_last_words()
        match = _REPLY.match(reply)
        if match is None or match[1] != "200":
            if match is not None and match[1] == "511":
                raise SessionClosed("the channel is gone")
            raise TelephonyError(f"{line.split(' ')[0]}: {reply}")
        return int(match[2] or 0), match[3]

    async def _exchange(self, line: str) -> str:
        """A line, and the reply to it. Raises SessionClosed."""
        if self.closed.is_set():
            raise SessionClosed("the session is over")
        self.may_act()
        self._wire.send(line.encode() + b"\n")
        return await self._reply()

    async def _reply(self) -> str:
        if not self._replies and not self.closed.is_set():
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        if not self._replies:
            raise SessionClosed("the session is over")
        return self._replies.popleft()

    def finish(self, name: str, value: str) -> None:
        """Set a channel variable and end the session in one go: the dialplan goes on with it.

        At once, or after the reply to a command that is under way; commands that wait for their turn
        raise SessionClosed. Nobody waits for a reply: if the channel has gone, that is reported otherwise.
        """
        self._last_words = f"SET VARIABLE {name} {quoted(value)}\n".encode()
        if not self._turn.locked():
            self._say_last_words()

    def _say_last_words(self) -> None:
        if self._last_words is not None and not self.closed.is_set():
            self.may_act()
            self._wire.send(self._last_words)
            self.close()

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable or writable function."""
        await self.command(f"SET VARIABLE {name} {quoted(value)}")

    async def get_variable(self, name: str) -> str:
        """A channel variable or function; '' when unset."""
        result, rest = await self.command(f"GET VARIABLE {name}")
        return rest[1:-1] if result == 1 and rest.startswith("(") else ""

    def close(self) -> None:
        """End the session; the dialplan goes on."""
        if not self.closed.is_set():
            self.closed.set()
            self._wake()
            self._wire.close()
            self.on_closed()

    def lost(self) -> None:
        """The other end has closed it."""
        self.left = self.left or not self.closed.is_set()
        self.close()

    def hear(self, line: str) -> None:
        """A line of the channel's: a reply for the one who waits for it, or the end."""
        self.on_heard()
        text = line.strip()
        if text == "HANGUP" or len(self._replies) >= UNASKED_REPLIES_MAX:
            self.lost()  # hung up; or not Asterisk: that answers once for each command
        elif text[:3].isdigit() and not text.startswith("520-"):
            # 520-: a usage message of several lines, the last of which repeats the code.
            self._replies.append(text)
            self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


Handler = Callable[[AgiSession], Awaitable[None]]


class _Peer:
    """One connection: the header first, then the session that it opens."""

    def __init__(self, server: AgiServer, wire: Wire) -> None:
        self._server = server
        self.wire = wire
        self._env: dict[str, str] = {}
        self._lines = 0
        self.session: AgiSession | None = None
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(HEADER_TIMEOUT_S, self._refuse, "no header in time")

    def lines_came(self, lines: list[str]) -> None:
        """Whole lines, without their ends."""
        for line in lines:
            if self.wire.closed:
                return
            if self.session is not None:
                self.session.hear(line)
            else:
                self._header_line(line.rstrip("\r"))

    def _header_line(self, line: str) -> None:
        if not line:
            if {"agi_channel", "agi_uniqueid"} <= self._env.keys():
                self._limit.cancel()
                self.session = AgiSession(self.wire, self._env)
                self._server.opened(self, self.session)
            else:
                self._refuse("no channel in it")
            return
        name, colon, value = line.partition(":")
        self._lines += 1
        if colon and name.startswith("agi_") and self._lines < HEADER_LINES_MAX:
            self._env[name] = value.strip(" ")
        else:
            self._refuse("not Asterisk")

    def _refuse(self, reason: str) -> None:
        log.debug("agi header refused", reason=reason)
        self.wire.close()

    def gone(self) -> None:
        """The connection is over, whoever has closed it."""
        self._limit.cancel()
        if self.session is not None:
            self.session.lost()
        self._server.left(self)


class AgiServer:
    """Listens, reads the header of each connection within limits, and hands sessions over.

    Asterisk sends the header at once. When too many connections have not sent theirs, the oldest of
    them make room: those who only connect must not keep callers out. `may_act` is called before each
    command, and does not return where another controller may lead. `peers`: who may connect at all.
    """

    def __init__(self, handler: Handler) -> None:
        self.peers = Peers(None, lambda: 0.0)
        self._handler = handler
        self._listener: Listener | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening: dict[_Peer, None] = {}  # the oldest first
        self.may_act: Callable[[], None] = lambda: None

    async def start(self, host: str, port: int) -> int:
        """Listen; the port (of use when 0 was asked for). Raises OSError."""
        self._listener = Listener(host, port, self._accept, self.peers.admits)
        return self._listener.port

    async def stop(self) -> None:
        """Close the port and every session, and wait until nothing goes on."""
        tasks = list(self._tasks)
        self.close()
        await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """Close the port and every session."""
        if self._listener is not None:
            self._listener.close()
        for peer in list(self._opening):
            peer.wire.close()
        for task in self._tasks:
            task.cancel()

    def _accept(self, connection: socket.socket) -> None:
        if len(self._opening) >= OPENING_MAX:
            next(iter(self._opening)).wire.close()
        elif len(self._tasks) + len(self._opening) >= SESSIONS_MAX:
            connection.close()
            return
        wire = Wire(connection)
        peer = _Peer(self, wire)
        self._opening[peer] = None
        wire.begin(peer.lines_came, peer.gone)

    def opened(self, peer: _Peer, session: AgiSession) -> None:
        """The header is complete."""
        del self._opening[peer]
        session.may_act = self.may_act
        task = asyncio.get_running_loop().create_task(self._serve(session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def left(self, peer: _Peer) -> None:
        """A connection is over."""
        self._opening.pop(peer, None)

    async def _serve(self, session: AgiSession) -> None:
        try:
            await self._handler(session)
        except (SessionClosed, asyncio.CancelledError):
            pass  # the caller hung up, or was sent elsewhere; or stop()
        except TelephonyError as error:
            log.warning("agi session failed", reason=str(error))
        except Exception:
            log.exception("agi session failed")
        finally:
            session.close()
