"""Trunks, with a second Asterisk that plays the provider: in and out, over a registration and by address."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from acd.core.facts import CallKind, EndedBy
from acd.core.outside_facts import OutsideDialed, OutsideFailed
from tests.integration.centre import agent_of, started, story
from tests.integration.provider import PASSWORD, Arrival
from tests.integration.sip.call_state import CallState
from tests.integration.sip.phone import Phone
from tests.integration.sip.waiting import WaitedTooLong
from tests.integration.trunk_centre import TrunkCentre

pytestmark = pytest.mark.asterisk
CUSTOMER = "+493012345678"  # Sabine Köhler in the example's customers


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrunkCentre]:
    """Provider, Asterisk and controller for the whole file."""
    with started(TrunkCentre(tmp_path_factory.mktemp("trunks"))) as centre:
        yield centre


@pytest_asyncio.fixture
async def trunks(running: TrunkCentre) -> AsyncIterator[TrunkCentre]:
    """With nobody logged in, registered at the provider."""
    await running.reset()
    await until_trunk(running, "main", "registered")
    running.provider.forget()
    yield running
    await asyncio.to_thread(running.provider.hang_up_all)
    await running.until_no_channels()


async def until_trunk(centre: TrunkCentre, trunk: str, state: str, limit_s: float = 20.0) -> dict[str, Any]:
    """Wait for a trunk's state; its row."""
    deadline = time.monotonic() + limit_s
    while True:
        rows = (await centre.ask("trunks"))["trunks"]
        row: dict[str, Any] = next(r for r in rows if r["id"] == trunk)
        if row["state"] == state:
            return row
        if time.monotonic() > deadline:
            raise WaitedTooLong(f"waited {limit_s:g} s for {trunk} {state}: {row}")
        await asyncio.sleep(0.05)


async def until_arrived(centre: TrunkCentre, count: int = 1) -> list[Arrival]:
    """The calls that have come to the provider, once there are so many."""
    deadline = time.monotonic() + 8
    while len(found := centre.provider.arrivals()) < count:
        if time.monotonic() > deadline:
            raise WaitedTooLong(f"waited for {count} calls at the provider: {found}")
        await asyncio.sleep(0.05)
    return found


async def until_outcome(centre: TrunkCentre, called: str) -> str:
    """How the provider's call to one of our numbers ended."""
    deadline = time.monotonic() + 8
    while (outcome := centre.provider.outcome(called)) is None:
        if time.monotonic() > deadline:
            raise WaitedTooLong(f"waited for the end of the call to {called}")
        await asyncio.sleep(0.05)
    return outcome


async def call_in(centre: TrunkCentre, called: str, caller: str, **how: Any) -> None:
    """The provider calls us."""
    await asyncio.to_thread(centre.provider.call, called, caller, **how)


async def test_the_states_of_all_trunks(trunks: TrunkCentre) -> None:
    await until_trunk(trunks, "wrong", "rejected")
    await until_trunk(trunks, "backup", "reachable")
    await until_trunk(trunks, "dead", "unreachable")
    await until_trunk(trunks, "nameless", "unreachable")
    shown = await asyncio.to_thread(trunks.acd, "trunks", "--json")
    states = {row["id"]: row["state"] for row in json.loads(shown)}
    assert states == {
        "lab": "incoming_only",
        "main": "registered",
        "backup": "reachable",
        "wrong": "rejected",
        "dead": "unreachable",
        "nameless": "unreachable",
        "asked": "incoming_only",
    }
    drawn = await asyncio.to_thread(trunks.acd, "trunks")
    assert "rejected" in drawn
    assert (await trunks.ask("health"))["trunks"] == states
    assert PASSWORD not in drawn + shown


