"""A telephone provider for tests: a second real Asterisk, at loopback addresses of its own.

It takes our registration with digest, sends calls to our numbers, and answers or refuses ours by the last
digits of the number; what each of our calls brought is in its log (`Arrival`).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.integration.centre import CHECKOUT, free_ports, wait_until
from tests.leaks import register

MAIN_ADDRESS = "127.0.0.10"
BACKUP_ADDRESS = "127.0.0.11"
AMI_SECRET = "of-the-provider"
PASSWORD = 'a pass;word "with" \\signs'
register(PASSWORD, "password of a trunk")

_ENDPOINT = """
[{name}]
type = endpoint
transport = {transport}
context = from-{name}
disallow = all
allow = {codec}
direct_media = no
media_address = {address}
bind_rtp_to_media_address = yes
rtp_symmetric = yes
allow_transfer = no
trust_id_inbound = yes
send_pai = {send_pai}
trust_id_outbound = yes
aors = {name}
"""
_PJSIP = """
[global]
type = global
endpoint_identifier_order = username,ip
[main]
type = transport
protocol = udp
bind = {main}:{port}
[backup]
type = transport
protocol = udp
bind = {backup}:{port}
[acd-main]
type = auth
auth_type = userpass
username = acd-main
password = {password}
[acd-main]
type = aor
max_contacts = 1
remove_existing = yes
minimum_expiration = 10
[acd-backup]
type = aor
contact = sip:127.0.0.1:{acd_port}
[acd-backup]
type = identify
endpoint = acd-backup
match = 127.0.0.1
"""
# The last two digits of the number say what becomes of the call.
_DIALPLAN = """
[from-acd-main]
exten => _[+0-9]!,1,Set(TRUNK=main)
 same => n,Goto(arrived,${EXTEN},1)
[from-acd-backup]
exten => _[+0-9]!,1,Set(TRUNK=backup)
 same => n,Goto(arrived,${EXTEN},1)
[arrived]
exten => _[+0-9]!,1,Set(PAI=${PJSIP_HEADER(read,P-Asserted-Identity)})
 same => n,Log(NOTICE,ARRIVED ${TRUNK} number=${EXTEN} from=${PJSIP_HEADER(read,From)} pai=${PAI} end)
 same => n,GotoIf($["${TRUNK}${EXTEN:-2}" = "main34"]?refuse)
 same => n,GotoIf($["${EXTEN:-2}" = "17"]?busy)
 same => n,GotoIf($["${EXTEN:-2}" = "16"]?short)
 same => n,GotoIf($["${EXTEN:-2}" = "19"]?nobody)
 same => n,Answer()
 same => n,Echo()
 same => n(refuse),Hangup(34)
 same => n(busy),Hangup(17)
 same => n(short),Answer()
 same => n,Wait(0.5)
 same => n,Hangup(16)
 same => n(nobody),Ringing()
 same => n,Wait(60)
; CALLED-CALLER: a call to one of our numbers.
[to-acd-main]
exten => _[+0-9]!,1,Set(CALLERID(all)=${CUT(EXTEN,-,2)})
 same => n,Set(CALLERID(pres)=${IF($["${CUT(EXTEN,-,3)}" = "hidden"]?prohib:allowed)})
 same => n,Dial(PJSIP/${CUT(EXTEN,-,1)}@acd-main,15)
 same => n,Log(NOTICE,DIALLED ${EXTEN} ${DIALSTATUS} ${HANGUPCAUSE} end)
[to-acd-backup]
exten => _[+0-9]!,1,Set(CALLERID(all)=${CUT(EXTEN,-,2)})
 same => n,Dial(PJSIP/${CUT(EXTEN,-,1)}@acd-backup,15)
 same => n,Log(NOTICE,DIALLED ${EXTEN} ${DIALSTATUS} ${HANGUPCAUSE} end)
"""
_ARRIVED = re.compile(
    r"ARRIVED (?P<trunk>\w+) number=(?P<number>\S*) from=(?P<sender>.*) pai=(?P<asserted>.*) end"
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call of ours, as the provider got it: the number, and the headers From and P-Asserted-Identity."""

    trunk: str
    number: str
    sender: str
    asserted: str


