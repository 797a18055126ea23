"""Who may dial what outside: pure decisions on the checked configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from acd.settings.centre_now import CentreView
from acd.settings.outside import Dialing, DialRole
from acd.settings.phone_number import is_premium, normalised, write_number

_DIALED = re.compile(r"\+?[0-9]{2,20}", re.ASCII)


class Denial(StrEnum):
    """Why a number is not dialled."""

    LOGGED_OUT = "logged-out"
    NOT_ALLOWED = "not-allowed"
    TRUNKS_FULL = "trunks-full"
    NO_NUMBER = "no-outside-number"
    PREMIUM = "premium-number"
    OUT_OF_HOURS = "outside-hours"
    CALLS_FULL = "outside-calls-full"
    OWN_CALLS_FULL = "own-outside-calls-full"
    DESTINATION_FULL = "destination-full"
    NO_RATE = "no-rate"
    BUDGET_SPENT = "budget-spent"
    OWN_BUDGET_SPENT = "own-budget-spent"


PASSING = frozenset(Denial) - {
    Denial.LOGGED_OUT,
    Denial.NOT_ALLOWED,
    Denial.NO_NUMBER,
    Denial.PREMIUM,
    Denial.NO_RATE,
}
"""What is over by itself: the same number may be dialled later."""


@dataclass(frozen=True, slots=True)
class Permit:
    """The number (E.164, or an emergency number) may be dialled, over these trunks in this order."""

    number: str
    trunks: tuple[str, ...]
    emergency: bool = False


class DialPlan:
    """Reads `Centre.dialing`; without it nothing is outside."""

    def __init__(self, centre: CentreView) -> None:
        self._centre = centre

    @property
    def _dialing(self) -> Dialing | None:
        return self._centre.dialing

    def outside(self, dialed: str) -> str | None:
        """The outside number that these digits mean: E.164, or an emergency number; None if none.

        Whatever else a caller may have sent is no number: only ASCII digits with at most a + before
        them are looked at.
        """
        if self._dialing is None or not _DIALED.fullmatch(dialed):
            return None
        prefix = self._dialing.outside_prefix
        rest = dialed.removeprefix(prefix)
        for number in (dialed, rest):
            if number in self._dialing.emergency:
                return number
        if prefix and rest == dialed and not dialed.startswith("+"):
            return None  # an outside number needs the prefix here
        number = normalised(rest if prefix else dialed, self._centre.system.country) or ""
        return number if number.startswith("+") else None

    def permit(self, agent: str | None, number: str) -> Permit | Denial:
        """Whether this agent (None: nobody is logged in) may dial what `outside` gave."""
        assert self._dialing is not None
        if number in self._dialing.emergency:
            return Permit(number, self._dialing.emergency_trunks, emergency=True)
        if agent is None:
            return Denial.LOGGED_OUT
        return _by_role(self._dialing.roles.get(self._dialing.roles_of.get(agent, "")), number)

    def permit_for_flow(self, number: str) -> Permit | Denial:
        """Whether flows may dial what `outside` gave: by the role of flows, never emergency calls."""
        assert self._dialing is not None
        return _by_role(self._dialing.roles.get(self._dialing.flow_role or ""), number)

    def caller_id(self, agent: str | None, group: str | None, trunk: str) -> str:
        """Which number of ours is shown: the agent's own, else the group's, else the trunk's.

        `group`: the one whose call it is; without one, the first that the agent serves and that has a number.
        """
        assert self._dialing is not None
        own = self._dialing.caller_ids.get(agent or "")
        if own is not None:
            return own
        by_group = self._dialing.group_caller_ids
        groups = [group] if group is not None else self._groups_of(agent)
        of_group = next((by_group[g] for g in groups if g in by_group), None)
        return of_group or self._centre.trunks[trunk].caller_id or ""

    def _groups_of(self, agent: str | None) -> list[str]:
        profile = self._centre.plan.agents.get(agent or "")
        if profile is None:
            return []
        return [g.id for g in self._centre.plan.groups.values() if g.requirement.admits(profile.skills)]

    def written(self, number: str, trunk: str) -> str:
        """A number as the trunk's provider wants it."""
        return write_number(number, self._centre.trunks[trunk].dial_format, self._centre.system.country)


def _by_role(role: DialRole | None, number: str) -> Permit | Denial:
    if role is None or not role.allows(number):
        return Denial.NOT_ALLOWED
    if is_premium(number) and not role.names_premium(number):
        return Denial.PREMIUM
    return Permit(number, role.trunks)
