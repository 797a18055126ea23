"""What comes over a wire: Asterisk's manager interface, FastAGI, the control socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

from acd.errors import OperatorError, RequestRefused, TelephonyError
from acd.runtime.control import INTERNAL
from acd.runtime.control_server import ControlServer
from acd.telephony.agi import AgiServer, AgiSession, SessionClosed, quoted
from acd.telephony.agi_socket import LINE_MAX, Wire
from acd.telephony.ami import PARTIAL_MESSAGE_MAX, AmiLink, Headers, _Connection, _Protocol
from tests.fuzz.target import Target, folder, has_no_line_end, loop, parts, text_of

GOOD_EVENT = b"\r\n\r\nEvent: Good\r\nNews: yes\r\n\r\n"


class Sent(asyncio.Transport):
    """A connection whose other end only keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = bytearray()
        self.over = False

    def write(self, data: Any) -> None:
        self.sent += data

    def abort(self) -> None:
        self.over = True

    def close(self) -> None:
        self.over = True

    def is_closing(self) -> bool:
        return self.over

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def _connected(events: list[Headers]) -> tuple[_Connection, _Protocol, Sent]:
    protocol, transport = _Protocol(), Sent()
    protocol.connection_made(transport)
    running = asyncio.get_running_loop()
    opened: asyncio.Future[Any] = running.create_future()
    opened.set_result((transport, protocol))
    connection = _Connection(
        events.append, loop=running, username="acd", secret="s", events="on", ping_delay=3600
    )
    connection.connection_made(opened)
    return connection, protocol, transport


async def _heard(chunks: list[bytes]) -> tuple[list[dict[str, Any]], bool]:
    """The events that were told of, and whether the connection was ended."""
    events: list[Headers] = []
    _, protocol, _ = await _connected(events)
    for chunk in chunks:
        if not protocol.closed:
            protocol.data_received(chunk)
    while protocol.backlog and not protocol.closed:  # noqa: ASYNC110 - turns of the loop are let pass
        await asyncio.sleep(0)
    closed = protocol.closed
    assert len(protocol.partial) <= PARTIAL_MESSAGE_MAX + max(map(len, chunks), default=0)
    protocol.close()
    return [dict(event) for event in events], closed


def ami(data: bytes) -> None:
    """However the bytes are cut into pieces, the news is the same, and the next good message is heard."""
    whole, closed = loop().run_until_complete(_heard([data, GOOD_EVENT]))
    size = 1 + data[0] % 64 if data else 1
    pieces = [data[at : at + size] for at in range(0, len(data), size)][:2000]
    cut, _ = loop().run_until_complete(
        _heard([*pieces, data[sum(map(len, pieces)) :], *(bytes([each]) for each in GOOD_EVENT)])
    )
    assert closed or whole == cut, "news depends on how it was cut"
    good = any(event.get("Event") == "Good" and event.get("News") == "yes" for event in whole)
    assert closed or good, "the next good message was not heard"
    for event in whole:
        for name, value in event.items():
            every = value if isinstance(value, list) else [value]
            # Not one of the protocol's own line ends is inside a value.
            assert "\r\n" not in name
            assert not any("\r\n" in str(each) for each in every)


def ami_action(data: bytes) -> None:
    """Whatever a value holds, one action with these headers is sent, or none."""
    first, second = map(text_of, parts(data, 2))

    async def act() -> tuple[bytes, bool]:
        link = AmiLink(("127.0.0.1", 1), ("acd", "s"), lambda _e: None, _nothing, lambda: None)
        connection, protocol, transport = await _connected([])
        link._connection, link.up = connection, True
        before = len(transport.sent)
        task = asyncio.ensure_future(link.action("Setvar", Variable=first, Value=[second, "x"]))
        await asyncio.sleep(0)
        sent = bytes(transport.sent[before:])
        protocol.close()
        try:
            await task
        except TelephonyError:
            return sent, True
        raise AssertionError("an answer without an answer")

    sent, _ = loop().run_until_complete(act())
    if sent:
        lines = sent.split(b"\r\n")
        assert lines[-2:] == [b"", b""]
        assert all(has_no_line_end(line) for line in lines)
        names = [line.partition(b":")[0].decode() for line in lines[:-2]]
        assert sorted(names) == ["Action", "ActionID", "Value", "Value", "Variable"]
        assert sent.count(b"\r\n\r\n") == 1
    else:
        assert not (has_no_line_end(first) and has_no_line_end(second)) or _is_half(first + second)


def _is_half(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)


async def _nothing() -> None:
    pass


