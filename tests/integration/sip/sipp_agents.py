"""Many simple agents' phones in one SIPp program, for load: all behave alike.

Registration and answering are two runs of SIPp on the same port, one after the other, because one
SIPp program plays one scenario.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.integration.sip.programs import Program, free_port, is_free
from tests.integration.sip.sipp_scenarios import answering_scenario, refusing_scenario, registering_scenario

MEDIA_PORTS = (22000, 28000)
"""Below the ports that the system gives out by itself, which nobody can keep free."""
READY_LIMIT_S = 5.0
READY_LOOK_S = 0.01


@dataclass(frozen=True, slots=True)
class AgentBehaviour:
    """What every one of these phones does with a call.

    `status` 200 answers `answer_after_s` after the INVITE and leaves after `talk_s` (None: waits for
    the far end's BYE); any other status refuses at once. `unanswered` is the share of calls, drawn by
    SIPp, that are left ringing instead.
    """

    status: int = 200
    answer_after_s: float = 0.0
    talk_s: float | None = None
    unanswered: float = 0.0


REGISTERED_S = 7200
"""For as long as Asterisk takes a registration: these phones say it once."""


class SippAgents:
    """Registered phones, one per number. Use it with `async with`; they echo the audio they get."""

    def __init__(
        self,
        passwords: Mapping[str, str],
        *,
        server: tuple[str, int],
        behaviour: AgentBehaviour,
        host: str = "127.0.0.1",
    ) -> None:
        self._passwords = dict(passwords)
        self._server = f"{server[0]}:{server[1]}"
        self._behaviour = behaviour
        self._host = host
        self.program: Program | None = None

    async def __aenter__(self) -> SippAgents:
        self._home = tempfile.TemporaryDirectory(prefix="sipp-agents-")
        self._folder = Path(self._home.name)
        self._port = free_port(host=self._host)
        try:
            await self._register(REGISTERED_S)
            media = str(self._media_port())
            self.program = await self._start("answer.xml", self._scenario(), "-rtp_echo", "-mp", media)
            await self._wait_listening()
        except BaseException:
            if self.program is not None:
                await self.program.stop()
            self._home.cleanup()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.program is not None:
            await self.program.stop()
        self._home.cleanup()

    @property
    def address(self) -> tuple[str, int]:
        """Where they wait for calls."""
        return self._host, self._port

    def errors(self) -> str:
        """What SIPp complained about."""
        return "".join(path.read_text() for path in sorted(self._folder.glob("*.log")))

    def _scenario(self) -> str:
        behaviour = self._behaviour
        if behaviour.status != 200:
            return refusing_scenario(behaviour.status)
        return answering_scenario(behaviour.answer_after_s, behaviour.talk_s, behaviour.unanswered)

    async def _wait_listening(self) -> None:
        """SIPp does not say when it is ready: try its port until it is taken."""
        assert self.program is not None
        deadline = time.monotonic() + READY_LIMIT_S
        while is_free(self._port, self._host):
            if self.program.has_ended or time.monotonic() > deadline:
                raise AssertionError(f"SIPp agents do not start: {self.errors()}\n{self.program.text}")
            await asyncio.sleep(READY_LOOK_S)

    def _media_port(self) -> int:
        """SIPp takes this port for audio and the next but one for video."""
        while True:
            port = random.randrange(*MEDIA_PORTS, 4)
            if is_free(port, self._host) and is_free(port + 2, self._host):
                return port

    async def _register(self, expires_s: int) -> None:
        rows = [
            f"{number};[authentication username={number} password={password}]"
            for number, password in self._passwords.items()
        ]
        (self._folder / "agents.csv").write_text("\n".join(["SEQUENTIAL", *rows, ""]))
        count = str(len(rows))
        program = await self._start(
            "register.xml", registering_scenario(expires_s), "-inf", "agents.csv", "-m", count, "-r", "100"
        )
        code = await program.wait(10.0 + len(rows) / 50)
        assert code == 0, f"SIPp agents cannot register: {self.errors()}"

    async def _start(self, name: str, scenario: str, *options: str) -> Program:
        (self._folder / name).write_text(scenario)
        command = [
            *("sipp", self._server, "-sf", name, "-i", self._host, "-mi", self._host),
            *("-p", str(self._port), "-bind_local", "-nostdin", "-aa", "-timer_resol", "1"),
            *("-trace_err", "-error_file", f"{name}.log", *options),
        ]
        return await Program.start(command, cwd=self._folder)
