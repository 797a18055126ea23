"""Steps of a policy at work: when they are due, what they do, and what becomes of it when the line changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd.core import events
from acd.core.calls import Call
from acd.core.commands import AnnounceInLine, Command
from acd.core.engine import Engine
from acd.core.facts import CallKind
from acd.core.plan import AgentProfile, CallbackRule, GroupPolicy, Plan
from acd.core.policy import Announce, Operation, PolicyStep, condition
from acd.core.requirement import Requirement
from acd.core.work_rules import NO_WRAP_UP

SALES = GroupPolicy("sales", "Sales", Requirement.parse("sales"), wrap_up=NO_WRAP_UP, callbacks=CallbackRule())
ANNA = AgentProfile("anna", "Anna", "1001", {"sales": 5})


def step(when: str, *operations: Operation, every_s: float | None = None) -> PolicyStep:
    return PolicyStep(condition(when), operations, every_s)


def plan_of(*groups: GroupPolicy) -> Plan:
    return Plan({"anna": ANNA}, {group.id: group for group in groups})


def engine_of(*steps: PolicyStep) -> Engine:
    """anna serves sales, whose policy has these steps, and is at home."""
    engine = Engine(plan_of(replace(SALES, steps=steps)))
    engine.handle(events.PhoneChanged("1001", True, False), 0.0)
    return engine


def arrives(engine: Engine, now: float, call_id: str = "c1", group: str = "sales", **queued: object) -> Call:
    engine.handle(events.CallArrived(call_id, CallKind.INBOUND, "+49301", "", "100"), now)
    engine.handle(replace(events.CallQueued(call_id, group), **queued), now)  # type: ignore[arg-type]
    return engine.floor.calls[call_id]


def pass_time(engine: Engine, until: float) -> list[tuple[float, Command]]:
    """Every deadline is met; what is commanded then, and when."""
    done: list[tuple[float, Command]] = []
    while (at := engine.next_deadline()) is not None and at <= until:
        done += [(at, command) for command in engine.handle_timer(at)]
    return done


@pytest.mark.parametrize(
    ("when", "at_s"),
    [
        ("waited_s >= 30", 30.0),
        ("waited_s > 30", 30.0),
        ("not waited_s <= 30", 30.0),
        ("waited_s > 30 and waited_s < 90", 30.0),
        ("waited_s == 30", 30.0),
        ("waited_s >= 10 and waited_s != 10", 10.0),
        ("waited_s", 0.0),
    ],
)
@pytest.mark.parametrize("began", [0.0, 1_795_000_000.123])
def test_a_condition_of_time_alone_is_met_to_the_moment(when: str, at_s: float, began: float) -> None:
    engine = engine_of(step(when, Announce("sorry")))
    arrives(engine, began)
    said = [at for at, command in pass_time(engine, began + 600) if isinstance(command, AnnounceInLine)]
    assert said == pytest.approx([began + at_s], abs=0.002)
