"""The desktop's web process beside a real controller: signed in, seen live, killed and back."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration.test_server import own_environment, server

pytestmark = pytest.mark.asterisk
NEW = "correct horse 7"


async def ask(browser: aiohttp.ClientSession, method: str, path: str, **body: Any) -> Any:
    """The answer, which must be no refusal."""
    async with browser.request(method, path, json=body or None) as answer:
        told = await answer.json()
        assert answer.status < 300, told
        return told


async def until(live: aiohttp.ClientWebSocketResponse, key: str, **wanted: Any) -> None:
    """The live picture shows it."""
    while True:
        told = await live.receive_json(timeout=10)
        found = {**told.get("data", {}), **told.get("set", {})}.get(key, {})
        if all(found.get(name) == value for name, value in wanted.items()):
            return


async def come_back(browser: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    """As a page does: try until there is somebody."""
    while True:
        try:
            return await browser.ws_connect("/api/live")
        except aiohttp.ClientError:
            await asyncio.sleep(0.05)


def web_process_of(pid: int) -> int:
    """The child of the server that serves the pages."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    programs = {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    (found,) = [child for child, program in programs.items() if program.endswith(b"acd.cli.web\0")]
    return found


async def test_an_agent_at_work_and_a_web_process_that_is_killed(tmp_path: Path) -> None:
    environment = own_environment(tmp_path)
    url = f"http://127.0.0.1:{environment['ACD_HTTP_PORT']}"
    async with (
        server(environment) as program,
        aiohttp.ClientSession(
            url, headers={"Origin": url}, cookie_jar=aiohttp.CookieJar(unsafe=True)
        ) as browser,
    ):
        while "Afterwards" not in program.text:
            assert not program.has_ended
            await asyncio.sleep(0.02)
        assert f"Desktop      {url}/" in program.text
        file = tmp_path / "first-passwords.txt"
        first = dict(line.split() for line in file.read_text().splitlines() if not line.startswith("#"))
        assert not [password for password in first.values() if password in program.text]
        told = await ask(browser, "POST", "/api/session", username="anna", password=first["anna"])
        assert told["must_change_password"]
        await ask(browser, "POST", "/api/session/password", old=first["anna"], new=NEW)
        assert (await ask(browser, "GET", "/health"))["ok"]
        phone = (await ask(browser, "GET", "/api/me/phone"))["browser_phone"]
        assert phone["id"] == "w1001"
        async with browser.ws_connect("/sip", protocols=("sip",)) as sip:
            assert sip.protocol == "sip"
        async with browser.ws_connect("/api/live") as live:
            await live.send_json({"do": "watch", "topics": ["me"]})
            await until(live, "agent:anna", state="logged_out", desktop=True)
            await ask(browser, "POST", "/api/me/state", do="login", phone="1001")
            await until(live, "agent:anna", state="not_ready", phone="1001")
            await ask(browser, "POST", "/api/me/state", do="not-ready", reason="lunch")
            await until(live, "agent:anna", state="not_ready", reason="lunch")
            os.kill(web_process_of(program.pid), signal.SIGKILL)
        async with asyncio.timeout(15):
            again = await come_back(browser)
        async with again as live:
            await live.send_json({"do": "watch", "topics": ["me"]})
            await until(live, "agent:anna", reason="lunch", desktop=True)
        assert (await ask(browser, "GET", "/api/session"))["username"] == "anna"
