"""Run in a network of its own: `python -m tests.integration.cabled RULES` says who is answered, as JSON.

First without a packet filter, then with RULES, loaded twice, as a machine does that starts again; third,
whether an answer comes in then from a stranger whom the host has asked; last, whether one who was answered
before the rules were there still is, from the same port.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HOST, PHONE, PROVIDER, SCANNER = "10.78.0.1", "10.78.0.2", "10.78.0.3", "10.78.0.4"
MOVED = "10.78.0.5"
"""The provider's new address, which nobody has told the filter."""
SIP_PORT, OTHER_PORT = 5060, 8080
WAIT_S = 0.3
"""For an answer, on a cable without any delay."""
QUESTION = b"OPTIONS sip:acd SIP/2.0\r\n\r\n"


def main(rules: str) -> None:
    """Both rounds."""
    with _far_end() as pid:
        sip, _ = (_answer(port) for port in (SIP_PORT, OTHER_PORT))
        before = _asked(pid)
        with _one_who_stays(pid) as is_still_answered:
            for _ in range(2):
                subprocess.run(("nft", "-f", rules), check=True)
            stays = is_still_answered()
        after = _asked(pid)
        sys.stdout.write(json.dumps([before, after, _hears_an_answer(sip, pid), stays]))


@contextmanager
def _far_end() -> Iterator[int]:
    """A second network at the other end of a cable: the process that keeps it."""
    with subprocess.Popen(
        ("unshare", "--net", "--", "sh", "-c", "echo; exec sleep 60"), stdout=subprocess.PIPE
    ) as keeper:
        try:
            assert keeper.stdout is not None
            keeper.stdout.readline()  # it is in its own network from here on
            far = ("nsenter", "-t", str(keeper.pid), "-n", "ip")
            cable = f"link add near type veth peer name far netns {keeper.pid}"
            for command in (
                ("ip", *cable.split()),
                ("ip", "addr", "add", f"{HOST}/24", "dev", "near"),
                *(("ip", "link", "set", device, "up") for device in ("near", "lo")),
                *(
                    (*far, "addr", "add", f"{each}/24", "dev", "far")
                    for each in (PHONE, PROVIDER, SCANNER, MOVED)
                ),
                (*far, "link", "set", "far", "up"),
            ):
                subprocess.run(command, check=True)
            yield keeper.pid
        finally:
            keeper.send_signal(signal.SIGKILL)


def _answer(port: int) -> socket.socket:
    """Whatever comes, by UDP and TCP; the socket of the former."""
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("0.0.0.0", port))
    stream = socket.create_server(("0.0.0.0", port))

    def by_datagram() -> None:
        while True:
            said, sender = datagrams.recvfrom(1500)
            datagrams.sendto(said, sender)

    def by_stream() -> None:
        while True:
            connection, _ = stream.accept()
            with connection:
                connection.sendall(connection.recv(1500))

    for each in (by_datagram, by_stream):
        threading.Thread(target=each, daemon=True).start()
    return datagrams


def _inside(pid: int, *how: str) -> list[str]:
    return ["nsenter", "-t", str(pid), "-n", sys.executable, "-m", __spec__.name, *how]


def _hears_an_answer(sip: socket.socket, pid: int) -> bool:
    """Whether the answer to what is sent from the port of SIP comes in: it is echoed then, as all is."""
    with subprocess.Popen(_inside(pid, "--moved"), stdout=subprocess.PIPE) as moved:
        assert moved.stdout is not None
        moved.stdout.readline()  # it listens
        sip.sendto(QUESTION, (MOVED, SIP_PORT))
        return bool(json.loads(moved.stdout.readline()))


_CHAIN = "add chain inet t c { type filter hook input priority 0; }"
TRACKING = f"add table inet t; {_CHAIN}; add rule inet t c ct state new"
"""The kernel knows who talks with whom, as it does on machines with Docker or a firewall already."""


@contextmanager
def _one_who_stays(pid: int) -> Iterator[Callable[[], bool]]:
    """A scanner that is answered, and asks again from the same port when wanted."""
    subprocess.run(("nft", TRACKING), check=True)
    with subprocess.Popen(
        _inside(pid, "--stays"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as scanner:
        assert scanner.stdin is not None
        assert scanner.stdout is not None
        out, ask = scanner.stdout, scanner.stdin
        assert json.loads(out.readline()), "not answered before"

        def is_still_answered() -> bool:
            ask.write("\n")
            ask.flush()
            return bool(json.loads(out.readline()))

        yield is_still_answered


def _asks_twice() -> None:
    """At the far end: ask, and once more when told to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(WAIT_S)
        asking.bind((SCANNER, SIP_PORT))
        asking.connect((HOST, SIP_PORT))
        for _ in range(2):
            asking.send(QUESTION)
            try:
                answered = asking.recv(1500) == QUESTION
            except TimeoutError:
                answered = False
            print(json.dumps(answered), flush=True)  # noqa: T201 - to the one that has started this
            sys.stdin.readline()


def _is_echoed() -> None:
    """At the far end: answer once, and say whether that was heard."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind((MOVED, SIP_PORT))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        _, asker = own.recvfrom(1500)
        own.settimeout(WAIT_S)
        own.sendto(b"SIP/2.0 200 OK\r\n\r\n", asker)
        try:
            heard = own.recv(1500).startswith(b"SIP/2.0 200")
        except TimeoutError:
            heard = False
        sys.stdout.write(json.dumps(heard))


def _asked(pid: int) -> dict[str, dict[str, bool]]:
    """Who is answered: the host itself, and the others from the far end."""
    found = {}
    for address in (PHONE, PROVIDER, SCANNER):
        asking = subprocess.run(_inside(pid, "--from", address), check=True, capture_output=True)
        found[address] = json.loads(asking.stdout)
    return {**found, HOST: _answers(HOST)}


def _answers(address: str) -> dict[str, bool]:
    """What `address` is answered."""
    return {
        "udp": _is_answered(address, SIP_PORT, socket.SOCK_DGRAM),
        "tcp": _is_answered(address, SIP_PORT, socket.SOCK_STREAM),
        "other": _is_answered(address, OTHER_PORT, socket.SOCK_STREAM),
    }


def _is_answered(address: str, port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as asking:
        asking.settimeout(WAIT_S)
        asking.bind((address, 0))
        try:
            asking.connect((HOST, port))
            asking.send(QUESTION)
            return asking.recv(1500) == QUESTION
        except TimeoutError:
            return False


if __name__ == "__main__":
    if sys.argv[1] == "--from":
        sys.stdout.write(json.dumps(_answers(sys.argv[2])))
    elif sys.argv[1] == "--moved":
        _is_echoed()
    elif sys.argv[1] == "--stays":
        _asks_twice()
    else:
        assert os.getpid() == 1, "not in a network of its own"
        main(sys.argv[1])
