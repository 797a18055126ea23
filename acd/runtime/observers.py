"""Who is told of what has changed on the floor, after the fact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from acd.core.agents import Agent
from acd.core.calls import Call


class CallObserver(Protocol):
    """Who is told, after the fact, of calls that have changed, and looks at nothing else."""

    def call_changed(self, call: Call) -> None:
        """As the call is now; ended ones are told of, too, and may be more than once."""


class FloorObserver(CallObserver, Protocol):
    """Who is told of agents, too."""

    def agent_changed(self, agent: Agent) -> None:
        """As the agent is now."""

    def call_merged(self, call_id: str) -> None:
        """The call lives on in another."""


class Observer(FloorObserver, Protocol):
    """Who is told of everything that can be seen to change."""

    def agent_forgotten(self, agent: str) -> None:
        """One who is no longer in the plan has gone home."""

    def phone_changed(self, phone: str) -> None:
        """It came, went, became busy or idle."""


class Audience:
    """Observers, each told of what it wants to know: of calls, of agents, too, or of everything."""

    def __init__(
        self,
        of_calls: Sequence[CallObserver] = (),
        of_floor: Sequence[FloorObserver] = (),
        of_all: Sequence[Observer] = (),
    ) -> None:
        self._of_all = tuple(of_all)
        self._of_floor: tuple[FloorObserver, ...] = (*of_floor, *of_all)
        self._of_calls: tuple[CallObserver, ...] = (*self._of_floor, *of_calls)

    def agent_changed(self, agent: Agent) -> None:
        """See `FloorObserver`."""
        for observer in self._of_floor:
            observer.agent_changed(agent)

    def call_changed(self, call: Call) -> None:
        """See `CallObserver`."""
        for observer in self._of_calls:
            observer.call_changed(call)

    def call_merged(self, call_id: str) -> None:
        """See `FloorObserver`."""
        for observer in self._of_floor:
            observer.call_merged(call_id)

    def agent_forgotten(self, agent: str) -> None:
        """See `Observer`."""
        for observer in self._of_all:
            observer.agent_forgotten(agent)

    def phone_changed(self, phone: str) -> None:
        """See `Observer`."""
        for observer in self._of_all:
            observer.phone_changed(phone)
