"""What must hold of each decision, by a look at everything: who was served before whom, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acd.core.agents import Agent
from acd.core.calls import Call, CallState
from acd.core.commands import Command, Offer
from acd.core.pools import AgentChoice
from acd.core.requirement import Requirement
from tests.core.bookkeeper import Bookkeeper

Stand = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Before:
    """The lines and the free agents before a step: how each call stands, since when each agent is ready."""

    waiting: dict[str, Stand]
    free: dict[str, float]


class Watch:
    """Looks on: `before()`, then the step, then `after(...)`, which raises AssertionError."""

    def __init__(self, books: Bookkeeper) -> None:
        self._books = books
        self._groups = books.plan.groups

    def before(self) -> Before:
        """To be handed to `after`."""
        floor = self._books.engine.floor
        waiting = {c.id: _stand(c) for c in floor.calls.values() if _in_line(c)}
        free = {a.id: a.ready_since for a in floor.agents.values() if floor.can_take_calls(a)}
        return Before(waiting, free)

    def after(self, before: Before, commands: Sequence[Command]) -> None:
        """Of those who stood where they stand now, none should have been served instead."""
        offers = [c for c in commands if isinstance(c, Offer) and c.group in self._groups]
        if not offers:
            return
        floor, now = self._books.engine.floor, self.before()
        waited = [
            floor.calls[call_id]
            for call_id, stand in now.waiting.items()
            if before.waiting.get(call_id) == stand
        ]
        idled = [floor.agents[a] for a, since in now.free.items() if before.free.get(a) == since]
        for offer in offers:
            call, agent = floor.calls.get(offer.call_id), floor.agents[offer.agent]
            if call is None or call.state is not CallState.RINGING or call.direct or call.agent != agent.id:
                continue
            self._check_turn(call, agent, waited)
            self._check_choice(call, agent, idled, before)
            self._check_reserves(call, agent, offers)

    def _check_turn(self, call: Call, agent: Agent, waited: Sequence[Call]) -> None:
        for other in waited:
            if self._may_be_kept_back(agent, other) or not self._books._could_serve(agent, other):
                continue
            more_urgent = self._books._urgency(other) < self._books._urgency(call)
            assert not more_urgent, f"{call.id} is served by {agent.id} before {other.id}, who is more urgent"

    def _check_choice(self, call: Call, agent: Agent, idled: Sequence[Agent], before: Before) -> None:
        if call.only_agent is not None:
            assert call.only_agent == agent.id, f"{call.id} waits for {call.only_agent} alone"
            return
        ring, group = self._ring(agent, call), self._groups[call.group or ""]
        assert ring is not None, f"{agent.id} may not serve {call.id}"
        for other in idled:
            nearer = self._ring(other, call)
            if nearer is None or self._may_be_kept_back(other, call):
                continue
            assert nearer >= ring, f"{other.id} of a nearer ring is passed over for {agent.id} by {call.id}"
            if nearer == ring and group.choice is AgentChoice.LONGEST_IDLE and agent.id in before.free:
                longer = other.ready_since < before.free[agent.id]
                assert not longer, f"{other.id} has been ready for longer than {agent.id}, who gets {call.id}"

    def _check_reserves(self, call: Call, agent: Agent, offers: Sequence[Offer]) -> None:
        """Where the keeper of a reserve was served in the same step, nothing can be said."""
        floor = self._books.engine.floor
        for group in self._groups.values():
            inner = [a for a in floor.agents.values() if group.requirement.admits(self._books._skills(a))]
            if not group.reserve or group.id == call.group or agent not in inner:
                continue
            if any(offer.group == group.id for offer in offers):
                continue
            ready = sum(floor.can_take_calls(a) for a in inner)
            assert ready >= group.reserve, f"{call.id} of {call.group} eats the reserve of {group.id}"

    def _may_be_kept_back(self, agent: Agent, call: Call) -> bool:
        skills = self._books._skills(agent)
        groups = (g for g in self._groups.values() if g.reserve and g.id != call.group)
        return any(group.requirement.admits(skills) for group in groups)

    def _ring(self, agent: Agent, call: Call) -> int | None:
        """The innermost one, of those in which the call is, that has the agent."""
        group, skills = self._groups[call.group or ""], self._books._skills(agent)
        asked = Requirement.kept(call.requirement).admits(skills)
        if call.requirement_alone:
            return 0 if asked else None
        if asked and group.requirement.admits(skills):
            return 0
        for number, ring in enumerate(group.rings[: call.ring], 1):
            if ring.requirement.admits(skills) and (asked or ring.drops_call_requirement):
                return number
        return None


def _in_line(call: Call) -> bool:
    return call.state is CallState.WAITING and call.present


def _stand(call: Call) -> Stand:
    """All that decides the turn of a call."""
    return (
        call.group, call.priority, call.requirement, call.requirement_alone, call.ring, call.only_agent,
        call.waiting_since, call.joined,
    )  # fmt: skip
