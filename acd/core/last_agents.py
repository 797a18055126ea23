"""Who talked last with a customer: a book of bounded size, from the calls that have ended.

A customer is told by id, or else by the number; somebody with neither is nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from acd.core.calls import Call, CallState
from acd.core.facts import Answered, CallKind, Fact

MOST_CUSTOMERS = 50_000
AGENTS_MOST = 1 << 16
"""Of whom it is known who they talked with; more than any centre has."""
TOGETHER = 100
"""Those who talked longest ago are forgotten a hundredth at a time."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A customer and an agent talked; `at` in engine seconds."""

    customer: str
    agent: str
    at: float


def customer_key(customer_id: str | None, number: str) -> str:
    """'' for somebody of whom nothing is known."""
    if customer_id:
        return f"id:{customer_id}"
    return f"number:{number}" if number else ""


class LastAgents:
    """The latest talk of each of the customers who talked with somebody most recently.

    Kept small, as there are many: by customer one number that says when and with whom, who talked last at
    the end. A tuple of both takes a hundred bytes more.
    """

    def __init__(self, most: int = MOST_CUSTOMERS) -> None:
        self._talks: dict[str, int] = {}
        self._agents: list[str] = []
        self._places: dict[str, int] = {}  # of each in the list of agents
        self._most = most

    def find(self, customer_id: str | None, number: str) -> Talk | None:
        """The last talk, if one is known; of a customer whom only a flow has recognised, by the number."""
        for customer in (customer_key(customer_id, ""), customer_key(None, number)):
            if (found := self._talks.get(customer)) is not None:
                return Talk(customer, self._agents[found % AGENTS_MOST], found // AGENTS_MOST / 1000)
        return None

    def call_changed(self, call: Call) -> None:
        """As the call is now: only one that has ended says something."""
        if call.state is not CallState.ENDED or call.kind is not CallKind.INBOUND:
            return
        answered = _last_answered(call.facts)
        customer_id = None if call.customer is None else call.customer.id
        key = customer_key(customer_id, call.caller_number)
        if answered is not None and key:
            self._note(key, answered.at, answered.agent)
            self._forget(self._most // TOGETHER)

    def load(self, talks: Iterable[Talk]) -> None:
        """From the records; what is known already and is newer stays. The newest last."""
        known = list(self._talks.items())
        for talk in talks:
            self._note(talk.customer, talk.at, talk.agent)
        for customer, told in known:
            self._keep(customer, told)
        self._forget(0)

    def _note(self, customer: str, at: float, agent: str) -> None:
        place = self._places.get(agent, len(self._agents))
        if place == AGENTS_MOST:
            return
        if place == len(self._agents):
            self._places[agent] = place
            self._agents.append(agent)
        self._keep(customer, round(at * 1000) * AGENTS_MOST + place)

    def _keep(self, customer: str, told: int) -> None:
        before = self._talks.get(customer)
        if before is not None:
            if before > told:
                return
            del self._talks[customer]
        self._talks[customer] = told

    def _forget(self, more: int) -> None:
        """All that are too many, as soon as there are so many `more`: the first of a dictionary are dear."""
        too_many = len(self._talks) - self._most
        if too_many > more:
            for customer in list(islice(self._talks, too_many)):
                del self._talks[customer]

    def __len__(self) -> int:
        return len(self._talks)


def _last_answered(facts: Sequence[Fact]) -> Answered | None:
    return next((fact for fact in reversed(facts) if isinstance(fact, Answered)), None)
