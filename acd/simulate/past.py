"""Who talked with whom before, as far as groups want the same agent again."""

from __future__ import annotations

from acd.core.calls import Call
from acd.core.last_agents import LastAgents
from acd.core.plan import Plan
from acd.core.router import Router
from acd.simulate.callers import Caller
from acd.simulate.scenario import Scenario


class Past:
    """The book that the running product keeps, and what is assumed of returning customers."""

    def __init__(self, plan: Plan, router: Router, scenario: Scenario) -> None:
        self._is_asked = any(group.last_agent is not None for group in plan.groups.values())
        self._book = LastAgents()
        if not self._is_asked:
            return
        self._book.load(scenario.talks)
        self._own: dict[str, list[str]] = {
            name: [a for a in plan.agents if group.requirement.admits(plan.agents[a].skills)]
            or [a for a in plan.agents if name in router.groups_of(a)]
            for name, group in plan.groups.items()
        }

    def last_talk(self, caller: Caller, group: str) -> tuple[str | None, float]:
        """The agent whom the caller talked with last, and when; None where nobody is known."""
        if not self._is_asked:
            return None, 0.0
        known = self._book.find(None if caller.customer is None else caller.customer.id, caller.number)
        if known is not None:
            return known.agent, known.at
        if caller.last_talk is None or not self._own[group]:
            return None, 0.0
        share, ago_s = caller.last_talk
        own = self._own[group]
        return own[int(share * len(own))], caller.at - ago_s

    def call_over(self, call: Call) -> None:
        """A talk more, perhaps."""
        if self._is_asked:
            self._book.call_changed(call)
