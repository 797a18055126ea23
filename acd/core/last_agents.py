"""Who talked last with a customer: a book of bounded size, from the calls that have ended.

A customer is told by id, or else by the number; somebody with neither is nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from acd.core.calls import Call, CallState
from acd.core.facts import Answered, CallKind, Fact
from acd.core.newest_table import NewestTable

MOST_CUSTOMERS = 50_000
AGENTS_MOST = 1 << 16
"""Of whom it is known who they talked with; more than any centre has."""


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

    By customer one number that says when and with whom.
    """

    def __init__(self, most: int = MOST_CUSTOMERS) -> None:
        self._talks = NewestTable(most)
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

    def load(self, talks: Iterable[Talk]) -> None:
        """From the records; what is known already and is newer stays. The newest last."""
        known, self._talks = self._talks, NewestTable(self._most)
        for talk in talks:
            self._note(talk.customer, talk.at, talk.agent)
        self._talks.take_over(known)

    def _note(self, customer: str, at: float, agent: str) -> None:
        place = self._places.get(agent, len(self._agents))
        if place == AGENTS_MOST:
            return
        if place == len(self._agents):
            self._places[agent] = place
            self._agents.append(agent)
        self._talks.put(customer, round(at * 1000) * AGENTS_MOST + place)

    def __len__(self) -> int:
        return len(self._talks)


def _last_answered(facts: Sequence[Fact]) -> Answered | None:
    return next((fact for fact in reversed(facts) if isinstance(fact, Answered)), None)
