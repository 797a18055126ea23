"""Flows that change under load: callers are in menus while every second another version comes, or a fault."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from acd.core.facts import EndedBy, StepTaken
from acd.errors import RequestRefused
from acd.runtime.version_files import VersionFiles
from tests.integration.centre import Centre, started

pytestmark = pytest.mark.asterisk

CALLERS = 20
LOAD_S = 60.0 if os.environ.get("ACD_TEST_ALL") else 12.0
EVERY_S = 1.0
FAULTS = (
    ("say: Gone", "say: [Gone"),  # no YAML any more
    ("next: bye", "next: nowhere"),  # leads nowhere
    ("ends: hangup", "ends: group sales"),  # its own test fails
)


def flow(version: int) -> str:
    """A flow of two menus whose every step has the version in its name."""
    v = f"v{version}"
    return f"""name: main
start: {v}_first
language: en
steps:
  {v}_first:
    menu: {{prompt: "Version {version}. Press 1.", choices: {{"1": {v}_second}}, failure: lost}}
  {v}_second:
    menu: {{prompt: "Version {version}. Press 2.", choices: {{"2": {v}_right}}, failure: lost}}
  {v}_right: {{set: {{version: {version}}}, next: bye}}
  bye: {{say: Gone., next: over}}
  over: {{hangup: }}
  lost: {{hangup: You are lost.}}
tests:
  - name: the way that everybody goes
    keys: ["1", "2"]
    expect: {{ends: hangup, variables: {{version: {version}}}}}
"""


class ReloadCentre(Centre):
    """Begins with version 0 of the flow."""

    def adapt(self) -> None:
        """Write it."""
        self.write(flow(0))

    def write(self, text: str) -> None:
        """As an editor does."""
        (self.flows / "main.yml").write_text(text, encoding="utf-8")

    @property
    def numbers(self) -> list[int]:
        """The versions that are kept."""
        return [entry.number for entry in VersionFiles(self.home / "versions").entries()]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReloadCentre]:
    """Asterisk and controller."""
    with started(ReloadCentre(tmp_path_factory.mktemp("reload_centre"))) as centre:
        yield centre


@dataclass
class Load:
    """What callers and reloads came to."""

    calls: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    active: list[int] = field(default_factory=list)
    refused: int = 0
    slowest_s: float = 0.0


async def _call(centre: Centre, number: str, load: Load, until: float) -> None:
    """Call after call: through both menus, at a pace of one's own, until it is over."""
    pause_s = 0.7 + int(number[-2:]) % 10 / 10
    while time.monotonic() < until:
        async with centre.caller("8000", from_number=number) as caller:
            await caller.dial()
            await caller.wait_answered(10)
            load.calls += 1
            await asyncio.sleep(pause_s)
            await caller.press("1")
            await asyncio.sleep(pause_s)
            await caller.press("2")
            load.ends[(await caller.wait_ended(15)).fields.get("By", "refused")] += 1


