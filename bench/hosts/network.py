"""Hosts as network namespaces of this run alone, and what is dropped between them.

The run itself is in a network and among processes of its own (`enter`), where it is the host "rest" with a
bridge; each other host is one more network with a link to that. Nothing has a name outside, and the kernel
takes all of it away when the run's first process ends, however it ends.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from acd.errors import OperatorError
from tests.integration.centre import wait_until

REST = "10.77.0.1"
CALLERS = "10.77.0.2"
HOSTS = {"a": "10.77.0.11", "b": "10.77.0.12"}
BEYOND = {"rest": (REST, CALLERS), **{name: (address,) for name, address in HOSTS.items()}}
"""The addresses at each host."""
INSIDE = "ACD_HOSTS_INSIDE"
NEEDED = (
    "several hosts on one machine need root, with the right to make network namespaces (unshare --net --pid),"
    " bridges (ip, of iproute2) and packet filters in them (iptables)"
)
_APART = ("unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--")


@dataclass(frozen=True, slots=True)
class Drop:
    """What one host says to another and that does not arrive: the packet filter of the other one drops it.

    Not the sender's own, for that one tells the sender, as no network would. `ports` (TCP, at either end):
    only that. `share`: so much of it, by chance. `refused`: the filter answers that nobody is there, as many
    firewalls do, so that a connection fails at once and looks like a program that is not running.
    """

    sender: str
    to: str
    ports: tuple[int, ...] = ()
    share: float = 1.0
    refused: bool = False

    def rules(self) -> Iterable[list[str]]:
        """For iptables."""
        chance = [] if self.share >= 1.0 else ["-m", "statistic", "--mode", "random"]
        chance += [] if self.share >= 1.0 else ["--probability", f"{self.share:.2f}"]
        which = [["-p", "tcp", side, str(port)] for port in self.ports for side in ("--sport", "--dport")]
        if self.refused and not which:  # not ICMP, which carries the refusals of the other direction
            which = [["-p", "tcp"], ["-p", "udp"]]
        for address in BEYOND[self.sender]:
            for only in which or [[]]:
                yield ["INPUT", "-s", address, *only, *chance, "-j", "REJECT" if self.refused else "DROP"]


def both_ways(
    one: str, other: str, ports: tuple[int, ...] = (), share: float = 1.0, *, refused: bool = False
) -> tuple[Drop, ...]:
    """What the two say to each other."""
    return Drop(one, other, ports, share, refused), Drop(other, one, ports, share, refused)


def may_make_hosts() -> str:
    """'' where hosts can be made here, else why not."""
    if os.geteuid() != 0:
        return f"{NEEDED}; this is not root"
    probe = (
        "ip link add acd-probe type bridge && iptables -A INPUT -m statistic --mode random --probability 0.5"
        " -j DROP && iptables -A INPUT -p tcp -j REJECT"
    )
    try:
        done = subprocess.run([*_APART, "sh", "-c", probe], capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{NEEDED}: {error}"
    return "" if done.returncode == 0 else f"{NEEDED}: {done.stderr.strip()}"


def enter(arguments: Sequence[str]) -> None:
    """Be in a network and among processes of our own; returns there. Raises OperatorError."""
    if os.environ.get(INSIDE):
        return
    if why := may_make_hosts():
        raise OperatorError(why)
    command = [*_APART, sys.executable, "-m", "bench.hosts", *arguments]
    os.execvpe(command[0], command, {**os.environ, INSIDE: "1"})  # noqa: S606


class Network:
    """`make` it inside; `dropping` of it what is to be lost, until `passing` again."""

    def __init__(self) -> None:
        self._holders: dict[str, subprocess.Popen[bytes]] = {}
        self._dropped: list[Drop] = []

    def make(self) -> None:
        """The bridge, and a link to it for each host. Raises CalledProcessError."""
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "link", "add", "centre", "type", "bridge")
        for address in BEYOND["rest"]:
            _run("ip", "address", "add", f"{address}/24", "dev", "centre")
        _run("ip", "link", "set", "centre", "up")
        own = Path("/proc/self/ns/net").readlink()
        for name, address in HOSTS.items():
            holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
            self._holders[name] = holder
            net = Path(f"/proc/{holder.pid}/ns/net")
            wait_until(lambda net=net: net.readlink() != own, 5.0, f"the network of host {name}")  # type: ignore[misc]
            _run(
                "ip",
                "link",
                "add",
                f"to-{name}",
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                str(holder.pid),
            )
            _run("ip", "link", "set", f"to-{name}", "master", "centre", "up")
            for command in ("link set lo up", f"address add {address}/24 dev eth0", "link set eth0 up"):
                _run(*self.inside(name, "ip", *command.split()))

    def inside(self, host: str, *command: str | Path) -> list[str]:
        """A command as it is run at a host; its process is the command's."""
        if host == "rest":
            return [*map(str, command)]
        return ["nsenter", f"--net=/proc/{self._holders[host].pid}/ns/net", "--", *map(str, command)]

    def drop(self, drops: Iterable[Drop]) -> None:
        """From now on."""
        for each in drops:
            self._dropped.append(each)
            self._filter("-A", each)

    def let_pass(self, drops: Iterable[Drop]) -> None:
        """What was dropped passes again."""
        for each in drops:
            if each in self._dropped:
                self._dropped.remove(each)
                self._filter("-D", each)

    def let_all_pass(self) -> None:
        """Nothing is dropped."""
        self.let_pass(list(self._dropped))

    def _filter(self, how: str, drop: Drop) -> None:
        for rule in drop.rules():
            _run(*self.inside(drop.to, "iptables", "-w", how, *rule))

    def dropped_packets(self, host: str) -> int:
        """By the rules that hold there now."""
        done = _run(*self.inside(host, "iptables", "-w", "-L", "-n", "-v", "-x"))
        return sum(
            int(count) for count in re.findall(r"^\s*(\d+)\s+\d+\s+(?:DROP|REJECT)", done, re.MULTILINE)
        )

    def remove(self) -> None:
        """What the end of this process would take away, too."""
        for holder in self._holders.values():
            holder.kill()
            holder.wait(5)
        self._holders.clear()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OperatorError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