async def test_in_over_the_registration(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001", tone_hz=520.0) as anna:
        await anna.register()
        await trunks.ready("anna")
        await call_in(trunks, "+49305550100", CUSTOMER)
        at_anna = await anna.wait_incoming()
        assert at_anna.identity.number == CUSTOMER
        assert at_anna.identity.name == "Sabine Köhler (gold)"
        await at_anna.answer()
        call = await trunks.until_call("talking", agent="anna")
        await at_anna.rtp.until_hears(520.0)  # the provider's caller says what it hears: both ways work
        row = await until_trunk(trunks, "main", "registered")
        assert (row["calls_in"], row["calls_out"]) == (1, 0)
        await at_anna.hang_up()
        record = await trunks.record(call["id"])
    assert (record.kind, record.dialed_number, record.caller_number) == (
        CallKind.INBOUND,
        "+49305550100",
        CUSTOMER,
    )
    assert [visit.group for visit in record.visits] == ["sales"]


@pytest.mark.parametrize(
    ("called", "caller", "group"),
    [
        ("0305550101", "03012345678", "support"),  # both as in Germany
        ("+49305550100", "00493012345678", "sales"),
        ("030999999", "+493012345678", "support"),  # nobody configured it: the trunk's default
    ],
)
async def test_in_by_address_in_every_format(
    trunks: TrunkCentre, called: str, caller: str, group: str
) -> None:
    await call_in(trunks, called, caller, trunk="backup")
    call = await trunks.until_call("waiting", group=group)
    assert (call["caller_number"], call["trunk"]) == (CUSTOMER, "backup")
    assert call["customer"]["name"] == "Sabine Köhler"


async def test_a_number_that_nobody_configured_and_an_unknown_caller(trunks: TrunkCentre) -> None:
    await call_in(trunks, "+49305559999", CUSTOMER)
    assert (await until_outcome(trunks, "+49305559999")).endswith(" 1")  # 404: no such number
    # Nobody gets outside from outside, whatever number is dialled.
    await call_in(trunks, "+491701234567", CUSTOMER)
    assert (await until_outcome(trunks, "+491701234567")).endswith(" 1")
    assert trunks.provider.arrivals() == []
    await call_in(trunks, "+49305550100", CUSTOMER, hidden=True)
    call = await trunks.until_call("waiting", group="sales")
    assert (call["caller_number"], call["customer"]) == ("", None)


async def test_a_provider_that_proves_who_it_is_and_tells_the_number_in_to(trunks: TrunkCentre) -> None:
    server = trunks.server
    async with Phone("carrier", "wrong", server=server, local_host="127.0.0.13") as stranger:
        refused = await stranger.dial("acd", to_number="+49305550101")
        assert (await refused.wait_ended()).status == 401
    async with Phone("carrier", PASSWORD, server=server, local_host="127.0.0.13") as carrier:
        call = await carrier.dial("acd", to_number="+49305550101", from_number="+4930777")
        await trunks.until_call("waiting", group="support", trunk="asked", dialed_number="+49305550101")
        await call.hang_up()


async def test_out_with_the_agents_number(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001", tone_hz=520.0) as anna, trunks.customer() as customer:
        await anna.register()
        await trunks.ready("anna")
        call = await anna.dial("0301234500")
        await call.wait_answered()
        seen = await trunks.until_call("outside")
        assert (seen["kind"], seen["outside_number"], seen["outside_trunk"]) == (
            "outbound",
            "+49301234500",
            "main",
        )
        await call.rtp.until_hears(520.0)
        assert agent_of(await trunks.ask("status"), "anna")["state"] == "talking"
        waiting = await customer.dial("8001")  # an agent who is busy outside is offered nothing
        await trunks.until_call("waiting", group="sales")
        (arrival,) = await until_arrived(trunks)
        assert (arrival.trunk, arrival.number) == ("main", "+49301234500")
        assert "sip:acd-main@" in arrival.sender
        assert "sip:+49305550100@" in arrival.asserted
        assert "1001" not in arrival.sender + arrival.asserted
        await waiting.hang_up()
        await call.hang_up()
        await trunks.until_agent("anna", "ready")
        record = await trunks.record(seen["id"])
    assert (record.kind, record.origin_agent, record.ended_by) == (CallKind.OUTBOUND, "anna", EndedBy.CALLER)
    assert story(record) == ["dialing_out anna answered", "outside anna caller_hung_up"]
    (dial,) = record.outside_dials()
    assert (dial.number, dial.trunk, dial.caller_id, dial.result) == (
        "+49301234500",
        "main",
        "+49305550100",
        "answered",
    )
    assert record.visits == ()
    told = await asyncio.to_thread(trunks.acd, "calls", "show", seen["id"])
    assert "+49301234500 is dialled over main for anna, which is shown +49305550100" in told


async def test_over_the_next_trunk_when_one_refuses_or_is_full(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001", tone_hz=520.0) as anna, trunks.phone("1003") as chen:
        await anna.register()
        await chen.register()
        await trunks.ready("anna", "chen")
        first = await anna.dial("0301234534")  # main has no way there
        await first.wait_answered()
        await first.rtp.until_hears(520.0)  # backup speaks A-law, the phone µ-law
        main, backup = await until_arrived(trunks, 2)
        assert (main.trunk, backup.trunk, backup.number) == ("main", "backup", "0301234534")
        assert "<sip:0305550100@" in backup.sender
        seen = await trunks.until_call("outside")
        await first.hang_up()
        record = await trunks.record(seen["id"])
        assert [(d.trunk, d.result, d.cause) for d in record.outside_dials()] == [
            ("main", "congestion", "SIP 503 Service Unavailable"),
            ("backup", "answered", ""),
        ]
        assert story(record)[0] == "dialing_out anna congestion"
        trunks.provider.forget()
        one = await anna.dial("0301234500")
        await one.wait_answered()
        two = await chen.dial("0301234501")  # main takes one call at a time
        await two.wait_answered()
        taken = await until_arrived(trunks, 2)
        assert [(a.trunk, a.number) for a in taken] == [("main", "+49301234500"), ("backup", "0301234501")]
        assert "<sip:0305550102@" in taken[1].sender  # chen has no number: the trunk's
        await one.hang_up()
        await two.hang_up()


@pytest.mark.parametrize(("agent", "number", "away"), [("ben", "1002", "dead"), ("emil", "1005", "nameless")])
async def test_a_trunk_where_nobody_is(trunks: TrunkCentre, agent: str, number: str, away: str) -> None:
    """Or whose name is not found: the next one has the call, within seconds."""
    async with trunks.phone(number) as phone:
        await phone.register()
        await trunks.ready(agent)
        call = await phone.dial("+442079460000")
        await call.wait_answered(limit_s=8)
        (arrival,) = await until_arrived(trunks)
        assert (arrival.trunk, arrival.number) == ("backup", "00442079460000")
        seen = await trunks.until_call("outside")
        await call.hang_up()
        record = await trunks.record(seen["id"])
    assert [(d.trunk, d.result) for d in record.outside_dials()] == [
        (away, "unreachable"),
        ("backup", "answered"),
    ]


async def test_busy_is_the_last_word_and_the_other_side_may_hang_up(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001") as anna:
        await anna.register()
        await trunks.ready("anna")
        known = trunks.records()
        busy = await anna.dial("0301234517")
        assert (await busy.wait_ended()).status == 486
        assert [a.trunk for a in await until_arrived(trunks)] == ["main"]
        before = [await trunks.next_record(known)]
        short = await anna.dial("0301234516")
        await short.wait_answered()
        await short.wait_ended()
        await trunks.until_agent("anna", "ready")
        record = await trunks.next_record([*known, *before])
    assert record.ended_by is EndedBy.OUTSIDE
    assert story(record)[-1] == "outside anna outside_hung_up"


@pytest.mark.parametrize(
    ("phone", "agent", "number", "reason"),
    [
        ("1001", "anna", "0049900123456", "not-allowed"),  # the longer prefix decides
        ("1004", "dora", "0301234500", "not-allowed"),  # has no role
        ("1001", None, "0301234500", "logged-out"),
    ],
)
async def test_out_refused(
    trunks: TrunkCentre, phone: str, agent: str | None, number: str, reason: str
) -> None:
    before = trunks.records()
    async with trunks.phone(phone) as caller:
        await caller.register()
        if agent is not None:
            await trunks.ready(agent)
        call = await caller.dial(number)
        await call.wait_answered()
        await call.rtp.until_heard()  # says why
        await call.hang_up()
        record = await trunks.next_record(before)
    assert trunks.provider.arrivals() == []
    told = await asyncio.to_thread(trunks.acd, "calls", "show", record.call_id)
    assert f"is not dialled for {agent or 'anybody'}: {reason}" in told


async def test_an_emergency_number_needs_nobody_logged_in(trunks: TrunkCentre) -> None:
    async with trunks.phone("1004") as phone:
        await phone.register()
        call = await phone.dial("112")
        await call.wait_answered()
        assert [(a.trunk, a.number) for a in await until_arrived(trunks)] == [("main", "112")]
        await call.hang_up()


async def test_an_emergency_call_without_a_controller(trunks: TrunkCentre) -> None:
    async with trunks.phone("1004") as phone:
        await phone.register()
        await asyncio.to_thread(trunks.stop_controller)
        call = await phone.dial("112")
        await call.wait_answered(limit_s=10)
        assert [(a.trunk, a.number) for a in await until_arrived(trunks)] == [("main", "112")]
        await call.hang_up()
        await asyncio.to_thread(trunks.start_controller)


async def test_a_customer_is_sent_outside(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001") as anna, trunks.customer(CUSTOMER, tone_hz=700.0) as customer:
        await anna.register()
        await trunks.ready("anna")
        call = await customer.dial("8001")
        at_anna = await anna.wait_incoming()
        await at_anna.answer()
        await at_anna.rtp.until_heard()
        await at_anna.transfer("0301234500")
        seen = await trunks.until_call("outside")
        await trunks.until_agent("anna", "wrap_up")
        await call.rtp.until_hears(700.0)
        (arrival,) = await until_arrived(trunks)
        assert "sip:+49305550100@" in arrival.asserted  # ours, not the customer's
        await call.hang_up()
        record = await trunks.record(seen["id"])
    assert record.kind is CallKind.INBOUND
    assert "outside anna caller_hung_up" in story(record)
    assert [visit.outcome.value for visit in record.visits] == ["answered"]


async def test_a_flow_lets_it_ring_outside_as_long_as_its_step_says(trunks: TrunkCentre) -> None:
    async with trunks.customer(CUSTOMER) as customer:
        call = await customer.dial("8105")
        seen = await trunks.until_call("dialing_out", outside_number="+49301234519")
        await until_arrived(trunks)
        await trunks.until_call("waiting", group="support")
        await call.hang_up()
        record = await trunks.record(seen["id"])
    assert [(d.trunk, d.agent, d.result) for d in record.outside_dials()] == [("main", "flow:", "no_answer")]
    dialled = next(f.at for f in record.facts if isinstance(f, OutsideDialed))
    failed = next(f.at for f in record.facts if isinstance(f, OutsideFailed))
    assert 3.9 < failed - dialled < 8


async def test_a_customer_is_not_sent_where_the_agent_may_not_dial(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001") as anna, trunks.customer(CUSTOMER) as customer:
        await anna.register()
        await trunks.ready("anna")
        call = await customer.dial("8001")
        at_anna = await anna.wait_incoming()
        await at_anna.answer()
        await at_anna.rtp.until_heard()
        await at_anna.transfer("0049900123456")
        back = await trunks.until_call("waiting", group="sales")  # nobody is lost
        assert trunks.provider.arrivals() == []
        await call.hang_up()
        told = await asyncio.to_thread(trunks.acd, "calls", "show", back["id"])
    assert "+49900123456 is not dialled for anna: not-allowed" in told
    assert "back with us" in told


async def test_a_customer_who_hides_the_number_is_sent_outside(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001") as anna:
        await anna.register()
        await trunks.ready("anna")
        await call_in(trunks, "+49305550100", CUSTOMER, hidden=True)
        at_anna = await anna.wait_incoming()
        assert CUSTOMER not in str(at_anna.invite)
        await at_anna.answer()
        await at_anna.rtp.until_heard()
        await at_anna.transfer("0301234534")
        main, backup = await until_arrived(trunks, 2)
        assert "sip:+49305550100@" in main.asserted
        assert "<sip:0305550100@" in backup.sender
        assert CUSTOMER not in f"{main} {backup}"


async def test_after_a_consultation_outside(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001") as anna, trunks.customer(CUSTOMER, tone_hz=700.0) as customer:
        await anna.register()
        await trunks.ready("anna")
        call = await customer.dial("8001")
        at_anna = await anna.wait_incoming()
        await at_anna.answer()
        await at_anna.rtp.until_heard()
        consult = await anna.dial("0301234500")
        await consult.wait_answered()
        await consult.rtp.until_heard()
        await at_anna.transfer_to_call(consult)
        seen = await trunks.until_call("outside", kind="inbound")
        assert (seen["outside_number"], seen["caller_number"]) == ("+49301234500", CUSTOMER)
        await trunks.until_agent("anna", "wrap_up")
        await call.rtp.until_hears(700.0)
        # The one outside is not told with whom the agent has joined them.
        channels = await asyncio.to_thread(trunks.provider.console, "core show channels verbose")
        assert channels is not None
        assert "acd-main" in channels
        assert CUSTOMER.lstrip("+") not in channels
        await call.hang_up()
        await trunks.record(seen["id"])


async def test_one_outside_whom_the_agent_has_dialled_is_joined_with_another(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001", tone_hz=520.0) as anna:
        await anna.register()
        await trunks.ready("anna")
        call = await anna.dial("0301234500")
        await call.wait_answered()
        await call.rtp.until_heard()
        first = await trunks.until_call("outside")
        await trunks.ask("consult", agent="anna", to="0301234501", to_kind="number")
        await trunks.until_call("outside", outside_number="+49301234501")
        await call.rtp.until_heard()
        await trunks.ask("consult-complete", agent="anna")
        await call.wait_ended()
        await trunks.until_agent("anna", "ready")
        await trunks.until(lambda s: len(s["calls"]) == 1, "the end of the consultation")
        names = str(await asyncio.to_thread(trunks.console, "core show channels concise"))
        (second,) = re.findall(r"^(PJSIP/trunk-backup-\w+)", names, re.MULTILINE)
        await asyncio.to_thread(trunks.console, f"channel request hangup {second}")
        await trunks.until_no_channels()
        record = await trunks.record(first["id"])
    assert story(record) == ["dialing_out anna answered", "outside anna caller_hung_up"]


async def test_whom_an_agent_called_is_sent_to_a_group_and_outside_only_as_the_agent_may(
    trunks: TrunkCentre,
) -> None:
    """The other end of an agent's own call is somebody outside, never a phone of ours."""
    async with trunks.phone("1001") as anna:
        await anna.register()
        await trunks.ready("anna")
        call = await anna.dial("0301234500")
        await call.wait_answered()
        await trunks.until_call("outside")
        await call.rtp.until_heard()  # joined: only then can a phone transfer
        await call.transfer("8002")
        seen = await trunks.until_call("waiting", group="support", kind="inbound", trunk="main")
        assert seen["caller_number"] == "+49301234500"
        await trunks.until_agent("anna", "ready")
        await asyncio.to_thread(trunks.provider.hang_up_all)
        await trunks.until_no_channels()
        second = await anna.dial("0301234501")
        await second.wait_answered()
        await trunks.until_call("outside", outside_number="+49301234501")
        await second.rtp.until_heard()
        trunks.provider.forget()
        await second.transfer("0049900123456")
        await trunks.until_agent("anna", "ready")
        await asyncio.to_thread(trunks.provider.hang_up_all)
    assert [a.number for a in trunks.provider.arrivals()] == []


async def test_talking_outside_outlives_the_controller(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001", tone_hz=520.0) as anna:
        await anna.register()
        await trunks.ready("anna")
        call = await anna.dial("0301234500")
        await call.wait_answered()
        seen = await trunks.until_call("outside")
        await asyncio.to_thread(trunks.kill_controller)
        await asyncio.to_thread(trunks.start_controller)
        again = await trunks.until_call("outside")
        assert again["id"] == seen["id"]
        assert agent_of(await trunks.ask("status"), "anna")["state"] == "talking"
        await call.rtp.until_hears(520.0)
        await call.hang_up()
        await trunks.until_agent("anna", "ready")
        record = await trunks.record(seen["id"])
    assert story(record) == ["dialing_out anna answered", "outside anna caller_hung_up"]


async def test_the_registration_comes_back_after_the_provider(trunks: TrunkCentre) -> None:
    await asyncio.to_thread(trunks.provider.kill)
    await asyncio.to_thread(trunks.provider.start)
    deadline = time.monotonic() + 20
    while not await asyncio.to_thread(trunks.provider.is_registered):
        assert time.monotonic() < deadline, "we have not registered again"
        await asyncio.sleep(0.1)
    trunks.provider.forget()
    await call_in(trunks, "+49305550100", CUSTOMER)
    await trunks.until_call("waiting", group="sales", trunk="main")


async def test_a_dear_call_ends_by_itself_and_the_next_is_refused(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001", tone_hz=520.0) as anna:
        await anna.register()
        await trunks.ready("anna")
        call = await anna.dial("0301234900")  # 60 a minute: 3 are spent after 2 s
        await call.wait_answered()
        seen = await trunks.until_call("outside")
        await call.wait_ended()
        assert 1.0 < call.at[CallState.ENDED] - call.at[CallState.ANSWERED] < 4.0
        await trunks.until_agent("anna", "ready")
        record = await trunks.record(seen["id"])
        assert story(record) == ["dialing_out anna answered", "outside anna outside_hung_up"]
        refused = await anna.dial("0301234901")
        await refused.wait_answered()  # a voice says why
        await refused.wait_ended()
    told = (await trunks.ask("status"))["outside"]
    assert told["spent"] >= 61
    assert [(a["who"], a["percent"]) for a in told["alarms"]] == [("anna", 80)]
    assert "anna: 61." in await asyncio.to_thread(trunks.acd, "status")
    log = trunks.log.read_text()
    assert "own-budget-spent" in log
    assert "a budget is nearly or quite spent" in log


async def test_one_call_at_a_time_to_a_destination(trunks: TrunkCentre) -> None:
    async with trunks.phone("1001", tone_hz=520.0) as anna, trunks.phone("1003") as chen:
        await anna.register()
        await chen.register()
        await trunks.ready("anna", "chen")
        one = await anna.dial("0301234800")
        await one.wait_answered()
        await trunks.until_call("outside")
        two = await chen.dial("0301234801")
        await two.wait_answered()
        await two.wait_ended()
        assert [arrival.number for arrival in trunks.provider.arrivals()] == ["+49301234800"]
        await one.hang_up()


async def test_trunks_that_fall_silent_are_given_up_soon(trunks: TrunkCentre) -> None:
    """The last of all: Asterisk takes the provider for away for a while after that."""
    async with trunks.phone("1001") as anna:
        await anna.register()
        await trunks.ready("anna")
        trunks.provider.freeze()
        try:
            call = await anna.dial("0301234500")
            seen = await trunks.until_call("dialing_out")
            assert (await call.wait_ended(limit_s=9)).status == 503  # SIP alone would take a minute
        finally:
            trunks.provider.thaw()
        record = await trunks.record(seen["id"])
    assert [(d.trunk, d.result) for d in record.outside_dials()] == [
        ("main", "unreachable"),
        ("backup", "unreachable"),
    ]
