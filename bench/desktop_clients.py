"""The browsers of `script/bench desktop`: WebSocket clients in a process of their own.

`python -m bench.desktop_clients URL FILE SECONDS`: FILE has a session's key and topics for each client. When
all have seen everything it says `ready` and begins to count; at the end it prints how late each change came,
and how many bytes came for each client, by its topics.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from acd.web.identity import COOKIE

AGENT = "agent:"
PING_EVERY_S = 5.0


class Clients:
    """All of them; `late_ms` has an entry for each change that each of them was told.

    `heard`: characters of JSON by topics, once everything has been told.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.late_ms: list[float] = []
        self.heard: Counter[str] = Counter()
        self.counts = False
        self.closed = 0
        self._ready = 0
        self.all_ready = asyncio.Event()
        self._wanted = 0

    async def run(self, clients: Sequence[dict[str, Any]], seconds: float) -> None:
        """Until the time is over."""
        self._wanted = len(clients)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            tasks = [asyncio.create_task(self._one(session, client)) for client in clients]
            await self.all_ready.wait()
            print("ready", flush=True)  # noqa: T201 - to the process that has started this one
            self.counts = True
            await asyncio.sleep(seconds)
            self.counts = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, session: aiohttp.ClientSession, client: dict[str, Any]) -> None:
        headers = {"Cookie": f"{COOKIE}={client['key']}", "Origin": self._url}
        where = f"{self._url}/api/live"
        async with session.ws_connect(where, headers=headers, max_msg_size=0) as socket:  # as browsers do
            await socket.send_json({"do": "watch", "topics": client["topics"]})
            pinging = asyncio.create_task(_ping(socket))
            missing, seen = set(client["topics"]), dict[str, float]()
            try:
                async for message in socket:
                    if self.counts:
                        self.heard[",".join(client["topics"])] += len(message.data)
                    self._hear(orjson.loads(message.data), time.time(), missing, seen)
            finally:
                pinging.cancel()
        self.closed += 1

    def _hear(self, told: dict[str, Any], now: float, missing: set[str], seen: dict[str, float]) -> None:
        """`missing`: topics that have not been told yet; `seen`: since when each agent's state lasts."""
        if told["type"] == "all" and told["topic"] in missing:
            missing.discard(told["topic"])
            if not missing:
                self._ready += 1
                if self._ready == self._wanted:
                    self.all_ready.set()
        elif told["type"] == "change" and self.counts:
            for key, value in told["set"].items():
                since = value["since_at"] if key.startswith(AGENT) else None
                if since is not None and seen.get(key) != since:  # else something else has changed
                    seen[key] = since
                    if now - since < 5.0:
                        self.late_ms.append((now - since) * 1000)


async def _ping(socket: aiohttp.ClientWebSocketResponse) -> None:
    while True:
        await asyncio.sleep(PING_EVERY_S)
        await socket.send_json({"do": "ping"})


async def _main(url: str, wanted: list[dict[str, Any]], seconds: float) -> None:
    clients = Clients(url)
    await clients.run(wanted, seconds)
    late = [round(late, 3) for late in clients.late_ms]
    told = {"late_ms": late, "closed": clients.closed, "heard": clients.heard}
    print(json.dumps(told))  # noqa: T201 - see above


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text("utf-8")), float(sys.argv[3])))
