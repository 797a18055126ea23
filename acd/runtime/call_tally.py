"""What a call that goes on adds up to so far, as its record will have it: waits, talks, who has served.

Worked out from the facts at each change of the call, so that nothing has to be kept up beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from acd.core.facts import (
    AgentLeft,
    Answered,
    Directed,
    Ended,
    Fact,
    FellBack,
    FlowEntered,
    Held,
    LeftLine,
    Offered,
    Queued,
    Resumed,
    Returned,
    Transferred,
)
from acd.core.losses import without_false_losses
from acd.core.outside_facts import FLOW, OutsideAnswered, OutsideDialed, OutsideLeft


class Tally:
    """Times in engine seconds. A caller waits in a line, or talks, or does neither."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.waited_s = 0.0
        """In lines, ringing included; without the wait that goes on."""
        self.waits_since: float | None = None
        self.talked_s = 0.0
        """Without holds, and without the talk that goes on."""
        self.talks_since: float | None = None
        self.served_by: dict[str, None] = {}
        """Agents who have talked with the caller, in that order; of a call outside, who has dialled it."""
        self._with: str | None = None
        self._on_hold = False
        self._fell_back = False
        self._dialled_by = ""
        for fact in without_false_losses(facts):
            step = _STEPS.get(type(fact))
            if step is not None:
                step(self, fact)

    def as_object(self) -> dict[str, Any]:
        """JSON-ready, for the live feed: moments and not durations of what goes on."""
        return {
            "waited_s": round(self.waited_s, 3),
            "waits_since_at": self.waits_since,
            "talked_s": round(self.talked_s, 3),
            "talks_since_at": self.talks_since,
            "agents": list(self.served_by),
        }

    def queued(self, fact: Queued) -> None:
        """From one line into another it is one wait."""
        if self.waits_since is None:
            self.leave(fact)
            self.waits_since = fact.at

    def meet(self, fact: Answered | FellBack) -> None:
        """They talk; the fallback queue without an agent has the caller in its line, who waits on."""
        if fact.agent is not None and fact.agent != self._with:
            self._talk(fact.at, fact.agent)
            self._fell_back = isinstance(fact, FellBack)
        elif fact.agent is None and self._with is not None:
            self.leave(fact)

    def offered(self, fact: Offered) -> None:
        """Whom the fallback queue had connected is in line again, which is seen by this."""
        if self._fell_back:
            self.leave(fact)
            self.waits_since = fact.at

    def _talk(self, at: float, agent: str) -> None:
        self._leave(at)
        self.talks_since, self._with = at, agent
        if agent not in ("", FLOW):
            self.served_by[agent] = None

    def answered_outside(self, fact: OutsideAnswered) -> None:
        """Of a callback in line it is the customer, who waits for the agent yet."""
        if self.waits_since is None:
            self._talk(fact.at, self._dialled_by)

    def dialled(self, fact: OutsideDialed) -> None:
        """On whose authority."""
        self._dialled_by = fact.agent

    def hold(self, fact: Held) -> None:
        """What follows is no talk."""
        if self.talks_since is not None:
            self.talked_s += max(0.0, fact.at - self.talks_since)
            self.talks_since, self._on_hold = None, True

    def resume(self, fact: Resumed) -> None:
        """The talk goes on."""
        if self._on_hold:
            self.talks_since, self._on_hold = fact.at, False

    def leave_agent(self, fact: AgentLeft) -> None:
        """A late word about another agent changes nothing."""
        if fact.agent == self._with:
            self.leave(fact)

    def leave(self, fact: Fact) -> None:
        """Neither in a line nor in a talk from here on."""
        self._leave(fact.at)

    def _leave(self, at: float) -> None:
        if self.waits_since is not None:
            self.waited_s += max(0.0, at - self.waits_since)
        if self.talks_since is not None:
            self.talked_s += max(0.0, at - self.talks_since)
        self.waits_since = self.talks_since = self._with = None
        self._on_hold = self._fell_back = False

    def transferred(self, fact: Transferred) -> None:
        """Into the place that a consultation had; what was waited and said there was not the caller's."""
        self.leave(fact)
        there = Tally(fact.consult)
        if there._with is not None:
            self._talk(fact.at, there._with)
        elif there.waits_since is not None:
            self.waits_since = fact.at
        self._dialled_by = there._dialled_by or self._dialled_by


# Any because each entry takes its own kind of fact; those that are not here change none of it.
_STEPS: Mapping[type[Fact], Callable[[Tally, Any], None]] = {
    Queued: Tally.queued,
    Offered: Tally.offered,
    Answered: Tally.meet,
    FellBack: Tally.meet,
    Held: Tally.hold,
    Resumed: Tally.resume,
    AgentLeft: Tally.leave_agent,
    Transferred: Tally.transferred,
    LeftLine: Tally.leave,
    Directed: Tally.leave,
    FlowEntered: Tally.leave,
    Returned: Tally.leave,
    Ended: Tally.leave,
    OutsideDialed: Tally.dialled,
    OutsideAnswered: Tally.answered_outside,
    OutsideLeft: Tally.leave,
}
