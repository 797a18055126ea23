"""A Kamailio as `acd phones provision` sets it up, in front of two small Asterisk nodes."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.outside import CallerIdIn, Encryption, Login, Registration, TrunkSpec
from acd.settings.secrets import Secrets
from acd.telephony.front import Front
from acd.telephony.provision import asterisk_files, write_files
from acd.telephony.provision_kamailio import Front as Wanted
from acd.telephony.provision_kamailio import front_key, kamailio_files, names
from tests.integration.provider import MAIN_ADDRESS, Provider
from tests.integration.provider import PASSWORD as PROVIDER_PASSWORD
from tests.integration.sip.front_node import FrontNode
from tests.integration.sip.programs import Program, free_port
from tests.integration.sip.waiting import WaitedTooLong

CHECKOUT = Path(__file__).resolve().parents[3]
ADDRESS = "127.0.0.1"
TRUNK_ADDRESS = "127.0.0.2"
PHONE_NETWORKS = ("127.0.0.1/32", "127.0.0.64/30")
NODES = {"a": "127.0.0.21", "b": "127.0.0.22"}
_LOOK_EVERY_S = 0.05


@dataclass(frozen=True)
class Place:
    """A node."""

    name: str
    host: str


class FrontCentre:
    """Use it with `async with`: Kamailio and both nodes run, and Kamailio has seen both."""

    nodes: dict[str, FrontNode]

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.http_port = free_port()
        self.tls_port = free_port()
        certificate, key = folder / "front.crt", folder / "front.key"
        make = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=front",
            "-days",
            "1",
        ]
        more = ["-addext", f"subjectAltName=IP:{ADDRESS}", "-out", str(certificate), "-keyout", str(key)]
        subprocess.run([*make, *more], check=True, capture_output=True)
        self.tls = ssl.create_default_context(cafile=str(certificate))
        settings = {
            "ACD_HOME": str(folder),
            "ACD_SIP_ADDRESS": ADDRESS,
            "ACD_SIP_PORT": str(self.port),
            "ACD_WS_PORT": str(self.http_port),
            "ACD_SIP_TLS_PORT": str(self.tls_port),
            "ACD_SIP_TLS_CERT": str(certificate),
            "ACD_SIP_TLS_KEY": str(key),
        }
        self.environment = Environment.from_env(settings, CHECKOUT)
        self._settings = settings
        centre = load_centre(CHECKOUT / "config", CHECKOUT / "ivr_flows")
        self.provider = Provider(folder / "provider", self.port)
        lab = TrunkSpec(
            "lab",
            addresses=(TRUNK_ADDRESS,),
            server=TRUNK_ADDRESS,
            port=self.port,
            caller_id_in=CallerIdIn.P_ASSERTED_IDENTITY,
        )
        main = TrunkSpec(
            "main",
            server=MAIN_ADDRESS,
            port=self.provider.port,
            login=Login("acd-main", "MAIN_PASSWORD"),
            registration=Registration(60, "4930"),
        )
        hidden = replace(centre.phones["1006"], encryption=Encryption.REQUIRED)
        centre = replace(
            centre,
            trunks={"lab": lab, "main": main},
            phones={**centre.phones, "1006": hidden},
            phone_networks=PHONE_NETWORKS,
        )
        variables = {"MAIN_PASSWORD": PROVIDER_PASSWORD}
        self.passwords = {phone: f"Password0of0{phone}" for phone in centre.phones}
        secrets = Secrets("AmiPassword0123456789", self.passwords)
        places = [Place(name, host) for name, host in NODES.items()]
        wanted = Wanted(centre, self.environment, secrets, places, variables)
        write_files(kamailio_files(wanted, CHECKOUT / "asterisk"))
        self.front = Front(self.environment.fronts, front_key(secrets.ami_password), names(places))
        self.nodes = {}
        for name, host in NODES.items():
            of_node = replace(
                self.environment, home=folder / name, sip_address=host, asterisk_host=host, front=self.server
            )
            files = asterisk_files(centre, of_node, secrets, CHECKOUT / "asterisk", variables)
            pjsip = files[of_node.asterisk_dir / "etc" / "pjsip.conf"]
            self.nodes[name] = FrontNode(folder / name, name, (host, self.port), pjsip)

    async def __aenter__(self) -> FrontCentre:
        # The nodes register at the provider when they start.
        await asyncio.gather(self.start(), asyncio.to_thread(self.provider.start))
        await asyncio.gather(*(node.__aenter__() for node in self.nodes.values()))
        await self.until_up(*self.nodes)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        await asyncio.gather(*(node.__aexit__(None, None, None) for node in self.nodes.values()))
        await asyncio.to_thread(self.provider.stop)

    @property
    def server(self) -> tuple[str, int]:
        """Where phones and callers send their requests."""
        return ADDRESS, self.port

    @property
    def log(self) -> str:
        """What Kamailio has logged."""
        return (self.environment.home / "kamailio" / "log" / "kamailio.log").read_text(errors="replace")

    async def start(self) -> None:
        """Kamailio."""
        self._kamailio = await Program.start(
            [str(CHECKOUT / "asterisk/kamailio/run")], extra_env=self._settings
        )

    async def stop(self) -> None:
        """Kamailio, with its children."""
        self._kamailio.signal(signal.SIGTERM)
        try:
            await self._kamailio.wait(5.0)
        except TimeoutError:
            os.killpg(self._kamailio.pid, signal.SIGKILL)
            await self._kamailio.wait(5.0)

    async def until_up(self, *names: str, limit_s: float = 10.0) -> None:
        """Kamailio gives new calls to these nodes and to no other."""

        async def so() -> bool:
            states = await self.front.states()
            return {name for name, state in states.items() if state.takes_calls} == set(names)

        await until(so, limit_s, f"new calls for {names}", self)


async def until(so: Callable[[], Awaitable[bool]], limit_s: float, what: str, centre: FrontCentre) -> None:
    """Asked again and again, as nothing tells of it. Raises WaitedTooLong with Kamailio's log."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit_s
    while True:
        try:
            if await so():
                return
        except Exception as error:
            if loop.time() > deadline:
                raise WaitedTooLong(f"waited {limit_s:g} s for {what}: {error!r}\n{centre.log}") from error
        if loop.time() > deadline:
            raise WaitedTooLong(f"waited {limit_s:g} s for {what}\n{centre.log}")
        await asyncio.sleep(_LOOK_EVERY_S)