class Provider:
    """Started with `start()`, ended with `stop()`."""

    def __init__(self, folder: Path, acd_port: int) -> None:
        self._home = folder
        self.port, self._ami_port = free_ports(2)
        self._acd_port = acd_port
        self._env = {**os.environ, "ACD_HOME": str(folder)}
        self._log = (folder.parent / "provider.log").open("ab")
        self._asterisk: subprocess.Popen[bytes] | None = None
        self._seen = 0

    def start(self) -> None:
        """Ready for registrations and calls, of which it knows none."""
        self._write()
        self._asterisk = subprocess.Popen(
            [CHECKOUT / "asterisk" / "run"], env=self._env, stdout=self._log, stderr=self._log
        )
        wait_until(lambda: self.console("core waitfullybooted") is not None, 20, "the provider")

    def kill(self) -> None:
        """It is gone, with all registrations."""
        if self._asterisk is not None:
            self._asterisk.kill()
            self._asterisk.wait(30)
            self._asterisk = None
        shutil.rmtree(self._home / "asterisk" / "db", ignore_errors=True)

    def freeze(self) -> None:
        """It hears, and says nothing."""
        assert self._asterisk is not None
        self._asterisk.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        assert self._asterisk is not None
        self._asterisk.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """The end."""
        self.kill()
        self._log.close()

    def console(self, command: str) -> str | None:
        """Its answer to a console command; None when it does not answer."""
        done = subprocess.run(
            [CHECKOUT / "asterisk" / "run", "-rx", command], env=self._env, capture_output=True, check=False
        )
        return done.stdout.decode() if done.returncode == 0 else None

    def is_registered(self) -> bool:
        """Whether it knows where acd-main is."""
        return "acd-main/sip:" in (self.console("pjsip show contacts") or "")

    def call(self, called: str, caller: str, *, trunk: str = "main", hidden: bool = False) -> None:
        """Call one of our numbers; whoever answers hears what they say."""
        extension = f"{called}-{caller}" + ("-hidden" if hidden else "")
        action = (
            f"Action: Login\r\nUsername: test\r\nSecret: {AMI_SECRET}\r\n\r\n"
            f"Action: Originate\r\nChannel: Local/{extension}@to-acd-{trunk}\r\nApplication: Echo\r\n"
            "Timeout: 20000\r\nAsync: true\r\n\r\nAction: Logoff\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self._ami_port), 5) as ami, ami.makefile("rb") as answers:
            ami.sendall(action.encode())
            assert b"Originate successfully queued" in answers.read()

    def hang_up_all(self) -> None:
        """End its calls."""
        self.console("channel request hangup all")

    def arrivals(self) -> list[Arrival]:
        """The calls that came from us since `forget()`."""
        return [Arrival(**match.groupdict()) for match in _ARRIVED.finditer(self._text()[self._seen :])]

    def outcome(self, called: str) -> str | None:
        """'DIALSTATUS CAUSE' of its last call to this number, when it is over."""
        found = re.findall(rf"DIALLED {re.escape(called)}-\S* (\w+ \d*) end", self._text()[self._seen :])
        return found[-1] if found else None

    def forget(self) -> None:
        """From here on only what comes."""
        self._seen = len(self._text())

    def _text(self) -> str:
        path = self._home / "asterisk" / "log" / "messages.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _write(self) -> None:
        etc = self._home / "asterisk" / "etc"
        etc.mkdir(parents=True, exist_ok=True)
        (low,) = free_ports(1)
        pjsip = _PJSIP.format(
            main=MAIN_ADDRESS,
            backup=BACKUP_ADDRESS,
            port=self.port,
            acd_port=self._acd_port,
            password=PASSWORD.replace(";", "\\;"),
        )
        main = _ENDPOINT.format(
            name="acd-main", transport="main", address=MAIN_ADDRESS, send_pai="yes", codec="ulaw"
        )
        backup = _ENDPOINT.format(
            name="acd-backup", transport="backup", address=BACKUP_ADDRESS, send_pai="no", codec="alaw"
        )
        files = {
            "pjsip.conf": pjsip + main + "auth = acd-main\n" + backup,
            "extensions.conf": _DIALPLAN,
            "rtp.conf": f"[general]\nrtpstart = {low}\nrtpend = {low + 200}\n",
            "logger.conf": "[general]\n[logfiles]\nmessages.log => notice,warning,error\n",
            "manager.conf": f"[general]\nenabled = yes\nbindaddr = 127.0.0.1\nport = {self._ami_port}\n"
            f"[test]\nsecret = {AMI_SECRET}\nread = \nwrite = originate\n",
            "musiconhold.conf": "[default]\nmode = files\ndirectory = moh\n",
        }
        empty = ("acl", "ccss", "cdr", "cel", "features", "indications", "pjproject", "udptl")
        for name in (*empty, "pjsip_notify", "queues", "queuerules", "stasis", "cdr_custom"):
            files[f"{name}.conf"] = "[general]\n"
        for name, text in files.items():
            (etc / name).write_text(text)