class Line:
    """Stands for a socket: gives what it was given, in pieces, and keeps what is sent."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self.sent = bytearray()

    def setblocking(self, _on: bool) -> None:
        pass

    def setsockopt(self, *_: int) -> None:
        pass

    def fileno(self) -> int:
        return -1

    def recv(self, size: int) -> bytes:
        if not self._pieces:
            return b""
        piece = self._pieces.pop(0)
        if len(piece) > size:
            self._pieces.insert(0, piece[size:])
        return piece[:size]

    def send(self, data: bytes) -> int:
        self.sent += data
        return len(data)

    def close(self) -> None:
        pass


class _UnwatchedLoop:
    """The running loop, but for what it would watch."""

    def __init__(self, inner: asyncio.AbstractEventLoop) -> None:
        self._inner = inner

    def add_reader(self, *_: object) -> None:
        pass

    def remove_reader(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


HEADER = b"agi_network: yes\nagi_channel: PJSIP/1001-1\nagi_uniqueid: a-1.1\nagi_arg_1: 8001\n\n"


async def _agi(pieces: list[bytes], value: str) -> tuple[list[str], bytes]:
    """What became of the session's commands, and all that was sent."""
    told: list[str] = []

    async def serve(session: AgiSession) -> None:
        told.append("session")
        assert all(has_no_line_end(each) for each in session.arguments)
        for number in range(4):
            try:
                if number % 2:
                    await session.set_variable("ACD_NAME", value)
                else:
                    told.append(await session.get_variable("ACD_STATE"))
            except SessionClosed:
                told.append("closed")
                return
            except TelephonyError:
                told.append("refused")
        session.finish("ACD_DIAL", value)

    server = AgiServer(serve)
    line = Line(pieces)
    wire = Wire(cast(Any, line))
    wire._loop = cast(Any, _UnwatchedLoop(wire._loop))
    from acd.telephony import agi

    peer = agi._Peer(server, wire)
    server._opening[peer] = None
    wire.begin(peer.lines_came, peer.gone)
    while not wire.closed:
        wire._read()
        assert len(wire._rest) <= LINE_MAX
        await asyncio.sleep(0)
    await server.stop()
    assert not server._opening
    return told, bytes(line.sent)


def agi_line(data: bytes) -> None:
    """No header and no reply does harm, and no value ends a command."""
    raw, value = parts(data, 2)
    size = 1 + (raw[0] % 97 if raw else 0)
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)][:500]
    _, sent = loop().run_until_complete(_agi(pieces, text_of(value)))
    commands = sent.split(b"\n")
    assert commands.pop() == b""
    assert all(command.startswith((b"GET VARIABLE ACD_STATE", b"SET VARIABLE ACD_")) for command in commands)
    assert all(has_no_line_end(command) for command in commands)
    told, _ = loop().run_until_complete(_agi([HEADER + b"200 result=1 (x)\n" * 4], "x"))
    assert told[:3] == ["session", "x", "x"], "the next good session was not served"


def agi_value(data: bytes) -> None:
    """A value is one argument of one command, whatever it holds."""
    text = quoted(text_of(data))
    assert has_no_line_end(text)
    text.encode()
    assert text[0] == text[-1] == '"'
    inner, escaped = text[1:-1], False
    for c in inner:
        assert escaped or c != '"', "the value ends before its end"
        escaped = c == "\\" and not escaped
    assert not escaped, "the value escapes its own end"


async def _refuse(asked: Any) -> Any:
    raise RequestRefused("refused", f"there is no '{asked.get('about')}'")


def _fault(asked: Any) -> Any:
    raise OperatorError(f"cannot: {asked.get('about')}")


def control(data: bytes) -> None:
    """Each line is answered with one line of JSON, and what is our fault is never the asker's doing."""
    server = ControlServer(
        folder() / "sock", {"echo": lambda asked: {"said": asked}, "refuse": _refuse, "fault": _fault}
    )
    answer = loop().run_until_complete(server.answer(data))
    assert answer.endswith(b"\n")
    assert answer.count(b"\n") == 1
    told = json.loads(answer)
    assert told.get("error") != INTERNAL, told


WIRE_TARGETS = (
    Target(
        "ami",
        ami,
        (
            b"Asterisk Call Manager/9.0.0\r\nResponse: Success\r\nActionID: 1\r\nMessage: ok\r\n\r\n",
            b"Event: Newchannel\r\nChannel: PJSIP/1001-1\r\nUniqueid: a-1.1\r\nCallerIDName: x\r\n\r\n",
            b"Event: VarSet\r\nVariable: a\r\nVariable: b\r\nChanVariable: x=1\r\n\r\nEvent: Shutdown\r\n\r\n",
            b"Response: Follows\r\nPrivilege: Command\r\nOutput: a\r\nOutput: b\r\n--END COMMAND--\r\n\r\n",
            b"Event: CoreShowChannelsComplete\r\nEventList: Complete\r\nActionID: 7\r\nListItems: 0\r\n\r\n",
        ),
        (b"\r\n", b"\r\n\r\n", b": ", b"Event: ", b"ActionID: ", b"Response: ", b"\r", b"\n", b"\xc3", b"\0"),
    ),
    Target(
        "ami-action",
        ami_action,
        (b"ACD_STATE\xff|value", b"x"),
        (b"\r\n", b"\nAction: Logoff", b"\0", b"\xff|"),
    ),
    Target(
        "agi",
        agi_line,
        (
            HEADER + b'200 result=1 (ivr)\n200 result=1\nHANGUP\n\xff|Anna "W" \\',
            HEADER + b"520-Invalid\n520 End of proper usage.\n511 Command Not Permitted\n\xff|x",
            b"agi_network: yes\n" * 99 + b"\n",
        ),
        (b"\n", b"\n\n", b"agi_", b": ", b"200 result=", b"520-", b"HANGUP\n", b"\xff|", b"-", b"("),
    ),
    Target(
        "agi-value", agi_value, (b'a "b" \\', b"x\ny"), (b'"', b"\\", b"\n", b"\r", b"\0", b"\xe2\x80\xa8")
    ),
    Target(
        "control",
        control,
        (
            b'{"do": "echo", "agent": "anna"}\n',
            b'{"do": "refuse", "about": "x"}',
            b'{"do": "fault", "about": 1}',
        ),
        (b'"do"', b'"echo"', b'"refuse"', b'"about"', b"\\ud800", b"NaN", b"1e999", b"[[", b"{}", b"null"),
    ),
)
