"""What web processes cost the controller: each fed by a stream of its own, or all by what Redis publishes.

The live feed is the real one, as in `bench.desktop`: 500 agents, 50 groups, 40 changes a second. The web
processes' ends (`Link`) are in a process of their own, which holds all of them.

usage: python -m bench.fan_out [SECONDS]
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from acd.runtime.leader import Leader
from acd.settings.environment import Environment
from acd.state.feed_channel import FeedChannel
from acd.state.redis_hash import RedisServer
from acd.web.link import Link, Way
from acd.web.picture import Picture
from bench.desktop import Load, StandIn, _free_port

WEB_PROCESSES = (1, 4, 16)
CHANGES_PER_S = 40.0
LOAD = Load(agents=500, groups=50, calls=200)


class Timed(Link):
    """`late_ms`: from the moment of a line at the controller until it is in the picture here."""

    def __init__(self, leader: Leader) -> None:
        super().__init__(leader, Picture())
        self.late_ms: list[float] = []

    def _change(self, lines: Iterable[Mapping[str, Any]]) -> None:
        for line in lines:
            super()._change([line])
            self.late_ms.append(1000 * (time.time() - line["now_s"]))


async def listen(home: Path, count: int, way: Way, seconds: float) -> None:
    """The child: says when all links are fed as wanted, and what came."""
    environment = Environment(home, home, home)
    links = [Timed(Leader(environment)) for _ in range(count)]
    tasks = [asyncio.create_task(work) for link in links for work in (link.run(), link.listen())]
    while not all(link.up and link.way is way for link in links):  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    for link in links:
        link.late_ms.clear()
    print("ready", flush=True)  # noqa: T201
    await asyncio.sleep(seconds)
    late = sorted(ms for link in links for ms in link.late_ms)
    strayed = sum(link.way is not way for link in links)
    for task in tasks:
        task.cancel()
    print(json.dumps({"late": late, "strayed": strayed}))  # noqa: T201


async def measure(redis_port: int | None, count: int, seconds: float) -> dict[str, float]:
    """Of the controller, while so many links are fed."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        stand_in = StandIn(LOAD, Environment(home, home, home).control_socket)
        work = [asyncio.create_task(stand_in.feed.run())]
        if redis_port is not None:
            channel = FeedChannel(RedisServer(port=redis_port), "bench")
            stand_in.feed.publish(channel.take, channel.place)
            work.append(asyncio.create_task(channel.run()))
        await stand_in.server.start()
        way = Way.DIRECT if redis_port is None else Way.PUBLISHED
        command = [
            sys.executable,
            "-m",
            "bench.fan_out",
            "child",
            folder,
            str(count),
            way.value,
            str(seconds),
        ]
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, limit=2**26)
        assert child.stdout is not None
        await child.stdout.readline()
        work.append(asyncio.create_task(stand_in.run(CHANGES_PER_S)))
        began = time.process_time()
        while not (line := await child.stdout.readline()).startswith(b"{"):
            assert line, "the child has ended"  # what the log says comes there, too
        found = json.loads(line)
        used = time.process_time() - began
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await child.wait()
        await stand_in.server.stop()
    late = found["late"]
    return {
        "cpu_percent": 100 * used / seconds,
        "late_p50_ms": statistics.median(late),
        "late_p99_ms": late[int(0.99 * (len(late) - 1))],
        "lines": len(late) / count,
        "strayed": found["strayed"],
    }


async def main(seconds: float) -> None:
    """Prints a row for each number of web processes and each way."""
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        redis = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)  # noqa: ASYNC220
        try:
            await asyncio.sleep(0.5)
            print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")  # noqa: T201
            for count in WEB_PROCESSES:
                for name, redis_port in (("direct", None), ("published", port)):
                    row = await measure(redis_port, count, seconds)
                    told = "  ".join(f"{key} {value:7.2f}" for key, value in row.items())
                    print(f"{count:3} {name:10} {told}", flush=True)  # noqa: T201
        finally:
            redis.kill()
            redis.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        asyncio.run(listen(Path(sys.argv[2]), int(sys.argv[3]), Way(sys.argv[4]), float(sys.argv[5])))
    else:
        asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 8.0))
