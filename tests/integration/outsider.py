"""An outsider who knocks at every door at once, as a program of its own, so that nobody is slow for its sake.

usage: python -m tests.integration.outsider SIZES, which is JSON of `Sizes`; the ports are those in the
environment. It ends when all is done and prints what it has seen, as JSON, in its last line.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.integration.sip.programs import Program
from tests.integration.sip.sipp_scenarios import guessing_scenario

NAMES = ("100", "1001", "admin", "test", "anonymous", "9" * 300, "%0d%0aX", "'", "w1001")
GUESSERS = 4


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each. WebSockets come `waves` times, so many at once; what is half open stays `hold_s`."""

    half_open: int
    sockets: int
    waves: int
    sip_messages: int
    sipp_calls: int
    logins: int
    every_port: bool
    hold_s: float


class Outsider:
    """`seen` counts what came of it. What must not be, such as a stranger let in, raises AssertionError."""

    def __init__(self, sizes: Sizes, environment: Mapping[str, str]) -> None:
        self.sizes = sizes
        self.seen: Counter[str] = Counter()
        self._ports = [int(v) for k, v in environment.items() if k.startswith("ACD_") and k.endswith("_PORT")]
        self._sip, self._agi, self._http = (
            int(environment[f"ACD_{name}_PORT"]) for name in ("SIP", "AGI", "HTTP")
        )

    async def everything(self) -> None:
        """At once."""
        doors: tuple[Callable[[], Awaitable[None]], ...] = (
            self.scan_ports, self.scan_sip, self.scan_sip_by_sipp, self.guess_passwords,
            self.knock_without_session, self.half_open,
        )  # fmt: skip
        await asyncio.gather(*(door() for door in doors))

    async def scan_ports(self) -> None:
        """Connects, says something that is nothing, and leaves."""
        others = range(1, 65_536) if self.sizes.every_port else range(20_000, 32_000, 40)
        for port in [*self._ports, *others]:
            with contextlib.suppress(OSError):
                async with asyncio.timeout(2):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(b"\x16\x03\x01\0\xff GET / HTTP/9\r\n\r\n")
                    writer.close()
                    self.seen["open ports"] += 1

    async def scan_sip(self) -> None:
        """OPTIONS, REGISTER and INVITE with many names."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(("127.0.0.3", 0))
            udp.setblocking(False)
            mine = "{}:{}".format(*udp.getsockname())
            for number in range(self.sizes.sip_messages):
                method = ("OPTIONS", "REGISTER", "INVITE")[number % 3]
                name = NAMES[number % len(NAMES)]
                udp.sendto(_request(method, name, mine, number), ("127.0.0.1", self._sip))
                self.seen["SIP messages"] += 1
                await asyncio.sleep(0.002)
                with contextlib.suppress(BlockingIOError):
                    while True:
                        answer = udp.recv(4096)
                        status = answer.split(b" ", 2)[1].decode("ascii", "replace")
                        assert status != "200" or b" OPTIONS\r" in answer, "a stranger was let in"
                        self.seen["SIP answers"] += 1

    async def scan_sip_by_sipp(self) -> None:
        """SIPp guesses passwords of phones, those that there are among them, and dials outside."""
        with tempfile.TemporaryDirectory(prefix="sipp-scan-") as name:
            folder, calls = Path(name), str(self.sizes.sipp_calls)
            (folder / "guess.xml").write_text(guessing_scenario())
            rows = [
                f"{user};[authentication username={user} password=guess-{user}]"
                for user in ("1001", "w1001", "100", "admin", "test")
            ]
            (folder / "names.csv").write_text("\n".join(["SEQUENTIAL", *rows, ""]))
            program = await Program.start(
                [
                    *("sipp", f"127.0.0.1:{self._sip}", "-sf", "guess.xml", "-inf", "names.csv"),
                    *("-i", "127.0.0.4", "-bind_local", "-m", calls, "-r", "100", "-nostdin"),
                    *("-trace_err", "-error_file", "errors.log"),
                ],
                cwd=folder,
            )
            code = await program.wait(60 + self.sizes.sipp_calls / 20)
            errors = folder / "errors.log"
            told = errors.read_text()[:2000] if errors.exists() else program.text[-2000:]
            assert code == 0, f"SIPp was not refused each time, or not answered: {told}"
            self.seen["SIPp: refused each time"] += self.sizes.sipp_calls

    async def guess_passwords(self) -> None:
        """As programs would, several at once."""
        numbers = iter(range(self.sizes.logins))
        async with self._browser() as browser:

            async def guess() -> None:
                for number in numbers:
                    body = {"username": "anna" if number % 2 else "admin", "password": f"guess {number}"}
                    async with browser.post("/api/session", json=body) as answer:
                        self.seen[f"sign-in {answer.status}"] += 1
                        assert answer.status in (401, 403, 429), answer.status

            await asyncio.gather(*(guess() for _ in range(GUESSERS)))

    async def knock_without_session(self) -> None:
        """WebSockets of nobody, to the live picture and to phones, all of a wave at once."""
        for _ in range(self.sizes.waves):
            async with self._browser() as browser:
                await asyncio.gather(*(self._knock(browser, number) for number in range(self.sizes.sockets)))
            await asyncio.sleep(self.sizes.hold_s / self.sizes.waves)

    async def _knock(self, browser: aiohttp.ClientSession, number: int) -> None:
        try:
            await browser.ws_connect("/sip" if number % 2 else "/api/live", protocols=("sip",))
        except aiohttp.WSServerHandshakeError as error:
            self.seen[f"WebSocket {error.status}"] += 1
        else:
            raise AssertionError("a WebSocket was opened without a session")

    async def half_open(self) -> None:
        """FastAGI connections that say nothing, all kept for a while."""
        kept: list[asyncio.StreamWriter] = []
        try:
            for _ in range(self.sizes.half_open):
                with contextlib.suppress(OSError):
                    kept.append((await asyncio.open_connection("127.0.0.1", self._agi))[1])
            self.seen["half-open FastAGI"] += len(kept)
            await asyncio.sleep(self.sizes.hold_s)
        finally:
            for writer in kept:
                writer.transport.abort()

    def _browser(self) -> aiohttp.ClientSession:
        url = f"http://127.0.0.1:{self._http}"
        connector = aiohttp.TCPConnector(limit=0)  # as many at once as there are
        return aiohttp.ClientSession(url, headers={"Origin": url}, connector=connector)


def _request(method: str, name: str, mine: str, number: int) -> bytes:
    return (
        f"{method} sip:{name}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {mine};branch=z9hG4bK{number}\r\n"
        f"From: <sip:{name}@x>;tag={number}\r\nTo: <sip:{name}@127.0.0.1>\r\nCall-ID: scan-{number}\r\n"
        f"CSeq: 1 {method}\r\nContact: <sip:{name}@{mine}>\r\nMax-Forwards: 70\r\n"
        "User-Agent: friendly-scanner\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def main() -> None:
    """See above."""
    sizes = Sizes(**json.loads(sys.argv[1]))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, sizes.half_open + sizes.sockets + 1000), hard))
    outsider, began = Outsider(sizes, os.environ), time.monotonic()
    asyncio.run(outsider.everything())
    outsider.seen["seconds"] = round(time.monotonic() - began)
    sys.stdout.write(json.dumps(outsider.seen) + "\n")


if __name__ == "__main__":
    main()
