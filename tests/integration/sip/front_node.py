"""A small Asterisk behind Kamailio, with the pjsip.conf of the product and a dialplan for tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.integration.sip.little_asterisk import MODULES, LittleAsterisk

ECHO_NUMBER = "8000"
BUSY_NUMBER = "8017"
_DIALPLAN = """
[acd-phone]
include => numbers
exten => _0.,1,Dial(PJSIP/${EXTEN:1}@trunk-lab,20)
exten => _9.,1,Dial(PJSIP/${EXTEN:1}@trunk-main,20)
[acd-trunk]
include => numbers
[numbers]
exten => 8000,1,NoOp(${PJSIP_HEADER(read,X-ACD-Trunk)})
 same => n,Set(CLAIMS=call=${PJSIP_HEADER(read,X-ACD-Call)} pai=${PJSIP_HEADER(read,P-Asserted-Identity)})
 same => n,Log(NOTICE,ARRIVED ${CHANNEL(name)} number=${CALLERID(num)} ${CLAIMS} end)
 same => n,Answer()
 same => n,Echo()
exten => 8017,1,Log(NOTICE,ARRIVED ${CHANNEL(name)} number=${CALLERID(num)} call= pai= end)
 same => n,Hangup(17)
exten => _100X,1,Dial(PJSIP/${EXTEN},20)
[ring]
exten => s,1,Answer()
 same => n,Echo()
"""
_ARRIVED = re.compile(
    r"ARRIVED PJSIP/(?P<endpoint>[\w-]+)-\w{8} number=(?P<number>\S*) call=(?P<call>\S*)"
    r" pai=(?P<asserted>.*) end"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A call as the node has it."""

    endpoint: str
    number: str
    call: str
    asserted: str


class FrontNode(LittleAsterisk):
    """At `host`, at Kamailio's port."""

    modules: tuple[str, ...] = (
        *MODULES,
        "app_echo",
        "codec_alaw",
        "app_verbose",
        "func_channel",
        "func_cut",
        "func_strings",
        "res_clioriginate",
        "res_http_websocket",
        "res_pjsip_acl",
        "res_pjsip_header_funcs",
        "res_pjsip_outbound_authenticator_digest",
        "res_pjsip_outbound_registration",
        "res_pjsip_path",
        "res_pjsip_transport_websocket",
        "res_srtp",
    )

    def __init__(self, folder: Path, name: str, place: tuple[str, int], pjsip: str) -> None:
        low = 31000 + 1000 * (ord(name) - ord("a"))
        super().__init__(folder, (low, low + 400))
        self.name = name
        self.host, self.port = place
        self._configured = pjsip

    def seen(self) -> list[Seen]:
        """The calls that have come to its numbers."""
        path = self.folder / "log" / "messages"
        text = path.read_text(errors="replace") if path.exists() else ""
        return [Seen(**found.groupdict()) for found in _ARRIVED.finditer(text)]

    async def ring(self, number: str) -> None:
        """Call a phone."""
        await self.cli(f"channel originate PJSIP/{number} extension s@ring")

    async def knows(self, number: str) -> bool:
        """Whether it has a contact of this phone."""
        return f"{number}/sip:" in await self.cli("pjsip show contacts")

    def forget_registrations(self) -> None:
        """As one that is set up anew, while it does not run."""
        for path in (self.folder / "db").iterdir():
            path.unlink()

    def _pjsip(self) -> str:
        return self._configured

    def _dialplan(self) -> str:
        return _DIALPLAN
