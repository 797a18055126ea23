"""What really happened, from records. Times are seconds from the begin of the period."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from acd.core.facts import LeftBy
from acd.core.last_agents import Talk
from acd.simulate.crew import Span
from acd.simulate.scenario import FIRST_DAY, CallbackHabits
from acd.simulate.visits import OfferedCallback, Visit


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One caller of a group; `talk_s` (hold included, wrap-up not) is None where nobody answered.

    `number`: the caller's. `wants_callback`: the caller asked for one; None: there is no telling. `prefer`:
    the agent whom the flow asked for. `alone`: what the customer requires is all that an agent must know.

    `visit`: from the line that the caller came to, to the end. `parts`: the visits of each group, where a
    policy led the caller through several; empty where `visit` is the only one.
    """

    visit: Visit
    priority: int = 0
    talk_s: float | None = None
    number: str = ""
    left_by: LeftBy | None = None
    wants_callback: bool | None = None
    prefer: str = ""
    prefer_wait_s: float = 0.0
    parts: tuple[Visit, ...] = ()
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """A period: the calls by time; by agent, when he or she was logged in, and was not ready by choice.

    `opens_s`: the time of day at its begin, in seconds, on `first_day`. `talks`: those before it, the oldest
    first. `callbacks`: those offered; `habits`: what is to be seen from them.
    """

    opens_s: float
    length_s: float
    calls: Sequence[RecordedCall]
    there: Mapping[str, Sequence[Span]]
    pauses: Mapping[str, Sequence[Span]]
    first_day: date = FIRST_DAY
    talks: Sequence[Talk] = ()
    callbacks: Sequence[OfferedCallback] = ()
    habits: CallbackHabits = field(default_factory=CallbackHabits)


History: TypeAlias = Callable[[str, str], Recorded]
"""The records between two words such as '2026-11-02'. Raises OperatorError where that is no period."""
