"""The faults, each as what is done to a running centre; when it returns, nothing is broken any more."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.faults.centre import RECORDINGS
from bench.faults.stage import Stage
from tests.integration.centre import wait_until
from tests.integration.standby_centre import NAMES

Act = Callable[[Stage], Awaitable[None]]

FLOOD_EVENTS = 20_000
FLOOD = b"Event: UserEvent\r\nUserEvent: Noise\r\nUniqueid: 1.1\r\nText: %s\r\n\r\n" % (b"x" * 200)
HOUR_S = 3600
WEB_BACK_WITHIN_S = 30.0
REPLICA_WITHIN_S = 10.0
REDIS_WITHIN_S = 10.0
RECORDED_WITHIN_S = 30.0
SPOKEN_BYTES = 8000
"""Less than a second of a recording."""
NAME_SAID = "a name is not found, so its last addresses are used"
FULL_SAID = "a recording waits for its file"


@dataclass(frozen=True, slots=True)
class Fault:
    """`title` is what the table says. `ends_calls`: those on a dead Asterisk are lost, and may be.

    `sets_clock`: what is on record is not what Asterisk's account says, but as long. `needs_disk`: disks
    have to be made for it, which not everybody may.
    """

    title: str
    act: Act
    ends_calls: bool = False
    sets_clock: bool = False
    needs_disk: bool = False


# --- controllers --------------------------------------------------------------------------------------
async def controller_killed(stage: Stage) -> None:
    """kill -9 of the one that leads."""
    stage.strike()
    stage.centre.signal(stage.centre.leader, signal.SIGKILL)
    await stage.until_next_offer(10.0)


async def controller_frozen(stage: Stage) -> None:
    """SIGSTOP, and SIGCONT when another one has led for a while: it must do no harm."""
    old = stage.centre.leader
    stage.strike()
    stage.centre.signal(old, signal.SIGSTOP)
    await stage.stays(8.0, 3.5)
    stage.centre.signal(old, signal.SIGCONT)


async def handover(stage: Stage) -> None:
    """`acd handover`."""
    stage.strike()
    await stage.centre.ask_leader("handover", limit_s=30.0, to="")


async def controllers_killed(stage: Stage) -> None:
    """Both, and only Asterisk's own queue serves until they are started again."""
    centre = stage.centre
    centre.held_down |= set(NAMES)
    stage.strike()
    for name in NAMES:
        centre.signal(name, signal.SIGKILL)
    await stage.stays(15.0, 5.5)
    centre.held_down -= set(NAMES)


# --- Redis --------------------------------------------------------------------------------------------
async def redis_stopped(stage: Stage) -> None:
    """It ends, and comes back empty a while later."""
    stage.strike()
    stage.centre.redis.stop()
    await stage.stays(8.0, 2.5)
    await asyncio.to_thread(stage.centre.redis.start)


async def redis_stalled(stage: Stage) -> None:
    """SIGSTOP, SIGCONT."""
    stage.strike()
    stage.centre.redis.stall()
    await stage.stays(8.0, 3.0)
    stage.centre.redis.thaw()


async def redis_emptied(stage: Stage) -> None:
    """It ends and is there again at once, empty."""
    stage.strike()
    stage.centre.redis.stop()
    await asyncio.to_thread(stage.centre.redis.start)


async def redis_failed_over(stage: Stage) -> None:
    """The master ends, and its replica takes over a moment later, as a sentinel has it."""
    centre = stage.centre
    await asyncio.to_thread(wait_until, centre.replica.has_all, REPLICA_WITHIN_S, "the replica of Redis")
    stage.strike()
    await asyncio.to_thread(centre.redis.stop)
    await stage.stays(3.0, 1.0)
    await asyncio.to_thread(centre.fail_over)
    await stage.stays(1.0, 0.5)
    await asyncio.to_thread(centre.replica.start, centre.redis)


async def names_dead(stage: Stage) -> None:
    """No name server answers, and meanwhile Redis, which is known by its name, is started again."""
    centre = stage.centre
    said = centre.said(NAME_SAID)
    stage.strike()
    centre.lose_names()
    await redis_emptied(stage)
    await stage.stays(10.0, 2.0)

    async def knows() -> bool:
        health = await centre.ask_leader("health")
        return bool(health and health["live_state_in_redis"] and centre.said(NAME_SAID) > said)

    await stage.until(knows, REDIS_WITHIN_S, "Redis at its last address, and a line that says so")
    centre.find_names()


# --- PostgreSQL ---------------------------------------------------------------------------------------
async def database_stopped(stage: Stage) -> None:
    """As by a crash; it comes back a while later."""
    stage.strike()
    await asyncio.to_thread(stage.centre.postgres.stop)
    await stage.stays(10.0, 2.0)
    await asyncio.to_thread(stage.centre.postgres.start)


async def database_stalled(stage: Stage) -> None:
    """SIGSTOP, SIGCONT."""
    stage.strike()
    stage.centre.postgres.stall()
    await stage.stays(10.0, 2.0)
    stage.centre.postgres.thaw()


