"""Look-ups by HTTP against a server of the test, which misbehaves in every way that is known."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from acd.ivr.talk import CustomerRequest, Found, HttpRequest, LookupFailed, NotFound, Value
from acd.lookups.desk import LookupDesk
from acd.lookups.http import ANSWER_BYTES_MAX, HttpLookups, picked

SECRET = "7351928460"


class Other:
    """The other system: `replies` by path; keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.replies: dict[str, Callable[[], web.StreamResponse]] = {}
        self.base = ""
        self.runner: web.AppRunner

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """As the test says."""
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.method, request.path, dict(request.headers), body))
        if request.path == "/slow":
            await asyncio.sleep(30)
        return self.replies[request.path]()


@pytest.fixture
async def other() -> AsyncIterator[Other]:
    """Listening."""
    system = Other()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", system.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    system.runner = runner
    system.base = f"http://{host}:{port}"
    yield system
    await runner.cleanup()


@pytest.fixture
async def lookups() -> AsyncIterator[HttpLookups]:
    """Opened at the first request."""
    made = HttpLookups()
    yield made
    await made.close()


def get(url: str, **changed: Any) -> HttpRequest:
    """A request for a balance."""
    request = HttpRequest("GET", url, {}, {}, 1.0, 0, {"balance": "account.balance"})
    return replace(request, **changed)


async def test_a_get(other: Other, lookups: HttpLookups) -> None:
    other.replies["/a"] = lambda: web.json_response({"account": {"balance": 12.5}})
    assert await lookups.find(get(f"{other.base}/a", headers={"X-Key": "k"})) == Found({"balance": 12.5})
    method, _, headers, _ = other.asked[0]
    assert (method, headers["X-Key"], headers["Accept-Encoding"]) == ("GET", "k", "identity")


async def test_a_post(other: Other, lookups: HttpLookups) -> None:
    other.replies["/a"] = lambda: web.json_response({"items": [{"name": "王"}]})
    request = get(f"{other.base}/a", method="POST", body={"account": "1", "vip": True, "x": None})
    found = await lookups.find(replace(request, values={"who": "items.0.name"}))
    assert found == Found({"who": "王"})
    assert other.asked[0][3] == {"account": "1", "vip": True, "x": None}


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (lambda: web.Response(status=500), "status 500"),
        (lambda: web.Response(status=403), "status 403"),
        (lambda: web.Response(status=302, headers={"Location": "/a"}), "status 302"),
        (lambda: web.Response(text='{"account": '), "the answer is not JSON"),
        (lambda: web.Response(text="[" * 100_000), "the answer is not JSON"),
        (lambda: web.Response(body=b"\xff\xfe\x00"), "the answer is not JSON"),
        (lambda: web.json_response({"account": 1}), "the answer's 'account.balance' is not there"),
        (lambda: web.json_response({"account": {"balance": [1]}}), "the answer's 'account.balance' list is"),
        (lambda: web.json_response({"account": {"balance": "x" * 2000}}), "a text is longer"),
        (lambda: web.Response(text=r'{"account": {"balance": "\ud800"}}'), "a text holds a character"),
        (lambda: web.Response(text=r'{"account": {"balance": "a\u0000"}}'), "a text holds a character"),
        (lambda: web.Response(text='{"account": {"balance": Infinity}}'), "a number is larger"),
        (lambda: web.Response(body=b"x" * (ANSWER_BYTES_MAX + 1)), "the answer is larger"),
        (
            lambda: web.Response(body=gzip.compress(b"x" * 99), headers={"Content-Encoding": "gzip"}),
            "the answer is compressed",
        ),
    ],
)
async def test_answers_that_cannot_be_used(
    other: Other, lookups: HttpLookups, reply: Callable[[], web.Response], reason: str
) -> None:
    other.replies[f"/{SECRET}"] = reply
    found = await lookups.find(get(f"{other.base}/{SECRET}"))
    assert isinstance(found, LookupFailed)
    assert reason in found.reason
    assert SECRET not in found.reason


