"""config/examples/accounts.py: the little bank that the example's flows ask."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.bank import Accounts


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """It runs."""
    service = Accounts()
    yield service.start().removeprefix("http://")
    assert service.stop() == 0


def ask(address: str, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
    """Status and answer."""
    connection = http.client.HTTPConnection(address, timeout=5)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_a_balance(address: str) -> None:
    status, answer = ask(address, "GET", "/accounts/12345674")
    assert (status, answer["account"]["balance"]) == (200, "1234.56")
    assert len(answer["account"]["as_of"]) == 10


@pytest.mark.parametrize("path", ["/accounts/12345675", "/accounts/", "/", "/accounts/../login"])
def test_no_such_account(address: str, path: str) -> None:
    assert ask(address, "GET", path)[0] == 404


@pytest.mark.parametrize(
    ("account", "pin", "verified"),
    [("12345674", "4321", True), ("12345674", "4322", False), ("99", "", False), ("12345674", "四", False)],
)
def test_account_and_pin(address: str, account: str, pin: str, verified: bool) -> None:
    body = json.dumps({"account": account, "pin": pin}).encode()
    assert ask(address, "POST", "/login", body) == (200, {"verified": verified})


@pytest.mark.parametrize("body", [b"", b"[]", b"no json", b"\xff", b"[" * 9_000, b"x" * 20_000])
def test_what_is_no_form_is_refused(address: str, body: bytes) -> None:
    assert ask(address, "POST", "/login", body)[0] == 400
