"""How large a centre one controller can have: thousands of agents, their calls, all but the telephones.

The controller (`bench.scale_controller`) has the real engine, shell, mirrors on disk and in Redis, records
in PostgreSQL, journal and live feed; a real web process hears the feed on Redis and tells WebSocket clients.
Each size runs at the rate that its agents would have. With the largest one the rate is then raised until
decisions come late: there one controller ends. See docs/scale.md.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acd.settings.environment import Environment
from bench.desktop import CHECKOUT, Load, _free_port, _run, _sign_in, _start_web
from bench.figures import figures
from bench.load import is_kept
from bench.processes import cpu_s, rss_mb
from bench.scale_callers import Traffic
from tests.postgres import PostgresProcess
from tests.redis_server import RedisProcess

SIZES = (1_000, 5_000, 20_000)
LATE_P99_MS = 100.0
"""Where 99 of 100 decisions take longer, callers' waits begin to be ours."""
RAISE_BY = 1.5
RAISES_MAX = 8
SETTLE_S = 4.0
START_LIMIT_S = 240.0
PICTURE_LIMIT_S = 120.0
"""Until all browsers have been shown everything they watch: people would not wait longer."""
_DATABASE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}
PARTS = ("engine", "shell", "mirror", "journal", "records", "records thread", "feed", "observers", "loop")
CALLERS = "callers"
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """`seconds`: how long each rate is measured, `settle_s` after it has changed; `browsers`: half of them
    agents', half supervisors'; 0: no web process. `faster`: calls are so many times shorter and more.
    """

    sizes: Sequence[int] = SIZES
    seconds: float = 20.0
    browsers: int = 20
    find_limit: bool = True
    settle_s: float = SETTLE_S
    faster: float = 1.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one size at one rate. Times in ms, of processor time for each call unless they are a decision's.

    `decided`: from the event to the offer, in processor time; `late`: from the moment when the event was due,
    by the clock, so with all that the loop had to do before it. `longest`: of the loop's turns. `shown`: from
    a change in the engine until a browser has it. `bytes`: for each call, to Redis, of these what is
    published, to the live file, to PostgreSQL (by which its tables grew, and its write-ahead log);
    `browser_bytes_s`: to one browser in a second, by what it watches.
    """

    agents: int
    seconds: float
    wanted_per_s: float
    calls_per_s: float
    cpu_ms: float
    parts_ms: Mapping[str, float]
    cores: float
    decided_p50_ms: float
    decided_p99_ms: float
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float
    longest_ms: float
    rss_mb: float
    bytes: Mapping[str, float]
    records_waiting: int
    calls_now: int
    web_cores: float | None = None
    web_rss_mb: float | None = None
    shown_p50_ms: float | None = None
    shown_p99_ms: float | None = None
    browser_bytes_s: Mapping[str, float] | None = None

    @property
    def holds(self) -> bool:
        """Whether the controller keeps up with this rate."""
        kept = is_kept(round(self.calls_per_s * self.seconds), self.wanted_per_s * self.seconds)
        return self.late_p99_ms <= LATE_P99_MS and kept


class Centre:
    """One size: its servers, controller, web process and browsers."""

    def __init__(self, agents: int, options: Options, folder: Path, postgres: PostgresProcess) -> None:
        self._agents, self._options = agents, options
        self._environment = Environment(
            folder, CHECKOUT / "config", CHECKOUT / "ivr_flows", http_port=_free_port()
        )
        self._redis = RedisProcess(folder)
        self._postgres = postgres
        self._database = ""
        self._controller: asyncio.subprocess.Process | None = None
        self._web: asyncio.subprocess.Process | None = None
        self.set_up_s = 0.0

    async def start(self, told: Told) -> None:
        """Raises TimeoutError where something does not."""
        told(f"{self._agents:,} agents: servers")
        await asyncio.to_thread(self._redis.start)
        self._database = await asyncio.to_thread(self._postgres.new_database)
        home = self._environment.home
        arguments = str(home), str(self._agents), self._postgres.url(self._database), str(self._redis.port)
        self._controller = await _run(
            "bench.scale_controller",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            new_session=True,  # as a service of its own: the kernel shares out its time by sessions
        )
        told(f"{self._agents:,} agents come to work")
        self.set_up_s = (await self._answer())["set_up_s"]

    async def stop(self) -> None:
        """All of it, however it stands."""
        for process in (self._web, self._controller):
            if process is not None:
                with suppress(ProcessLookupError):
                    process.terminate()
                await process.wait()
        await asyncio.to_thread(self._redis.stop)
        if self._database:
            await asyncio.to_thread(self._postgres.drop, self._database)

    async def _answer(self) -> dict[str, Any]:
        assert self._controller is not None
        assert self._controller.stdout is not None
        async with asyncio.timeout(START_LIMIT_S):
            while line := await self._controller.stdout.readline():
                if line.startswith(b"{"):  # what the log says comes there, too
                    found: dict[str, Any] = json.loads(line)
                    if "event" not in found:
                        return found
        raise RuntimeError("the controller has ended")

    async def measure(self, times: float, seconds: float) -> Measured:
        """At so many times the rate of the centre, without browsers."""
        before = await asyncio.to_thread(self._servers)
        found, after = await self._ask(times, seconds)
        return self._measured(found, before, after)

    async def _ask(self, times: float, seconds: float) -> tuple[dict[str, Any], dict[str, float]]:
        assert self._controller is not None
        assert self._controller.stdin is not None
        asked = {"rate": times, "seconds": seconds, "settle_s": self._options.settle_s}
        self._controller.stdin.write(json.dumps(asked).encode() + b"\n")
        found = await self._answer()
        return found, await asyncio.to_thread(self._servers)

    async def measure_with_browsers(self, told: Told) -> Measured:
        """At the centre's own rate. Without them, and so without what is shown, where they get no picture."""
        seconds, count = self._options.seconds, self._options.browsers
        load = Load(agents=count, supervisors=count // 2)
        clients = await asyncio.to_thread(_sign_in, self._environment, load)
        told(f"{self._agents:,} agents: a web process, {count} browsers")
        self._web = await _start_web(self._environment)
        file = self._environment.home / "clients.json"
        file.write_text(json.dumps(clients), encoding="utf-8")
        url = f"http://127.0.0.1:{self._environment.http_port}"
        browsers = await _run("bench.desktop_clients", url, str(file), str(seconds + self._options.settle_s))
        assert browsers.stdout is not None
        try:
            async with asyncio.timeout(PICTURE_LIMIT_S):
                await browsers.stdout.readline()
        except TimeoutError:
            browsers.terminate()
            await browsers.wait()
            told(f"{self._agents:,} agents: no picture in {PICTURE_LIMIT_S:g} s, measuring without browsers")
            return await self.measure(self._options.faster, seconds)
        told(f"{self._agents:,} agents: measuring")
        before, web_before, began = (
            await asyncio.to_thread(self._servers),
            cpu_s(self._web.pid),
            time.monotonic(),
        )
        found, after = await self._ask(self._options.faster, seconds)
        web_cores = (cpu_s(self._web.pid) - web_before) / (time.monotonic() - began)
        heard = json.loads(await browsers.stdout.readline())
        await browsers.wait()
        return self._measured(
            found,
            before,
            after,
            _browsers(heard, clients, seconds + self._options.settle_s, web_cores, self._web.pid),
        )

    def _servers(self) -> dict[str, float]:
        """What Redis and PostgreSQL have taken in so far, in bytes."""
        told = dict(
            line.split(":", 1) for line in self._redis.cli("info", "stats").splitlines() if ":" in line
        )
        asked = f"SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn, pg_database_size('{self._database}')"
        wal, size = self._postgres.run(asked)[0]
        return {
            "redis": float(told["total_net_input_bytes"]),
            "wal": float(str(wal)),
            "tables": float(str(size)),
            "at": time.monotonic(),
        }

    def _measured(
        self,
        found: Mapping[str, Any],
        before: Mapping[str, float],
        after: Mapping[str, float],
        browsers: Mapping[str, Any] | None = None,
    ) -> Measured:
        calls = max(1, found["calls"])
        # The servers are asked before the rate has settled; calls are counted after that.
        per_call = 1 / (calls / found["seconds"] * (after["at"] - before["at"]))
        controllers = {name: found["parts_ms"].get(name, 0.0) / calls for name in PARTS}
        threads = max(0.0, found["cpu_ms"] - sum(found["parts_ms"].values())) / calls
        decided, late = figures(found["decided_ms"] or [0.0]), figures(found["late_ms"] or [0.0])
        cpu_ms = (found["cpu_ms"] - found["parts_ms"].get(CALLERS, 0.0)) / calls
        return Measured(
            agents=self._agents,
            seconds=found["seconds"],
            wanted_per_s=found["wanted_per_s"],
            calls_per_s=found["calls"] / found["seconds"],
            cpu_ms=cpu_ms,
            parts_ms={**controllers, "other threads": threads},
            cores=cpu_ms * calls / found["seconds"] / 1000,
            decided_p50_ms=decided.p50_ms,
            decided_p99_ms=decided.p99_ms,
            late_p50_ms=late.p50_ms,
            late_p99_ms=late.p99_ms,
            late_max_ms=late.max_ms,
            longest_ms=max(ms for part, ms in found["longest_ms"].items() if part != CALLERS),
            rss_mb=found["rss_mb"],
            bytes={
                "redis": (after["redis"] - before["redis"]) * per_call,
                "published": found["published_bytes"] / calls,
                "live file": found["disk_bytes"] / calls,
                "postgresql": (after["tables"] - before["tables"]) * per_call,
                "wal": (after["wal"] - before["wal"]) * per_call,
            },
            records_waiting=found["records_waiting"],
            calls_now=found["calls_now"],
            **(browsers or {}),
        )


def _browsers(
    heard: Mapping[str, Any], clients: Sequence[Mapping[str, Any]], seconds: float, web_cores: float, web: int
) -> dict[str, Any]:
    shown = figures(heard["late_ms"] or [0.0])
    counts: dict[str, int] = {}
    for client in clients:
        topics = ",".join(client["topics"])
        counts[topics] = counts.get(topics, 0) + 1
    return {
        "web_cores": web_cores,
        "web_rss_mb": rss_mb(web),
        "shown_p50_ms": shown.p50_ms,
        "shown_p99_ms": shown.p99_ms,
        "browser_bytes_s": {
            topics: heard["heard"].get(topics, 0) / count / seconds for topics, count in counts.items()
        },
    }


@dataclass(frozen=True, slots=True)
class Result:
    """`limit`: the highest rate that held, None where none was looked for; `raised`: all that were tried."""

    sizes: Sequence[Measured]
    raised: Sequence[Measured] = ()

    @property
    def limit(self) -> Measured | None:
        """The last one that held, the centre's own rate included."""
        held = [found for found in [*self.sizes[-1:], *self.raised] if found.holds]
        return held[-1] if self.raised and held else None


async def measure(options: Options, told: Told, postgres: PostgresProcess | None = None) -> Result:
    """All sizes, one after the other, and how far the last of them goes. `postgres`: a server to use."""
    if postgres is not None:
        return await _measure(options, told, postgres)
    postgres = await asyncio.to_thread(lambda: PostgresProcess(**_DATABASE))
    try:
        await asyncio.to_thread(postgres.start)
        return await _measure(options, told, postgres)
    finally:
        await asyncio.to_thread(postgres.remove)


async def _measure(options: Options, told: Told, postgres: PostgresProcess) -> Result:
    sizes: list[Measured] = []
    raised: list[Measured] = []
    for agents in options.sizes:
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            centre = Centre(agents, options, folder, postgres)
            stack.push_async_callback(centre.stop)
            await centre.start(told)
            if options.browsers:
                sizes.append(await centre.measure_with_browsers(told))
            else:
                sizes.append(await centre.measure(options.faster, options.seconds))
            if options.find_limit and agents == options.sizes[-1]:
                raised = await _raise(centre, options, told)
    return Result(sizes, raised)


async def _raise(centre: Centre, options: Options, told: Told) -> list[Measured]:
    """The web process goes on listening; its browsers have gone."""
    raised: list[Measured] = []
    times = options.faster
    for _ in range(RAISES_MAX):
        times *= RAISE_BY
        told(f"{Traffic(options.sizes[-1]).calls_per_s * times:,.0f} calls a second")
        raised.append(await centre.measure(times, options.seconds / 2))
        if not raised[-1].holds:
            break
    return raised


def write_json(path: Path, result: Result) -> None:
    """`{"sizes": […], "raised": […], "limit": calls a second}`"""
    limit = result.limit
    data = {
        "sizes": [asdict(found) for found in result.sizes],
        "raised": [asdict(found) for found in result.raised],
        "limit_calls_per_s": None if limit is None else limit.calls_per_s,
    }
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
