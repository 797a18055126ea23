"""The live feed: what changes is told once, and nothing is done while nobody watches."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from acd.core import events
from acd.core.agents import Agent
from acd.core.expected_wait import WaitRange
from acd.core.facts import CallKind, EndedBy
from acd.core.floor import Floor
from acd.core.ports import AskKind
from acd.runtime import feed, feed_look, watchers
from acd.runtime.control_server import ControlServer
from acd.runtime.feed import LiveFeed
from acd.runtime.feed_figures import Figures
from acd.runtime.feed_look import View
from acd.runtime.feed_objects import agent_object
from acd.runtime.observers import Audience
from acd.runtime.presence import Presence
from acd.runtime.watchers import Watchers
from tests.runtime.fakes import START, Desk


class Seen:
    """What a watcher has heard, put together as a page does it."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.now: dict[str, Any] = {}

    def take(self, line: bytes) -> None:
        """One line."""
        told = json.loads(line)
        self.lines.append(told)
        if "all" in told:
            self.now = dict(told["all"])
        else:
            assert not (told["set"].keys() & set(told["drop"]))
            for key in told["drop"]:
                del self.now[key]
            self.now.update(told["set"])


class Stage:
    """The example centre with a feed."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.waits: list[str] = []
        floor = self.desk.shell.engine.floor
        view = View(
            centre=lambda: {"dispatching": not floor.suspended},
            language=lambda: "en",
            step_of=self.desk.reception.walker.step_of,
            expected_wait=self.expected,
        )
        self.feed = LiveFeed(floor, self.desk.clock, view)
        self.desk.shell.observer = Audience(of_all=[self.feed])
        self.seen = Seen()

    def expected(self, group: str) -> WaitRange:
        """Half a minute."""
        self.waits.append(group)
        return WaitRange(30.4, 60.2)

    def watch(self) -> Seen:
        """From here on."""
        self.feed.join(self.seen.take)
        return self.seen

    def agent(self, agent: str) -> Any:
        """As told."""
        self.feed.flush()
        return self.seen.now[f"agent:{agent}"]


async def until(holds: Callable[[], bool]) -> None:
    """Let the loop run until it does."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what is looked at has no event of its own
            await asyncio.sleep(0)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Nobody is logged in, and nobody watches."""
    stage = Stage()
    yield stage
    stage.feed.leave(stage.seen.take)
    await stage.desk.close()


async def test_everything_comes_first(stage: Stage) -> None:
    stage.desk.ready("anna")
    seen = stage.watch()
    assert len(seen.lines) == 1
    assert seen.lines[0]["ok"] is True
    assert seen.lines[0]["now_s"] == START
    plan = stage.desk.centre.plan
    wanted = {"centre"} | {f"agent:{a}" for a in plan.agents} | {f"group:{g}" for g in plan.groups}
    assert seen.now.keys() == wanted
    anna = seen.now["agent:anna"]
    assert (anna["state"], anna["since_at"], anna["phone_reachable"]) == ("ready", START, True)
    assert all(seen.now[f"group:{group}"]["ready"] == 1 for group in anna["groups"])


async def test_a_call_from_arrival_to_the_end_of_wrap_up(stage: Stage) -> None:
    desk, seen = stage.desk, stage.watch()
    await desk.ask()
    stage.feed.flush()
    call = seen.now["call:c1"]
    assert (call["state"], call["position"], call["queued_at"]) == ("waiting", 1, START)
    group = call["group"]
    assert (seen.now[f"group:{group}"]["waiting"], seen.now[f"group:{group}"]["oldest_at"]) == (1, START)
    desk.ready("anna")
    stage.feed.flush()
    assert (seen.now["call:c1"]["state"], seen.now["call:c1"]["agent"]) == ("ringing", "anna")
    assert (seen.now["agent:anna"]["state"], seen.now["agent:anna"]["call"]) == ("ringing", "c1")
    assert (seen.now[f"group:{group}"]["waiting"], seen.now[f"group:{group}"]["ringing"]) == (0, 1)
    desk.shell.feed(events.OfferAnswered("c1"))
    desk.shell.feed(events.CallHeld("c1"))
    stage.feed.flush()
    assert (seen.now["call:c1"]["state"], seen.now["call:c1"]["on_hold"]) == ("talking", True)
    await desk.ask(kind=AskKind.AGENT_LEFT)
    desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER, ""))
    stage.feed.flush()
    assert (seen.now["call:c1"]["state"], seen.now["call:c1"]["wrap_up_for"]) == ("ended", "anna")
    anna = seen.now["agent:anna"]
    assert (anna["state"], anna["wrap_up_call"], anna["until_at"]) == ("wrap_up", "c1", START + 10)
    desk.after(10.1)
    stage.feed.flush()
    assert "call:c1" not in seen.now
    assert seen.now["agent:anna"]["state"] == "ready"
    assert seen.now[f"group:{group}"]["ready"] == 1


async def test_what_is_as_before_is_not_told(stage: Stage) -> None:
    seen = stage.watch()
    stage.desk.ready("anna")
    stage.feed.flush()
    count = len(seen.lines)
    stage.feed.agent_changed(stage.desk.shell.engine.floor.agents["anna"])
    stage.feed.flush()
    assert len(seen.lines) == count


async def test_a_consultation_about_an_own_call_does_not_hide_it(stage: Stage) -> None:
    stage.watch()
    stage.desk.ready("anna")
    for call_id in ("o1", "o1-c1"):
        stage.desk.shell.feed(events.CallArrived(call_id, CallKind.INTERNAL, "1001", "", "x", None, "anna"))
        assert stage.agent("anna")["own_call"] == "o1"
    stage.desk.shell.feed(events.CallEnded("o1"))
    assert stage.agent("anna")["own_call"] == "o1-c1"


async def test_changes_of_a_moment_are_told_together(stage: Stage) -> None:
    seen = stage.watch()
    stage.desk.ready("anna", "ben")
    await until(lambda: len(seen.lines) > 1)
    assert len(seen.lines) == 2
    assert {"agent:anna", "agent:ben"} <= seen.lines[1]["set"].keys()


async def test_a_phone_off_the_hook_is_seen(stage: Stage) -> None:
    stage.desk.ready("anna")
    stage.watch()
    phone = stage.agent("anna")["phone"]
    stage.desk.shell.feed(events.PhoneChanged(phone, True, True))
    assert stage.agent("anna")["occupied"] == "phone_in_use"
    group = stage.agent("anna")["groups"][0]
    assert (stage.seen.now[f"group:{group}"]["ready"], stage.seen.now[f"group:{group}"]["occupied"]) == (0, 1)
    stage.desk.shell.feed(events.PhoneChanged(phone, True, False))
    assert stage.agent("anna")["occupied"] is None


async def test_places_move_up(stage: Stage) -> None:
    seen = stage.watch()
    for name in ("c1", "c2", "c3"):
        await stage.desk.ask(name)
    stage.feed.flush()
    assert [seen.now[f"call:{name}"]["position"] for name in ("c1", "c2", "c3")] == [1, 2, 3]
    stage.desk.shell.feed(events.CallEnded("c1", EndedBy.CALLER, ""))
    stage.feed.flush()
    assert "call:c1" not in seen.now
    stage.desk.clock.now += 1
    stage.feed.flush()
    assert [seen.now[f"call:{name}"]["position"] for name in ("c2", "c3")] == [1, 2]


async def test_the_heartbeat_is_empty_where_nothing_has_changed(stage: Stage) -> None:
    seen = stage.watch()
    stage.feed.beat()
    stage.feed.beat()
    assert (seen.lines[-1]["set"], seen.lines[-1]["drop"]) == ({}, [])
    stage.desk.shell.feed(events.DispatchSuspended())
    stage.feed.beat()
    assert seen.lines[-1]["set"] == {"centre": {"dispatching": False}}


async def test_the_expected_wait_is_worked_out_while_somebody_watches(stage: Stage) -> None:
    stage.feed.beat()
    assert stage.waits == []
    seen = stage.watch()
    stage.feed.beat()
    assert sorted(stage.waits) == sorted(stage.desk.centre.plan.groups)
    assert all(seen.now[f"group:{g}"]["expected_wait_s"] == {"p50": 30.0, "p90": 60.0} for g in stage.waits)
    stage.waits.clear()
    stage.feed.beat()
    assert stage.waits == []


async def test_what_others_keep_comes_and_goes(stage: Stage) -> None:
    stage.feed.keep("message:m1", {"text": "before"})
    seen = stage.watch()
    assert seen.now["message:m1"] == {"text": "before"}
    stage.feed.keep("message:m1", None)
    stage.feed.keep("inbox", {"changed_at": 1.0})
    stage.feed.flush()
    assert "message:m1" not in seen.now
    assert seen.now["inbox"] == {"changed_at": 1.0}


async def test_another_plan_is_told_whole(stage: Stage) -> None:
    seen = stage.watch()
    plan = stage.desk.centre.plan
    fewer = {name: group for name, group in plan.groups.items() if name != "support"}
    stage.desk.shell.feed(events.PlanChanged(replace(plan, groups=fewer)))
    stage.desk.ready("anna")
    stage.feed.flush()
    assert "group:support" not in seen.now
    assert "support" not in seen.now["agent:anna"]["groups"]


async def test_a_fault_costs_one_look_and_no_call(stage: Stage) -> None:
    seen = stage.watch()
    kept, stage.feed._view = stage.feed._view, replace(stage.feed._view, language=lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    stage.desk.ready("anna")
    stage.feed.flush()
    stage.feed._view = kept
    stage.feed.beat()
    assert seen.now["agent:anna"]["state"] == "ready"


async def test_an_object_that_cannot_be_made_is_left_out_until_it_changes(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, made = stage.watch(), agent_object
    before = seen.now["agent:anna"]

    def broken(floor: Floor, agent: Agent, language: str, team: str | None) -> dict[str, Any]:
        return made(floor, agent, language, team) if agent.id != "anna" else {"name": "\ud800"}

    monkeypatch.setattr(feed_look, "agent_object", broken)
    with capture_logs() as logs:
        for _ in range(3):
            stage.desk.ready("anna", "ben")
            stage.feed.flush()
            stage.feed.beat()
    assert [entry["key"] for entry in logs if entry["log_level"] == "error"] == ["agent:anna"]
    assert seen.now["agent:anna"] == before
    assert seen.now["agent:ben"]["state"] == "ready"
    monkeypatch.setattr(feed_look, "agent_object", made)
    stage.desk.shell.feed(events.AgentWentNotReady("anna", "lunch"))
    assert stage.agent("anna")["state"] == "not_ready"


async def test_while_the_whole_look_fails_it_is_tried_once_a_heartbeat(stage: Stage) -> None:
    seen, tries, good = stage.watch(), [], stage.feed._view

    def fails() -> str:
        tries.append("try")
        raise RuntimeError("a fault")

    stage.feed._view = replace(good, language=fails)
    with capture_logs() as logs:
        for _ in range(5):
            stage.desk.ready("anna")
            stage.feed.flush()
        stage.feed.beat()
        stage.feed.beat()
    assert len(tries) == 3
    assert [entry["log_level"] for entry in logs].count("error") == 1
    stage.feed._view = good
    stage.feed.beat()
    assert seen.now["agent:anna"]["state"] == "ready"


@pytest.mark.parametrize("another_joins", [False, True])
async def test_what_was_not_told_for_a_fault_is_told_when_that_is_over(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, another_joins: bool
) -> None:
    seen, good = stage.watch(), Figures.call_changed
    stage.desk.ready("anna")
    stage.feed.flush()

    def fails(_self: Figures, _call: str) -> list[str]:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Figures, "call_changed", fails)
    stage.desk.shell.feed(events.AgentWentNotReady("anna", "lunch"))
    await stage.desk.ask("c1")
    stage.feed.flush()
    assert seen.now["agent:anna"]["state"] == "ready"
    monkeypatch.setattr(Figures, "call_changed", good)
    if another_joins:
        other = Seen()
        stage.feed.join(other.take)
        assert other.now["agent:anna"]["state"] == "not_ready"
    else:
        stage.feed.beat()
    assert seen.now["agent:anna"]["state"] == "not_ready"


async def test_nobody_watches_any_more(stage: Stage) -> None:
    seen = stage.watch()
    stage.feed.leave(seen.take)
    stage.desk.ready("anna")
    assert (stage.feed._timer, stage.feed._agents, stage.feed._told) == (None, {}, {})
    assert len(seen.lines) == 1


# --- over the socket --------------------------------------------------------------------------
@pytest.fixture
async def path(stage: Stage, tmp_path: Path) -> AsyncIterator[Path]:
    """A control socket that can be watched."""
    presence = Presence(stage.desk.shell.feed)
    server = ControlServer(tmp_path / "acd.sock", {}, {"watch": Watchers(stage.feed, presence).serve})
    await server.start()
    yield tmp_path / "acd.sock"
    presence.close()
    await server.stop()


async def heard(reader: asyncio.StreamReader) -> dict[str, Any]:
    """The next line."""
    async with asyncio.timeout(5):
        told: dict[str, Any] = json.loads(await reader.readline())
    return told


async def test_a_connection_watches_and_tells_who_is_there(stage: Stage, path: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=2**22)
    writer.write(b'{"do": "watch", "desktops": ["anna"]}\n')
    everything = await heard(reader)
    assert everything["all"]["agent:anna"]["desktop"] is True
    writer.write(b'{"here": ["ben"], "gone": ["anna"]}\n')
    told = await heard(reader)
    assert told["set"]["agent:anna"]["desktop"] is False
    assert told["set"]["agent:ben"]["desktop"] is True
    writer.close()
    await until(lambda: not stage.desk.shell.engine.floor.agents["ben"].desktop)
    assert stage.feed._takers == []


@pytest.mark.parametrize("line", [b"nonsense\n", b'{"here": "anna"}\n', b'{"do": "ready"}\n', b"[]\n"])
async def test_who_says_something_else_is_told_so_and_dropped(stage: Stage, path: Path, line: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(str(path), limit=2**22)
    writer.write(b'{"do": "watch", "desktops": []}\n')
    await heard(reader)
    writer.write(line)
    assert (await heard(reader))["error"] == "bad-request"
    assert await reader.readline() == b""
    writer.close()


async def test_who_does_not_read_is_dropped(stage: Stage, path: Path) -> None:
    _, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b'{"do": "watch"}\n')
    await until(lambda: len(stage.feed._takers) == 1)
    for number in range(64):
        stage.feed.keep("message:long", {"number": number, "text": "x" * 500_000})
        stage.feed.flush()
    await until(lambda: not stage.feed._takers)
    writer.close()


async def test_who_has_stopped_has_no_desktops(
    stage: Stage, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "SILENCE_MAX_S", 0.05)
    reader, writer = await asyncio.open_unix_connection(str(path), limit=2**22)
    writer.write(b'{"do": "watch", "desktops": ["anna"]}\n')
    assert (await heard(reader))["all"]["agent:anna"]["desktop"] is True
    await until(lambda: not stage.desk.shell.engine.floor.agents["anna"].desktop)
    writer.close()


async def test_who_only_looks_may_be_silent(
    stage: Stage, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "SILENCE_MAX_S", 0.0)
    reader, writer = await asyncio.open_unix_connection(str(path), limit=2**22)
    writer.write(b'{"do": "watch"}\n')
    await heard(reader)
    stage.desk.ready("anna")
    assert "agent:anna" in (await heard(reader))["set"]
    writer.close()


# --- large centres ----------------------------------------------------------------------------
async def test_a_large_picture_is_looked_at_in_parts_and_told_at_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_look, "LOOK_MOST", 2)
    first, second, told = Seen(), Seen(), asyncio.Event()
    stage.feed.join(first.take)
    assert first.lines == []
    stage.feed.join(second.take)  # before anybody has got anything
    stage.feed.join(lambda _line: told.set())
    stage.desk.ready("anna")
    stage.feed.beat()
    async with asyncio.timeout(10):
        await told.wait()
    agents = {key for key in first.now if key.startswith("agent:")}
    assert agents == {f"agent:{agent}" for agent in stage.desk.centre.plan.agents}
    assert first.now["agent:anna"]["state"] == "ready"
    assert second.now == first.now
    third = Seen()
    stage.feed.join(third.take)  # nothing has to be looked at any more
    assert third.now == first.now
    for seen in (first, second, third):
        stage.feed.leave(seen.take)


async def test_who_leaves_before_the_first_line_need_not_wait_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_look, "LOOK_MOST", 2)
    monkeypatch.setattr(feed, "FORGET_AFTER_S", 0.01)
    seen, again = Seen(), Seen()
    stage.feed.join(seen.take)
    stage.feed.leave(seen.take)
    for _ in range(5):
        stage.feed.flush()
    assert seen.lines == []
    stage.feed.join(again.take)
    assert again.now.keys() >= {f"agent:{agent}" for agent in stage.desk.centre.plan.agents}
    stage.feed.leave(again.take)
    stage.feed.join(seen.take)
    stage.feed.leave(seen.take)
    async with asyncio.timeout(10):
        while stage.feed._watched:  # noqa: ASYNC110 - nobody is told that it has forgotten
            await asyncio.sleep(0.005)
    assert not stage.feed._told


async def test_a_picture_larger_than_one_may_be_behind_is_heard_all_the_same(tmp_path: Path) -> None:
    """The first line of a large centre: 12 MB, of which nothing has been read when the next one comes."""
    path, sent, over = tmp_path / "s", asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        watcher = watchers.Watcher(writer)
        watcher.take(b"x" * 12_000_000 + b"\n")
        watcher.take(b"y\n")
        sent.set()
        await reader.read()
        writer.close()
        over.set()

    server = await asyncio.start_unix_server(serve, str(path))
    reader, writer = await asyncio.open_unix_connection(str(path), limit=20_000_000)
    await sent.wait()
    assert len(await reader.readline()) == 12_000_001
    assert await reader.readline() == b"y\n"
    writer.close()
    await writer.wait_closed()
    await over.wait()
    server.close()
    await server.wait_closed()
