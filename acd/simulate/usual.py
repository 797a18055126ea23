"""What callers of a group meet if nothing else is said."""

from __future__ import annotations

from acd.core.facts import LeftBy
from acd.core.plan import GroupPolicy
from acd.core.policy import LeaveBy
from acd.simulate.opening import Opening
from acd.simulate.scenario import CallbackHabits


def usual_exits(policy: GroupPolicy, opening: Opening) -> frozenset[str]:
    """Those that its own rules make use of: `full`, what its policy names, `closed` where it closes."""
    named = {op.exit for step in policy.steps for op in step.operations if isinstance(op, LeaveBy)}
    closing = {LeftBy.CLOSED.value} if policy.id in opening.groups else set()
    return frozenset({LeftBy.FULL.value, *named, *closing})


def usual_callbacks(policy: GroupPolicy) -> CallbackHabits | None:
    """Where the group calls back by itself."""
    return None if policy.callbacks is None else CallbackHabits()
