"""A whole call centre with several controllers: one leads, the others stand by."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from acd.errors import OperatorError, RequestRefused
from acd.runtime.control import request
from tests.integration.centre import CHECKOUT, LOOK_AGAIN_S, free_ports, wait_until
from tests.integration.redis_centre import RedisCentre

NAMES = ("one", "two")


class StandbyCentre(RedisCentre):
    """`leader` is the name of the one that leads; `start_controller` and `stop_controller` are for all.

    `programs`: the folder of the version that one runs, where that is not this checkout.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        ports = dict(zip(NAMES, free_ports(len(NAMES)), strict=True))
        self.env["ACD_CONTROLLERS"] = ",".join(f"{name}=127.0.0.1:{port}" for name, port in ports.items())
        self.envs: dict[str, dict[str, str]] = {}
        self.health_ports: dict[str, int] = {}
        for name in NAMES:
            agi, health = free_ports(2)
            self.health_ports[name] = health
            own = {"ACD_CONTROLLER": name, "ACD_AGI_PORT": str(agi), "ACD_HEALTH_PORT": str(health)}
            self.envs[name] = {**self.env, **own}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.programs: dict[str, Path] = {}
        self.leader = ""

    def socket_of(self, name: str) -> Path:
        """Where it takes commands."""
        return self.home / "controllers" / name / "run" / "acd.sock"

    def start_controller(self, *, wait: bool = True) -> None:
        """All that do not run."""
        for name in NAMES:
            self.start_one(name)
            if wait and len(self.processes) == 1:
                wait_until(self._dispatching, self.starts_within_s, "a leader")
        if wait:
            wait_until(self._all_are_there, self.starts_within_s, "all controllers")

    def start_one(self, name: str) -> None:
        """Unless it runs."""
        running = self.processes.get(name)
        if running is None or running.poll() is not None:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "acd", "run"],
                env=self.envs[name],
                cwd=self.programs.get(name, CHECKOUT),
                stdout=self._log,
                stderr=self._log,
            )
        self._controller = self.processes[name]

    def _dispatching(self) -> bool:
        """Whether one leads and routes calls; notes which."""
        for name in NAMES:
            try:
                told = asyncio.run(request(self.socket_of(name), do="status", limit_s=1.0))
            except (OperatorError, RequestRefused):
                continue
            if told["dispatching"]:
                self.note_leader(name)
                return True
        return False

    def note_leader(self, name: str) -> None:
        """From now on it is asked."""
        self.leader = name
        self.socket = self.socket_of(name)

    def _all_are_there(self) -> bool:
        return all(self.health(name) is not None for name in NAMES) and self._dispatching()

    def health(self, name: str) -> dict[str, Any] | None:
        """What its health page says; None where it does not answer."""
        try:
            url = f"http://127.0.0.1:{self.health_ports[name]}/health"
            with urllib.request.urlopen(url, timeout=1) as page:
                told: dict[str, Any] = json.loads(page.read())
        except OSError:
            return None
        return told

    def stop_controller(self) -> None:
        """All of them, those that stand by first."""
        for name in sorted(self.processes, key=lambda name: name == self.leader):
            process = self.processes[name]
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                process.wait(30)
        self.processes.clear()
        self._controller = None

    def signal(self, name: str, what: signal.Signals) -> None:
        """To one of them, by pid."""
        os.kill(self.processes[name].pid, what)

    def other(self) -> str:
        """One that stands by."""
        return next(name for name in NAMES if name != self.leader)

    async def until_leads(self, name: str, limit_s: float) -> float:
        """Wait until it leads and routes calls; how long that took, in seconds."""
        began = time.monotonic()
        while time.monotonic() - began < limit_s:
            try:
                told = await request(self.socket_of(name), do="status", limit_s=1.0)
            except (OperatorError, RequestRefused):
                told = {}
            if told.get("dispatching"):
                took_s = time.monotonic() - began
                self.note_leader(name)
                return took_s
            await asyncio.sleep(LOOK_AGAIN_S)
        raise AssertionError(f"{name} does not lead after {limit_s:g} s")

    async def until_health(self, name: str, **facts: Any) -> None:
        """Wait until the health page says all this."""
        told: dict[str, Any] | None = None
        for _ in range(200):
            told = await asyncio.to_thread(self.health, name)
            if told is not None and all(told.get(key) == value for key, value in facts.items()):
                return
            await asyncio.sleep(2 * LOOK_AGAIN_S)
        raise AssertionError(f"{name} does not say {facts}, but {told}")

    async def dispatch_paused_s(self, old: str, new: str) -> float:
        """From the old leader's last decision about dispatch to the new one's, as their journals tell.

        The new one's is written by a thread: waits for it.
        """
        for _ in range(200):
            if changes := self._dispatch_changes(new):
                return changes[-1] - self._dispatch_changes(old)[-1]
            await asyncio.sleep(LOOK_AGAIN_S)
        raise AssertionError(f"{new} has decided nothing about dispatch, by its journal")

    def _dispatch_changes(self, name: str) -> list[float]:
        files = sorted((self.home / "controllers" / name / "journal").iterdir())
        lines = [] if not files else [json.loads(line) for line in files[-1].read_bytes().splitlines()[1:]]
        return [line["at"] for line in lines if "Dispatch" in line.get("event", {}).get("is", "")]
