"""The whole web process on a port of its own, with a controller that is not one, and accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
from argon2 import PasswordHasher

from acd.accounts.passwords import Passwords
from acd.accounts.store import AccountStore
from acd.records.store import RecordStore
from acd.settings.environment import Environment
from acd.web.process import WebProcess
from tests.web.fake_controller import FakeController

CHECKOUT = Path(__file__).parents[2]
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
PASSWORD = "correct horse 7"
USERS = {"anna": "agent", "susan": "supervisor", "root": "admin"}


@dataclass
class Desktop:
    """`client` has no cookies at first; every request of it has our own Origin."""

    process: WebProcess
    controller: FakeController
    client: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.process.port}"

    @property
    def store(self) -> RecordStore:
        return self.process.services.store

    def browser(self) -> aiohttp.ClientSession:
        """Another one, with cookies of its own."""
        return aiohttp.ClientSession(
            self.url, headers={"Origin": self.url}, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )

    async def sign_in(
        self, username: str, password: str = PASSWORD, browser: aiohttp.ClientSession | None = None
    ) -> dict[str, Any]:
        """It must succeed; who one is then."""
        body = {"username": username, "password": password}
        async with (browser or self.client).post("/api/session", json=body) as answer:
            assert answer.status == 200, await answer.text()
            told: dict[str, Any] = await answer.json()
            return told

    async def live(self, *topics: str, browser: aiohttp.ClientSession | None = None) -> Live:
        """A WebSocket that watches."""
        live = Live(await (browser or self.client).ws_connect("/api/live"))
        assert (await live.next())["type"] == "hello"
        assert (await live.next())["type"] == "link"
        await live.socket.send_json({"do": "watch", "topics": list(topics)})
        return live


@dataclass
class Live:
    """One end of `/api/live`."""

    socket: aiohttp.ClientWebSocketResponse

    async def next(self, **wanted: Any) -> dict[str, Any]:
        """The next message, or the next that has these values."""
        while True:
            told: dict[str, Any] = await self.socket.receive_json(timeout=60)
            if all(told.get(key) == value for key, value in wanted.items()):
                return told

    async def closed(self) -> tuple[int | None, str]:
        """It must be closed by the other side: the code, and the reason."""
        while True:
            message = await self.socket.receive(timeout=60)
            if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                # Of the frame itself: the connection may be lost while the client answers it.
                told = message.type is aiohttp.WSMsgType.CLOSE
                return message.data if told else self.socket.close_code, str(message.extra or "")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()


@asynccontextmanager
async def desktop(
    home: Path, *, config: Path = CHECKOUT / "config", **settings: Any
) -> AsyncIterator[Desktop]:
    """With accounts for anna (agent), susan (supervisor) and root (admin), and without a controller yet."""
    settings = {"http_port": 0, "config_dir": config, **settings}
    environment = Environment(home, flows_dir=CHECKOUT / "ivr_flows", **settings)
    _make_accounts(environment)
    process = WebProcess(environment)
    process.services.passwords = QUICK
    await process.start()
    controller = FakeController(environment.control_socket)
    found = Desktop(process, controller, aiohttp.ClientSession())
    await found.client.close()
    found.client = found.browser()
    try:
        yield found
    finally:
        await found.client.close()
        await process.stop()


def _make_accounts(environment: Environment) -> None:
    environment.home.mkdir(exist_ok=True)
    with RecordStore(environment.database_url) as store:
        for username, role in USERS.items():
            agent = username if role == "agent" else None
            AccountStore(store.engine).add(username, role, QUICK.hash(PASSWORD), agent, must_change=False)
