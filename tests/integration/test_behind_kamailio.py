"""Kamailio, two Asterisk nodes and the controller together: what a caller and an agent see of it."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.integration.centre import started, story
from tests.integration.fronted_centre import FrontedCentre, node_that_rings
from tests.integration.sip.call import PhoneCall
from tests.integration.sip.phone import Phone
from tests.integration.sip.waiting import WaitedTooLong

pytestmark = [pytest.mark.asterisk, pytest.mark.timing]

CALLER, ANNA, BEN = 700.0, 440.0, 520.0


@pytest.fixture(scope="module")
def running_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontedCentre]:
    """For all tests of this file."""
    with started(FrontedCentre(tmp_path_factory.mktemp("behind"))) as centre:
        yield centre


@pytest_asyncio.fixture
async def behind(running_behind: FrontedCentre) -> AsyncIterator[FrontedCentre]:
    """With nobody logged in; afterwards nothing may be left over."""
    await running_behind.reset()
    yield running_behind
    await running_behind.until_no_channels()


async def served(
    behind: FrontedCentre, caller: Phone, anna: Phone, number: str = "8001"
) -> tuple[PhoneCall, PhoneCall, str]:
    """Both legs of a talk, and its node: the one that rings the agent is that of the call."""
    call = await caller.dial(number)
    ring = await anna.wait_incoming()
    await ring.answer()
    seen = await behind.until_call("talking", agent="anna")
    assert node_that_rings(ring) == seen["node"]
    return call, ring, str(seen["node"])


async def test_a_caller_hears_the_flow_and_talks_with_an_agent(behind: FrontedCentre) -> None:
    """On each node in turn: menu, key, agent, both voices, a consultation at the call's node, the record."""
    nodes = set()
    async with (
        behind.phone("1001", tone_hz=ANNA) as anna,
        behind.phone("1002", tone_hz=BEN) as ben,
        behind.customer("+491700000071", tone_hz=CALLER) as customer,
    ):
        await anna.register()
        await ben.register()
        for _ in range(2):
            await behind.ready("anna")
            call = await customer.dial("8000")
            await call.wait_answered()
            await call.rtp.until_heard()
            await call.rtp.press("1")
            ring = await anna.wait_incoming(limit_s=8)
            assert ring.identity.number == "+491700000071"
            await ring.answer()
            await ring.rtp.until_hears(CALLER)
            await call.rtp.until_hears(ANNA)
            seen = await behind.until_call("talking", agent="anna")
            assert seen["node"] == node_that_rings(ring)
            assert seen["id"].startswith(seen["node"])
            nodes.add(seen["node"])
            await behind.ready("ben")
            await behind.ask("consult", agent="anna", to="ben", to_kind="agent")
            asked = await ben.wait_incoming()
            assert node_that_rings(asked) == seen["node"]
            await asked.answer()
            await ring.rtp.until_hears(BEN)
            await behind.ask("consult-cancel", agent="anna")
            await ring.rtp.until_hears(CALLER)
            await call.hang_up()
            record = await behind.record(seen["id"])
            assert story(record)[0].startswith("ivr")
            assert "talking sales anna caller_hung_up" in story(record)
            for agent in ("anna", "ben"):
                await behind.ask("logout", agent=agent)
    assert nodes == {"a", "b"}


async def test_a_node_is_killed(behind: FrontedCentre) -> None:
    """Its call is lost; the next ones come to the other, which rings the agent; then it is back by itself."""
    async with behind.phone("1001", tone_hz=ANNA) as anna, behind.customer("+491700000072") as customer:
        await anna.register()
        await behind.ready("anna")
        _, _, dead = await served(behind, customer, anna)
        other = next(name for name in behind.asterisks if name != dead)
        await asyncio.to_thread(behind.kill_node, dead)
        await behind.until_agent("anna", "ready", limit_s=10)
        for _ in range(2):
            call, _, node = await served(behind, customer, anna)
            assert node == other
            await call.hang_up()
            await behind.until_agent("anna", "ready", limit_s=8)
        await asyncio.to_thread(behind.start_node, dead)
        await behind.until_takes_calls("a", "b")
        nodes = set[str]()
        while len(nodes) < 2:
            call, _, node = await served(behind, customer, anna)
            nodes.add(node)
            await call.hang_up()
            await behind.until_agent("anna", "ready", limit_s=8)
        await behind.ask("logout", agent="anna")


async def test_a_drained_node_stays_drained_and_a_new_phone_is_known(behind: FrontedCentre) -> None:
    """Also to a Kamailio that is started anew, and to one that was away when it was to be told."""
    async with behind.phone("1001") as anna, behind.customer("+491700000073") as customer:
        await asyncio.to_thread(behind.acd, "node", "drain", "b")
        await behind.until_takes_calls("a")
        await asyncio.to_thread(behind.stop_kamailio)
        await asyncio.to_thread(behind.start_kamailio)
        await behind.until_takes_calls("a")
        await anna.register()
        await behind.ready("anna")
        for _ in range(2):
            call, _, node = await served(behind, customer, anna)
            assert node == "a"
            await call.hang_up()
            await behind.until_agent("anna", "ready", limit_s=8)
        await behind.ask("logout", agent="anna")

        agents = behind.config / "agents.yml"
        agents.write_text(agents.read_text().replace("# phones: {", "phones: {"))
        told = await asyncio.to_thread(behind.acd, "reload")
        assert "Kamailio" not in told
        async with behind.new_phone("1007") as desk:
            await desk.register()
            await behind.until_takes_calls("a")

        await asyncio.to_thread(behind.stop_kamailio)
        with pytest.raises(
            AssertionError, match=r"controller knows that b is to take calls, but Kamailio does\s+not"
        ):
            await asyncio.to_thread(behind.acd, "node", "resume", "b")
        agents.write_text(agents.read_text().replace("}}", '}, "1008": {name: Another}}'))
        told = await asyncio.to_thread(behind.acd, "reload")
        assert "Kamailio has not read its files anew" in " ".join(told.split())
        await asyncio.to_thread(behind.start_kamailio)
        await behind.until_takes_calls("a", "b")
        async with behind.new_phone("1008") as desk:
            await desk.register()


def strangers_on_the_page(behind: FrontedCentre) -> int:
    """As Prometheus reads it."""
    url = f"http://127.0.0.1:{behind.env['ACD_HEALTH_PORT']}/metrics"
    with urllib.request.urlopen(url, timeout=5) as answer:
        found = re.search(r'acd_sip_refused_total\{kind="unknown"\} (\d+)', answer.read().decode())
    assert found is not None
    return int(found[1])


async def test_whom_kamailio_refuses_is_counted_by_the_controller(behind: FrontedCentre) -> None:
    before = await asyncio.to_thread(strangers_on_the_page, behind)
    async with asyncio.timeout(20):
        while await asyncio.to_thread(strangers_on_the_page, behind) == before:  # it looks every five seconds
            async with Phone("admin", "guessed", server=behind.server, local_host="127.0.0.66") as stranger:
                with pytest.raises(WaitedTooLong):
                    await stranger.register(limit_s=0.5)
