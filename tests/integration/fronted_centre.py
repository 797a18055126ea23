"""A whole call centre: Kamailio in front, two Asterisk nodes behind it, one controller.

Phones and trunks know Kamailio's address only, so `phone`, `customer` and `server` are those of any centre.
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

from acd.errors import OperatorError
from acd.parts import front_of
from acd.settings.environment import Environment
from acd.settings.secrets import load_or_create_secrets
from acd.telephony.front import Front, NodeState
from tests.integration.centre import CHECKOUT, wait_until
from tests.integration.nodes_centre import HOSTS, NodesCentre
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.phone import Phone

BY_HOST = {host: name for name, host in HOSTS.items()}


class FrontedCentre(NodesCentre):
    """As `NodesCentre`, with Kamailio."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.env["ACD_KAMAILIO"] = "127.0.0.1"
        self._environment = Environment.from_env(self.env, CHECKOUT)
        self._kamailio: subprocess.Popen[bytes] | None = None

    @property
    def front(self) -> Front:
        """Its control port, to look at; only the controller is to tell it anything."""
        secrets = load_or_create_secrets(self.home / "secrets.yml", self.settings.phones)
        front = front_of(self._environment, secrets.ami_password)
        assert front is not None
        return front

    def _start_asterisk(self) -> None:
        super()._start_asterisk()
        self.start_kamailio()

    def start_kamailio(self) -> None:
        """Until it has seen both nodes."""
        self._kamailio = subprocess.Popen(
            [CHECKOUT / "asterisk" / "kamailio" / "run"],
            env=self.env,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        wait_until(
            lambda: all(each.up for each in self.states().values()) and bool(self.states()), 20, "Kamailio"
        )

    def stop_kamailio(self) -> None:
        """With its children."""
        if self._kamailio is not None:
            self._kamailio.terminate()
            self._kamailio.wait(15)
            self._kamailio = None

    def stop(self) -> None:
        """Kamailio, too."""
        self.stop_kamailio()
        super().stop()

    def states(self) -> dict[str, NodeState]:
        """Of the nodes, as Kamailio has them; empty while it does not answer."""
        try:
            return asyncio.run(self.front.states())
        except OperatorError:
            return {}

    async def until_takes_calls(self, *names: str, limit_s: float = 10.0) -> None:
        """Kamailio gives new calls to these nodes, and to no other."""

        def so() -> bool:
            return {name for name, state in self.states().items() if state.takes_calls} == set(names)

        await asyncio.to_thread(wait_until, so, limit_s, f"new calls for {names}")

    def new_phone(self, number: str) -> Phone:
        """One that the configuration has got since the start."""
        numbers = [*self.passwords, number]
        self.passwords = load_or_create_secrets(self.home / "secrets.yml", numbers).phone_passwords
        return self.phone(number)


def node_that_rings(call: PhoneCall) -> str:
    """Whose call it is: sound is to come straight from there."""
    host = call.invite.require("Contact").partition("@")[2].partition(":")[0]
    return BY_HOST[host]
