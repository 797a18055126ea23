"""The live feed by way of a real Redis: several links to one real feed, and what befalls Redis meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from acd.runtime import feed
from acd.runtime.control_server import ControlServer
from acd.runtime.leader import Leader
from acd.runtime.presence import Presence
from acd.runtime.watchers import Watchers
from acd.settings.environment import Environment
from acd.state import feed_channel
from acd.state.feed_channel import FeedChannel
from acd.state.redis_hash import RedisServer
from acd.web import link, published
from acd.web.link import Link, Way
from acd.web.picture import Picture
from tests.redis_server import RedisProcess
from tests.runtime.test_feed import Stage


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, value_s in (
        (link, "PUBLISHED_AFTER_S", 0.0),
        (link, "PUBLISHED_AGAIN_AFTER_S", 0.2),
        (feed, "HEARTBEAT_S", 0.1),
        (published, "SILENCE_MAX_S", 1.5),
        (published, "RETRY_S", 0.05),
        (feed_channel, "RETRY_S", 0.05),
    ):
        monkeypatch.setattr(module, name, value_s)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    process = RedisProcess(tmp_path)
    process.start()
    yield process
    process.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(8):
        while not condition():  # noqa: ASYNC110 - what is looked at has no event of its own
            await asyncio.sleep(0.005)


class Floor:
    """A controller's live feed on its control socket and on Redis, and links to it as web processes have."""

    def __init__(self, home: Path, redis: RedisProcess) -> None:
        self.environment = Environment(home, home, home)
        self.stage = Stage()
        self.presence = Presence(self.stage.desk.shell.feed)
        self.channel = FeedChannel(RedisServer(port=redis.port), "acd")
        self.stage.feed.publish(self.channel.take, self.channel.place)
        watchers = Watchers(self.stage.feed, self.presence)
        self.server = ControlServer(self.environment.control_socket, {}, {"watch": watchers.serve})
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        await self.server.start()
        for work in (self.stage.feed.run(), self.channel.run()):
            self.tasks.append(asyncio.create_task(work))

    async def stop(self) -> None:
        self.presence.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.server.stop()
        await self.stage.desk.close()

    def link(self) -> tuple[Link, asyncio.Task[None]]:
        made = Link(Leader(self.environment), Picture())
        running = asyncio.create_task(made.run())
        self.tasks += [running, asyncio.create_task(made.listen())]
        return made, running

    def change(self, number: int) -> None:
        self.stage.feed.keep("message:m", {"number": number})


def has(number: int, *links: Link) -> bool:
    return all(one._picture.objects.get("message:m") == {"number": number} for one in links)


@pytest.fixture
async def floor(tmp_path: Path, redis: RedisProcess) -> AsyncIterator[Floor]:
    floor = Floor(tmp_path, redis)
    await floor.start()
    yield floor
    await floor.stop()


async def test_what_is_published_takes_the_place_of_the_stream(floor: Floor) -> None:
    links = [floor.link()[0] for _ in range(3)]
    await until(lambda: all(one.way is Way.PUBLISHED for one in links))
    assert floor.stage.feed._takers == []
    floor.change(1)
    await until(lambda: has(1, *links))
    late, _ = floor.link()
    await until(lambda: late.way is Way.PUBLISHED and has(1, late))
    assert all(one._picture.objects == late._picture.objects for one in links)


@pytest.mark.parametrize("fault", ["stop", "stall"])
async def test_redis_goes_and_comes_back(floor: Floor, redis: RedisProcess, fault: str) -> None:
    one, _ = floor.link()
    await until(lambda: one.way is Way.PUBLISHED)
    getattr(redis, fault)()
    floor.change(2)
    await until(lambda: has(2, one))
    assert one.way is Way.DIRECT
    redis.thaw()
    await until(lambda: one.way is Way.PUBLISHED)
    floor.change(3)
    await until(lambda: has(3, one))


async def test_a_line_that_is_lost_is_noticed(floor: Floor) -> None:
    one, _ = floor.link()
    await until(lambda: one.way is Way.PUBLISHED)
    lost: list[bytes] = []
    floor.stage.feed.publish(lost.append, floor.channel.place)
    floor.change(4)
    await until(lambda: lost)
    floor.stage.feed.publish(floor.channel.take, floor.channel.place)
    await until(lambda: has(4, one))
    await until(lambda: one.way is Way.PUBLISHED)


async def test_others_who_publish_there_change_nothing(
    floor: Floor, redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = floor.link()
    await until(lambda: one.way is Way.PUBLISHED)
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.5)  # what is published comes sooner, however busy all are
    for text in ("nonsense", "[]", '{"feed": "another", "seq": 1, "set": {"message:m": {"number": 5}}}'):
        await asyncio.to_thread(redis.cli, "publish", "acd:feed", text)
    floor.change(6)
    await until(lambda: has(6, one))
    assert one.way is Way.PUBLISHED


async def test_an_agents_desktops_at_two_web_processes(floor: Floor) -> None:
    """One of the two dies: the agent still has one open."""
    (one, running), (two, _) = floor.link(), floor.link()
    await until(lambda: one.way is two.way is Way.PUBLISHED)
    anna = floor.stage.desk.shell.engine.floor.agents["anna"]
    one.here("anna")
    two.here("anna")
    await until(lambda: len(floor.presence._witnesses.get("anna", ())) == 2)
    running.cancel()
    await until(lambda: len(floor.presence._witnesses["anna"]) == 1)
    assert anna.desktop
    two.gone("anna")
    await until(lambda: "anna" not in floor.presence._witnesses)


async def test_what_redis_does_not_take_in_time_is_dropped(
    floor: Floor, redis: RedisProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _ = floor.link()
    await until(lambda: one.way is Way.PUBLISHED)
    monkeypatch.setattr(feed_channel, "WAITING_MAX_BYTES", 1000)
    redis.stall()
    for number in range(100):
        floor.change(number)
        floor.stage.feed.flush()
    assert floor.channel._bytes <= 1000
    await until(lambda: has(99, one))
    redis.thaw()
