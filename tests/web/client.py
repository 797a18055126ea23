"""A web application without a server around it, and who asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer

from acd.records.store import RecordStore
from acd.settings.environment import Environment
from acd.settings.sign_in import RequestLimits
from acd.web.app import make_app
from acd.web.asker import Asker, Role
from acd.web.context import Context
from acd.web.route import Route
from acd.web.services import Services

CHECKOUT = Path(__file__).parents[2]
ANNA = Asker("anna", Role.AGENT, "127.0.0.1", agent="anna", session="s1")
SUSAN = Asker("susan", Role.SUPERVISOR, "127.0.0.1", session="s2")
ROOT = Asker("admin", Role.ADMIN, "127.0.0.1", session="s3")
NOBODY = Asker("", Role.ANYONE, "127.0.0.1")

Client = TestClient[web.Request, web.Application]


class Asking:
    """Stands for sessions and tokens: whoever is `asker` asks. `audited` is what the log would say."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.audited: list[tuple[str, str, str | None, dict[str, Any]]] = []

    async def identify(self, _request: web.Request) -> Asker:
        return self.asker

    def audit(self, context: Context[Any, Any], what: str) -> None:
        self.audited.append((context.asker.name, what, context.about, context.detail))


@asynccontextmanager
async def serving(
    home: Path, routes: Sequence[Route], asker: Asker = NOBODY
) -> AsyncIterator[tuple[Client, Asking]]:
    """The routes on a port of this machine, with an empty database; every request has our own Origin."""
    asking = Asking(asker)
    environment = Environment(home, CHECKOUT / "config", CHECKOUT / "ivr_flows")
    with RecordStore(environment.database_url) as store:
        services = Services(environment, store, asking.identify, asking.audit)
        services.limits.change(RequestLimits(*[1_000_000] * 3))
        async with client_of(make_app(services, routes)) as client:
            yield client, asking


@asynccontextmanager
async def client_of(app: web.Application) -> AsyncIterator[Client]:
    """A client of the application, as a page of ours would be."""
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    origin = str(server.make_url("/")).rstrip("/")
    async with TestClient(server, headers={"Origin": origin}) as client:
        assert isinstance(client.session, ClientSession)
        yield client
