"""Agents' work by unusual rules: wrap-up until released, growing back-offs, desks that are nobody's own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise

import pytest
import pytest_asyncio

from acd.core.facts import WrapUpEnd
from acd.errors import RequestRefused
from acd.records.record import WrapUp
from tests.integration.centre import CHECKOUT, Centre, agent_of, started
from tests.integration.sip.phone import ANSWER, RING, Phone, refusing

pytestmark = pytest.mark.asterisk

PIN = "4711"
# Measured: 6 ms. Tests may run beside much else.
OFFERED_WITHIN_S = 0.5
RULES = {
    "groups.yml": {
        "wrap_up_s: 2": "wrap_up: {mode: until_released, max_s: 60}",
        "wrap_up_s: 3": "wrap_up: {mode: timed, s: 2, extend_s: 2, max_s: 5}",
    },
    "system.yml": {
        "missed_rings: {busy: {back_off_s: 2}}": (
            "missed_rings:\n"
            "  busy: {back_off_s: 1, growth: 2, back_off_max_s: 2}\n"
            "  declined: {not_ready_after: 2, back_off_s: 30}\n"
        ),
    },
    "agents.yml": {"agents:\n": 'phones:\n  "1007": {name: Hot desk}\n\nagents:\n'},
}


class WorkCentre(Centre):
    """By RULES, with a phone that is nobody's own."""

    def adapt(self) -> None:
        """The rules into the copied configuration."""
        for name, changes in RULES.items():
            text = (self.config / name).read_text()
            for old, new in changes.items():
                assert old in text, (name, old)
                text = text.replace(old, new)
            (self.config / name).write_text(text)

    async def reset(self) -> None:
        """Wrap-up has no end here by itself."""
        await asyncio.to_thread(self.console, "channel request hangup all")
        status = await self.until(lambda s: s if not s["calls"] else None, "the end of all calls")
        for agent in status["agents"]:
            if agent["state"] == "wrap_up":
                await self.ask("wrap-up-done", agent=agent["id"])
        await super().reset()

    async def set_pin(self, agent: str, *options: str) -> None:
        """As an operator does."""
        command = [sys.executable, "-m", "acd", "agent", "pin", agent, *options]
        pin = f"{PIN}\n".encode()
        await asyncio.to_thread(subprocess.run, command, env=self.env, cwd=CHECKOUT, input=pin, check=True)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkCentre]:
    """Asterisk and controller for these tests."""
    with started(WorkCentre(tmp_path_factory.mktemp("work_centre"))) as centre:
        yield centre


@pytest_asyncio.fixture
async def centre(running: WorkCentre) -> AsyncIterator[WorkCentre]:
    """With nobody logged in."""
    await running.reset()
    yield running
    await running.until_no_channels()


async def dial_code(phone: Phone, code: str, keys: str = "") -> None:
    """Dial a feature code, key what is asked for, and listen to the confirmation to its end."""
    call = await phone.dial(code)
    await call.wait_answered()
    if keys:
        await call.rtp.press(keys)
    end = await call.wait_ended(15)
    assert not end.by_us


async def test_wrap_up_lasts_until_it_is_released_over_a_crash_too(centre: WorkCentre) -> None:
    async with centre.phone("1001", answering=ANSWER) as anna, centre.customer() as caller:
        await anna.register()
        await centre.ready("anna")
        call = await caller.dial("8001")
        seen = await centre.until_call("talking", agent="anna")
        await call.hang_up()
        await centre.until_agent("anna", "wrap_up")
        with pytest.raises(RequestRefused, match="allows 60 s"):
            await centre.ask("wrap-up-extend", agent="anna")
        centre.kill_controller()
        await asyncio.to_thread(centre.start_controller)
        await centre.until_agent("anna", "wrap_up")
        await centre.until(lambda s: agent_of(s, "anna")["phone_reachable"], "anna's phone")
        await dial_code(anna, "*15")
        await centre.until_agent("anna", "ready")
        record = await centre.record(seen["id"])
        (work,) = record.wrap_ups()
        assert (work.agent, work.extended, work.ended) == ("anna", 0, WrapUpEnd.AGENT)


async def test_wrap_up_is_extended_by_phone_and_by_command_as_far_as_it_goes(centre: WorkCentre) -> None:
    async with centre.phone("1004", answering=ANSWER) as dora, centre.customer() as caller:
        await dora.register()
        await centre.ready("dora")
        call = await caller.dial("8002")
        seen = await centre.until_call("talking", agent="dora")
        await call.hang_up()
        await centre.until_agent("dora", "wrap_up")
        extended = (await centre.ask("wrap-up-extend", agent="dora"))["agent"]
        assert 2.0 < extended["until_s"] <= 4.0  # by itself it ends after 2
        with pytest.raises(RequestRefused, match="group support allows 5 s"):
            await centre.ask("wrap-up-extend", agent="dora")
        await dial_code(dora, "*16")  # refused as well, and said so
        await centre.until_agent("dora", "ready")
        record = await centre.record(seen["id"])
        (work,) = record.wrap_ups()
        assert work == WrapUp("dora", work.length_s, 1, WrapUpEnd.TIME)
        assert 3.9 < work.length_s < 5.0


