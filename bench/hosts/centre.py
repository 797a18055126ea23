"""Two hosts with an Asterisk node and a controller each; a third has Redis, PostgreSQL and all phones."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from acd.errors import OperatorError, RequestRefused
from acd.records.record import CallRecord
from acd.records.store import RecordStore
from acd.runtime.control import request
from acd.telephony import cdr
from bench.hosts.network import CALLERS, HOSTS, REST, Network
from bench.load_centre import FIRST_PHONE, write_load
from tests.integration.centre import CHECKOUT, wait_until
from tests.integration.nodes_centre import NodesCentre
from tests.integration.standby_centre import NAMES, StandbyCentre
from tests.postgres import PostgresProcess
from tests.redis_server import RedisProcess

HOST_OF = dict(zip(NAMES, HOSTS, strict=True))
"""The host of each controller."""
CONTROLLER_AT = {host: name for name, host in HOST_OF.items()}
FALLBACK_AFTER_S = 4
RECORDS_MAX = 200_000


class HostsCentre(NodesCentre, StandbyCentre):
    """`phones` are the agents' phones. To be made and used inside of the run's own network."""

    hosts = HOSTS
    copied = False  # each has a network of its own
    starts_within_s = 120.0

    def __init__(self, folder: Path, agents: int) -> None:
        self.network = Network()
        self.network.make()
        self.phones = tuple(str(FIRST_PHONE + number) for number in range(agents))
        super().__init__(folder)
        low = random.randrange(33_000, 50_000, 1000)
        self.redis = RedisProcess(folder, password=self.env["ACD_REDIS_PASSWORD"], host=REST)
        self.postgres = PostgresProcess(host=REST, synchronous_commit="on")
        system = self.config / "system.yml"
        text = system.read_text(encoding="utf-8")
        system.write_text(
            "\n".join(
                f"redis: {{port: {self.redis.port}, database: 1, prefix: test}}"
                if "prefix: test" in line
                else line
                for line in text.splitlines()
            )
        )
        ports = dict(zip(NAMES, (20_001, 20_002), strict=True))
        own_addresses = {name: HOSTS[host] for name, host in HOST_OF.items()}
        del self.env["ACD_AGI_FROM"]
        self.env |= {
            "ACD_LOG": "info",
            "ACD_LOG_FORMAT": "json",
            "ACD_RTP_PORTS": f"{low}-{low + 7999}",
            "ACD_REDIS_HOST": REST,
            "ACD_CONTROLLERS": ",".join(f"{n}={own_addresses[n]}:{ports[n]}" for n in NAMES),
            "ACD_CONTROLLER_HOST": own_addresses[NAMES[0]],
        }
        for name, env in self.envs.items():
            own = {key: env[key] for key in ("ACD_CONTROLLER", "ACD_AGI_PORT", "ACD_HEALTH_PORT")}
            env.update(self.env | own)
            env |= {"ACD_CONTROLLER_HOST": own_addresses[name], "ACD_HTTP_ADDRESS": own_addresses[name]}
        self.logs = {name: folder / f"{name}.log" for name in NAMES}
        self.held_down: set[str] = set()  # controllers and nodes that nobody starts again for now

    def adapt(self) -> None:
        """As under load; the fallback queue takes over sooner, and callers have another address."""
        write_load(self.config, self.flows, self.phones)
        _replace(self.config / "system.yml", "fallback_after_s: 8", f"fallback_after_s: {FALLBACK_AFTER_S}")
        _replace(self.config / "trunks.yml", "addresses: [127.0.0.2]", f"addresses: [{CALLERS}]")

    # --- its life -------------------------------------------------------------------------------------
    def start(self) -> None:
        """All of it. What was begun is to be ended with `stop`, whatever happens."""
        self.redis.start()
        self.postgres.start()
        self.database_url = self.postgres.url(self.postgres.new_database())
        for env in (self.env, *self.envs.values()):
            env["ACD_DATABASE_URL"] = self.database_url
        self.provision()
        self._start_asterisk()
        self.start_controller()

    def at_host(self, node: str, *command: str | Path) -> list[str]:
        """In the network of the node."""
        return self.network.inside(node, *command)

    def start_one(self, name: str) -> None:
        """A controller at its host, unless it runs."""
        running = self.processes.get(name)
        if running is None or running.poll() is not None:
            with self.logs[name].open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    self.at_host(HOST_OF[name], sys.executable, "-m", "acd", "run"),
                    env=self.envs[name],
                    cwd=CHECKOUT,
                    stdout=log,
                    stderr=log,
                )
        self._controller = self.processes[name]

    def health(self, name: str) -> dict[str, Any] | None:
        """What it says at its own socket, for health pages are out of reach while a host is cut off."""
        try:
            return asyncio.run(request(self.socket_of(name), do="leadership", limit_s=1.0))
        except (OperatorError, RequestRefused):
            return None

    def stop(self) -> None:
        """End all, by pid."""
        try:
            self.network.let_all_pass()
            self.stop_controller()
            for process in self.asterisks.values():
                process.send_signal(signal.SIGCONT)
                process.terminate()
                process.wait(30)
            self._log.close()
        finally:
            self.redis.stop()
            self.postgres.remove()
            self.network.remove()

    def keep(self) -> list[str]:
        """Start whatever has ended and is not held down, as a service manager; which nodes it started."""
        for name in NAMES:
            process = self.processes.get(name)
            if name not in self.held_down and process is not None and process.poll() is not None:
                self.start_one(name)
        started = []
        for node in HOSTS:
            if node not in self.held_down and self.asterisks[node].poll() is not None:
                self.start_node(node)
                wait_until(lambda node=node: self._takes_calls(node), 10.0, f"SIP of node {node}")  # type: ignore[misc]
                started.append(node)
        return started

    def _takes_calls(self, node: str) -> bool:
        return "transport-udp" in (self.at(node, "pjsip show transports") or "")

    # --- what it says -----------------------------------------------------------------------------------
    async def ask_one(self, name: str, do: str, limit_s: float = 1.0, **fields: Any) -> dict[str, Any] | None:
        """A controller, at its own socket: no network is between. None where it gives no answer."""
        try:
            return await request(self.socket_of(name), do=do, limit_s=limit_s, **fields)
        except (OperatorError, RequestRefused, OSError, ValueError):
            return None

    async def ask_leader(self, do: str, limit_s: float = 2.0, **fields: Any) -> dict[str, Any] | None:
        """Whoever leads; None where nobody does, or it does not answer."""
        for name in sorted(NAMES, key=lambda name: name != self.leader):
            told = await self.ask_one(name, "leadership", min(limit_s, 1.0))
            if told is not None and told["leads"]:
                return await self.ask_one(name, do, limit_s, **fields)
        return None

    async def leaders(self) -> list[dict[str, Any]]:
        """What each says that takes itself for the leader; notes the last one."""
        told = [await self.ask_one(name, "leadership") for name in NAMES]
        found = [each for each in told if each is not None and each["leads"]]
        if len(found) == 1:
            self.note_leader(str(found[0]["name"]))
        return found

    async def why_not_whole(self) -> str:
        """'' where one leads, knows all nodes and routes calls, and the other stands by and sees it."""
        found = await self.leaders()
        if len(found) != 1:
            return f"{len(found)} lead"
        other = await self.ask_one(self.other(), "leadership")
        if other is None or other["leader"] != self.leader:
            return f"the other one says {other}"
        health = await self.ask_one(self.leader, "health")
        nodes = await self.ask_one(self.leader, "nodes")
        if health is None or nodes is None or not health["dispatching"] or not health["live_state_in_redis"]:
            return f"the leader says {health}"
        if not all(node["known"] and node["phones"] >= len(self.phones) for node in nodes["nodes"]):
            return f"the leader says of nodes {nodes['nodes']}"
        return f"records wait: {health}" if health["records_away_s"] else ""

    def cdr_rows(self) -> list[cdr.Row]:
        """Asterisk's own account, of both nodes."""
        files = [self.home / "asterisk" / node / "log" / "cdr-custom" / "acd.csv" for node in HOSTS]
        return [row for file in files if file.exists() for row in cdr.rows(file)]

    def records(self) -> list[CallRecord]:
        """Every record."""
        now = datetime.now(UTC)
        with RecordStore(self.database_url) as store:
            return store.calls(now - timedelta(days=1), now + timedelta(days=1), limit=RECORDS_MAX)


@contextmanager
def made(folder: Path, agents: int) -> Iterator[HostsCentre]:
    """Started; ended with the `with`."""
    centre = HostsCentre(folder, agents)
    try:
        centre.start()
        yield centre
    finally:
        centre.stop()


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, (file, old)
    file.write_text(text.replace(old, new), encoding="utf-8")
