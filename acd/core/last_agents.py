"""Who talked last with a customer: a book of bounded size, from the calls that have ended.

A customer is told by id, or else by the number; somebody with neither is nobody.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from acd.core.calls import Call, CallState
from acd.core.facts import Answered, CallKind, Fact

MOST_CUSTOMERS = 50_000


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
    """The latest talk of each of the customers who talked with somebody most recently."""

    def __init__(self, most: int = MOST_CUSTOMERS) -> None:
        self._talks: OrderedDict[str, Talk] = OrderedDict()
        self._most = most

    def find(self, customer_id: str | None, number: str) -> Talk | None:
        """The last talk, if one is known; of a customer whom only a flow has recognised, by the number."""
        by_id = self._talks.get(customer_key(customer_id, ""))
        return by_id or self._talks.get(customer_key(None, number))

    def call_changed(self, call: Call) -> None:
        """As the call is now: only one that has ended says something."""
        if call.state is not CallState.ENDED or call.kind is not CallKind.INBOUND:
            return
        answered = _last_answered(call.facts)
        customer_id = None if call.customer is None else call.customer.id
        key = customer_key(customer_id, call.caller_number)
        if answered is not None and key:
            self._note(Talk(key, answered.agent, answered.at))

    def load(self, talks: Iterable[Talk]) -> None:
        """From the records; what is known already and is newer stays. The newest last."""
        known = list(self._talks.values())
        for talk in (*talks, *known):
            self._note(talk)

    def _note(self, talk: Talk) -> None:
        before = self._talks.get(talk.customer)
        if before is not None and before.at > talk.at:
            return
        self._talks[talk.customer] = talk
        self._talks.move_to_end(talk.customer)
        while len(self._talks) > self._most:
            self._talks.popitem(last=False)

    def __len__(self) -> int:
        return len(self._talks)


def _last_answered(facts: Sequence[Fact]) -> Answered | None:
    return next((fact for fact in reversed(facts) if isinstance(fact, Answered)), None)
