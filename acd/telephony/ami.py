"""One guarded AMI connection on top of panoramisk.

Guarded against what panoramisk 1.4 does not do itself: it decodes each TCP chunk on its own (a name
in UTF-8 that is cut by a chunk's end loses characters), fails on a header that comes twice, does not
check header values (a line break in a caller's name would inject an action), sends unanswered actions
again after a reconnect (wrong for Redirect and Hangup), and waits for ever for an answer. Here: bytes
are cut into messages first and decoded then, doubtful messages are dropped, values are checked, each
connection is a new object with nothing carried over, and every action has a time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import structlog
from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol
from panoramisk.message import Message

from acd.errors import TelephonyError
from acd.hosts import connected, is_on_this_machine
from acd.telephony.node_clock import NodeClock
from acd.telephony.node_names import as_sent, as_told

log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 3.0
ACTION_TIMEOUT_S = 5.0
PING_INTERVAL_S = 10.0
BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
# A connection that does not live so long has not been worth it: the pauses go on growing.
STEADY_S = 5.0
PARTIAL_MESSAGE_MAX = 100_000
MESSAGES_AT_ONCE = 4
BACKLOG_MAX = 2000
MESSAGE_END = b"\r\n\r\n"
MAY_COME_TWICE = frozenset({"variable", "chanvariable", "output"})

Headers = Mapping[str, Any]
"""One AMI message: header → value, or list of values where the header came more than once."""


def parsed(block: bytes | bytearray) -> Message | None:
    """One message without its end; None if it is none, or one that must not be believed.

    A header that comes twice may have been slipped in by what a caller has sent as number or name.
    """
    text = block.decode("utf-8", "replace").strip()
    names = [name.lower() for line in text.split("\r\n") if ": " in line for name in (line.split(": ")[0],)]
    if any(count > 1 and name not in MAY_COME_TWICE for name, count in Counter(names).items()):
        log.warning("ami message with a header that comes twice dropped")
        return None
    return Message.from_line(text)


def event_of(block: bytes | bytearray) -> Headers | None:
    """An event that nobody asked for, header by header; None for any other message, or a doubtful one.

    Nearly all that Asterisk says is such events: read here at a third of the library's cost. Those of a
    list that was asked for have an ActionID, and are the library's.
    """
    if not block.startswith(b"Event: ") or b"\r\nActionID: " in block or block.startswith(b"Event: Shutdown"):
        return None
    lines = block.decode("utf-8", "replace").strip().split("\r\n")
    pairs = [line.split(": ", 1) for line in lines if ": " in line]
    if len({name.lower() for name, _ in pairs}) != len(pairs):
        return None  # a header that comes twice, in whatever case: `parsed` decides
    return dict(pairs)


def _may_be_sent(value: str) -> bool:
    """Whether it ends no line, and is text: of half a character (JSON can write such) UTF-8 has no form."""
    return not any(c in "\r\n\0" or "\ud800" <= c <= "\udfff" for c in value)


class _Protocol(AMIProtocol):  # type: ignore[misc]
    closed: bool
    ended_there: bool
    """Asterisk, or for a dead one its machine, has closed the connection in order."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.ended_there = False
        self.partial = bytearray()
        self.backlog: deque[bytearray] = deque()
        self.loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self.loop.create_future()

    def data_received(self, data: bytes) -> None:
        """Cut into messages; what is left waits for the rest."""
        seen = max(0, len(self.partial) - len(MESSAGE_END) + 1)
        self.partial += data
        if self.partial.find(MESSAGE_END, seen) >= 0:
            *blocks, rest = self.partial.split(MESSAGE_END)
            self.partial = rest
            idle = not self.backlog
            self.backlog.extend(blocks)
            if len(self.backlog) > BACKLOG_MAX:
                self.transport.pause_reading()
            if idle:
                self._work()  # the first few at once: a free agent may be among the news
        if len(self.partial) > PARTIAL_MESSAGE_MAX:
            log.error("ami message too long, connection closed", length=len(self.partial))
            self.close()

    def _work(self) -> None:
        """A few messages, then it is the turn of others: callers who ask must not wait for all the news."""
        for _ in range(min(MESSAGES_AT_ONCE, len(self.backlog))):
            if self.closed:
                return
            try:
                self._take(self.backlog.popleft())
            except Exception:
                log.exception("ami message failed")  # a fault of ours; the next ones are heard all the same
        if self.backlog:
            self.loop.call_soon(self._work)
        if len(self.backlog) <= BACKLOG_MAX and not self.transport.is_closing():
            self.transport.resume_reading()

    def _take(self, block: bytearray) -> None:
        if (event := event_of(block)) is not None:
            self.factory.dispatch(event)
        elif (message := parsed(block)) is not None:
            self.handle_message(message)

    def eof_received(self) -> None:
        """No firewall says so for another, unlike a reset."""
        self.ended_there = True

    def connection_lost(self, why: Exception | Headers | None) -> None:
        """`why` is a message where Asterisk has told of its shutdown."""
        self.ended_there |= isinstance(why, Mapping)
        self.close()

    def forget(self, future: asyncio.Future[Any]) -> None:
        """Nobody waits for this answer any more; if it comes it is dropped."""
        for key in [k for k, action in self.responses.items() if action.future is future]:
            del self.responses[key]

    def close(self) -> None:
        pending = {id(action): action for action in self.responses.values()}
        self.responses.clear()
        for action in pending.values():
            if not action.future.done():
                action.future.set_exception(TelephonyError("the connection to Asterisk was lost"))
                action.future.exception()  # a waiter that has given up must not cause a warning
        if not self.closed:
            self.closed = True
            self.transport.abort()
        if not self.lost.done():
            self.lost.set_result(None)


