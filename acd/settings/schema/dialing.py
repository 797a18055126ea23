"""config/dialing.yml: who may dial which numbers outside. Without the file nobody may dial any."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from acd.settings.schema.checking import Options, mistake, not_empty, number, one_of, seconds, whole
from acd.settings.schema.values import Currency, EmergencyNumber, Id, Name, NumberPrefix, OutsidePrefix

Money = Annotated[float, number("an amount of money", 0, 1_000_000, whole=False)]
CallsMax = Annotated[int, whole(1, 10_000)]
Trunks = Annotated[list[Id], not_empty("trunk")]


class EmergencyEntry(Options):
    """Numbers that may be dialled from every phone. Must be written: whom to call is the admin's to know."""

    numbers: Annotated[list[EmergencyNumber], not_empty("emergency number")]
    trunks: Trunks


class RoleEntry(Options):
    """The options are those of `acd.settings.outside.DialRole`."""

    name: Name
    allow: list[NumberPrefix] = Field(default_factory=list)
    deny: list[NumberPrefix] = Field(default_factory=list)
    trunks: Trunks
    calls_max: CallsMax | None = None
    budget: Money | None = None
    hours: Id | None = None
    """A calendar of calendars.yml."""


class LimitsEntry(Options):
    """The options are those of `acd.settings.spending.OutsideLimits`."""

    calls_max: CallsMax | None = None
    agent_calls_max: CallsMax | None = None
    destinations: dict[NumberPrefix, CallsMax] = Field(default_factory=dict)
    longest_s: Annotated[float, seconds(10, 86_400)] | None = None
    dearest: Money | None = None
    at_the_limit: Annotated[str, one_of("tone", "end")] = "tone"
    """What becomes of a call that is too long or too dear."""


class BudgetEntry(Options):
    """What calls outside may cost a day: in all, and by one agent, or by flows."""

    total: Money | None = None
    agent: Money | None = None


class RateEntry(Options):
    """A price a minute, and one for being answered."""

    minute: Money
    connection: Money = 0.0


class RatesEntry(Options):
    """A provider's prices; see `acd.settings.spending.Rates`."""

    currency: Currency
    step_s: Annotated[int, whole(1, 3600)] = 60
    other: RateEntry | None = None
    prefixes: dict[NumberPrefix, RateEntry] = Field(default_factory=dict)


class DialingFile(Options):
    """The whole file. Agents without a `role` in agents.yml have `default_role`, or may dial nothing.

    `flow_role` is that of the transfers which flows make; without it they reach nobody outside.
    """

    emergency: EmergencyEntry
    outside_prefix: OutsidePrefix = ""
    ring_timeout_s: Annotated[float, seconds(10, 180)] = 60.0
    default_role: Id | None = None
    flow_role: Id | None = None
    roles: Annotated[dict[Id, RoleEntry], not_empty("role")]
    limits: LimitsEntry = Field(default_factory=LimitsEntry)
    budget: BudgetEntry = Field(default_factory=BudgetEntry)
    rates: RatesEntry | None = None

    @model_validator(mode="after")
    def _money_needs_rates(self) -> DialingFile:
        spends = [self.budget.total, self.budget.agent, self.limits.dearest]
        spends += [role.budget for role in self.roles.values()]
        if self.rates is None and any(amount is not None for amount in spends):
            raise mistake("budgets and 'dearest' need 'rates': what a call costs is not known without them")
        return self