async def test_what_is_not_there(other: Other, lookups: HttpLookups) -> None:
    other.replies["/a"] = lambda: web.Response(status=404)
    assert await lookups.find(get(f"{other.base}/a", retries=3)) == NotFound()
    assert len(other.asked) == 1


async def test_the_time_is_for_all_tries_together(other: Other, lookups: HttpLookups) -> None:
    began = time.monotonic()
    found = await lookups.find(get(f"{other.base}/slow", timeout_s=0.2, retries=50))
    assert found == LookupFailed("no answer within 0.2 s")
    assert time.monotonic() - began < 5.0


async def test_what_may_pass_is_tried_again(other: Other, lookups: HttpLookups) -> None:
    replies = iter((web.Response(status=503), web.json_response({"account": {"balance": 1}})))
    other.replies["/a"] = lambda: next(replies)
    assert await lookups.find(get(f"{other.base}/a", retries=1)) == Found({"balance": 1})


@pytest.mark.parametrize("idempotent", [True, False])
async def test_a_post_that_may_have_been_done_is_tried_again_only_where_that_is_allowed(
    other: Other, lookups: HttpLookups, idempotent: bool
) -> None:
    replies = iter((web.Response(status=503), web.json_response({"account": {"balance": 1}})))
    other.replies["/a"] = lambda: next(replies)
    found = await lookups.find(get(f"{other.base}/a", method="POST", retries=3, idempotent=idempotent))
    assert found == (Found({"balance": 1}) if idempotent else LookupFailed("status 503"))
    assert len(other.asked) == (2 if idempotent else 1)


async def test_a_post_that_nobody_took_is_tried_again(other: Other, lookups: HttpLookups) -> None:
    """The service is just being started anew."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    request = get(f"http://127.0.0.1:{port}/a", method="POST", retries=100, timeout_s=10.0, idempotent=False)
    finding = asyncio.create_task(lookups.find(request))
    await asyncio.sleep(0)
    other.replies["/a"] = lambda: web.json_response({"account": {"balance": 1}})
    await web.TCPSite(other.runner, "127.0.0.1", port).start()
    assert await finding == Found({"balance": 1})
    assert len(other.asked) == 1


async def test_a_post_whose_connection_breaks_is_not_tried_again(lookups: HttpLookups) -> None:
    asked: list[bytes] = []

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readline())
        writer.close()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/a"
        found = await lookups.find(get(url, method="POST", retries=3, idempotent=False))
    assert found == LookupFailed("the connection was lost")
    assert len(asked) == 1


async def test_nobody_listens(lookups: HttpLookups) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert await lookups.find(get(f"http://127.0.0.1:{port}/{SECRET}")) == LookupFailed("no connection")


@pytest.mark.parametrize(
    "url", ["", "ftp://a/b", "file:///etc/passwd", "/only", "http://", "http://[::1", "http://a/\nX: y"]
)
async def test_addresses_that_are_none(lookups: HttpLookups, url: str) -> None:
    found = await lookups.find(get(url))
    assert isinstance(found, LookupFailed)
    assert "the address" in found.reason


async def test_headers_that_would_add_others(other: Other, lookups: HttpLookups) -> None:
    found = await lookups.find(get(f"{other.base}/a", headers={"X-Key": "a\r\nEvil: yes"}))
    assert isinstance(found, LookupFailed)
    assert other.asked == []


def test_paths() -> None:
    answer = {"a": [{"b": True}, None], "c.d": 1}
    assert picked(answer, {"x": "a.0.b", "y": "a.1"}) == Found({"x": True, "y": None})
    for path in ("a.2", "a.-1", "a.b", "c.d", "a.0.b.c", ""):
        assert isinstance(picked(answer, {"x": path}), LookupFailed), path


async def test_the_customer_directory() -> None:
    async def find(number: str) -> dict[str, Value] | None:
        return {"id": "k7"} if number == "+49" else None

    desk = LookupDesk(find)
    assert await desk.find(CustomerRequest("+49")) == Found({"id": "k7"})
    assert await desk.find(CustomerRequest("+50")) == NotFound()
    await desk.close()
