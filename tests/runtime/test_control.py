"""The control socket: real requests over a real Unix socket."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from acd.errors import OperatorError, RequestRefused
from acd.runtime.control import Handler, Request, request, text_if_any, text_of
from acd.runtime.control_server import ControlServer


def echo(request: Request) -> Mapping[str, Any]:
    """What came."""
    return {"came": dict(request)}


async def wait_for_disk(_request: Request) -> Mapping[str, Any]:
    """Something for the operator to see to."""
    raise OperatorError("the disk is full")


async def of_no_use(_request: Request) -> Mapping[str, Any]:
    """An answer that cannot be written down."""
    return {"now": object()}


def greet(request: Request) -> Mapping[str, Any]:
    """What needs a name, and may have a language."""
    return {"name": text_of(request, "name"), "language": text_if_any(request, "language")}


def refuse(_request: Request) -> Mapping[str, Any]:
    """The rules forbid it."""
    raise RequestRefused("phone-taken", "ben is logged in on phone 1001")


def fail(request: Request) -> Mapping[str, Any]:
    """A bug."""
    raise BUGS[request["bug"]]


BUGS: Mapping[str, Exception] = {
    "AssertionError": AssertionError("a bug"),
    "KeyError": KeyError("inner"),
    "TypeError": TypeError("a bug"),
    "ValueError": ValueError("a bug"),
    "OSError": OSError("a bug"),
    "OperationalError": OperationalError("SELECT", {}, Exception("database is locked")),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the socket is; the folder is made by the server."""
    return tmp_path / "run" / "acd.sock"


@pytest.fixture
async def server(path: Path) -> AsyncIterator[ControlServer]:
    """Listening."""
    handlers: dict[str, Handler] = {
        "echo": echo, "refuse": refuse, "fail": fail, "greet": greet, "wait": wait_for_disk, "odd": of_no_use,
    }  # fmt: skip
    server = ControlServer(path, handlers)
    await server.start()
    yield server
    await server.stop()


def mode(path: Path) -> int | None:
    """The permissions, or None when there is nothing."""
    return path.stat().st_mode & 0o777 if path.exists() else None


def leave_behind(path: Path) -> None:
    """What a killed process does not take away: a socket that nobody listens on."""
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))


async def raw(path: Path, data: bytes) -> bytes:
    """One line in, what comes out."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.readline(), 2)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_a_request(server: ControlServer, path: Path) -> None:
    answer = await request(path, do="echo", agent="anna", name="王芳")
    assert answer == {"ok": True, "came": {"do": "echo", "agent": "anna", "name": "王芳"}}


async def test_several_requests_on_one_connection(server: ControlServer, path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(str(path))
    for n in range(3):
        writer.write(json.dumps({"do": "echo", "n": n}).encode() + b"\n")
        assert json.loads(await reader.readline())["came"]["n"] == n
    writer.close()


async def test_a_refusal(server: ControlServer, path: Path) -> None:
    with pytest.raises(RequestRefused, match="ben is logged in") as refusal:
        await request(path, do="refuse")
    assert refusal.value.code == "phone-taken"


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"hello\n",
        b"[]\n",
        b"null\n",
        b"{}\n",
        b'{"do": "unknown"}\n',
        b'{"do": []}\n',
        b'{"do": "echo"\n',
        b'"do"\n',
        b"\xff\xfe\n",
        b"[" * 60_000 + b"\n",
    ],
)
async def test_what_is_no_request_is_answered_so(server: ControlServer, path: Path, line: bytes) -> None:
    answer = json.loads(await raw(path, line))
    assert answer["error"] == "bad-request"
    assert "echo, refuse, fail" in answer["message"]
    assert (await request(path, do="echo"))["ok"]


async def test_a_line_that_is_too_long_ends_the_connection(server: ControlServer, path: Path) -> None:
    assert await raw(path, b'{"do": "' + b"x" * 100_000 + b'"}\n') == b""
    assert (await request(path, do="echo"))["ok"]


async def test_a_client_that_leaves_in_the_middle(server: ControlServer, path: Path) -> None:
    _, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b'{"do": ')
    writer.close()
    assert (await request(path, do="echo"))["ok"]


@pytest.mark.parametrize("bug", BUGS)
async def test_a_fault_of_ours_is_logged_and_said(server: ControlServer, path: Path, bug: str) -> None:
    with (
        capture_logs() as logs,
        pytest.raises(RequestRefused, match=rf"\({bug}\); its log says why") as refusal,
    ):
        await request(path, do="fail", bug=bug)
    assert refusal.value.code == "internal"
    assert [(line["do"], line["log_level"], line["exc_info"]) for line in logs] == [("fail", "error", True)]


async def test_an_answer_that_cannot_be_written_is_a_fault_of_ours(server: ControlServer, path: Path) -> None:
    with pytest.raises(RequestRefused, match="TypeError"):
        await request(path, do="odd")
    assert (await request(path, do="echo"))["ok"]


async def test_what_the_operator_has_to_see_to_is_said(server: ControlServer, path: Path) -> None:
    with capture_logs() as logs, pytest.raises(RequestRefused, match=r"^the disk is full$") as refusal:
        await request(path, do="wait")
    assert refusal.value.code == "failed"
    assert [line["reason"] for line in logs] == ["the disk is full"]


async def test_the_form_of_a_request_is_checked(server: ControlServer, path: Path) -> None:
    assert (await request(path, do="greet", name="Anna"))["language"] == ""
    for fields in ({}, {"name": None}, {"name": ["Anna"]}):
        with pytest.raises(RequestRefused, match="the request needs 'name', a text") as refusal:
            await request(path, do="greet", **fields)
        assert refusal.value.code == "bad-request"
    with pytest.raises(RequestRefused, match="the request needs 'language', a text"):
        await request(path, do="greet", name="Anna", language={})


async def test_a_controller_that_goes_away_is_the_operators_matter(path: Path) -> None:
    async def go_away(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    path.parent.mkdir()
    async with await asyncio.start_unix_server(go_away, str(path)):
        with pytest.raises(OperatorError, match="went away without an answer"):
            await request(path, do="status")


async def test_only_the_owner_may_open_it(server: ControlServer, path: Path) -> None:
    assert mode(path) == 0o600


async def test_a_second_controller_is_refused(server: ControlServer, path: Path) -> None:
    with pytest.raises(OperatorError, match="another controller is running here"):
        await ControlServer(path, {}).start()
    assert (await request(path, do="echo"))["ok"]


async def test_a_socket_left_by_a_killed_controller_is_replaced(path: Path) -> None:
    leave_behind(path)
    server = ControlServer(path, {"echo": echo})
    await server.start()
    assert (await request(path, do="echo"))["ok"]
    await server.stop()
    assert mode(path) is None


async def test_nobody_answers(path: Path) -> None:
    with pytest.raises(OperatorError, match="no controller answers"):
        await request(path, do="status")


async def test_stop_closes_open_connections(path: Path) -> None:
    server = ControlServer(path, {"echo": echo})
    await server.start()
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b'{"do": "echo"}\n')
    await reader.readline()
    await server.stop()
    assert await reader.read() == b""
    writer.close()


async def test_a_disk_that_takes_no_socket_stops_nothing(path: Path) -> None:
    path.parent.write_bytes(b"")
    server = ControlServer(path, {})
    await server.start()
    await server.stop()
    assert path.parent.is_file()
