"""Two web processes behind a real nginx, beside a real controller and Redis; one of them is killed."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration.centre import CHECKOUT, free_ports, wait_until
from tests.integration.test_server import own_environment, server
from tests.integration.test_web_process import NEW, ask
from tests.redis_server import RedisProcess

pytestmark = [pytest.mark.asterisk, pytest.mark.timing]
BACK_WITHIN_S = 5.0


@contextmanager
def nginx(folder: Path, port: int, *web_ports: int) -> Iterator[None]:
    """With the configuration of the example, but for addresses and files."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-subj", "/CN=desktop.example.com", "-days", "2", "-nodes", "-newkey", "ec"]
    curve = ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command = ["openssl", "req", "-x509", *subject, *curve, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    site = (CHECKOUT / "config" / "examples" / "nginx.conf").read_text()
    for text, ours in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/certs/desktop.pem", str(certificate)),
        ("/etc/ssl/private/desktop.key", str(key)),
        ("127.0.0.1:8080", f"127.0.0.1:{web_ports[0]}"),
        ("127.0.0.1:8090", f"127.0.0.1:{web_ports[1]}"),
    ):
        assert text in site
        site = site.replace(text, ours)
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; worker_processes 1; events {{}}\n"
        f"http {{ access_log off; {paths}\n{site}\n}}\n"
    )
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program, "script/bootstrap installs nginx"
    started = subprocess.Popen([program, "-e", f"{folder}/nginx.log", "-c", f"{folder}/nginx.conf"])
    try:
        yield
    finally:
        started.send_signal(signal.SIGQUIT)
        started.terminate()
        started.wait(10)


@contextmanager
def second_web_process(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Beside the one that `acd server` keeps."""
    with log.open("wb") as out:
        command = [sys.executable, "-m", "acd.cli.web"]
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=out, stderr=out)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(10)


def browser_at(url: str) -> aiohttp.ClientSession:
    """It takes nginx's certificate for good."""
    return aiohttp.ClientSession(
        url,
        headers={"Origin": url},
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        connector=aiohttp.TCPConnector(ssl=False),
    )


def with_redis(environment: dict[str, str], redis: RedisProcess) -> None:
    """The example's configuration, and a Redis."""
    config = Path(environment["ACD_HOME"]) / "config"
    shutil.copytree(CHECKOUT / "config", config)
    system = config / "system.yml"
    system.write_text(f"{system.read_text()}\nredis: {{port: {redis.port}, prefix: test}}\n")
    environment["ACD_CONFIG"] = str(config)


async def eventually(holds: Callable[[], Awaitable[bool]], what: str, limit_s: float = 40.0) -> None:
    """Ask until it is so."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit_s
    while not await holds():
        assert loop.time() < deadline, f"waited too long for {what}"
        await asyncio.sleep(0.05)


async def browsers_at(port: int) -> int:
    """How many browsers the web process at that port has; -1 where there is none."""
    try:
        async with aiohttp.ClientSession() as anybody, anybody.get(f"http://127.0.0.1:{port}/health") as told:
            return int((await told.json())["browsers"])
    except aiohttp.ClientError:
        return -1


class Page:
    """A browser's page: it watches, and comes back when its socket ends."""

    def __init__(self, browser: aiohttp.ClientSession) -> None:
        self.browser = browser
        self.shown: dict[str, Any] = {}
        self.came = 0
        self.task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            try:
                async with self.browser.ws_connect("/api/live") as live:
                    await live.send_json({"do": "watch", "topics": ["me"]})
                    async for message in live:
                        self._take(message.json())
            except (aiohttp.ClientError, ConnectionError):
                pass
            await asyncio.sleep(0.05)

    def _take(self, told: dict[str, Any]) -> None:
        if told["type"] == "all":
            self.came += 1
            self.shown = dict(told["data"])
        elif told["type"] == "change":
            self.shown.update(told["set"])
            for key in told["drop"]:
                self.shown.pop(key, None)

    @property
    def anna(self) -> dict[str, Any]:
        """As the page shows her."""
        found: dict[str, Any] = self.shown.get("agent:anna", {})
        return found

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def test_one_of_two_web_processes_is_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = own_environment(home)
    home.mkdir()
    redis = RedisProcess(tmp_path)
    redis.start()
    with_redis(environment, redis)
    environment["ACD_HTTP_PROXIES"] = "127.0.0.1"
    first = int(environment["ACD_HTTP_PORT"])
    second, front = free_ports(2)
    try:
        async with server(environment), browser_at(f"https://127.0.0.1:{front}") as browser:
            other_environment = {**environment, "ACD_HTTP_PORT": str(second)}
            with second_web_process(other_environment, tmp_path / "second.log") as other:
                await eventually(lambda: _is_there(second), "the second web process")
                with nginx(tmp_path, front, first, second):
                    wait_until(lambda: _listens(front), 10, "nginx")
                    await _fail_over(home, browser, (first, second), other)
    finally:
        redis.stop()


async def _fail_over(
    home: Path, browser: aiohttp.ClientSession, ports: tuple[int, int], other: subprocess.Popen[bytes]
) -> None:
    text = (home / "first-passwords.txt").read_text()
    password = dict(line.split() for line in text.splitlines() if not line.startswith("#"))["anna"]
    await ask(browser, "POST", "/api/session", username="anna", password=password)
    await ask(browser, "POST", "/api/session/password", old=password, new=NEW)
    pages = [Page(browser), Page(browser)]
    try:
        await eventually(lambda: _each_has_one(ports), "a page at each web process")
        await ask(browser, "POST", "/api/me/state", do="login", phone="1001")
        await ask(browser, "POST", "/api/me/state", do="not-ready", reason="lunch")
        await eventually(lambda: _all_show(pages, reason="lunch", desktop=True), "both to show the same")
        other.kill()
        began = asyncio.get_running_loop().time()
        await eventually(lambda: _have_come(pages, 3), "the pages to be back", BACK_WITHIN_S)
        assert asyncio.get_running_loop().time() - began < BACK_WITHIN_S
        assert await browsers_at(ports[0]) == 2
        await ask(browser, "POST", "/api/me/state", do="not-ready", reason="break")
        await eventually(lambda: _all_show(pages, reason="break", desktop=True), "both to show the same")
        assert pages[0].shown == pages[1].shown
    finally:
        for page in pages:
            await page.close()


async def _each_has_one(ports: tuple[int, int]) -> bool:
    return [await browsers_at(port) for port in ports] == [1, 1]


async def _all_show(pages: list[Page], **wanted: Any) -> bool:
    return all(page.anna.get(name) == value for page in pages for name, value in wanted.items())


async def _have_come(pages: list[Page], times: int) -> bool:
    return sum(page.came for page in pages) >= times


async def _is_there(port: int) -> bool:
    return await browsers_at(port) >= 0


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
