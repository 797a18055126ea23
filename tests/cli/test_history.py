"""From records to what a simulation takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acd.cli.history import recorded
from acd.core import facts
from acd.core.facts import AgentInterval, CallKind, Customer, EndedBy, Fact, LeftBy
from acd.errors import OperatorError
from acd.records.fold import fold
from acd.records.period import Period
from acd.records.store import RecordStore
from acd.settings.environment import Environment
from acd.simulate.recorded import Recorded
from acd.simulate.visits import Outcome
from tests.core.centre import PLAN

TEN = 1_795_341_600.0  # 2026-11-22 10:00:00 UTC
PERIOD = Period(datetime(2026, 11, 22, 10, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC))


def read(home: Path, calls: Iterable[list[Fact]], intervals: Iterable[AgentInterval] = ()) -> Recorded:
    """Of these calls, which are on record."""
    env = Environment.from_env({"ACD_HOME": str(home)}, home)
    with RecordStore(f"sqlite:///{env.database}") as store:
        store.save_calls([fold(f"c{number}", list(of)) for number, of in enumerate(calls, 1)])
        store.save_intervals(list(intervals))
    return recorded(env, PLAN, PERIOD)


def arrived(at: float, kind: CallKind = CallKind.INBOUND) -> Fact:
    """A known customer."""
    return facts.Arrived(TEN + at, kind, "+4930777", "", "8001", Customer("k7", "Fang", "gold"))


def answered(at: float, group: str = "sales") -> list[Fact]:
    """Waits 5 s, talks 60 s, and is worked on for 10 s."""
    return [
        arrived(at),
        facts.Queued(TEN + at, group, 7, "english >= 5"),
        facts.Offered(TEN + at + 1, "anna", "1001"),
        facts.Answered(TEN + at + 5, "anna"),
        facts.Held(TEN + at + 10),
        facts.Resumed(TEN + at + 20),
        facts.Ended(TEN + at + 65, EndedBy.CALLER),
        facts.WrapUpStarted(TEN + at + 65, "anna"),
        facts.WrapUpEnded(TEN + at + 75, "anna"),
    ]


def test_an_answered_call(tmp_path: Path) -> None:
    found = read(tmp_path, [answered(100.0)])
    (call,) = found.calls
    assert (call.priority, call.talk_s) == (7, 60.0)
    visit = call.visit
    assert (visit.call_id, visit.group, visit.segment) == ("c1", "sales", "gold")
    assert (visit.queued_at, visit.outcome, visit.wait_s) == (100.0, Outcome.ANSWERED, 5.0)
    assert (visit.agent, visit.handle_s) == ("anna", 70.0)
    assert visit.customer == Customer("k7", "Fang", "gold", requirement="english >= 5")
    assert (found.opens_s, found.length_s) == (36_000.0, 7200.0)


def test_who_called_is_known_as_then(tmp_path: Path) -> None:
    ann = Customer("k7", "Ann", "gold", "zh", value=900.0, requirement="vip >= 3")
    call = [
        facts.Arrived(TEN, CallKind.INBOUND, "+4930777", "", "8001", ann),
        facts.Queued(TEN, "sales", 0, "vip >= 3 and english >= 5", alone=True),
        facts.Ended(TEN + 60, EndedBy.CALLER),
    ]
    (found,) = read(tmp_path, [call]).calls
    assert found.visit.customer == replace(ann, requirement="vip >= 3 and english >= 5")
    assert found.alone


def test_who_left_and_came_again_are_two(tmp_path: Path) -> None:
    call = [
        arrived(0.0),
        facts.Queued(TEN, "sales", 3),
        facts.LeftLine(TEN + 30, "sales", LeftBy.KEY),
        facts.Queued(TEN + 40, "support", 4),
        facts.Ended(TEN + 60, EndedBy.CALLER),
    ]
    one, other = read(tmp_path, [call]).calls
    assert (one.visit.call_id, one.visit.outcome, one.visit.wait_s, one.priority) == (
        "c1",
        Outcome.LEFT,
        30,
        3,
    )
    assert (other.visit.call_id, other.visit.group, other.visit.queued_at) == ("c1/2", "support", 40.0)
    assert (other.visit.outcome, other.visit.wait_s, other.priority) == (Outcome.ABANDONED, 20.0, 4)


def test_whom_a_policy_moved_on_is_one(tmp_path: Path) -> None:
    call = [
        arrived(0.0),
        facts.Queued(TEN, "experts", 3),
        facts.LeftLine(TEN + 30, "experts", LeftBy.POLICY, "support"),
        facts.Queued(TEN + 30, "support", 3),
        facts.Answered(TEN + 37, "chen"),
        facts.Ended(TEN + 87, EndedBy.CALLER),
    ]
    (moved,) = read(tmp_path, [call]).calls
    assert (moved.visit.group, moved.visit.wait_s, moved.visit.agent) == ("experts", 37.0, "chen")
    assert (moved.visit.outcome, moved.talk_s, moved.priority) == (Outcome.ANSWERED, 50.0, 3)
    assert [(p.group, p.wait_s, p.outcome) for p in moved.parts] == [
        ("experts", 30.0, Outcome.LEFT),
        ("support", 7.0, Outcome.ANSWERED),
    ]


def test_agents_days(tmp_path: Path) -> None:
    def interval(state: str, since: float, until: float, reason: str | None = None) -> AgentInterval:
        return AgentInterval("anna", state, reason, TEN + since, TEN + until)

    found = read(
        tmp_path,
        [answered(0.0)],
        [
            interval("ready", -500, 100),
            interval("not_ready", 100, 200, "lunch"),
            interval("ready", 200, 300),
            interval("not_ready", 300, 400, "rona"),
            interval("ready", 1000, 9000),
        ],
    )
    assert found.there == {"anna": [(0.0, 400.0), (1000.0, 7200.0)]}
    assert found.pauses == {"anna": [(100.0, 200.0)]}


def test_colleagues_calls_are_no_customers(tmp_path: Path) -> None:
    internal = [
        arrived(0.0, CallKind.INTERNAL),
        facts.Queued(TEN, "sales"),
        facts.Ended(TEN + 5, EndedBy.CALLER),
    ]
    with pytest.raises(OperatorError, match="no calls of customers to groups"):
        read(tmp_path, [internal])
