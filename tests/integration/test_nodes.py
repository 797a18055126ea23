"""Two Asterisk nodes, one set of lines: calls arrive on either, one dies, one is drained."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from acd.core.facts import EndedBy
from acd.errors import RequestRefused
from tests.integration.centre import started, story
from tests.integration.nodes_centre import NodesCentre
from tests.integration.sip.phone import ANSWER

pytestmark = [pytest.mark.asterisk, pytest.mark.timing]


@pytest.fixture(scope="module")
def running_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodesCentre]:
    """For all tests of this file."""
    with started(NodesCentre(tmp_path_factory.mktemp("nodes"))) as centre:
        yield centre


@pytest_asyncio.fixture
async def nodes(running_nodes: NodesCentre) -> AsyncIterator[NodesCentre]:
    """With nobody logged in; afterwards nothing may be left over."""
    await running_nodes.reset()
    yield running_nodes
    await running_nodes.until_no_channels()


async def test_one_line_for_the_calls_of_both(nodes: NodesCentre) -> None:
    """An agent's phone rings where the call is, and who has waited longest comes first, wherever that is.

    Where the call is, there a supervisor listens in, too.
    """
    async with (
        nodes.phones_at("1001", tone_hz=440.0) as anna,
        nodes.phones_at("1004", answering=ANSWER) as dora,
        nodes.customer_at("b", "+491700000021", tone_hz=700.0) as first,
        nodes.customer_at("a", "+491700000022") as second,
        nodes.customer_at("b", "+491700000023") as third,
        nodes.customer_at("a", "+491700000024") as fourth,
    ):
        await nodes.ready("anna")
        talk = await first.dial("8001")
        at_b = await anna["b"].wait_incoming()
        await at_b.answer()
        await at_b.rtp.until_hears(700.0)
        await talk.rtp.until_hears(440.0)
        seen = await nodes.until_call("talking", agent="anna")
        assert seen["id"].startswith("b")
        await nodes.ask("spy", agent="1004", target="anna", mode="listen")
        heard = await dora["b"].wait_incoming()
        await heard.rtp.until_hears(700.0)
        await nodes.ask("spy", agent="1004", target="anna", mode="stop")
        await heard.wait_ended()
        assert dora["a"].calls == []
        waiting = []
        for position, caller in enumerate((second, third, fourth), 1):
            waiting.append(await caller.dial("8001"))
            await nodes.until_call("waiting", position=position)
        assert (await nodes.ask("nodes"))["nodes"] == [
            {"name": name, "up": True, "known": True, "drained": False, "calls": 2, "phones": 2, "lost": 0}
            for name in ("a", "b")
        ]
        await talk.hang_up()
        for call, node, number in zip(waiting, "aba", ("22", "23", "24"), strict=True):
            ring = await anna[node].wait_incoming()
            assert ring.identity.number == f"+4917000000{number}"
            await ring.answer()
            await nodes.until_agent("anna", "talking")
            await call.hang_up()
        await nodes.ask("logout", agent="anna")


async def test_a_node_dies(nodes: NodesCentre) -> None:
    """Its calls are lost and recorded as such; a talk elsewhere goes on, and new calls are served."""
    async with (
        nodes.phones_at("1001", tone_hz=440.0) as anna,
        nodes.phones_at("1002", tone_hz=450.0) as ben,
        nodes.customer_at("b", "+491700000031") as talking,
        nodes.customer_at("a", "+491700000032", tone_hz=700.0) as elsewhere,
        nodes.customer_at("b", "+491700000033") as waiting,
        nodes.customer_at("a", "+491700000034") as later,
        nodes.customer_at("b", "+491700000035") as again,
    ):
        await nodes.ready("anna")
        await talking.dial("8001")
        await (await anna["b"].wait_incoming()).answer()
        lost_talk = await nodes.until_call("talking", agent="anna")
        await nodes.ready("ben")
        kept = await elsewhere.dial("8001")
        at_ben = await ben["a"].wait_incoming()
        await at_ben.answer()
        await nodes.until_call("talking", agent="ben")
        await waiting.dial("8001")
        lost_wait = await nodes.until_call("waiting", position=1)
        behind = await later.dial("8001")
        await nodes.until_call("waiting", position=2)

        await asyncio.to_thread(nodes.kill_node, "b")
        ring = await anna["a"].wait_incoming(limit_s=15)  # free again; who waited longer is lost
        assert ring.identity.number == "+491700000034"
        await ring.answer()
        await nodes.until_agent("anna", "talking")
        await at_ben.rtp.until_hears(700.0)
        await kept.rtp.until_hears(450.0)
        for lost, told in (
            (lost_talk, ["waiting sales answered", "ringing sales anna answered", "talking sales anna lost"]),
            (lost_wait, ["waiting sales lost"]),
        ):
            record = await nodes.record(lost["id"])
            assert record.ended_by is EndedBy.NODE
            assert story(record)[: len(told)] == told
            assert [visit.outcome.value for visit in record.visits] != ["abandoned"]
            shown = await asyncio.to_thread(nodes.acd, "calls", "show", lost["id"])
            assert "lost: the Asterisk node that had the call died: b" in shown
        health = await nodes.ask("health")
        assert (health["ok"], health["asterisk"], health["dispatching"]) == (True, True, True)
        assert [(n["name"], n["up"], n["lost"]) for n in health["nodes"]] == [("a", True, 0), ("b", False, 2)]

        await asyncio.to_thread(nodes.start_node, "b")
        for phones in (anna, ben):
            await phones["b"].register()
        await behind.hang_up()
        await kept.hang_up()
        await nodes.until_agent("anna", "ready", limit_s=12)
        await nodes.ask("logout", agent="ben")
        served = await again.dial("8001")
        back = await anna["b"].wait_incoming(limit_s=20)
        await back.answer()
        await nodes.until_call("talking", agent="anna")
        await served.hang_up()
        await nodes.ask("logout", agent="anna")


async def test_a_node_that_stands_still_holds_nobody_up(nodes: NodesCentre) -> None:
    """SIGSTOP: who waits there keeps the place, those behind are served, and it goes on where it was."""
    async with (
        nodes.phones_at("1001") as anna,
        nodes.customer_at("b", "+491700000041") as stuck,
        nodes.customer_at("a", "+491700000042") as second,
        nodes.customer_at("a", "+491700000043") as third,
    ):
        first = await stuck.dial("8001")
        await nodes.until_call("waiting", position=1)
        pid = nodes.asterisks["b"].pid
        nodes.asterisks["b"].send_signal(signal.SIGSTOP)
        try:
            await nodes.until(lambda s: not s["nodes"][1]["known"], "b suspended", 8)
            await nodes.ready("anna")
            for caller, number in ((second, "42"), (third, "43")):
                began = time.monotonic()
                call = await caller.dial("8001")
                ring = await anna["a"].wait_incoming()
                assert time.monotonic() - began < 1.0
                assert ring.identity.number == f"+4917000000{number}"
                await ring.answer()
                await nodes.until_agent("anna", "talking")
                await call.hang_up()
                await nodes.until_agent("anna", "ready", limit_s=6)
            told = await nodes.until_call("waiting", caller_number="+491700000041", position=1)
            # Whether Asterisk's own queue rings there first, when it wakes up, is a matter of moments.
            anna["b"].answering = ANSWER
        finally:
            nodes.asterisks["b"].send_signal(signal.SIGCONT)
        assert pid == nodes.asterisks["b"].pid
        seen = await nodes.until_call("talking", agent="anna", limit_s=12)
        assert seen["id"] == told["id"]
        await first.hang_up()
        await nodes.ask("logout", agent="anna")


async def test_a_talk_that_was_taken_for_lost_goes_on(nodes: NodesCentre) -> None:
    """Where nobody listens at a node's manager interface it counts as dead, and may live.

    A talk that ends meanwhile has ended when Asterisk's account says. The controller that finds the node is
    another one than that which took it for dead.
    """
    async with (
        nodes.phones_at("1001", tone_hz=440.0) as anna,
        nodes.customer_at("b", "+491700000044", tone_hz=700.0) as customer,
        nodes.phones_at("1002") as ben,
        nodes.customer_at("b", "+491700000045") as other,
    ):
        await nodes.ready("ben")
        other_call = await other.dial("8001")
        await (await ben["b"].wait_incoming()).answer()
        ends = await nodes.until_call("talking", agent="ben")
        await nodes.ready("anna")
        call = await customer.dial("8001")
        ring = await anna["b"].wait_incoming()
        await ring.answer()
        seen = await nodes.until_call("talking", agent="anna")
        lost = (await nodes.ask("nodes"))["nodes"][1]["lost"]
        await asyncio.to_thread(nodes.shut_manager, "b", shut=True)
        try:
            await nodes.until(lambda s: s["nodes"][1]["lost"] == lost + 2, "the talks are lost", 10)
            for lost_id in (seen["id"], ends["id"]):
                assert (await nodes.record(lost_id)).ended_by is EndedBy.NODE
            await other_call.hang_up()
            await asyncio.to_thread(nodes.kill_controller)
            await asyncio.to_thread(nodes.start_controller)
        finally:
            await asyncio.to_thread(nodes.shut_manager, "b", shut=False)
        again = await nodes.until_call("talking", limit_s=10, agent="anna")
        assert again["id"] == seen["id"]
        await ring.rtp.until_hears(700.0)
        await call.rtp.until_hears(440.0)
        await call.hang_up()
        await nodes.until_agent("anna", "ready", limit_s=12)
        await nodes.ask("logout", agent="anna")
        record = await nodes.record(seen["id"])
        assert record.ended_by is EndedBy.CALLER
        assert [(visit.group, visit.agent) for visit in record.visits] == [("sales", "anna")]
        talks = [line for line in story(record) if line.startswith("talking")]
        assert talks == ["talking sales anna lost", "talking sales anna caller_hung_up"]
        ended = await nodes.record(ends["id"])
        assert ended.ended_by is EndedBy.UNKNOWN
        assert [(visit.outcome.value, visit.agent) for visit in ended.visits] == [("answered", "ben")]
        await nodes.ask("logout", agent="ben")


async def test_a_node_is_drained(nodes: NodesCentre) -> None:
    """Its calls go on; calls that the controller makes itself are made elsewhere."""
    async with nodes.phones_at("1001") as anna, nodes.customer_at("b", "+491700000051") as there:
        await nodes.ready("anna")
        call = await there.dial("8001")
        await (await anna["b"].wait_incoming()).answer()
        await nodes.until_call("talking", agent="anna")
        with pytest.raises(RequestRefused, match="the controller knows of no Kamailio"):
            await nodes.ask("drain-node", node="b", drained=True, by_kamailio=True)
        assert not (await nodes.ask("nodes"))["nodes"][1]["drained"]
        told = await asyncio.to_thread(nodes.acd, "node", "drain", "b")
        assert "1 call" in told
        seen = json.loads(await asyncio.to_thread(nodes.acd, "nodes", "--json"))
        assert [(n["name"], n["drained"], n["calls"]) for n in seen] == [("a", False, 0), ("b", True, 1)]
        await call.hang_up()
        await nodes.until_agent("anna", "ready", limit_s=6)
        await nodes.ask("call-dial", agent="anna", number="1002")
        dialled = await anna["a"].wait_incoming()
        dialled.refuse(486)
        await nodes.ask("drain-node", node="b", drained=False)
        assert not (await nodes.ask("nodes"))["nodes"][1]["drained"]
        await nodes.ask("logout", agent="anna")


async def test_a_phone_that_only_one_node_can_ring(nodes: NodesCentre) -> None:
    """It gets the calls of that one, and holds up nobody."""
    async with (
        nodes.phones_at("1003", answering=ANSWER, nodes=("a",)) as chen,
        nodes.phones_at("1002", answering=ANSWER) as ben,
        nodes.customer_at("b", "+491700000061") as at_b,
        nodes.customer_at("a", "+491700000062") as at_a,
    ):
        await nodes.ready("chen", "ben")  # chen is idle longest
        first = await at_b.dial("8001")
        await nodes.until_call("talking", agent="ben")
        second = await at_a.dial("8001")
        await nodes.until_call("talking", agent="chen")
        assert (len(chen["a"].calls), len(ben["b"].calls)) == (1, 1)
        await first.hang_up()
        await second.hang_up()
        for agent in ("chen", "ben"):
            await nodes.ask("logout", agent=agent)


async def test_a_drill_ends_the_node_that_is_named(nodes: NodesCentre) -> None:
    """Its call is lost; one elsewhere is not, and calls are routed there all the time."""
    with pytest.raises(AssertionError, match=r"say with --node which one \(a, b\)"):
        await asyncio.to_thread(nodes.acd, "drill", "asterisk-restart", "--yes")
    async with (
        nodes.phones_at("1001") as anna,
        nodes.phones_at("1002", tone_hz=450.0) as ben,
        nodes.customer_at("b", "+491700000036") as dies,
        nodes.customer_at("a", "+491700000037") as elsewhere,
    ):
        calls = []
        for agent, phones, node, caller in (("anna", anna, "b", dies), ("ben", ben, "a", elsewhere)):
            await nodes.ready(agent)
            calls.append(await caller.dial("8001"))
            await (await phones[node].wait_incoming()).answer()
            await nodes.until_call("talking", agent=agent)
        before = nodes.asterisks["b"].pid
        keeping = asyncio.create_task(asyncio.to_thread(nodes.keep_node, "b"))
        told = await asyncio.to_thread(nodes.acd, "drill", "asterisk-restart", "--node", "b", "--yes")
        await keeping
        assert nodes.asterisks["b"].pid != before
        for line in (
            "# Drill asterisk-restart: passed",
            "| Asterisk node | b |",
            "| calls lost | those at node b: at most 1 | 1 | pass |",
            "| calls are routed at the other nodes | throughout | throughout | pass |",
        ):
            assert line in told
        await calls[1].rtp.until_hears(450.0)
        await calls[1].hang_up()
        for agent in ("anna", "ben"):
            await nodes.ask("logout", agent=agent)
