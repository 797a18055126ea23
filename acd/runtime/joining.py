"""What a call brings into a line, beside its group: its customer's needs, the agent before, an older wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from acd.core.calls import Call
from acd.core.events import CallQueued
from acd.core.facts import LeftBy
from acd.core.formula import FormulaError
from acd.core.last_agents import LastAgents
from acd.core.plan import Plan
from acd.core.requirement import ANYBODY, Requirement
from acd.ivr.talk import JoinQueue
from acd.ivr.values import Value
from acd.runtime.abandoned import AbandonedWaits

log = structlog.get_logger(__name__)

LONGEST_AGENT = 64


class Joining:
    """Makes the event with which a call joins a line. `plan`: as it is now."""

    def __init__(self, plan: Plan, last_agents: LastAgents, abandoned: AbandonedWaits) -> None:
        self.plan = plan
        self._last_agents = last_agents
        self._abandoned = abandoned

    def by_flow(self, call: Call, order: JoinQueue, customer: Mapping[str, Value] | None) -> CallQueued:
        """As a flow wants it. `customer`: whom a look-up of the flow has found, if one has."""
        exits = {
            LeftBy.NO_AGENTS.value: order.leave_without_agents,
            LeftBy.FULL.value: order.leave_when_full,
            LeftBy.CLOSED.value: order.leave_when_closed,
        }
        event = self._joined(call, order.group, order.priority, order.requirement, customer)
        return replace(
            event,
            max_wait_s=order.max_wait_s,
            exits=order.exits | {name for name, is_wanted in exits.items() if is_wanted},
            alone=order.alone,
            prefer=self._agent(order.prefer),
            prefer_wait_s=order.prefer_wait_s,
        )

    def by_number(self, call: Call, group: str, priority: int = 0) -> CallQueued:
        """Straight into a group's line, or back into it."""
        return self._joined(call, group, priority, ANYBODY, None)

    def again(self, call: Call, group: str) -> CallQueued:
        """Back into a line, of a call that has stood in one and was served: as it stood there."""
        return as_it_stood(self.by_number(call, group), call)

    def _joined(
        self,
        call: Call,
        group: str,
        priority: int,
        requirement: Requirement,
        found: Mapping[str, Value] | None,
    ) -> CallQueued:
        known = call.customer
        customer_id = known.id if found is None and known is not None else str((found or {}).get("id") or "")
        needs = known.requirement if found is None and known is not None else (found or {}).get("requirement")
        last = self._last_agents.find(customer_id or None, call.caller_number)
        wait = self._abandoned.take(call, group)
        return CallQueued(
            call.id,
            group,
            priority,
            requirement=Requirement.all_of((requirement, _requirement(needs))),
            last_agent=None if last is None else last.agent,
            last_agent_at=0.0 if last is None else last.at,
            resumes=None if wait is None else wait.call_id,
            waiting_since=None if wait is None else wait.waiting_since,
            so_far=wait.so_far if wait is not None and wait.groups[0] == group else None,
        )

    def _agent(self, wanted: str) -> str | None:
        """The id of an agent who is named by id or extension; an unknown name stays what it is."""
        if not wanted:
            return None
        by_extension = self.plan.agent_by_extension(wanted)
        if by_extension is not None:
            return by_extension.id
        return wanted[:LONGEST_AGENT]


def as_it_stood(event: CallQueued, call: Call) -> CallQueued:
    """With the priority and needs of the call, and in the same line with all that time has done there."""
    return replace(
        event,
        priority=call.base_priority,
        requirement=Requirement.kept(call.requirement),
        alone=call.requirement_alone,
        so_far=call.so_far if call.group == event.group else None,
    )


def _requirement(text: object) -> Requirement:
    """Of the directory, whose file was checked; of another source perhaps not."""
    if not isinstance(text, str):
        return ANYBODY
    try:
        return Requirement.parse(text)
    except FormulaError as error:
        log.warning("a customer's requirement cannot be read", reason=str(error))
        return ANYBODY
