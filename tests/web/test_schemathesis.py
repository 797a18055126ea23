"""Every route of the API is tried with what nobody thought of: what it answers is as its document says."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from acd.errors import RequestRefused
from acd.web.api import ROUTES
from acd.web.asker import Asker, Role
from acd.web.openapi import PATH, document, document_route
from tests.roomy import roomy
from tests.web.desktop import desktop

EXAMPLES = 4
"""Of each route and mode: enough to find what is wrong soon or late, and little enough for every run."""
LINE_MAX = 8_000
"""The web server itself refuses a first line that is longer: there is no request then to be answered."""
CHECKS: Any = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
WHOLE = document([*ROUTES, document_route(ROUTES)])
WITHOUT_SECURITY = {**WHOLE, "components": {**WHOLE["components"], "securitySchemes": {}}}
OPERATIONS = [(path, method) for path, methods in WHOLE["paths"].items() for method in methods]


class Refuses(dict[str, Any]):
    """A controller that knows nobody and nothing."""

    def __missing__(self, _verb: str) -> Any:
        return self.refuse

    @staticmethod
    def refuse(_asked: dict[str, Any]) -> dict[str, Any]:
        raise RequestRefused("unknown-call", "there is none")


async def everybody(_request: object) -> Asker:
    """Whoever asks may do everything, and goes on so after signing out."""
    return Asker("root", Role.ADMIN, "127.0.0.1", agent="anna", session="s")


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """A web process in a thread of its own; where it is."""
    loop, found, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    address: list[str] = []

    async def serve() -> None:
        async with desktop(home) as process:
            process.controller.answers = Refuses()
            await process.controller.start()
            process.process.services.identify = everybody
            address.append(process.url)
            found.set()
            await over.wait()
            await process.controller.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert found.wait(20)
        yield address[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(20)
        loop.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, requests.Session]]:
    with serving(tmp_path_factory.mktemp("home")) as address, requests.Session() as session:
        session.headers["Origin"] = address
        yield address, session


@pytest.fixture(scope="module")
def schema() -> Any:
    return schemathesis.openapi.from_dict(WITHOUT_SECURITY)


def test_the_document_is_the_one_that_is_served(server: tuple[str, requests.Session]) -> None:
    address, session = server
    assert session.get(address + PATH).json() == json.loads(json.dumps(WHOLE))


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_whatever_is_asked_the_answer_is_as_documented(
    server: tuple[str, requests.Session], schema: Any, path: str, method: str
) -> None:
    address, session = server
    operation = schema[path][method]

    def try_it(case: Case[Any]) -> None:
        asked = case.as_transport_kwargs(base_url=address)
        line = requests.Request("GET", asked["url"], params=asked.get("params")).prepare().path_url
        assume(len(line) < LINE_MAX)
        case.call_and_validate(base_url=address, session=session, checks=CHECKS, timeout=60)

    told = WHOLE["paths"][path][method]
    modes = [GenerationMode.POSITIVE]
    if told["parameters"] or "requestBody" in told:  # else there is nothing that could be wrong
        modes.append(GenerationMode.NEGATIVE)
    for mode in modes:
        roomy(SETTINGS(given(case=operation.as_strategy(generation_mode=mode))(try_it)))
