"""`acd server --demo`: within a minute the centre lives, and Ctrl-C ends it with everything."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.centre import CHECKOUT, until
from tests.integration.sip.programs import Program
from tests.integration.sip.waiting import WaitedTooLong
from tests.integration.test_server import own_environment

pytestmark = pytest.mark.asterisk
LIVES_WITHIN_S = 60.0


async def test_the_demo_lives_within_a_minute(tmp_path: Path) -> None:
    environment = own_environment(tmp_path)
    command = [sys.executable, "-m", "acd", "server", "--demo"]
    program = await Program.start(command, cwd=CHECKOUT, extra_env=environment)
    try:
        socket = tmp_path / "run" / "acd.sock"
        await until(socket, _somebody_talks, "a call of the demo", LIVES_WITHIN_S)
    except WaitedTooLong as error:
        raise AssertionError(f"{error}\n{program.text}") from None
    finally:
        program.signal(signal.SIGINT)
        code = await program.wait(20)
    assert code == 0, program.text
    assert "Traceback" not in program.text


def _somebody_talks(status: dict[str, Any]) -> bool:
    everybody = status["agents"] and all(a["state"] != "logged_out" for a in status["agents"])
    return bool(everybody) and any(c["state"] == "talking" for c in status["calls"])
