"""A real softphone: one baresip program with its own configuration, steered over its TCP control.

What baresip 1.0 cannot do, `Phone` does: it has no attended transfer (REFER with Replaces), and it
refuses with 486 only.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import tempfile
import time
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from types import TracebackType

import numpy as np

from tests.integration.sip.audio import SAMPLE_RATE_HZ, Samples, hears, read_wav
from tests.integration.sip.baresip_control import BaresipControl, BaresipEvent
from tests.integration.sip.message import Party
from tests.integration.sip.programs import Program, free_port
from tests.integration.sip.waiting import Bell

MODULE_FOLDERS = ("/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules")
WINDOW_S = 0.3
RECORDING_LOOK_S = 0.05
"""How often the recording is looked at while we wait for a tone in it."""


START_ATTEMPTS = 3


class PortTaken(AssertionError):
    """Baresip could not have a port that was free a moment before."""


class AnswerMode(Enum):
    """What the softphone does with an incoming call."""

    MANUAL = "manual"
    AUTO = "auto"


class Baresip:
    """One softphone. Use it with `async with`; then `await wait_registered()`."""

    def __init__(
        self,
        number: str,
        password: str,
        *,
        server: tuple[str, int],
        tone_hz: float = 440.0,
        answer_mode: AnswerMode = AnswerMode.MANUAL,
        registers: bool = True,
        encrypted: bool = False,
    ) -> None:
        self.number = number
        self._password = password
        self._server = server
        self._tone_hz = tone_hz
        self._answer_mode = answer_mode
        self._registers = registers
        self._encrypted = encrypted
        self._bell = Bell()
        self._control = BaresipControl(number, self._bell)

    async def __aenter__(self) -> Baresip:
        for attempt in range(START_ATTEMPTS):
            try:
                await self._start()
                break
            except PortTaken:
                # Its ports were free a moment ago; somebody else was quicker.
                if attempt == START_ATTEMPTS - 1:
                    raise
        return self

    async def _start(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="baresip-")
        self.folder = Path(self._home.name)
        (self.folder / "heard").mkdir()
        control_port = free_port(socket.SOCK_STREAM)
        (self.folder / "config").write_text(self._configuration(free_port(), control_port))
        # The account is made through the control connection, so that no event is missed.
        (self.folder / "accounts").write_text("")
        (self.folder / "contacts").write_text("")
        self.program = await Program.start(["baresip", "-4", "-f", str(self.folder)], cwd=self.folder)
        try:
            await self._control.connect(control_port, self.program)
            await self.command("uanew", self._account())
        except BaseException:
            await self._control.close()
            await self.program.stop()
            self._home.cleanup()
            if "Address already in use" in self.program.text:
                raise PortTaken(self.program.text) from None
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._control.close()
        await self.program.stop()
        self._home.cleanup()

    # events

    @property
    def events(self) -> Sequence[BaresipEvent]:
        """The latest events, oldest first."""
        return tuple(self._control.events)

    async def wait_event(self, kind: str, limit_s: float = 5.0) -> BaresipEvent:
        """The next event of this kind that no earlier wait has consumed; older ones are passed over."""
        return await self._control.wait_event(kind, limit_s)

    async def wait_registered(self, limit_s: float = 5.0) -> None:
        """Wait until the server has accepted the registration."""
        await self.wait_event("REGISTER_OK", limit_s)

    async def wait_incoming(self, limit_s: float = 5.0) -> Party:
        """Wait for a call; returns who calls as the display shows it (name and number)."""
        return (await self.wait_event("CALL_INCOMING", limit_s)).peer

    async def wait_answered(self, limit_s: float = 5.0) -> None:
        """Wait until a call is established."""
        await self.wait_event("CALL_ESTABLISHED", limit_s)

    async def wait_ended(self, limit_s: float = 5.0) -> str:
        """Wait until a call is over; returns baresip's reason, e.g. '486 Busy Here'."""
        return (await self.wait_event("CALL_CLOSED", limit_s)).detail

    # keys

    async def answer(self) -> None:
        """Pick up the ringing call and wait until it stands."""
        await self.command("accept")
        await self.wait_answered()

    async def hang_up(self) -> None:
        """Hang up, cancel or refuse (with 486) the current call."""
        await self.command("hangup")

    async def dial(self, number: str) -> None:
        """Call a number; wait_answered() or wait_ended() come next."""
        await self.command("dial", self._uri(number))

    async def hold(self) -> None:
        """Put the current call on hold (re-INVITE); returns when the server has agreed."""
        await self._renegotiate("hold")

    async def resume(self) -> None:
        """Take the current call back; returns when the server has agreed."""
        await self._renegotiate("resume")

    async def transfer(self, number: str) -> None:
        """Blind transfer (REFER) of the current call."""
        await self.command("transfer", self._uri(number))

    async def press(self, digits: str) -> None:
        """Press keys (RFC 4733)."""
        for digit in digits:
            await self.command("sndcode", digit)

    async def unregister(self) -> None:
        """Take the registration back, by removing the account."""
        await self.command("uadel", f"sip:{self.number}@{self._domain}")

    # faults

    async def kill(self) -> None:
        """The phone loses its power: no BYE, no unregistering."""
        await self.program.kill()

    def freeze(self) -> None:
        """The phone hangs: it answers nothing until `thaw`."""
        self.program.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """The phone goes on."""
        self.program.signal(signal.SIGCONT)

    # what was heard

    def heard(self, last_s: float | None = None) -> tuple[Samples, int]:
        """Samples (of the last `last_s` seconds) and rate of what the latest call has brought to the ear.

        baresip names a recording after the second in which the call began: of two calls answered
        within one second only the later one is kept.
        """
        recordings = sorted((self.folder / "heard").glob("*-dec.wav"), key=lambda path: path.stat().st_mtime)
        if not recordings:
            return np.zeros(0), SAMPLE_RATE_HZ
        samples, rate_hz = read_wav(recordings[-1])
        return (samples if last_s is None else samples[-round(last_s * rate_hz) :]), rate_hz

    async def until_hears(self, frequency_hz: float, limit_s: float = 5.0) -> None:
        """Wait until the tone is at the end of the recording; raises WaitedTooLong."""

        def heard() -> bool:
            samples, rate_hz = self.heard(WINDOW_S)
            return hears(samples, frequency_hz, rate_hz)

        # baresip does not tell when it has written a packet: the file is looked at again and again.
        clock = asyncio.get_running_loop().create_task(self._ring_regularly())
        try:
            await self._bell.until(heard, limit_s, f"a tone of {frequency_hz:g} Hz at {self.number}")
        finally:
            clock.cancel()

    async def command(self, name: str, parameter: str = "") -> str:
        """Run any of baresip's long commands; returns its text, raises AssertionError if it fails."""
        return await self._control.command(name, parameter)

    # inner parts

    @property
    def _domain(self) -> str:
        return f"{self._server[0]}:{self._server[1]}"

    def _uri(self, number: str) -> str:
        return f"sip:{number}@{self._domain}"

    def _account(self) -> str:
        parts = [
            f"<sip:{self.number}@{self._domain}{';transport=tls' if self._encrypted else ''}>",
            f"auth_user={self.number}",
            f"auth_pass={self._password}",
            f"answermode={self._answer_mode.value}",
            f"regint={300 if self._registers else 0}",
            "audio_codecs=pcmu/8000/1",
            *(("mediaenc=srtp-mand",) if self._encrypted else ()),
        ]
        return ";".join(parts)

    def _configuration(self, sip_port: int, control_port: int) -> str:
        folder = next((one for one in MODULE_FOLDERS if Path(one).is_dir()), MODULE_FOLDERS[0])
        settings = [
            f"sip_listen 127.0.0.1:{sip_port}",
            f"ctrl_tcp_listen 127.0.0.1:{control_port}",
            "net_interface 127.0.0.1",
            "call_local_timeout 120",
            "call_max_calls 4",
            # ausine speaks 48 kHz stereo only; baresip converts.
            f"audio_source ausine,{self._tone_hz:g}",
            "ausrc_srate 48000",
            "ausrc_channels 2",
            "audio_player aubridge,ear",
            "audio_alert aubridge,bell",
            "snd_path heard",
            "rtp_timeout 0",
            f"module_path {folder}",
            *(f"module {name}.so" for name in ("g711", "sndfile", "ausine", "aubridge", "uuid", "srtp")),
            "module_tmp account.so",
            *(f"module_app {name}.so" for name in ("menu", "ctrl_tcp", "debug_cmd")),
            "menu_bell no",
            "ringback_disabled yes",
        ]
        return "\n".join([*settings, ""])

    async def _renegotiate(self, name: str) -> None:
        asked_at_s = time.monotonic()
        await self.command(name)
        await self._control.wait_since(asked_at_s, "CALL_REMOTE_SDP", "answer", 5.0)

    async def _ring_regularly(self) -> None:
        while True:
            await asyncio.sleep(RECORDING_LOOK_S)
            self._bell.ring()
