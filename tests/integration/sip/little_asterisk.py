"""A small Asterisk of its own, with just enough dialplan to try the phones and callers themselves."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.integration.sip.programs import Program, free_port
from tests.integration.sip.waiting import WaitedTooLong

PASSWORD = "for-tests-only"
NUMBERS = ("1001", "1002", "1003", "1004", "1005", "1006")
MENU_NUMBER = "8000"
MENU_PROMPT_HZ = 620.0
MENU_DIGIT = "2"

_PJSIP_HEAD = """
[global]
type=global
[udp]
type=transport
protocol=udp
bind=127.0.0.1:{port}
[phone](!)
type=endpoint
context=phones
disallow=all
allow=ulaw
direct_media=no
media_address=127.0.0.1
bind_rtp_to_media_address=yes
allow_transfer=yes
send_pai=yes
dtmf_mode=rfc4733
[trunk]
type=endpoint
context=menu
disallow=all
allow=ulaw
direct_media=no
media_address=127.0.0.1
bind_rtp_to_media_address=yes
allow_transfer=no
dtmf_mode=rfc4733
[trunk]
type=identify
endpoint=trunk
match=127.0.0.2
"""
_PJSIP_PHONE = """
[{number}](phone)
auth={number}
aors={number}
callerid="Phone {number}" <{number}>
[{number}]
type=auth
auth_type=userpass
realm=asterisk
username={number}
password={password}
[{number}]
type=aor
max_contacts=1
remove_existing=yes
"""
_DIALPLAN = """
[phones]
exten => _100X,1,Dial(PJSIP/${{EXTEN}},20)
 same => n,Hangup()
[menu]
exten => {menu},1,Answer(0,i)
 same => n,PlayTones({prompt:g})
 same => n,Read(KEY,,1,,1,8)
 same => n,StopPlayTones()
 same => n,GotoIf($["${{KEY}}"="{digit}"]?agent)
 same => n,Hangup()
 same => n(agent),Dial(PJSIP/1001,20)
 same => n,Hangup()
exten => _100X,1,Dial(PJSIP/${{EXTEN}},20)
 same => n,Hangup()
