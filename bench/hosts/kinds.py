"""The faults: what is cut between the hosts, and what is killed or frozen on them."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.hosts.centre import HOST_OF
from bench.hosts.network import HOSTS, Drop, both_ways
from tests.integration.standby_centre import NAMES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from bench.hosts.stage import Stage

Cut = Callable[["Stage", str, str], Sequence[Drop]]
"""What is dropped: told the leader's host and the other one."""
LOSS = 0.3
RESTART_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Fault:
    """`title` is what the table says. `hits`: kinds of which only one can be at a time."""

    title: str
    act: Callable[[Stage, float], Awaitable[None]]
    hits: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """From … to, Unix seconds: `what` was so at this host.

    "path": the phones' way to it was cut; "dead": its Asterisk did not run; "between": it was cut off from
    the other host; "leader": who led there was struck.
    """

    what: str
    host: str
    began: float
    ended: float


@asynccontextmanager
async def lasting(stage: Stage, what: str, *hosts: str) -> AsyncIterator[None]:
    """Notes when this was so."""
    began = time.time()
    try:
        yield
    finally:
        stage.windows += [Window(what, host, began, time.time()) for host in hosts]


def cutting(cut: Cut) -> Callable[[Stage, float], Awaitable[None]]:
    """Drop it for so long."""

    async def act(stage: Stage, for_s: float) -> None:
        host = HOST_OF[stage.centre.leader]
        other = next(each for each in HOSTS if each != host)
        drops = cut(stage, host, other)
        apart = {host for drop in drops if not drop.ports for host in _hosts_beside_rest(drop)}
        between = set(HOSTS) if any({drop.sender, drop.to} == set(HOSTS) for drop in drops) else set()
        try:
            async with lasting(stage, "path", *apart), lasting(stage, "between", *between):
                await asyncio.to_thread(stage.centre.network.drop, drops)
                await asyncio.sleep(for_s)
                stage.note_dropped({drop.to for drop in drops})
        finally:  # it takes a while, and what was held back comes as soon as the first rule is gone
            await asyncio.to_thread(stage.centre.network.let_pass, drops)

    return act


def _redis(stage: Stage) -> tuple[int]:
    return (stage.centre.redis.port,)


def _telephony(stage: Stage) -> tuple[int, ...]:
    agi = (int(stage.centre.envs[name]["ACD_AGI_PORT"]) for name in NAMES)
    return (int(stage.centre.env["ACD_AMI_PORT"]), *agi)


async def leader_killed(stage: Stage, _for_s: float) -> None:
    """kill -9."""
    async with lasting(stage, "leader", HOST_OF[stage.centre.leader]):
        stage.centre.signal(stage.centre.leader, signal.SIGKILL)
        await asyncio.sleep(RESTART_AFTER_S)


async def leader_frozen(stage: Stage, for_s: float) -> None:
    """SIGSTOP, and SIGCONT when another one has led for a while: it must do no harm."""
    process = stage.centre.processes[stage.centre.leader]
    async with lasting(stage, "leader", HOST_OF[stage.centre.leader]):
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(for_s)
        finally:
            process.send_signal(signal.SIGCONT)


async def node_killed(stage: Stage, for_s: float) -> None:
    """kill -9 of an Asterisk, which is started again a while later: calls on it are lost."""
    node = stage.chance.choice(list(HOSTS))
    async with lasting(stage, "dead", node):
        stage.centre.held_down.add(node)
        await asyncio.to_thread(stage.centre.kill_node, node)
        stage.load.node_died(node)
        await asyncio.sleep(for_s)
        stage.centre.held_down.discard(node)
        await stage.until_started(node)


async def redis_restarted(stage: Stage, for_s: float) -> None:
    """It ends, and comes back empty a while later."""
    await asyncio.to_thread(stage.centre.redis.stop)
    try:
        await asyncio.sleep(for_s)
    finally:
        await asyncio.to_thread(stage.centre.redis.start)


def _hosts_beside_rest(drop: Drop) -> set[str]:
    ends = {drop.sender, drop.to}
    return ends & set(HOSTS) if "rest" in ends else set()


FAULTS: dict[str, Fault] = {
    "split": Fault("leader's host ↮ other host", cutting(lambda _, a, b: both_ways(a, b)), "between"),
    "split-out": Fault("leader's host → other host only", cutting(lambda _, a, b: (Drop(a, b),)), "between"),
    "split-in": Fault("other host → leader's host only", cutting(lambda _, a, b: (Drop(b, a),)), "between"),
    "leader-alone": Fault("leader's host ↮ third host", cutting(lambda _, a, _b: both_ways(a, "rest"))),
    "leader-mute": Fault("leader's host → third host only", cutting(lambda _, a, _b: (Drop(a, "rest"),))),
    "leader-deaf": Fault("third host → leader's host only", cutting(lambda _, a, _b: (Drop("rest", a),))),
    "other-alone": Fault("other host ↮ third host", cutting(lambda _, _a, b: both_ways(b, "rest"))),
    "other-mute": Fault("other host → third host only", cutting(lambda _, _a, b: (Drop(b, "rest"),))),
    "other-deaf": Fault("third host → other host only", cutting(lambda _, _a, b: (Drop("rest", b),))),
    "leader-island": Fault(
        "leader's host ↮ everything",
        cutting(lambda _, a, b: (*both_ways(a, "rest"), *both_ways(a, b))),
        "between",
    ),
    "split-refused": Fault(
        "leader's host ↮ other host, refused by a firewall",
        cutting(lambda _, a, b: both_ways(a, b, refused=True)),
        "between",
    ),
    "leader-refused": Fault(
        "leader's host ↮ other host and Redis, refused by a firewall",
        cutting(
            lambda s, a, b: (
                *both_ways(a, "rest", _redis(s), refused=True),
                *both_ways(a, b, refused=True),
            )
        ),
        "between",
    ),
    "leader-redis": Fault(
        "leader's host ↮ Redis alone", cutting(lambda s, a, _b: both_ways(a, "rest", _redis(s)))
    ),
    "redis-cut": Fault(
        "both hosts ↮ Redis alone",
        cutting(lambda s, a, b: (*both_ways(a, "rest", _redis(s)), *both_ways(b, "rest", _redis(s)))),
    ),
    "telephony-cut": Fault(
        "AMI and FastAGI between the hosts",
        cutting(lambda s, a, b: both_ways(a, b, _telephony(s))),
        "between",
    ),
    "loss": Fault(
        f"{LOSS:.0%} of the packets of the leader's host lost".replace("%", " %"),
        cutting(lambda _, a, b: (*both_ways(a, "rest", share=LOSS), *both_ways(a, b, share=LOSS))),
        "between",
    ),
    "leader-killed": Fault("leader killed (kill -9)", leader_killed, "leader"),
    "leader-frozen": Fault("leader frozen (SIGSTOP), wakes up later", leader_frozen, "leader"),
    "node-killed": Fault("Asterisk of a host killed, later started", node_killed, "node"),
    "redis-restarted": Fault("Redis killed, later started empty", redis_restarted, "redis"),
}
"""By name, in the order of the table."""