async def _reload(centre: ReloadCentre, load: Load, until: float) -> None:
    """Every second, and every third time with a fault."""
    version = 0
    while time.monotonic() < until:
        version += 1
        text = flow(version)
        fault = FAULTS[version // 3 % len(FAULTS)] if version % 3 == 0 else None
        if fault is not None:
            assert fault[0] in text
            text = text.replace(*fault)
        await asyncio.to_thread(centre.write, text)
        began = time.monotonic()
        if fault is None:
            load.active.append((await centre.ask("reload", who="test", limit_s=30.0))["number"])
        else:
            with pytest.raises(RequestRefused, match="ivr_flows"):
                await centre.ask("reload", who="test", limit_s=30.0)
            load.refused += 1
        load.slowest_s = max(load.slowest_s, time.monotonic() - began)
        await asyncio.sleep(max(0.0, EVERY_S - (time.monotonic() - began)))


@pytest.mark.alone
async def test_reloads_under_load_drop_and_misroute_nobody(running: ReloadCentre) -> None:
    load = Load()
    before = len(running.numbers)
    until = time.monotonic() + LOAD_S
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_reload(running, load, until))
        for number in range(CALLERS):
            tasks.create_task(_call(running, f"+4917000000{number:02}", load, until))
    await running.until_no_channels()
    assert load.refused >= 2, load
    assert len(load.active) >= 4, load
    assert load.active == list(range(before + 1, before + 1 + len(load.active))), "a refused one left a trace"
    assert load.ends == {"far end": load.calls}, load
    await running.until(lambda status: not status["calls"], "an empty floor")
    running.stop_controller()  # writes what it has gathered
    records = [r for r in running.records() if r.caller_number.startswith("+4917000000")]
    await asyncio.to_thread(running.start_controller)
    assert len(records) == load.calls
    used = Counter(_version_of(record.call_id, record.facts) for record in records)
    assert all(record.ended_by is EndedBy.SYSTEM for record in records)
    assert len(used) >= len(load.active) / 2, f"callers met only {used}"


def _version_of(call_id: str, told: tuple[object, ...]) -> str:
    """The one version that the call was in from its first step to its last."""
    steps = [fact for fact in told if isinstance(fact, StepTaken)]
    ways = [(step.step.partition("_")[2] or step.step, step.arrow) for step in steps]
    assert ways == [
        ("first", "choice 1"),
        ("second", "choice 2"),
        ("right", "next"),
        ("bye", "next"),
        ("over", "end"),
    ], (call_id, ways)
    assert len({step.step.partition("_")[0] for step in steps[:3]}) == 1, (call_id, steps)
    (version,) = {step.version for step in steps}
    return version


async def test_a_call_goes_on_with_its_version_over_a_reload_and_a_killed_controller(
    running: ReloadCentre,
) -> None:
    await asyncio.to_thread(running.write, flow(1001))
    await running.ask("reload", who="test", limit_s=30.0)
    async with running.caller("8000") as caller:
        await caller.dial()
        call = await running.until_call("ivr", step="main/v1001_first")
        await asyncio.to_thread(running.write, flow(1002))
        await running.ask("reload", who="test", limit_s=30.0)
        running.kill_controller()
        await asyncio.to_thread(running.write, flow(1003))
        await asyncio.to_thread(running.start_controller)
        await running.until_call("ivr", step="main/v1001_first")
        listing = await running.ask("versions")
        assert listing["active"] == running.numbers[-1], "a crash has made an edit live"
        assert sum(listing["calls"].values()) == 1
        await asyncio.sleep(0.5)
        await caller.press("1")
        await running.until_call("ivr", step="main/v1001_second")
        async with running.caller("8000", from_number="+491700000099") as other:
            await other.dial()
            await running.until_call("ivr", step="main/v1002_first")
            await other.hang_up()
            await other.wait_ended()
        await caller.press("2")
        assert (await caller.wait_ended()).fields["By"] == "far end"
    record = await running.record(call["id"])
    _version_of(record.call_id, record.facts)
    shown = await asyncio.to_thread(running.acd, "trace", call["id"])
    assert "main/v1001_second  choice 2 → v1001_right" in shown


async def test_a_rollback_is_for_new_calls(running: ReloadCentre) -> None:
    await asyncio.to_thread(running.write, flow(2001))
    first = (await running.ask("reload", who="test", limit_s=30.0))["number"]
    await asyncio.to_thread(running.write, flow(2002))
    await running.ask("reload", who="test", limit_s=30.0)
    await asyncio.to_thread(running.acd, "rollback", str(first))
    async with running.caller("8000") as caller:
        await caller.dial()
        await running.until_call("ivr", step="main/v2001_first")
        await caller.hang_up()
        await caller.wait_ended()
    assert f"rollback to {first}" in await asyncio.to_thread(running.acd, "versions")
