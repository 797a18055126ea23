"""What calls to the outside may cost, and how many there may be: rates, budgets, limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """What a call costs: so much for being answered, and so much for each minute."""

    minute: float
    connection: float = 0.0


@dataclass(frozen=True)
class Rates:
    """A provider's prices by the beginning of the number (E.164), in `currency`.

    `other`: of numbers that no prefix covers; None: such are not dialled. Time is charged in steps of
    `step_s` seconds, each begun one in full.
    """

    currency: str
    prefixes: Mapping[str, Rate] = field(default_factory=dict)
    other: Rate | None = None
    step_s: int = 60

    def of(self, number: str) -> Rate | None:
        """That of the longest prefix."""
        for length in range(len(number), 0, -1):
            rate = self.prefixes.get(number[:length])
            if rate is not None:
                return rate
        return self.other

    def cost(self, number: str, talked_s: float) -> float:
        """Of a call that was answered and lasted so long; 0 where there is no rate."""
        rate = self.of(number)
        if rate is None:
            return 0.0
        steps = max(1, math.ceil(talked_s / self.step_s))
        return rate.connection + steps * self.step_s / 60 * rate.minute

    def affords_s(self, number: str, money: float) -> float | None:
        """How many seconds of talk may cost so much at most; None: any number."""
        rate = self.of(number)
        if rate is None or rate.minute <= 0:
            return None
        return max(0.0, (money - rate.connection) / rate.minute * 60)


@dataclass(frozen=True)
class OutsideLimits:
    """Bounds of calls outside, together; None: none. Emergency calls know none.

    Of calls at a time: `calls_max` in all, `agent_calls_max` on one agent's authority, `destinations` by the
    beginning of the number. A day may cost `budget` in all and `agent_budget` by one agent, or by flows.
    A call that is longer than `longest_s`, or costs more than `dearest`, is warned of; `ends`: and ended.
    """

    calls_max: int | None = None
    agent_calls_max: int | None = None
    destinations: Mapping[str, int] = field(default_factory=dict)
    budget: float | None = None
    agent_budget: float | None = None
    longest_s: float | None = None
    dearest: float | None = None
    ends: bool = False
