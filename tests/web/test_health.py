"""`GET /health` on a real port."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import ClientSession

from acd.web.health import start_health_page


@pytest.mark.parametrize(("ok", "status"), [(True, 200), (False, 503)])
async def test_the_status_says_whether_calls_are_routed(ok: bool, status: int) -> None:
    facts: Mapping[str, Any] = {"ok": ok, "asterisk": ok, "calls": 3}
    page = await start_health_page("127.0.0.1", 0, lambda: facts, lambda: b"acd_ok 1.0\n")
    try:
        host, port = page.addresses[0]
        async with ClientSession() as client, client.get(f"http://{host}:{port}/health") as answer:
            assert answer.status == status
            assert await answer.json() == facts
        async with ClientSession() as client, client.get(f"http://{host}:{port}/metrics") as answer:
            assert (answer.content_type, await answer.text()) == ("text/plain", "acd_ok 1.0\n")
    finally:
        await page.cleanup()


async def test_it_answers_with_the_facts_of_the_moment() -> None:
    facts = {"ok": True}
    page = await start_health_page("127.0.0.1", 0, lambda: facts, lambda: b"acd_ok 1.0\n")
    try:
        host, port = page.addresses[0]
        async with ClientSession() as client:
            for ok, status in ((True, 200), (False, 503), (True, 200)):
                facts["ok"] = ok
                async with client.get(f"http://{host}:{port}/health") as answer:
                    assert answer.status == status
            async with client.get(f"http://{host}:{port}/other") as answer:
                assert answer.status == 404
    finally:
        await page.cleanup()


async def test_a_taken_port_is_an_os_error() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="address already in use"):
            await start_health_page("127.0.0.1", other.getsockname()[1], lambda: {"ok": True}, bytes)
