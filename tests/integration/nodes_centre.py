"""A whole call centre on two Asterisk nodes, each at an address of its own, with one controller.

There is no Kamailio here: phones are registered at each node by themselves, and a test dials at the node that
it means.
"""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from tests.integration.centre import CHECKOUT, Centre, wait_until
from tests.integration.sip.phone import RING, Answering, Phone

HOSTS = {"a": "127.0.0.41", "b": "127.0.0.42"}


class NodesCentre(Centre):
    """Two nodes, one controller. `hosts`: where each node is."""

    hosts: Mapping[str, str] = HOSTS

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.env["ACD_ASTERISK_NODES"] = ",".join(f"{name}={host}" for name, host in self.hosts.items())
        self.env["ACD_AGI_FROM"] = "127.0.0.0/8"
        self.asterisks: dict[str, subprocess.Popen[bytes]] = {}

    def provision(self) -> None:
        """With the account by which a drill ends a node: that is there with several controllers only."""
        alone, self.env = self.env, {"ACD_CONTROLLERS": "one=127.0.0.1", **self.env}
        super().provision()
        self.env = alone

    def _start_asterisk(self) -> None:
        for node in self.hosts:
            self.start_node(node)

    def at_host(self, node: str, *command: str | Path) -> list[str]:
        """A command as it is to be run where this node is."""
        return [*map(str, command)]

    def start_node(self, node: str) -> None:
        """Until it is fully booted."""
        self.asterisks[node] = subprocess.Popen(
            self.at_host(node, CHECKOUT / "asterisk" / "run"),
            env={**self.env, "ACD_ASTERISK_NODE": node},
            stdout=self._log,
            stderr=self._log,
        )
        wait_until(lambda: self.at(node, "core waitfullybooted") is not None, 20, f"Asterisk {node}")

    def kill_node(self, node: str) -> None:
        """kill -9."""
        self.asterisks[node].kill()
        self.asterisks[node].wait(10)

    def keep_node(self, node: str) -> None:
        """When it has ended, start it again: its keeper's part."""
        self.asterisks[node].wait(60)
        self.start_node(node)

    def shut_manager(self, node: str, *, shut: bool) -> None:
        """Nobody listens any more at the node's manager interface, or somebody does again; calls go on."""
        (file,) = (
            path for path in self.home.rglob("manager.conf") if node in path.relative_to(self.home).parts
        )
        was, wanted = ("yes", "no") if shut else ("no", "yes")
        file.write_text(file.read_text().replace(f"\nenabled = {was}\n", f"\nenabled = {wanted}\n", 1))
        self.at(node, "manager reload")
        told = self.at(node, "manager show connected") or ""
        for line in told.splitlines() if shut else ():
            if line.split()[:1] == ["acd"]:
                self.at(node, f"manager kick session {line.split()[4]}")

    def stop(self) -> None:
        """End all, by pid."""
        self.stop_controller()
        for process in self.asterisks.values():
            process.terminate()
            process.wait(10)
        self._log.close()

    def at(self, node: str, command: str) -> str | None:
        """What a node's console says; None when it does not answer."""
        done = subprocess.run(
            [CHECKOUT / "asterisk" / "run", "-rx", command],
            env={**self.env, "ACD_ASTERISK_NODE": node},
            capture_output=True,
            check=False,
        )
        return done.stdout.decode() if done.returncode == 0 else None

    def console(self, command: str) -> str | None:
        """What all nodes say together."""
        told = [self.at(node, command) for node in self.hosts]
        return "".join(text or "" for text in told)

    def server_of(self, node: str) -> tuple[str, int]:
        """Where it takes SIP."""
        return self.hosts[node], self.sip_port

    def customer_at(self, node: str, from_number: str, tone_hz: float | None = None) -> Phone:
        """A caller from the trunk, at this node."""
        return Phone(from_number, server=self.server_of(node), local_host="127.0.0.2", tone_hz=tone_hz)

    @asynccontextmanager
    async def phones_at(
        self,
        number: str,
        *,
        answering: Answering = RING,
        tone_hz: float | None = None,
        nodes: Sequence[str] = tuple(HOSTS),
    ) -> AsyncIterator[dict[str, Phone]]:
        """An agent's phone, by node: registered at each, as Kamailio would have it."""
        async with AsyncExitStack() as stack:
            found = {}
            for node in nodes:
                phone = Phone(
                    number,
                    self.passwords[number],
                    server=self.server_of(node),
                    answering=answering,
                    tone_hz=tone_hz,
                )
                found[node] = await stack.enter_async_context(phone)
                await phone.register()
            yield found
