"""`acd server`: everything in one command, side by side with another copy, and gone after Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from acd.errors import OperatorError
from acd.runtime.control import request
from acd.settings.secrets import load_or_create_secrets
from tests.integration.centre import CHECKOUT, free_ports
from tests.integration.sip.phone import Phone
from tests.integration.sip.programs import Program

pytestmark = pytest.mark.asterisk


def own_environment(folder: Path) -> dict[str, str]:
    """A home and ports for one copy; the flows are few, so that it starts quickly."""
    sip, ami, agi, http, health, ws = free_ports(6)
    return {
        "ACD_HOME": str(folder),
        "ACD_FLOWS": str(CHECKOUT / "tests" / "flows"),
        "ACD_SIP_PORT": str(sip),
        "ACD_AMI_PORT": str(ami),
        "ACD_AGI_PORT": str(agi),
        "ACD_HTTP_PORT": str(http),
        "ACD_HEALTH_PORT": str(health),
        "ACD_WS_PORT": str(ws),
        "ACD_RTP_PORTS": f"{sip + 30_000}-{sip + 30_099}",
    }


@asynccontextmanager
async def server(environment: dict[str, str]) -> AsyncIterator[Program]:
    """A running copy; Ctrl-C at the end, and all that it started must be gone."""
    command = [sys.executable, "-m", "acd", "server"]
    program = await Program.start(command, cwd=CHECKOUT, extra_env=environment)
    try:
        while "Afterwards" not in program.text:  # the last of what is said at the start
            assert not program.has_ended, program.text
            await asyncio.sleep(0.02)
        yield program
    finally:
        if not program.has_ended:
            program.signal(signal.SIGINT)
        await program.wait(15)
    kinds = ("SIP", "AMI", "AGI", "HTTP", "HEALTH", "WS")
    for name in (f"ACD_{kind}_PORT" for kind in kinds):
        kind = socket.SOCK_DGRAM if name == "ACD_SIP_PORT" else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", int(environment[name])))


async def test_taken_ports_are_named(tmp_path: Path) -> None:
    environment = own_environment(tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as somebody:
        somebody.bind(("127.0.0.1", int(environment["ACD_SIP_PORT"])))
        done = await asyncio.to_thread(_run_server, environment)
    assert done.returncode == 1
    assert f"ACD_SIP_PORT: port {environment['ACD_SIP_PORT']}" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_killed_controller_is_started_again(tmp_path: Path) -> None:
    environment = own_environment(tmp_path)
    control = tmp_path / "run" / "acd.sock"
    async with server(environment) as program:
        assert f"port {environment['ACD_SIP_PORT']}" in program.text
        for useful in ("1001", "phones list", "8000", "status --watch", "*11"):
            assert useful in program.text
        health = await asyncio.to_thread(_get, f"http://127.0.0.1:{environment['ACD_HTTP_PORT']}/health")
        assert '"ok": true' in health
        pid = (await request(control, do="status"))["pid"]
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(15):
            while True:
                try:
                    status = await request(control, do="status")
                except OperatorError:
                    status = {"pid": pid}
                if status["pid"] != pid and status["dispatching"]:
                    break
                await asyncio.sleep(0.02)


@pytest.mark.long
async def test_a_stranger_cannot_register_or_call(tmp_path: Path) -> None:
    environment = own_environment(tmp_path)
    async with server(environment):
        address = ("127.0.0.1", int(environment["ACD_SIP_PORT"]))
        async with Phone("1001", "wrong-password", server=address) as phone:
            with pytest.raises(AssertionError, match="401"):
                await phone.register()
            call = await phone.dial("8000")
            assert (await call.wait_ended()).status == 401


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        body: bytes = answer.read()
    return body.decode()


def _run_server(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "acd", "server"],
        cwd=CHECKOUT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.long
async def test_provisioning_adds_a_phone_to_a_running_asterisk(tmp_path: Path) -> None:
    """An admin adds an agent and runs `acd phones provision`: the new phone registers, calls go on."""
    environment = own_environment(tmp_path / "home")
    config = tmp_path / "config"
    shutil.copytree(CHECKOUT / "config", config)
    environment["ACD_CONFIG"] = str(config)
    async with server(environment):
        agents = config / "agents.yml"
        newcomer = '  gina:\n    name: Gina Rossi\n    extension: "1007"\n    skills: {sales: 5}\n'
        agents.write_text(agents.read_text() + newcomer)
        command = [sys.executable, "-m", "acd", "phones", "provision"]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=CHECKOUT, env={**os.environ, **environment}, capture_output=True
        )
        assert done.returncode == 0, done.stderr
        secrets = load_or_create_secrets(tmp_path / "home" / "secrets.yml", ["1007"])
        assert (tmp_path / "home" / "secrets.yml").stat().st_mode & 0o777 == 0o600
        address = ("127.0.0.1", int(environment["ACD_SIP_PORT"]))
        async with Phone("1007", secrets.phone_passwords["1007"], server=address) as phone:
            await phone.register()
