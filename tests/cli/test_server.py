"""`acd server` keeps its parts running."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from acd.cli import context
from acd.cli.server import _Server, command_here

CHECKOUT = Path(__file__).parents[2]
LIMIT_S = 20.0


async def test_that_a_part_has_ended_is_a_line_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACD_HOME", str(tmp_path))
    monkeypatch.chdir(CHECKOUT)
    env = context.environment()
    centre = context.centre(env)
    server = _Server(env, centre, context.passwords(env, centre), demo=False, web=False)
    with capture_logs() as logs:
        keeper = asyncio.create_task(server._keep("web process", "struct"))  # ends at once, and well
        async with asyncio.timeout(LIMIT_S):
            while not logs:  # noqa: ASYNC110 - by another process
                await asyncio.sleep(0.01)
        keeper.cancel()
        await asyncio.wait((keeper,))
    assert logs[0] == {
        "event": "a part of the server ended and is started again",
        "log_level": "warning",
        "part": "web process",
        "code": 0,
    }
    assert capfd.readouterr() == ("", "")


def test_commands_are_shown_as_another_shell_needs_them() -> None:
    assert command_here({"HOME": "/root", "ACD_AMI_PASSWORD": "x"}) == ".venv/bin/acd"
    said = {"ACD_SIP_PORT": "6060", "ACD_HOME": "/tmp/a b", "ACD_S3_SECRET_KEY": "x", "ACD_RTP_PORTS": "1-2"}
    assert command_here(said) == "ACD_HOME='/tmp/a b' ACD_RTP_PORTS=1-2 ACD_SIP_PORT=6060 .venv/bin/acd"
