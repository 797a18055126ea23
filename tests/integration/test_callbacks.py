"""Callbacks that keep their place, on real Asterisk: a second one plays the provider."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from acd.core.facts import CallKind
from acd.records.record import CallRecord
from tests.integration.centre import started, story
from tests.integration.nodes_centre import NodesCentre
from tests.integration.sip.phone import Phone
from tests.integration.test_trunks import until_arrived, until_trunk
from tests.integration.trunk_centre import TrunkCentre

pytestmark = pytest.mark.asterisk

FLOW = """
name: call_me_back
language: en
start: back
steps:
  back: {{callback: {{group: {group}, number: "'{number}'"}}, next: bye, failure: refused}}
  bye: {{hangup: "Goodbye."}}
  refused: {{queue: {{group: {group}}}}}
"""
REACHED, BUSY, NOBODY, SHORT = "+49301234500", "+49301234517", "+49301234519", "+49301234516"
WISHES = {
    "8301": ("sales", REACHED),
    "8302": ("support", REACHED),
    "8303": ("sales", BUSY),
    "8304": ("support", NOBODY),
    "8305": ("sales", SHORT),
    "8306": ("sales", "+49301234501"),
}


class CallbackCentre(TrunkCentre):
    """Sales rings the agent first, support the customer."""

    def write_trunks(self) -> None:
        super().write_trunks()
        with (self.config / "numbers.yml").open("a") as file:
            for number, (group, called) in WISHES.items():
                file.write(f'  "{number}": {{flow: wish{number}}}\n')
                text = FLOW.format(group=group, number=called).replace("call_me_back", f"wish{number}")
                (self.flows / f"wish{number}.yml").write_text(text)
        path = self.config / "groups.yml"
        text = path.read_text().replace("ring_timeout_s: 4", "ring_timeout_s: 30")  # outlasts a restart
        for group, first in (("sales", "agent"), ("support", "customer")):
            options = f"{{mode: automatic, first: {first}, retries: 1, retry_after_s: 2, ring_timeout_s: 5}}"
            text = text.replace(f"  {group}:\n", f"  {group}:\n    callbacks: {options}\n")
        path.write_text(text)

    async def wish(self, number: str) -> str:
        """A caller asks to be called back; the id of the entry in line."""
        before = set((await self.ask("callbacks"))["callbacks"])
        async with self.customer() as caller:
            call = await caller.dial(number)
            await call.wait_answered()
            await call.wait_ended(limit_s=10)
        (entry,) = set((await self.ask("callbacks"))["callbacks"]) - before
        return str(entry)

    async def until_task(self, entry: str, state: str) -> dict[str, Any]:
        """The callback, when it is so in the database."""
        call_id = entry.rpartition("-cb")[0]
        for _ in range(150):
            tasks = json.loads(await asyncio.to_thread(self.acd, "callbacks", "list", "--all", "--json"))
            task: dict[str, Any] | None = next((t for t in tasks if t["call"] == call_id), None)
            if task is not None and task["state"] == state:
                return task
            await asyncio.sleep(0.1)
        raise AssertionError(f"{entry} is not {state}: {task}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallbackCentre]:
    """Provider, Asterisk and controller for the whole file."""
    folder: Path = tmp_path_factory.mktemp("callbacks")
    with started(CallbackCentre(folder)) as centre:
        yield centre


@pytest_asyncio.fixture
async def centre(running: CallbackCentre) -> AsyncIterator[CallbackCentre]:
    """With nobody logged in, registered at the provider; no callback is left over."""
    await running.reset()
    await until_trunk(running, "main", "registered")
    running.provider.forget()
    yield running
    await asyncio.to_thread(running.provider.hang_up_all)
    for entry in (await running.ask("callbacks"))["callbacks"]:
        await running.ask("callback-withdraw", entry=entry)
    for task in json.loads(await asyncio.to_thread(running.acd, "callbacks", "list", "--json")):
        await asyncio.to_thread(running.acd, "callbacks", "cancel", str(task["id"]))
    await running.until_no_channels()


async def finished(centre: CallbackCentre, entry: str) -> CallRecord:
    """The record of the callback itself."""
    record = await centre.record(entry)
    assert record.kind is CallKind.CALLBACK
    return record


async def test_the_agent_first(centre: CallbackCentre) -> None:
    entry = await centre.wish("8301")
    async with centre.phone("1001", tone_hz=520.0) as anna:
        await anna.register()
        await centre.ready("anna")
        at_anna = await anna.wait_incoming()
        assert at_anna.identity.name == f"Callback {REACHED}"
        assert at_anna.identity.number == REACHED
        assert centre.provider.arrivals() == []  # nobody is dialled before an agent is there
        await at_anna.answer()
        await centre.until_call("talking", agent="anna", id=entry)
        (arrival,) = await until_arrived(centre)
        assert (arrival.trunk, arrival.number) == ("main", REACHED)
        await at_anna.rtp.until_hears(520.0)
        await at_anna.hang_up()
        await centre.until_agent("anna", "wrap_up")
        await centre.until_agent("anna", "ready")
        record = await finished(centre, entry)
        task = await centre.until_task(entry, "done")
    assert story(record)[-2:] == ["talking sales anna agent_hung_up", "wrap_up sales anna done"]
    assert [(v.group, v.outcome.value, v.agent) for v in record.visits] == [("sales", "answered", "anna")]
    assert [change["who"] for change in task["history"]] == ["acd"]


async def test_the_customer_first(centre: CallbackCentre) -> None:
    entry = await centre.wish("8302")
    async with centre.phone("1003", tone_hz=520.0) as chen:
        await chen.register()
        await centre.ready("chen")
        at_chen = await chen.wait_incoming()
        (arrival,) = await until_arrived(centre)  # answered before chen's phone rang
        assert arrival.number == REACHED
        assert at_chen.identity.number == REACHED
        await at_chen.answer()
        await centre.until_call("talking", agent="chen", id=entry)
        await at_chen.rtp.until_hears(520.0)
        await at_chen.hang_up()
        record = await finished(centre, entry)
        await centre.until_task(entry, "done")
    assert [(v.group, v.outcome.value, v.agent) for v in record.visits] == [("support", "answered", "chen")]


@pytest.mark.long
async def test_the_customer_hangs_up_and_the_agent_is_free(centre: CallbackCentre) -> None:
    entry = await centre.wish("8305")
    async with centre.phone("1001") as anna:
        await anna.register()
        await centre.ready("anna")
        at_anna = await anna.wait_incoming()
        await at_anna.answer()
        await at_anna.wait_ended()
        await centre.until_task(entry, "done")
        record = await finished(centre, entry)
    assert "talking sales anna caller_hung_up" in story(record)


@pytest.mark.parametrize(
    ("number", "agent", "phone"),
    [("8303", "anna", "1001"), pytest.param("8304", "chen", "1003", marks=pytest.mark.long)],
)
async def test_not_reached_then_tried_again_then_left_to_people(
    centre: CallbackCentre, number: str, agent: str, phone: str
) -> None:
    entry = await centre.wish(number)
    async with centre.phone(phone) as one:
        await one.register()
        await centre.ready(agent)
        if agent == "anna":
            for _ in range(2):
                rung = await one.wait_incoming()
                await rung.answer()
                await rung.wait_ended()
        task = await centre.until_task(entry, "failed")
        assert [change["state"] for change in task["history"]] == ["open", "open", "failed"]
        assert len(await until_arrived(centre, 2)) == 2
        await centre.until_agent(agent, "ready")
    assert (await finished(centre, entry)).visits[0].outcome.value == "left"


async def test_cancelled_it_leaves_the_line(centre: CallbackCentre) -> None:
    entry = await centre.wish("8301")
    task = await centre.until_task(entry, "open")
    drawn = await asyncio.to_thread(centre.acd, "callbacks", "list", "--wide")
    assert "in line at place 1" in drawn
    await asyncio.to_thread(centre.acd, "callbacks", "cancel", str(task["id"]))
    assert (await centre.ask("callbacks"))["callbacks"] == {}
    async with centre.phone("1001") as anna:
        await anna.register()
        await centre.ready("anna")
        assert (await finished(centre, entry)).ended_by is not None
        assert centre.provider.arrivals() == []


async def test_it_waits_through_a_kill_and_nobody_is_dialled_twice(centre: CallbackCentre) -> None:
    first, second = await centre.wish("8301"), await centre.wish("8306")
    for entry in (first, second):
        await centre.until_task(entry, "open")
    centre.kill_controller()
    shutil.rmtree(centre.home / "live")  # the database has them still
    await asyncio.to_thread(centre.start_controller)
    line = (await centre.ask("callbacks"))["callbacks"]
    assert [line[entry]["position"] for entry in (first, second)] == [1, 2]
    async with centre.phone("1001") as anna:
        await anna.register()
        await centre.ready("anna")
        await anna.wait_incoming()
        centre.kill_controller()  # while anna's phone rings
        await asyncio.to_thread(centre.start_controller)
        at_anna = await anna.wait_incoming() if not anna.calls else anna.calls[-1]
        await at_anna.answer()
        await centre.until_call("talking", agent="anna", id=first)
        centre.kill_controller()  # while they talk
        await asyncio.to_thread(centre.start_controller)
        await centre.until_call("talking", agent="anna", id=first)
        assert [a.number for a in await until_arrived(centre)] == [REACHED]
        await at_anna.hang_up()
        await centre.until_task(first, "done")


class CallbackNodes(CallbackCentre, NodesCentre):
    """The same with two Asterisk nodes; callers come to the second one."""

    def customer(self, from_number: str = "+491700000001", tone_hz: float | None = None) -> Phone:
        """At the second node."""
        return self.customer_at("b", from_number, tone_hz)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[CallbackNodes]:
    """For the one test that needs them."""
    with started(CallbackNodes(tmp_path)) as centre:
        yield centre


@pytest.mark.long
async def test_of_two_nodes_one_that_is_not_drained_makes_the_call(nodes: CallbackNodes) -> None:
    """Wherever the wish came in."""
    for drained, makes in (("b", "a"), ("a", "b")):
        entry = await nodes.wish("8301")
        assert entry.startswith("b")
        await nodes.ask("drain-node", node=drained, drained=True)
        async with nodes.phones_at("1001", tone_hz=520.0) as anna:
            await nodes.ready("anna")
            at_anna = await anna[makes].wait_incoming()
            await at_anna.answer()
            seen = await nodes.until_call("talking", agent="anna", id=entry)
            assert seen["node"] == makes
            await until_arrived(nodes)
            await at_anna.rtp.until_hears(520.0)
            await at_anna.hang_up()
            await nodes.until_task(entry, "done")
            assert "talking sales anna agent_hung_up" in story(await finished(nodes, entry))
            await nodes.ask("logout", agent="anna")
        await nodes.ask("drain-node", node=drained, drained=False)
        nodes.provider.forget()
