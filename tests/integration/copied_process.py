"""Controllers and web processes that begin as copies of one that has read all modules.

Three of four seconds of a start are saved. The process that is copied is made once in a test process, has the
compiled core as production does, and does nothing but begin others. Nothing else is different: `acd run`
or `acd web` is called in a process of its own, with its own environment, and is ended by signals.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_copied = multiprocessing.get_context("forkserver")
_copied.set_forkserver_preload(
    ["acd.__main__", "acd.cli.server", "acd.app", "acd.standby", "acd.cli.web", "acd.web.process"]
)


class CopiedProcess:
    """`acd ARGUMENTS` with that environment, as `subprocess.Popen` would have it."""

    def __init__(self, arguments: list[str], env: Mapping[str, str], folder: Path, log: Path) -> None:
        self._process = _copied.Process(target=_run, args=(arguments, dict(env), folder, log), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """The code with which it ended; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """Its code. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("acd", timeout)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """If it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


def _run(arguments: list[str], env: dict[str, str], folder: Path, log: Path) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.argv = ["acd", *arguments]
    from acd.__main__ import main

    main()
