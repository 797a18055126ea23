"""Run in a network of its own: `python -m tests.integration.cabled RULES` says who is answered, as JSON.

First without a packet filter, then with RULES, loaded twice, as a machine does that starts again.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

HOST, PHONE, PROVIDER, SCANNER = "10.78.0.1", "10.78.0.2", "10.78.0.3", "10.78.0.4"
SIP_PORT, OTHER_PORT = 5060, 8080
WAIT_S = 0.3
"""For an answer, on a cable without any delay."""
QUESTION = b"OPTIONS sip:acd SIP/2.0\r\n\r\n"


def main(rules: str) -> None:
    """Both rounds."""
    with _far_end() as pid:
        for port in (SIP_PORT, OTHER_PORT):
            _answer(port)
        rounds = [_asked(pid)]
        for _ in range(2):
            subprocess.run(("nft", "-f", rules), check=True)
        rounds.append(_asked(pid))
    sys.stdout.write(json.dumps(rounds))


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
                *((*far, "addr", "add", f"{each}/24", "dev", "far") for each in (PHONE, PROVIDER, SCANNER)),
                (*far, "link", "set", "far", "up"),
            ):
                subprocess.run(command, check=True)
            yield keeper.pid
        finally:
            keeper.send_signal(signal.SIGKILL)


def _answer(port: int) -> None:
    """Whatever comes, by UDP and TCP."""
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


def _asked(pid: int) -> dict[str, dict[str, bool]]:
    """Who is answered: the host itself, and the others from the far end."""
    found = {}
    for address in (PHONE, PROVIDER, SCANNER):
        inside = ("nsenter", "-t", str(pid), "-n", sys.executable, "-m", __spec__.name, "--from", address)
        found[address] = json.loads(subprocess.run(inside, check=True, capture_output=True).stdout)
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
    else:
        assert os.getpid() == 1, "not in a network of its own"
        main(sys.argv[1])