class _Connection(Manager):  # type: ignore[misc]
    """A Manager for one TCP connection; the link makes a new one to connect again."""

    def __init__(self, on_event: Callable[[Headers], None], **config: Any) -> None:
        super().__init__(**config)
        self._on_event = on_event

    def dispatch(self, event: Headers) -> None:
        self._on_event(event)

    def login(self, _future: asyncio.Future[Any]) -> None:
        """The link waits for the answer itself."""

    def ping(self) -> None:
        """The link pings, with a time limit."""

    def connection_lost(self, _exc: Exception | None) -> None:
        self.protocol.close()


class Link(Protocol):
    """What is asked of Asterisk, or of that of several which has the channel. See `AmiLink`."""

    @property
    def up(self) -> bool:
        """Whether any can be asked."""

    async def action(self, name: str, **headers: str | list[str]) -> Headers:
        """See `AmiLink`."""

    async def order(self, name: str, **headers: str | list[str]) -> None:
        """See `AmiLink`."""

    async def list_action(self, name: str, **headers: str | list[str]) -> list[Headers]:
        """See `AmiLink`."""


class AmiLink:
    """Keeps one AMI connection up.

    `on_up` is awaited after each log-in, with the floor unknown; `on_down` is called when the
    connection is lost. Events are given to `on_event` in the order of the wire. Where there are several
    controllers, `before_connecting` shuts out those that led before, and `may_act` is called before each
    action and does not return where another one may lead. `node`: of several, whose channels are told of and
    taken with that name (`node_names`). `limit_s`: so long an action may take, if not the usual time.
    `refused`: at the last try nobody listened there, by the word of this machine or after Asterisk had ended
    the last connection. A firewall between two machines refuses as well, whoever lives behind it.
    """

    def __init__(
        self,
        address: tuple[str, int],
        credentials: tuple[str, str],
        on_event: Callable[[Headers], None],
        on_up: Callable[[], Awaitable[None]],
        on_down: Callable[[], None],
        node: str = "",
    ) -> None:
        self.address = address
        self._credentials = credentials
        self._on_event = (lambda event: on_event(as_told(event, node))) if node else on_event
        self.node = node
        self.clock = NodeClock()
        self.limit_s: float | None = None
        self.refused = False
        self._ended_there = False
        self._on_up = on_up
        self._on_down = on_down
        self.before_connecting: Callable[[], Awaitable[None]] = _nothing
        self.may_act: Callable[[], None] = lambda: None
        self._connection: _Connection | None = None
        self.up = False

    async def run(self) -> None:
        """Connect, stay, connect again with back-off; until cancelled."""
        failures = 0
        while True:
            began: float | None = None
            try:
                await self.before_connecting()
                await self._connect()
                began = asyncio.get_running_loop().time()
                await self._stay()
            except (OSError, TelephonyError, TimeoutError) as error:
                self.refused = isinstance(error, ConnectionRefusedError) and self._would_know()
                if failures == 0:
                    reason = str(error) or type(error).__name__
                    log.warning("asterisk is away, trying again", reason=reason, **self._named())
            finally:
                self._disconnect()
            if began is not None and asyncio.get_running_loop().time() - began > STEADY_S:
                failures = 0
            await asyncio.sleep(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)])
            failures += 1

    async def action(self, name: str, **headers: str | list[str]) -> Headers:
        """Send one action; its answer. Raises TelephonyError: refused, away, or too late."""
        answer = (await self._send(name, headers))[0]
        if answer.get("Response") not in ("Success", "Goodbye", "Follows"):
            raise TelephonyError(f"{name}: {answer.get('Message', 'refused')}")
        return answer

    async def order(self, name: str, **headers: str | list[str]) -> None:
        """Send one action that is only begun (an Originate): its outcome comes as an event.

        Raises TelephonyError: refused, away, or too late.
        """
        answer = (await self._send(name, headers, as_list=False))[0]
        if answer.get("Response") != "Success":
            raise TelephonyError(f"{name}: {answer.get('Message', 'refused')}")

    async def list_action(self, name: str, **headers: str | list[str]) -> list[Headers]:
        """Send an action whose answer is a list of events; those events."""
        answers = await self._send(name, headers)
        if answers[0].get("Response") != "Success":
            raise TelephonyError(f"{name}: {answers[0].get('Message', 'refused')}")
        found = [a for a in answers[1:] if not str(a.get("Event", "")).endswith("Complete")]
        return [as_told(event, self.node) for event in found] if self.node else found

    def drop(self) -> None:
        """The connection is of no use: a new one is made, which looks anew."""
        if self._connection is not None:
            self._connection.protocol.close()

    def _would_know(self) -> bool:
        """Whether who refuses a connection knows that there is no Asterisk."""
        return self._ended_there or is_on_this_machine(self.address[0])

    def _named(self) -> dict[str, str]:
        return {"node": self.node} if self.node else {}

    async def _send(
        self, name: str, headers: Mapping[str, str | list[str]], *, as_list: bool | None = None
    ) -> list[Headers]:
        """The answer, and the events that belong to it where it says that it is a list, or `as_list` does."""
        self.may_act()
        connection = self._connection
        if connection is None or not self.up:
            raise TelephonyError(f"{name}: Asterisk is away")
        if self.node:
            headers = {header: as_sent(header, value) for header, value in headers.items()}
        action: dict[str, str | list[str]] = {"Action": name}
        for header, value in headers.items():
            for item in [value] if isinstance(value, str) else value:
                if not _may_be_sent(item):
                    raise TelephonyError(f"{name}: {header} holds what cannot be sent")
            action[header] = value
        limit_s = ACTION_TIMEOUT_S if self.limit_s is None else self.limit_s
        future = connection.send_action(action, as_list=as_list)
        # Not asyncio.wait_for: in Python 3.11 it can swallow a cancellation.
        try:
            async with asyncio.timeout(limit_s):
                answer = await future
        except TimeoutError:
            connection.protocol.forget(future)
            raise TelephonyError(f"{name}: no answer within {limit_s:.0f} s") from None
        return answer if isinstance(answer, list) else [answer]

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        host, port = self.address
        user, secret = self._credentials
        opened: asyncio.Future[Any] = loop.create_future()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            opened.set_result(await connected(host, lambda at: loop.create_connection(_Protocol, at, port)))
        connection = _Connection(
            self._on_event, loop=loop, username=user, secret=secret, events="on", ping_delay=3600
        )
        connection.connection_made(opened)
        self._connection = connection
        login = connection.authenticated_future
        assert login is not None
        async with asyncio.timeout(ACTION_TIMEOUT_S):
            answer = await asyncio.shield(login)
        if not answer.success:
            raise TelephonyError(
                "Asterisk refused the password of the controller; run 'acd phones provision'"
            )

    async def _stay(self) -> None:
        assert self._connection is not None
        lost = self._connection.protocol.lost
        self.up = True
        pinger = asyncio.create_task(self._ping())
        try:
            await self._on_up()
            await asyncio.wait((lost, pinger), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pinger.cancel()
            with contextlib.suppress(asyncio.CancelledError, TelephonyError):
                await pinger
        raise TelephonyError("connection lost")

    async def _ping(self) -> None:
        """Ends with TelephonyError when Asterisk no longer answers."""
        while True:
            await asyncio.sleep(PING_INTERVAL_S)
            await self.ping()

    async def ping(self) -> None:
        """Whether it answers, and what its clock shows. Raises TelephonyError."""
        asked_at = time.monotonic()
        answer = await self.action("Ping")
        self.clock.compare(answer.get("Timestamp"), asked_at, time.monotonic())

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if connection.pinger is not None:
                connection.pinger.cancel()
            self._ended_there = connection.protocol.ended_there
            connection.protocol.close()
        if self.up:
            self.up = False
            self._on_down()


async def _nothing() -> None:
    """There is one controller only."""
