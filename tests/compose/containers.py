"""The running containers of docker-compose.yml, as an operator sees them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from tests.integration.sip.phone import RING, Answering, Phone
from tests.integration.sip.waiting import WaitedTooLong

CHECKOUT = Path(__file__).resolve().parents[2]
LOOK_AGAIN_S = 0.2
CONTROLLERS = ("controller-one", "controller-two")
# What a health page says, also where it says that something is wrong.
HEALTH = """
import os, urllib.error, urllib.request
try:
    page = urllib.request.urlopen(f"http://{os.environ['ACD_HTTP_ADDRESS']}:8081/health", timeout=3)
except urllib.error.HTTPError as error:
    page = error
print(page.read().decode())
"""
T = TypeVar("T")


class Containers:
    """Talks to the services through `docker compose`, and to the published ports."""

    def __init__(self) -> None:
        self.sip = ("127.0.0.1", int(os.environ["ACD_SIP_PORT"]))
        self.http = ("127.0.0.1", int(os.environ["ACD_HTTP_PORT"]))
        secrets = yaml.safe_load(self.run(CONTROLLERS[0], "cat", "/var/lib/acd/secrets.yml"))
        self._passwords: dict[str, str] = secrets["phones"]

    def run(self, service: str, *command: str) -> str:
        """What a command prints in a running service; fails the test when it fails."""
        done = _docker("compose", "exec", "-T", service, *command)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def compose(self, *arguments: str) -> None:
        """Any other command of `docker compose`; fails the test when it fails."""
        done = _docker("compose", *arguments, limit_s=120)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)

    def replace(self, service: str) -> None:
        """A new container in place of the old one, until it is healthy."""
        self.compose("up", "--detach", "--no-deps", "--wait", "--force-recreate", service)

    def acd(self, *arguments: str) -> str:
        """`acd …` in a controller's container that runs, whichever leads."""
        service = next((name for name in CONTROLLERS if self.pid(name)), CONTROLLERS[0])
        return self.run(service, "acd", *arguments)

    def leader(self) -> str:
        """The service of the controller that leads and routes calls; '' while none does."""
        for name in CONTROLLERS:
            done = _docker("compose", "exec", "-T", name, "python3", "-c", HEALTH)
            told = json.loads(done.stdout) if done.returncode == 0 else {}
            if told.get("leads") and told.get("ok"):
                return name
        return ""

    def start_monitoring(self) -> None:
        """Prometheus; made here of Debian's where its image cannot be had."""
        image = str(
            yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())["services"]["prometheus"]["image"]
        )
        if _docker("image", "inspect", image).returncode != 0 and _docker("pull", image).returncode != 0:
            built = _docker(
                "build", "--tag", image, str(CHECKOUT / "tests" / "compose" / "prometheus"), limit_s=300
            )
            assert built.returncode == 0, built.stderr
        up = _docker(
            "compose", "--profile", "monitoring", "up", "--detach", "--wait", "prometheus", limit_s=120
        )
        assert up.returncode == 0, up.stderr

    def prometheus(self, path: str) -> Any:
        """What it answers to a question of its API."""
        answer = self.run("prometheus", "wget", "-q", "-O", "-", f"http://127.0.0.1:9090/api/v1/{path}")
        return json.loads(answer)["data"]

    def status(self) -> dict[str, Any]:
        """The live picture."""
        picture: dict[str, Any] = json.loads(self.acd("status", "--json"))
        return picture

    def phone(self, number: str, tone_hz: float, answering: Answering = RING) -> Phone:
        """A phone of this machine, which knows only the published port."""
        return Phone(number, self._passwords[number], server=self.sip, tone_hz=tone_hz, answering=answering)

    def crash(self, service: str) -> int:
        """kill -9 of the service's first process; its process id."""
        pid = self.pid(service)
        os.kill(pid, 9)
        return pid

    def pid(self, service: str) -> int:
        """The service's first process as this machine sees it; 0 when it does not run."""
        container = _docker("compose", "ps", "--all", "--quiet", service).stdout.strip()
        return int(_docker("inspect", "--format", "{{.State.Pid}}", container).stdout)

    def is_healthy(self, service: str) -> bool:
        """What its health check says."""
        container = _docker("compose", "ps", "--all", "--quiet", service).stdout.strip()
        return _docker("inspect", "--format", "{{.State.Health.Status}}", container).stdout == "healthy\n"

    def first_password(self, username: str) -> str:
        """Of the desktop, as an operator hands it out."""
        lines = self.run("web-one", "cat", "/var/lib/acd/first-passwords.txt").splitlines()
        return dict(line.split() for line in lines if not line.startswith("#"))[username]

    def sign_in(self, username: str, password: str) -> int:
        """The status code of signing in at the published port."""
        url = "http://{}:{}".format(*self.http)
        body = json.dumps({"username": username, "password": password}).encode()
        headers = {"Origin": url, "Content-Type": "application/json"}
        try:
            asked = urllib.request.Request(f"{url}/api/session", data=body, headers=headers)
            with urllib.request.urlopen(asked, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def health(self) -> int:
        """The status code of the health page; 0 when nobody answers."""
        try:
            with urllib.request.urlopen("http://{}:{}/health".format(*self.http), timeout=3) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


def _docker(*arguments: str, limit_s: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=limit_s
    )


def is_open(address: str, port: int) -> bool:
    """Whether something takes TCP connections there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((address, port)) == 0


async def until(look: Callable[[], T | None], what: str, limit_s: float = 30.0) -> T:
    """Look, away from the event loop, until there is something true; that."""
    deadline = time.monotonic() + limit_s
    while not (found := await asyncio.to_thread(look)):
        if time.monotonic() > deadline:
            raise WaitedTooLong(f"waited {limit_s:g} s for {what}")
        await asyncio.sleep(LOOK_AGAIN_S)
    return found


async def until_done(attempt: Callable[[], Awaitable[None]], what: str, limit_s: float = 30.0) -> None:
    """Try until it does not fail."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            return await attempt()
        except AssertionError as error:
            if time.monotonic() > deadline:
                raise WaitedTooLong(f"waited {limit_s:g} s for {what}: {error}") from error
        await asyncio.sleep(LOOK_AGAIN_S)
