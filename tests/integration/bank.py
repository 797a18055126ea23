"""The example as it is shipped: its flows, on a real Asterisk, with its little service of accounts."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.integration.centre import CHECKOUT, Centre

ACCOUNTS = CHECKOUT / "config" / "examples" / "accounts.py"
ADDRESS = "http://127.0.0.1:8099"


class Accounts:
    """The service, on a port of its own."""

    def __init__(self) -> None:
        self._program: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Its address, such as http://127.0.0.1:40321."""
        command = [sys.executable, str(ACCOUNTS), "--port", "0"]
        self._program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._program.stdout is not None
        found = re.search(r"http://\S+", self._program.stdout.readline())
        assert found is not None
        return found[0]

    def stop(self) -> int:
        """End it; its exit code."""
        assert self._program is not None
        assert self._program.stdout is not None
        self._program.terminate()
        code = self._program.wait(5)
        self._program.stdout.close()
        return code


class BankCentre(Centre):
    """A centre whose flows are those of the example, to be called and changed."""

    starts_within_s = 180.0  # some hundred prompts in two languages are spoken first

    def __init__(self, folder: Path, accounts: str = ADDRESS) -> None:
        self._accounts = accounts
        super().__init__(folder)

    def adapt(self) -> None:
        """The service is where the test has it."""
        shutil.rmtree(self.flows)
        shutil.copytree(CHECKOUT / "ivr_flows", self.flows)
        for flow in self.flows.glob("*.yml"):
            flow.write_text(
                flow.read_text(encoding="utf-8").replace(ADDRESS, self._accounts), encoding="utf-8"
            )
