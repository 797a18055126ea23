"""The controller of `script/bench scale`, without telephones: its real parts, in a process of its own.

`python -m bench.scale_controller HOME AGENTS DATABASE_URL REDIS_PORT`. It says `{"ready": …}` when its
centre is at work; each line `{"rate": TIMES, "seconds": N, "settle_s": N}` that it is told has it run so many
times as fast as the centre would, and say what was measured as one line.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

from acd.cli.process import configure_logging
from acd.core import events
from acd.core.commands import HoldInLine, Offer
from acd.core.events import Event
from acd.core.last_agents import LastAgents
from acd.journal.engine import JournaledEngine
from acd.journal.files import JournalFiles
from acd.parts import StoreRecorder
from acd.records.store import RecordStore
from acd.records.writer import RecordWriter
from acd.runtime import memory
from acd.runtime.clock import EngineClock
from acd.runtime.control_server import ControlServer
from acd.runtime.fact_stream import FactStream
from acd.runtime.feed import LiveFeed
from acd.runtime.feed_look import View
from acd.runtime.kept_paces import KeptPaces
from acd.runtime.observers import Audience
from acd.runtime.presence import Presence
from acd.runtime.shell import Shell
from acd.runtime.watchers import Watchers
from acd.runtime.world import GroupViews
from acd.settings.environment import Environment
from acd.settings.model import JournalSettings, RedisSettings
from acd.state.feed_channel import FeedChannel
from acd.state.live import LiveMirror
from acd.state.redis_hash import RedisServer
from bench.processes import rss_mb
from bench.scale_callers import Callers, Traffic, faster, plan_of
from bench.stopwatch import Stopwatch

GATHER_RECORDS_S = 0.5
LAG_EVERY_S = 0.05
CALLERS, SHELL, ENGINE, JOURNAL = "callers", "shell", "engine", "journal"
MIRROR, RECORDS, WRITER, FEED, OTHERS = "mirror", "records", "records thread", "feed", "observers"


class Controller:
    """Joined as `acd.assembly` does, but for what has to do with telephones and flows."""

    def __init__(self, home: Path, agents: int, database_url: str, redis_port: int) -> None:
        environment = Environment(home, home, home)
        self._watch = watch = Stopwatch()
        self.traffic = Traffic(agents)
        self._mirror = LiveMirror.configured(
            environment.live_dir, RedisSettings(port=redis_port, prefix="scale"), ""
        )
        self._store = RecordStore(database_url)
        self._writer = RecordWriter(self._store, gather_s=GATHER_RECORDS_S, together=self._mirror.together)
        self._journal = JournalFiles(environment.journal_dir, JournalSettings())
        clock = EngineClock()
        engine = JournaledEngine(plan_of(agents), self._journal)
        recorder = StoreRecorder(self._writer)
        self.shell = Shell(engine, clock, self._mirror, recorder)
        floor = engine.floor
        paces = KeptPaces(floor, self._mirror)
        groups = GroupViews(floor, paces, clock)
        view = View(
            centre=lambda: {"name": "Scale", "dispatching": True},
            language=lambda: "en",
            step_of=lambda _call: "main/menu",
            expected_wait=groups.expected_of_next,
        )
        self.feed = LiveFeed(floor, clock, view)
        facts = FactStream(floor, clock)
        self._channel = FeedChannel(RedisServer(port=redis_port), "scale")
        self.feed.publish(self._channel.take, self._channel.place)
        self.shell.observer = Audience(of_calls=[LastAgents()], of_floor=[paces, facts], of_all=[self.feed])
        watchers = Watchers(self.feed, Presence(self.shell.feed))
        self._server = ControlServer(
            environment.control_socket,
            {"health": lambda _asked: {}},
            {"watch": watchers.serve, "facts": facts.serve},
        )
        self.callers = Callers(plan_of(agents), floor, watch.of(SHELL, self.shell.feed), clock)
        self.shell.attach(self.callers)
        self.shell.on_frozen = self._resume
        self._published = self._on_disk = 0
        self._lags_ms: list[float] = []
        self._stood_still = 0
        self._tasks: list[asyncio.Task[Any]] = []
        self._time_parts(recorder, facts, paces)

    def _time_parts(self, recorder: StoreRecorder, *others: Any) -> None:
        """By which part the shell's work, and what comes of it, is counted."""
        watch, engine, mirror = self._watch, self.shell.engine, self._mirror
        _wrap(watch, ENGINE, engine, "handle", "handle_timer", "next_deadline")
        _wrap(watch, JOURNAL, engine, "_write")
        _wrap(watch, SHELL, self.shell, "_fire")
        _wrap(watch, MIRROR, mirror, "put", "drop")
        _wrap(watch, MIRROR, mirror._disk, "begin_gathering", "end_gathering")
        _wrap(watch, RECORDS, recorder, "store_call", "store_interval")
        for each in others:
            _wrap(watch, OTHERS, each, "agent_changed", "call_changed")
        names = (
            "agent_changed",
            "call_changed",
            "call_merged",
            "phone_changed",
            "_fire",
            "_count_again",
            "beat",
        )
        _wrap(watch, FEED, self.feed, *names, "join")
        for name in ("save_calls", "save_intervals"):
            setattr(self._store, name, watch.in_thread(WRITER, getattr(self._store, name)))
        _wrap(watch, CALLERS, self.callers, "offer", "hold_in_line", "forget")
        self._count_bytes()

    def _count_bytes(self) -> None:
        take, append = self._channel.take, self._mirror._disk._line_of

        def taken(line: bytes) -> None:
            self._published += len(line)
            take(line)

        def line_of(item: tuple[str, bool]) -> bytes:
            line = append(item)
            self._on_disk += len(line)
            return line

        self.feed.publish(taken, self._channel.place)
        self._mirror._disk._line_of = line_of  # type: ignore[method-assign]

    def _resume(self) -> None:
        """As after the look at the floor that there is no Asterisk for."""
        self._stood_still += 1
        self.shell.feed(events.DispatchResumed())

    async def start(self) -> dict[str, Any]:
        """The centre is at work; how long that took, and the memory before and after."""
        watch, empty_mb, began = self._watch, rss_mb(os.getpid()), time.monotonic()
        watch.watch_the_loop()
        with watch.part(MIRROR):
            await self._mirror.open()
            self._begin(self._mirror.run())
        with watch.part(RECORDS):
            await asyncio.to_thread(self._store.open)
            self._writer.start()
        with watch.part(FEED):
            self._begin(self._channel.run())
            self._begin(self.feed.run())
            await self._server.start()
        with watch.part(JOURNAL):
            self._begin(self._journal.run())
        with watch.part(CALLERS):
            with memory.without_collection():
                await self.callers.set_up(self._tell_quietly)
                self._keep_all()
            memory.settle()
            self.shell._last_tick = self.shell.clock()  # it has not stood still, it was being set up
            self._begin(self.shell.tick())
            self._begin(self.callers.run())
            self._begin(self._look_at_the_loop())
        return {
            "ready": True,
            "set_up_s": time.monotonic() - began,
            "empty_mb": empty_mb,
            "rss_mb": rss_mb(os.getpid()),
        }

    def _tell_quietly(self, event: Event) -> None:
        """What goes on when the measuring begins costs nothing but the engine's time."""
        engine = self.shell.engine
        for command in engine.handle(event, self.shell.clock()):
            if isinstance(command, Offer):
                self.callers.offer(command)
            elif isinstance(command, HoldInLine):
                self.callers.hold_in_line(command.call_id, command.group, "")

    def _keep_all(self) -> None:
        assert self.shell.observer is not None
        floor = self.shell.engine.floor
        with self._mirror.together():
            for agent in floor.agents.values():
                self._mirror.put(f"agent:{agent.id}", agent.to_dict())
                self.shell.observer.agent_changed(agent)
            for call in floor.calls.values():
                self._mirror.put(f"call:{call.id}", call.to_dict())
                self.shell.observer.call_changed(call)

    def _begin(self, work: Any) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _look_at_the_loop(self) -> None:
        while True:
            due = time.perf_counter() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lags_ms.append((time.perf_counter() - due) * 1000)

    async def measure(self, times: float, seconds: float, settle_s: float) -> dict[str, Any]:
        """At so many times the rate, for so long, after a while in which it settles."""
        self.callers.change_to(faster(self.traffic, times))
        await asyncio.sleep(settle_s)
        callers = self.callers
        for samples in (callers.late_ms, callers.decided_ms, self._lags_ms):
            samples.clear()
        self._watch.longest.clear()
        before, cpu, began = self._watch.read_ms(), _cpu_ms(), time.monotonic()
        ended, told, published, on_disk = callers.ended, callers.told, self._published, self._on_disk
        await asyncio.sleep(seconds)
        took_s, after = time.monotonic() - began, self._watch.read_ms()
        return {
            "wanted_per_s": faster(self.traffic, times).calls_per_s,
            "seconds": took_s,
            "calls": callers.ended - ended,
            "events": callers.told - told,
            "cpu_ms": _cpu_ms() - cpu,
            "parts_ms": {name: ms - before.get(name, 0.0) for name, ms in after.items()},
            "decided_ms": list(callers.decided_ms),
            "late_ms": list(callers.late_ms),
            "lags_ms": list(self._lags_ms),
            "stood_still": self._stood_still,
            "longest_ms": dict(self._watch.longest),
            "published_bytes": self._published - published,
            "disk_bytes": self._on_disk - on_disk,
            "dropped_lines": self._channel.dropped,
            "records_waiting": self._writer.pending,
            "redis_waiting": self._mirror.facts()["waiting_for_redis"],
            "calls_now": len(self.shell.engine.floor.calls),
            "rss_mb": rss_mb(os.getpid()),
        }

    async def stop(self) -> None:
        """Nothing is written any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.stop()
        self.shell.close()
        self._journal.close()
        await self._writer.close()
        self._store.close()


def _wrap(watch: Stopwatch, part: str, of: Any, *names: str) -> None:
    for name in names:
        setattr(of, name, watch.of(part, getattr(of, name)))


def _cpu_ms() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000


async def main(home: Path, agents: int, database_url: str, redis_port: int) -> None:
    """Until the input ends."""
    configure_logging()
    controller = Controller(home, agents, database_url, redis_port)
    print(json.dumps(await controller.start()), flush=True)  # noqa: T201 - to the process that has started this one
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        found = await controller.measure(asked["rate"], asked["seconds"], asked["settle_s"])
        print(json.dumps(found), flush=True)  # noqa: T201
    await controller.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
