"""What the controller tells Prometheus: calls, agents and lines of this moment, and how it is itself.

Read when somebody asks; but for two histograms nothing is counted meanwhile. Labels are bounded: by the
configuration, and by the states that there are. Key figures of the day are told by the web process
(`acd.web.metrics`).
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from acd.core.agents import Agent, AgentState
from acd.core.calls import CallState
from acd.core.floor import Floor
from acd.core.ports import TrunkState
from acd.core.work_rules import SYSTEM_REASONS
from acd.runtime.feed_figures import Figures
from acd.settings.environment import LAST_BACKUP

LAG_EVERY_S = 0.5
OTHER = "other"
"""The reason of a state for which no reason is configured any more."""
_USABLE = frozenset({TrunkState.REGISTERED, TrunkState.REACHABLE, TrunkState.INCOMING_ONLY})
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class ControllerMetrics(Collector):
    """`health` is what the health page says; `asking`: how many questions of channels are open.

    `home` is where the controller writes; `journaling`: whether the journal takes what it is to.
    """

    def __init__(
        self,
        floor: Floor,
        clock: Callable[[], float],
        health: Callable[[], Mapping[str, Any]],
        asking: Callable[[], int],
        home: Path,
        journaling: Callable[[], bool],
    ) -> None:
        self._floor = floor
        self._clock = clock
        self._health = health
        self._asking = asking
        self._home = home
        self._journaling = journaling
        self._registry = CollectorRegistry(auto_describe=False)
        self._dispatch = Histogram(
            "acd_dispatch_seconds",
            "From an event that lets a caller be offered to an agent until the offer has left.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._lag = Histogram(
            "acd_event_loop_lag_seconds",
            f"How much later than it should the event loop wakes up, every {LAG_EVERY_S:g} s.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def add(self, collector: Collector) -> None:
        """Another part with figures of its own."""
        self._registry.register(collector)

    def offered(self, took_s: float) -> None:
        """An offer has left, so long after the event that it comes of."""
        self._dispatch.observe(took_s)

    async def watch_the_loop(self) -> None:
        """For ever."""
        while True:
            due = time.perf_counter() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lag.observe(max(0.0, time.perf_counter() - due))

    def page(self) -> bytes:
        """In the text format of Prometheus."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """See `prometheus_client`."""
        yield self._calls()
        yield from self._lines()
        yield self._agents()
        yield from self._parts()
        yield from self._surroundings()

    def _calls(self) -> GaugeMetricFamily:
        states = Counter(call.state for call in self._floor.calls.values())
        told = GaugeMetricFamily("acd_calls", "Calls that go on, by where the caller is.", labels=["state"])
        for state in CallState:
            if state is not CallState.ENDED:
                told.add_metric([state.value], states[state])
        return told

    def _lines(self) -> Iterator[GaugeMetricFamily]:
        """As the wallboard has them."""
        figures, now = Figures(self._floor), self._clock()
        waiting = GaugeMetricFamily("acd_waiting_callers", "Callers in a group's line.", labels=["group"])
        longest = GaugeMetricFamily(
            "acd_longest_wait_seconds", "How long the caller has waited who waits longest.", labels=["group"]
        )
        callbacks = GaugeMetricFamily(
            "acd_waiting_callbacks", "Who is to be called back and keeps a place in line.", labels=["group"]
        )
        for group in self._floor.plan.groups:
            since = figures.oldest_at(group)
            waiting.add_metric([group], figures.waiting(group))
            longest.add_metric([group], 0.0 if since is None else max(0.0, now - since))
            callbacks.add_metric([group], figures.calling_back(group))
        yield from (waiting, longest, callbacks)

    def _agents(self) -> GaugeMetricFamily:
        known = {*self._floor.plan.reasons, *SYSTEM_REASONS}
        counts = Counter(_state(agent, known) for agent in self._floor.agents.values())
        told = GaugeMetricFamily(
            "acd_agents",
            "Agents by state; of those who are not ready, by reason.",
            labels=["state", "reason"],
        )
        without = {(state.value, "") for state in AgentState if state is not AgentState.NOT_READY}
        for place in sorted({*counts, *without}):
            told.add_metric(place, counts[place])
        return told

    def _parts(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        health = self._health()
        for name, text, value in (
            ("acd_ok", "1 while calls are routed.", health["ok"]),
            ("acd_asterisk_up", "1 while the manager interface (AMI) is connected.", health["asterisk"]),
            ("acd_dispatching", "1 while agents are offered calls.", health["dispatching"]),
            ("acd_records_database_up", "1 while the database takes records.", health["records_database"]),
            ("acd_records_waiting", "Records that are not written yet.", health["records_waiting"]),
            ("acd_records_on_disk", "Of these, those in the spool.", health["records_on_disk"]),
            ("acd_records_away_seconds", "For so long the database has been away.", health["records_away_s"]),
            ("acd_flows_kept", "1 while the active flows are kept as a version.", health["flows_kept"]),
            (
                "acd_fastagi_questions",
                "Channels that ask what next, by FastAGI.",
                self._asking(),
            ),
            ("acd_tasks", "Tasks of the event loop.", health["tasks"]),
        ):
            yield GaugeMetricFamily(name, text, value=float(value))
        live = GaugeMetricFamily(
            "acd_live_state_up",
            "1 while the place takes the live state; redis where it is configured.",
            labels=["place"],
        )
        live.add_metric(["disk"], float(health["live_state_on_disk"]))
        if health["live_state_in_redis"] is not None:
            live.add_metric(["redis"], float(health["live_state_in_redis"]))
        yield live
        trunks = GaugeMetricFamily("acd_trunk_up", "1 while calls can go over the trunk.", labels=["trunk"])
        for trunk, state in health["trunks"].items():
            trunks.add_metric([trunk], float(state in _USABLE))
        yield trunks
        yield from _of_nodes(health.get("nodes", ()))

    def _surroundings(self) -> Iterator[GaugeMetricFamily]:
        """The disk, the clock, the journal, and how old the newest back-up is."""
        try:
            usage = shutil.disk_usage(self._home)
            total, free = usage.total, usage.free
        except OSError:  # the folder has gone: nothing can be written
            total, free = 0, 0
        for name, text, value in (
            ("acd_disk_bytes", "Of the disk with ACD_HOME.", total),
            ("acd_disk_free_bytes", "Of these, those that are free.", free),
            (
                "acd_clock_off_seconds",
                "How far calls' times are ahead of this machine's clock, which was set meanwhile.",
                self._clock() - time.time(),
            ),
            (
                "acd_journal_up",
                "1 while the journal takes what it is to, or is switched off.",
                self._journaling(),
            ),
            (
                "acd_backup_timestamp_seconds",
                "When the newest back-up was made; 0: never.",
                _backup_at(self._home),
            ),
        ):
            yield GaugeMetricFamily(name, text, value=float(value))


def _backup_at(home: Path) -> float:
    """The time of the file that `acd backup` leaves."""
    try:
        return (home / LAST_BACKUP).stat().st_mtime
    except OSError:
        return 0.0


def _of_nodes(nodes: Sequence[Mapping[str, Any]]) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
    """Of each Asterisk, where there are several."""
    if not nodes:
        return
    for name, text, of in (
        ("acd_node_up", "1 while the node's manager interface is connected.", "up"),
        ("acd_node_drained", "1 while the node is to be given no new calls.", "drained"),
        ("acd_node_calls", "Calls that go on at the node.", "calls"),
        ("acd_node_phones", "Phones that the node can ring.", "phones"),
    ):
        told = GaugeMetricFamily(name, text, labels=["node"])
        for node in nodes:
            told.add_metric([node["name"]], float(node[of]))
        yield told
    lost = CounterMetricFamily("acd_node_calls_lost", "Calls that died with the node.", labels=["node"])
    for node in nodes:
        lost.add_metric([node["name"]], node["lost"])
    yield lost


def _state(agent: Agent, known: Container[str]) -> tuple[str, str]:
    """An agent's state and, of one who is not ready, the reason."""
    if agent.state is not AgentState.NOT_READY or not agent.reason:
        return agent.state.value, ""
    return agent.state.value, agent.reason if agent.reason in known else OTHER
