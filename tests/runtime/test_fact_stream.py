"""The stream of facts: all of the past in lines of bounded size, then what comes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

from acd.core import events
from acd.core.facts import Returned
from acd.runtime.control_server import ControlServer
from acd.runtime.fact_stream import LINE_BYTES, FactStream
from acd.runtime.observers import Audience
from tests.runtime.fakes import Desk


async def test_a_long_past_comes_in_short_lines_and_nothing_twice(tmp_path: Path) -> None:
    desk = Desk()
    stream = FactStream(desk.shell.engine.floor, desk.clock)
    desk.shell.observer = Audience(of_floor=[stream])
    server = ControlServer(tmp_path / "acd.sock", {}, {"facts": stream.serve})
    await server.start()
    await desk.ask("c1")
    await desk.ask("c2")
    call = desk.shell.engine.floor.calls["c1"]
    for number in range(2000):
        desk.shell.engine.floor.note(call, Returned(desk.clock.now, f"announcement {number}"))
    facts = {name: len(call.facts) for name, call in desk.shell.engine.floor.calls.items()}
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "acd.sock"))
    writer.write(b'{"do": "facts"}\n')
    heard: list[dict[str, Any]] = []
    async with asyncio.timeout(5):
        while not heard or heard[-1].get("more"):
            line = await reader.readline()
            assert len(line) <= LINE_BYTES + 200
            heard.append(json.loads(line))
        desk.shell.feed(events.CallEnded("c2"))
        while "c2" not in (told := json.loads(await reader.readline()))["calls"]:
            assert not told["calls"]
    assert [told.get("ok") for told in heard] == [True] + [None] * (len(heard) - 1)
    assert len(heard) > 2
    for name, count in facts.items():
        assert sum(len(told["calls"].get(name, ())) for told in heard) == count
    agents = [each["agent"] for told in heard for each in told["agents"]]
    assert sorted(agents) == sorted(desk.centre.plan.agents)
    assert [fact["fact"] for fact in told["calls"]["c2"]] == ["Ended"]
    writer.close()
    await server.stop()
    await desk.close()


async def test_who_begins_to_listen_is_told_the_alarms_of_today_since_then(tmp_path: Path) -> None:
    desk = Desk()
    stream = FactStream(desk.shell.engine.floor, desk.clock)
    stream.past_alarms = lambda: [{"who": "anna", "at": 5.0}, {"who": "ben", "at": 50.0}]
    stream.alarm({"who": "ben", "at": 50.0})  # nobody listens
    server = ControlServer(tmp_path / "acd.sock", {}, {"facts": stream.serve})
    await server.start()
    reader, writer = await asyncio.open_unix_connection(str(tmp_path / "acd.sock"))
    writer.write(b'{"do": "facts", "since": 10.0}\n')
    async with asyncio.timeout(5):
        told = json.loads(await reader.readline())
    assert told["alarms"] == [{"who": "ben", "at": 50.0}]
    writer.close()
    await server.stop()
    await desk.close()


async def test_what_comes_while_the_past_is_told_does_not_pass_for_its_end() -> None:
    """Who remembers how far it has heard would leave out the rest after a restart."""
    desk = Desk()
    stream = FactStream(desk.shell.engine.floor, desk.clock)
    desk.shell.observer = Audience(of_floor=[stream])
    await desk.ask("c1")
    call = desk.shell.engine.floor.calls["c1"]
    for number in range(2000):
        desk.shell.engine.floor.note(call, Returned(desk.clock.now, f"announcement {number}"))
    heard: list[bytes] = []
    writer: Any = Mock(transport=Mock(is_closing=lambda: False, get_write_buffer_size=lambda: 0))
    writer.write = heard.append

    async def drain() -> None:
        if len(heard) == 1:
            await desk.ask("c2")
            stream._flush()

    writer.drain = drain
    reader = asyncio.StreamReader()
    reader.feed_eof()
    await stream.serve({"do": "facts"}, reader, writer)
    told = [json.loads(line) for line in heard]
    assert "c2" in told[1]["calls"]
    assert [line.get("more", False) for line in told] == [True] * (len(told) - 1) + [False]
    await desk.close()