"""
MODULES = (
    "pbx_config",
    "app_dial",
    "app_read",
    "app_playtones",
    "bridge_builtin_features",
    "bridge_holding",
    "bridge_native_rtp",
    "bridge_simple",
    "bridge_softmix",
    "codec_ulaw",
    "format_pcm",
    "func_callerid",
    "res_rtp_asterisk",
    "res_sorcery_astdb",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_timing_timerfd",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id",
    "res_pjsip_dtmf_info",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_nat",  # answers go back to where the request came from
    "res_pjsip_notify",
    "res_pjsip_pubsub",
    "res_pjsip_refer",
    "res_pjsip_registrar",
    "res_pjsip_rfc3326",
    "res_pjsip_sdp_rtp",
    "res_pjsip_session",
    "chan_pjsip",
)
_DIRECTORIES = ("etc", "var", "db", "spool", "run", "log")


@dataclass(frozen=True, slots=True)
class AsteriskInstallation:
    """How to start Asterisk here, and where its modules and data are."""

    command: tuple[str, ...]
    modules: Path
    data: Path


def find_asterisk() -> AsteriskInstallation:
    """Asterisk on the PATH, else in the root folder ACD_ASTERISK_ROOT or var/asterisk-root of the checkout.

    Raises FileNotFoundError with the places that were tried.
    """
    on_path = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin")
    if on_path is not None:
        libraries = sorted(Path("/usr/lib").glob("**/asterisk/modules"))
        if libraries:
            return AsteriskInstallation((on_path,), libraries[0], _data_folder(Path("/")))
    checkout = Path(__file__).resolve().parents[3]
    root = Path(os.environ.get("ACD_ASTERISK_ROOT") or checkout / "var" / "asterisk-root")
    program = root / "usr/sbin/asterisk"
    loaders = [*root.glob("lib64/ld-linux-*.so.2"), *root.glob("lib/ld-linux-*.so.1")]
    libraries = sorted(root.glob("usr/lib/*/asterisk/modules"))
    if not (program.exists() and loaders and libraries):
        raise FileNotFoundError(f"no Asterisk on the PATH and none in {root}")
    # The root folder has newer libraries than the machine: its own loader starts the program.
    command = (str(loaders[0]), "--library-path", str(libraries[0].parents[1]), str(program))
    return AsteriskInstallation(command, libraries[0], _data_folder(root))


def _data_folder(root: Path) -> Path:
    shared = root / "usr/share/asterisk"
    return shared if shared.exists() else root / "var/lib/asterisk"


class LittleAsterisk:
    """Starts Asterisk in `folder` and waits until it is fully booted. Use it with `async with`."""

    modules: tuple[str, ...] = MODULES

    def __init__(self, folder: Path, rtp_ports: tuple[int, int] = (30000, 30400)) -> None:
        self.folder = folder
        self.port = free_port()
        self._rtp_ports = rtp_ports
        self._installation = find_asterisk()

    @property
    def server(self) -> tuple[str, int]:
        """Where phones and callers send their requests."""
        return "127.0.0.1", self.port

    async def __aenter__(self) -> LittleAsterisk:
        self._write_configuration()
        # Asterisk reports to systemd's socket, if there is one, when everything is loaded.
        notice = self.folder / "ready"
        notice.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(str(notice))
            listener.setblocking(False)
            etc = self.folder / "etc" / "asterisk.conf"
            self._program = await Program.start(
                [*self._installation.command, "-f", "-C", str(etc)], extra_env={"NOTIFY_SOCKET": str(notice)}
            )
            try:
                await asyncio.wait_for(self._booted(listener), 30.0)
            except TimeoutError:
                await self._program.kill()
                raise AssertionError(f"Asterisk does not start:\n{self._program.text}") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # It keeps nothing that is needed again, and its orderly end takes a second.
        await self._program.kill()

    async def cli(self, command: str) -> str:
        """The output of one command of Asterisk's command line."""
        etc = self.folder / "etc" / "asterisk.conf"
        program = await Program.start([*self._installation.command, "-C", str(etc), "-rx", command])
        await program.wait(10.0)
        return program.text

    async def until_no_channels(self, limit_s: float = 5.0) -> None:
        """Wait until every call has ended on Asterisk's side, too; raises WaitedTooLong."""
        deadline = asyncio.get_running_loop().time() + limit_s
        while left := (await self.cli("core show channels concise")).strip():
            if asyncio.get_running_loop().time() > deadline:
                raise WaitedTooLong(f"waited {limit_s:g} s for no channels; left: {left}")

    @staticmethod
    async def _booted(listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while b"READY=1" not in await loop.sock_recv(listener, 4096):
            pass

    def _write_configuration(self) -> None:
        for name in _DIRECTORIES:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        low, high = self._rtp_ports
        files = {
            "asterisk.conf": self._main_configuration(),
            "modules.conf": "[modules]\nautoload=no\n" + "".join(f"load={m}.so\n" for m in self.modules),
            "pjsip.conf": self._pjsip(),
            "extensions.conf": self._dialplan(),
            "rtp.conf": f"[general]\nrtpstart={low}\nrtpend={high}\n",
            "logger.conf": "[logfiles]\nmessages => notice,warning,error\n",
            "features.conf": "[general]\n",
            "indications.conf": "[general]\ncountry=us\n[us]\ndescription=Any\nbusy=480\n",
        }
        for name, text in files.items():
            (self.folder / "etc" / name).write_text(text)

    def _pjsip(self) -> str:
        phones = "".join(_PJSIP_PHONE.format(number=number, password=PASSWORD) for number in NUMBERS)
        return _PJSIP_HEAD.format(port=self.port) + phones

    def _dialplan(self) -> str:
        return _DIALPLAN.format(menu=MENU_NUMBER, prompt=MENU_PROMPT_HZ, digit=MENU_DIGIT)

    def _main_configuration(self) -> str:
        folders = {
            "astetcdir": self.folder / "etc",
            "astmoddir": self._installation.modules,
            "astvarlibdir": self.folder / "var",
            "astdbdir": self.folder / "db",
            "astkeydir": self.folder / "var",
            "astdatadir": self._installation.data,
            "astagidir": self.folder / "var",
            "astcachedir": self.folder / "var",
            "astspooldir": self.folder / "spool",
            "astrundir": self.folder / "run",
            "astlogdir": self.folder / "log",
        }
        lines = [f"{key} => {value}" for key, value in folders.items()]
        return "\n".join(["[directories]", *lines, "[options]", "nocolor=yes", ""])
