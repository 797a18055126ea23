"""What ends sessions has every web process look at its open WebSockets, this one first."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acd.runtime.leader import Leader
from acd.settings.environment import Environment
from acd.web.api import ROUTES
from acd.web.others import ENDS_SESSIONS, Others

ENDS_NONE = frozenset({"account-created", "second-factor-codes", "sign-in", "token-created"})
"""Words about accounts, sessions and tokens that leave all sessions as they are."""


@pytest.mark.parametrize("what", ["signed-out-elsewhere", "second-factor-on", "second-factor-off", "sign-in"])
async def test_this_process_looks_without_a_controller(tmp_path: Path, what: str) -> None:
    looks = list[str]()
    env = Environment(tmp_path, tmp_path / "config", tmp_path / "ivr_flows")
    Others(Leader(env), lambda: looks.append(what)).done(what)
    assert looks == ([what] if what != "sign-in" else [])
    await asyncio.sleep(0)  # telling the others fails, and nobody minds


def test_every_word_about_accounts_is_told_or_known_to_end_nothing() -> None:
    about = ("/api/account", "/api/session", "/api/second-factor", "/api/token", "/api/password")
    words = {route.audit for route in ROUTES if route.audit and route.path.startswith(about)}
    assert words - ENDS_NONE <= ENDS_SESSIONS
    assert words >= ENDS_SESSIONS