# --- Asterisk -----------------------------------------------------------------------------------------
async def ami_cut(stage: Stage) -> None:
    """The connection to the manager interface ends, in the middle of what was being said."""
    stage.strike()
    stage.centre.proxy.cut()
    await stage.until_next_offer(10.0)


async def ami_stalled(stage: Stage) -> None:
    """The connection stays and nothing passes; FastAGI goes on."""
    stage.strike()
    stage.centre.proxy.passing.clear()
    await stage.stays(8.0, 2.0)
    stage.centre.proxy.passing.set()


async def ami_flooded(stage: Stage) -> None:
    """As many events that mean nothing as Asterisk would say in an hour, at once."""
    stage.strike()
    for _ in range(FLOOD_EVENTS // 100):
        stage.centre.proxy.inject(FLOOD * 100)
        await stage.centre.proxy.drained()
    await stage.until_next_offer(10.0)


async def asterisk_restarted(stage: Stage) -> None:
    """kill -9, and started again: calls on it are lost."""
    stage.strike()
    await asyncio.to_thread(stage.centre.kill_asterisk)
    stage.load.cut_off()
    await asyncio.to_thread(stage.centre.start_asterisk)
    await stage.until_next_offer(20.0)


# --- the machine --------------------------------------------------------------------------------------
async def disk_full(stage: Stage) -> None:
    """Where the leader keeps live state, journal and spool; then there is room again."""
    centre = stage.centre
    name = centre.leader
    stage.strike()
    await asyncio.to_thread(centre.fill_disk_of, name)
    await stage.stays(8.0, 2.0)
    await asyncio.to_thread(centre.make_room_for, name)


async def recordings_full(stage: Stage) -> None:
    """Where Asterisk writes recordings; then there is room again."""
    centre = stage.centre
    said = centre.said(FULL_SAID)
    await asyncio.to_thread(centre.fill_disk_of, RECORDINGS)
    stage.strike()
    await stage.record_a_talk("+491709999001")
    await stage.stays(6.0, 0.5)

    async def told() -> bool:
        return centre.said(FULL_SAID) > said

    await stage.until(told, RECORDED_WITHIN_S, "a line about a recording that could not be kept")
    await asyncio.to_thread(centre.make_room_for, RECORDINGS)
    call_id = await stage.record_a_talk("+491709999002")

    async def kept() -> bool:
        found = centre.recording_of(call_id)
        return found is not None and found.stat().st_size > SPOKEN_BYTES

    await stage.until(kept, RECORDED_WITHIN_S, "a recording when there was room again")


async def web_killed(stage: Stage) -> None:
    """kill -9 of the web process."""
    stage.strike()
    stage.centre.kill_web()
    await asyncio.to_thread(wait_until, stage.centre.web_is_up, WEB_BACK_WITHIN_S, "the web process")


async def clock_forward(stage: Stage) -> None:
    """By an hour, for Asterisk and all of ours; it stays so."""
    stage.strike()
    stage.centre.step_clock(HOUR_S)
    await stage.stays(5.0, 3.0)


async def clock_back(stage: Stage) -> None:
    """By an hour."""
    stage.strike()
    stage.centre.step_clock(-HOUR_S)
    await stage.stays(5.0, 3.0)


FAULTS: dict[str, Fault] = {
    "controller-killed": Fault("leader killed (kill -9)", controller_killed),
    "controller-frozen": Fault("leader frozen (SIGSTOP), wakes up later", controller_frozen),
    "handover": Fault("`acd handover`", handover),
    "controllers-killed": Fault("both controllers killed, later started again", controllers_killed),
    "redis-stopped": Fault("Redis stopped, later started empty", redis_stopped),
    "redis-stalled": Fault("Redis stalled (SIGSTOP)", redis_stalled),
    "redis-emptied": Fault("Redis restarted empty", redis_emptied),
    "redis-failed-over": Fault("Redis failed over to its replica", redis_failed_over),
    "names-dead": Fault("DNS dead, and Redis restarted empty", names_dead),
    "database-stopped": Fault("PostgreSQL stopped, later started", database_stopped),
    "database-stalled": Fault("PostgreSQL stalled (SIGSTOP)", database_stalled),
    "ami-cut": Fault("manager interface (AMI) cut", ami_cut),
    "ami-stalled": Fault("AMI stalled", ami_stalled),
    "ami-flooded": Fault("AMI flooded with 20,000 events", ami_flooded),
    "asterisk-restarted": Fault("Asterisk killed and started again", asterisk_restarted, ends_calls=True),
    "disk-full": Fault("disk of live state, journal and spool full", disk_full, needs_disk=True),
    "recordings-full": Fault("disk of recordings full", recordings_full, needs_disk=True),
    "web-killed": Fault("web process killed", web_killed),
    "clock-forward": Fault("clock set an hour forward", clock_forward, sets_clock=True),
    "clock-back": Fault("clock set an hour back", clock_back, sets_clock=True),
}
"""By name, in the order of the table."""
