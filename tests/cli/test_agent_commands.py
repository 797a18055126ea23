"""`acd agent …`: what is asked for, and how the answer is told; PINs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acd.__main__ import app
from acd.errors import OperatorError
from acd.runtime.leader import Leader
from acd.settings.pins import PinBook

CHECKOUT = Path(__file__).parents[2]
ANSWER: dict[str, Any] = {
    "name": "Anna Weber", "state": "talking", "reason": None, "occupied": None, "until_s": None,
    "wrap_up_wanted": False, "pending": None, "phone": "1001", "phone_reachable": True,
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for the example centre."""
    for name in [name for name in os.environ if name.startswith("ACD_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(CHECKOUT)
    return tmp_path


def acd(*arguments: str, keyed: str = "") -> str:
    """What the command prints."""
    return CliRunner().invoke(app, list(arguments), input=keyed, catch_exceptions=False).output.strip()


@pytest.mark.parametrize(
    ("command", "changed", "told"),
    [
        ("wrap-up-extend", {"state": "wrap_up", "until_s": 42.4},
         "Anna Weber: wrap-up, 42 s left, on phone 1001"),
        ("wrap-up", {"wrap_up_wanted": True}, "Anna Weber: talking, then wrap-up, on phone 1001"),
        ("logout", {"pending": "logged_out"}, "Anna Weber: talking, then logged out, on phone 1001"),
        ("revoke", {"state": "not_ready", "reason": "login", "reason_label": "Just logged in"},
         "Anna Weber: not ready (just logged in), on phone 1001"),
        ("revoke", {}, "Anna Weber: talking, on phone 1001"),
        ("revoke", {"state": "not_ready", "phone_reachable": False},
         "Anna Weber: not ready, on phone 1001, which is not registered: switch it on, or log in on"
         " another one with --phone"),
        ("ready", {"state": "ready", "occupied": "phone_in_use"},
         "Anna Weber: ready, but no offers (phone in use), on phone 1001"),
        ("not-ready", {"pending": "not_ready"},
         "Anna Weber: talking, then not ready, on phone 1001\n"
         "no --reason was given: the first one of config/system.yml counts"),
    ],
)  # fmt: skip
def test_what_is_asked_and_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, command: str, changed: dict[str, Any], told: str
) -> None:
    asked: list[dict[str, Any]] = []

    async def request(_leader: Leader, **fields: Any) -> dict[str, Any]:
        asked.append(fields)
        return {"agent": {**ANSWER, **changed}}

    monkeypatch.setattr(Leader, "request", request)
    assert acd("agent", command, "anna") == told
    reason = {"reason": ""} if command == "not-ready" else {}
    assert asked == [{"do": command, "agent": "anna", **reason}]


def test_a_pin_is_set_and_removed(home: Path) -> None:
    assert acd("agent", "pin", "anna", keyed="4711\n").startswith("anna has a new PIN")
    assert PinBook(home / "secrets.yml").verify("anna", "4711")
    assert acd("agent", "pin", "anna", "--remove") == "anna has no PIN any more"
    assert not PinBook(home / "secrets.yml").has("anna")


@pytest.mark.parametrize("keyed", ["", "123\n", "0000\n", "abcd\n"])
def test_what_is_no_pin_is_refused(home: Path, keyed: str) -> None:
    with pytest.raises(OperatorError, match="a PIN has 4 to 10 digits, which are not all the same"):
        acd("agent", "pin", "anna", keyed=keyed)
    assert not PinBook(home / "secrets.yml").has("anna")


def test_nobody_of_that_name(home: Path) -> None:
    with pytest.raises(OperatorError, match="there is no agent 'zoe'; ids: anna, ben"):
        acd("agent", "pin", "zoe", keyed="4711\n")
