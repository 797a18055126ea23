"""Who is told what happens in a simulation."""

from __future__ import annotations

from typing import Protocol

from acd.core.calls import Call
from acd.core.facts import AgentInterval
from acd.simulate.callers import Caller
from acd.simulate.visits import OfferedCallback


class Observer(Protocol):
    """Who keeps account of what happens."""

    def blocked(self, caller: Caller) -> None:
        """The caller found all lines taken."""

    def turned_away(self, caller: Caller) -> None:
        """The caller came outside of the group's opening hours."""

    def call_over(self, call: Call) -> None:
        """A caller's call is finished, its wrap-up included."""

    def callback_over(self, offered: OfferedCallback) -> None:
        """What became of the offer of a callback is known, or the simulation ends."""

    def interval_over(self, interval: AgentInterval) -> None:
        """An agent left a state."""