async def test_a_busy_phone_is_tried_again_at_growing_intervals(centre: WorkCentre) -> None:
    async with centre.phone("1001", answering=refusing(486)) as anna, centre.customer() as caller:
        await anna.register()
        await centre.ready("anna")
        call = await caller.dial("8001")
        seen = await centre.until_call("waiting", position=1)
        await centre.until(lambda s: agent_of(s, "anna")["occupied"] == "back_off", "a back-off")
        for _ in range(3):
            await anna.wait_incoming(8)
        anna.answering = RING
        last = await anna.wait_incoming(8)
        await last.answer()
        times = [invite.at_s for invite in anna.received("INVITE ")]
        first, second, third = (b - a for a, b in pairwise(times))
        assert first >= 1.0
        assert min(second, third) >= 2.0
        assert (await centre.until_call("talking", agent="anna"))["id"] == seen["id"]
        await call.hang_up()


async def test_whoever_declines_is_not_rung_again_while_somebody_else_is_there(centre: WorkCentre) -> None:
    async with (
        centre.phone("1001", answering=refusing(603)) as anna,
        centre.phone("1002") as ben,
        centre.customer() as caller,
    ):
        await anna.register()
        await ben.register()
        await centre.ready("anna", "ben")
        call = await caller.dial("8001")
        at_ben = await ben.wait_incoming()
        status = await centre.ask("status")
        assert (agent_of(status, "anna")["state"], agent_of(status, "anna")["occupied"]) == (
            "ready",
            "back_off",
        )
        at_ben.refuse(486)
        again = await ben.wait_incoming()
        await again.answer()
        assert len(anna.received("INVITE ")) == 1
        await call.hang_up()


@pytest.mark.timing
async def test_a_phone_with_a_call_of_its_own_is_not_rung_and_not_shown_as_ready(centre: WorkCentre) -> None:
    """She listens to the menu since before she logged in: the call is nobody's, and the phone is in use."""
    async with centre.phone("1001") as anna, centre.customer() as caller:
        await anna.register()
        own = await anna.dial("8000")
        await own.wait_answered()
        await centre.ready("anna")
        await centre.until(lambda s: agent_of(s, "anna")["occupied"] == "phone_in_use", "the phone in use")
        assert "phone in use" in await asyncio.to_thread(centre.acd, "status")
        call = await caller.dial("8001")
        await centre.until_call("waiting", position=1)
        assert not anna.received("INVITE ")
        ended = time.monotonic()
        await own.hang_up()
        offered = await anna.wait_incoming()
        took_s = anna.received("INVITE ")[0].at_s - ended
        assert took_s < OFFERED_WITHIN_S, f"the next offer took {took_s:.3f} s"
        await offered.answer()
        await centre.until_call("talking", agent="anna")
        await call.hang_up()


@pytest.mark.long
async def test_any_phone_may_be_an_agents_desk(centre: WorkCentre) -> None:
    async with (
        centre.phone("1007") as desk,
        centre.phone("1005", answering=RING) as other,
        centre.phone("1002") as ben,
        centre.customer() as caller,
    ):
        for phone in (desk, other, ben):
            await phone.register()
        await centre.until(lambda s: s["dispatching"], "a known floor")
        assert "on phone 1007" in await asyncio.to_thread(
            centre.acd, "agent", "login", "anna", "--phone", "1007"
        )
        with pytest.raises(RequestRefused, match="anna is logged in on phone 1007: log out there first"):
            await centre.ask("login", agent="ben", phone="1007")
        await centre.ask("ready", agent="anna")
        call = await caller.dial("8001")
        await (await desk.wait_incoming()).answer()
        await centre.until_call("talking", agent="anna")
        await call.hang_up()
        await centre.until_agent("anna", "wrap_up")
        await centre.ask("wrap-up-done", agent="anna")
        await centre.ask("login", agent="ben")
        inside = await ben.dial("1001")  # anna's extension
        at_desk = await desk.wait_incoming()
        await inside.hang_up()
        await at_desk.wait_ended()
        await centre.until_agent("anna", "ready")
        await centre.set_pin("anna")
        await dial_code(other, "*111001", "1234#" * 3)
        assert agent_of(await centre.ask("status"), "anna")["phone"] == "1007"
        await dial_code(other, "*111001", PIN + "#")
        await centre.until(lambda s: agent_of(s, "anna")["phone"] == "1005", "anna at the other phone")
        await centre.until_agent("anna", "ready")
        await centre.set_pin("anna", "--remove")
        rung_before = len(desk.received("INVITE "))
        call = await caller.dial("8001")
        await other.wait_incoming()
        assert len(desk.received("INVITE ")) == rung_before
        await call.hang_up()
        log = (centre.home.parent / "controller.log").read_text(errors="replace")
        assert f"{PIN}#" not in log
