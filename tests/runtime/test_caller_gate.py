"""Who calls too often is refused before anybody answers, or led to a flow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acd.core import facts
from acd.runtime.caller_gate import CallerGate
from acd.settings.caller_limits import CallerLimits
from acd.settings.centre_now import CentreNow
from acd.settings.load import load_centre
from acd.settings.model import Centre
from tests.runtime.fakes import CHECKOUT, Desk

LIMITS = CallerLimits(calls=2, hidden_calls=1, within_s=60, exempt=("+4940",))
EXAMPLE = load_centre(CHECKOUT / "config", CHECKOUT / "tests" / "flows")


def limited(limits: CallerLimits = LIMITS) -> Centre:
    """The example with limits."""
    return replace(EXAMPLE, caller_limits=limits)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """With these limits."""
    desk = Desk(limited())
    yield desk
    await desk.close()


async def call(desk: Desk, call_id: str, number: str = "+49301") -> list[tuple[str, ...]]:
    """A caller over a trunk; what becomes of it."""
    await desk.ask(call_id, trunk="lab", caller_number=number, dialed_number="8001")
    return [told for told in desk.told() if told[1] == call_id]


async def test_the_third_call_in_a_minute_is_refused(desk: Desk) -> None:
    for call_id in ("c1", "c2"):
        assert (await call(desk, call_id))[0][0] == "hold"
    assert await call(desk, "c3") == [("hang up", "c3", "busy")]
    fact = next(f for f in desk.facts("c3") if isinstance(f, facts.CallerLimited))
    assert (fact.calls, fact.within_s, fact.flow, fact.at) == (2, 60, "", desk.clock.now)
    assert (await call(desk, "c4", "+49302"))[0][0] == "hold"
    desk.clock.now += 60
    assert (await call(desk, "c5"))[0][0] == "hold"
    assert desk.reception.gate.limited == {"number": 1}


async def test_all_who_hide_their_number_have_one_limit(desk: Desk) -> None:
    assert (await call(desk, "c1", "anonymous"))[0][0] == "hold"
    assert await call(desk, "c2", "Anonymous") == [("hang up", "c2", "busy")]
    assert desk.reception.gate.limited == {"hidden": 1}


async def test_who_is_exempt_and_phones_of_ours_are_never_limited(desk: Desk) -> None:
    for number in range(4):
        assert (await call(desk, f"c{number}", "+49401"))[0][0] == "hold"
    desk.ready("ben")
    desk.told()
    for number in range(4):
        await desk.ask(f"d{number}", phone="1002", caller_number="1002", dialed_number="8001")
    assert all(told[0] != "hang up" for told in desk.told())


async def test_a_flow_may_take_them() -> None:
    desk = Desk(limited(replace(LIMITS, calls=1, flow="main")))
    await call(desk, "c1")
    await desk.ask("c2", trunk="lab", caller_number="+49301", dialed_number="8001")
    assert ("hang up", "c2", "busy") not in desk.told()
    assert any(isinstance(f, facts.FlowEntered) for f in desk.facts("c2"))
    await desk.close()


@given(st.lists(st.tuples(st.sampled_from(["+491", "+492", "+493", ""]), st.floats(0, 50)), max_size=60))
def test_never_more_than_the_limit_in_any_stretch(calls: list[tuple[str, float]]) -> None:
    now = [0.0]
    gate = CallerGate(CentreNow(limited()), lambda: now[0])
    let_in: dict[str, list[float]] = {}
    for number, pause_s in calls:
        now[0] += pause_s
        if gate.exceeded(number) is None:
            let_in.setdefault(number, []).append(now[0])
    for number, times in let_in.items():
        most = 1 if number == "" else 2
        assert all(later - early >= 60 for early, later in zip(times, times[most:], strict=False))


def test_memory_is_bounded() -> None:
    gate = CallerGate(CentreNow(limited()), lambda: 0.0, most=10)
    for number in range(1000):
        gate.exceeded(f"+49{number}")
    assert gate.numbers_known == 10


def test_numbers_whose_calls_do_not_count_any_more_are_forgotten() -> None:
    now = [0.0]
    gate = CallerGate(CentreNow(limited()), lambda: now[0])
    for number in range(1000):  # one a second: within a minute there are sixty
        now[0] += 1
        gate.exceeded(f"+49{number}")
    assert gate.numbers_known <= 61
