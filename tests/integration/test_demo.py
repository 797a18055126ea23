"""`acd server --demo`: within a minute the centre lives, and Ctrl-C ends it with everything."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from acd.errors import OperatorError
from acd.runtime.control import request
from tests.integration.centre import CHECKOUT
from tests.integration.sip.programs import Program
from tests.integration.test_server import own_environment

pytestmark = pytest.mark.asterisk
LIVES_WITHIN_S = 60.0


async def test_the_demo_lives_within_a_minute(tmp_path: Path) -> None:
    environment = own_environment(tmp_path)
    command = [sys.executable, "-m", "acd", "server", "--demo"]
    program = await Program.start(command, cwd=CHECKOUT, extra_env=environment)
    try:
        await _until_alive(tmp_path / "run" / "acd.sock", program)
    finally:
        program.signal(signal.SIGINT)
        code = await program.wait(20)
    assert code == 0, program.text
    assert "Traceback" not in program.text


async def _until_alive(socket: Path, program: Program) -> None:
    limit = time.monotonic() + LIVES_WITHIN_S
    status: dict[str, Any] = {}
    while time.monotonic() < limit:
        assert not program.has_ended, program.text
        try:
            status = await request(socket, do="status")
        except OperatorError:
            status = {"agents": (), "calls": ()}
        everybody = status["agents"] and all(a["state"] != "logged_out" for a in status["agents"])
        if everybody and any(c["state"] == "talking" for c in status["calls"]):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"nobody talks after {LIVES_WITHIN_S:.0f} s: {status}\n{program.text}")
