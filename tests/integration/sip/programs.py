"""Programs that a test starts: their output is read all the time, and they end with the test."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

OUTPUT_LINES_KEPT = 400


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM, host: str = "127.0.0.1") -> int:
    """A port that nobody uses at the moment, for programs that cannot choose one themselves."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether nobody listens on this UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


class Program:
    """A running program with its last lines of output."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.output: deque[str] = deque(maxlen=OUTPUT_LINES_KEPT)
        self._process = process
        self._reader = asyncio.get_running_loop().create_task(self._read())

    @classmethod
    async def start(
        cls, command: Sequence[str], cwd: Path | None = None, extra_env: Mapping[str, str] | None = None
    ) -> Program:
        """Start it with its output (both streams) in a pipe, no input, and a shell's usual umask."""
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=cwd,
            env={**os.environ, "TERM": "xterm", **(extra_env or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            umask=0o022,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it has ended by itself or by force."""
        return self._process.returncode is not None

    @property
    def text(self) -> str:
        """The last lines of output."""
        return "\n".join(self.output)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if it still runs."""
        if self._process.returncode is None:
            # Not send_signal(): that reaps an ended process behind asyncio's back and loses its exit code.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    async def wait(self, limit_s: float) -> int:
        """Wait for its end and return the exit code; raises TimeoutError."""
        code = await asyncio.wait_for(asyncio.shield(self._process.wait()), limit_s)
        await self._reader
        return code

    async def stop(self, grace_s: float = 2.0) -> None:
        """End it: first politely, then by force."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            await self.wait(grace_s)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End it by force, without any goodbye."""
        self.signal(signal.SIGKILL)
        await self.wait(5.0)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        pending = b""
        while chunk := await self._process.stdout.read(65536):
            *lines, pending = (pending + chunk).split(b"\n")
            self.output.extend(line.decode(errors="replace") for line in lines)
            pending = pending[-65536:]
        if pending:
            self.output.append(pending.decode(errors="replace"))
