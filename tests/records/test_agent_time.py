"""How agents spent their time, and what of it is paid."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from acd.core.facts import AgentInterval
from acd.core.work_rules import Reason
from acd.records.agent_time import agent_times, times_json
from acd.records.period import Period

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PERIOD = Period(NOON, NOON.replace(hour=13))
REASONS = {"lunch": Reason({"en": "Lunch"}, paid=False), "training": Reason({"en": "Training"})}


def stretch(agent: str, state: str, begin_s: float, end_s: float, reason: str | None = None) -> AgentInterval:
    """Seconds after noon."""
    return AgentInterval(agent, state, reason, NOON.timestamp() + begin_s, NOON.timestamp() + end_s)


def test_time_by_state_and_by_what_is_paid() -> None:
    anna, ben = agent_times(
        [
            stretch("ben", "ready", 0, 10),
            stretch("anna", "ready", -60, 60),  # the half of it before noon belongs to another period
            stretch("anna", "ringing", 60, 65),
            stretch("anna", "talking", 65, 265),
            stretch("anna", "wrap_up", 265, 275),
            stretch("anna", "not_ready", 275, 575, "lunch"),
            stretch("anna", "not_ready", 575, 675, "training"),
            stretch("anna", "not_ready", 675, 705, "rona"),  # the system's own
            stretch("anna", "not_ready", 3000, 4600, "lunch"),
            stretch("anna", "ready", 4600, 4700),
        ],
        REASONS,
        PERIOD,
    )
    assert (ben.agent, ben.logged_in_s, ben.paid_s) == ("ben", 10, 10)
    assert (anna.ready_s, anna.ringing_s, anna.talking_s, anna.wrap_up_s) == (60, 5, 200, 10)
    assert anna.not_ready_s == {"lunch": 900, "training": 100, "rona": 30}
    assert anna.unpaid_s == 900
    assert anna.logged_in_s == pytest.approx(60 + 215 + 1030)
    assert anna.paid_s == pytest.approx(anna.logged_in_s - 900)
    told = times_json([anna], PERIOD)["agents"][0]
    assert (told["agent"], told["unpaid_s"], told["paid_s"]) == ("anna", 900, anna.paid_s)
