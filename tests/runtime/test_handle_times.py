"""Handle times: those on record, then what is learnt."""

from __future__ import annotations

from acd.core import facts
from acd.core.calls import Call
from acd.core.expected_wait import DEFAULT_HANDLE_TIME_S
from acd.core.facts import CallKind
from acd.runtime.handle_times import LATEST_CALLS, HandleTimes


def finished(seconds: float) -> Call:
    """A call that an agent of sales had for so long."""
    told = [
        facts.Queued(0.0, "sales"),
        facts.Answered(1.0, "anna"),
        facts.AgentLeft(1.0 + seconds, "anna"),
    ]
    return Call("c1", CallKind.INBOUND, "+4930", "", "8001", 0.0, facts=list(told))


def test_a_usual_value_before_the_first() -> None:
    assert HandleTimes().average_s("sales") == DEFAULT_HANDLE_TIME_S


def test_what_was_learnt_before_the_records_were_read_is_newer() -> None:
    times = HandleTimes()
    times.learn(finished(10.0))
    times.recall({"sales": [20.0, 30.0], "support": []})
    assert times.average_s("sales") == 20.0
    assert times.average_s("support") == DEFAULT_HANDLE_TIME_S
    for _ in range(LATEST_CALLS - 1):
        times.learn(finished(10.0))
    assert times.average_s("sales") == 10.0, "the oldest go first"
