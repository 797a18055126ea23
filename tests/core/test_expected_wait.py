"""Handle times and the wait that is expected from them."""

from __future__ import annotations

import pytest

from acd.core import facts
from acd.core.expected_wait import expected_wait_s, handle_times_s
from acd.core.facts import EndedBy


@pytest.mark.parametrize(
    ("position", "agents", "wait_s"), [(1, 1, 120.0), (1, 4, 30.0), (6, 3, 240.0), (2, 0, 240.0)]
)
def test_expected_wait(position: int, agents: int, wait_s: float) -> None:
    assert expected_wait_s(position, 120.0, agents) == wait_s


def test_talk_and_wrap_up_count_for_the_group() -> None:
    told = [
        facts.Queued(0.0, "sales"),
        facts.Answered(10.0, "anna"),
        facts.Transferred(40.0, "anna", "1002", "blind"),
        facts.WrapUpStarted(40.0, "anna"),
        facts.Queued(41.0, "support"),
        facts.Answered(50.0, "ben"),
        facts.WrapUpEnded(60.0, "anna"),
        facts.AgentLeft(70.0, "ben"),
        facts.WrapUpStarted(70.0, "ben"),
        facts.Ended(80.0, EndedBy.CALLER),
        facts.WrapUpEnded(95.0, "ben"),
    ]
    assert list(handle_times_s(told)) == [("sales", 50.0), ("support", 45.0)]


def test_calls_that_no_group_had_count_for_none() -> None:
    told = [facts.Directed(0.0, "anna"), facts.Answered(1.0, "anna"), facts.Ended(5.0, EndedBy.CALLER)]
    assert list(handle_times_s(told)) == []
