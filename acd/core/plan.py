"""What the engine is told about the call centre: agents, skill groups, reason codes.

Everything here is immutable; a reload makes a new Plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from acd.core.facts import OfferFailure
from acd.core.pace import DEFAULT_HANDLE_TIME_S
from acd.core.policy import PolicyStep
from acd.core.pools import AgentChoice
from acd.core.requirement import Requirement
from acd.core.work_rules import (
    DEFAULT_MISSED_RINGS,
    DEFAULT_WRAP_UP,
    DESKTOP_GRACE_S,
    NO_LIMITS,
    SYSTEM_REASONS,
    MissRule,
    Reason,
    WorkLimits,
    WrapUpRule,
)

BROWSER_PREFIX = "w"
"""An agent's phone in the browser is called by this and the extension; a desk phone by its number."""


def is_browser_phone(phone: str) -> bool:
    """Whether the phone lives in an agent's browser."""
    return phone.startswith(BROWSER_PREFIX)


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """A person who takes calls. `skills` maps skill to proficiency, 1 to 10, higher is better.

    `weight` counts where agents are drawn at random.
    """

    id: str
    name: str
    extension: str
    skills: Mapping[str, int] = field(default_factory=dict)
    weight: float = 1.0
    limits: WorkLimits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class Ring:
    """Who may also serve once a call has waited `after_s`, beside those of the rings inside.

    `drops_call_requirement`: what the call itself asks for (by flow or customer) no longer counts.
    """

    after_s: float
    requirement: Requirement
    drops_call_requirement: bool = False


@dataclass(frozen=True, slots=True)
class LastAgent:
    """Customers are kept for the agent they last talked to, within `days`, for up to `wait_s`."""

    days: float
    wait_s: float


class CallbackFirst(StrEnum):
    """Whose phone rings first."""

    AGENT = "agent"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class CallbackRule:
    """How a group calls back those who have kept their place in its line.

    The customer's phone rings for `ring_timeout_s`. Who was not reached stands in line again `retry_after_s`
    later, `retries` times; after `expire_after_s` in all nobody tries any more.
    """

    first: CallbackFirst = CallbackFirst.AGENT
    retries: int = 2
    retry_after_s: float = 900.0
    expire_after_s: float = 86_400.0
    ring_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """A skill group: who may serve its waiting line, and by which rules.

    `service_level_s` and `service_level_target` (a share, 0..1) are the promise that reports
    measure against; `short_abandon_s` is the wait below which an abandon is counted apart.
    `music` names an Asterisk music class.

    `requirement` is the inner ring, `rings` are the wider ones. `weight`: how fast the urgency of its calls
    grows, compared with other groups that share agents. `reserve`: as many ready agents of the inner ring are
    kept from other groups' calls. No more than `max_waiting` may wait. `steps`: see `acd.core.policy`.
    `disposition_required`: an agent says what came of a call before the wrap-up is done.
    `callbacks` None: people work off its callbacks by hand. `aht_s`: the average handle time (talk, hold and
    wrap-up) to expect before any is known.
    """

    id: str
    name: str
    requirement: Requirement
    ring_timeout_s: float = 15.0
    wrap_up: WrapUpRule = DEFAULT_WRAP_UP
    service_level_s: float = 20.0
    service_level_target: float = 0.8
    short_abandon_s: float = 5.0
    music: str = "default"
    rings: tuple[Ring, ...] = ()
    choice: AgentChoice = AgentChoice.LONGEST_IDLE
    weight: float = 1.0
    reserve: int = 0
    max_waiting: int | None = None
    last_agent: LastAgent | None = None
    steps: tuple[PolicyStep, ...] = ()
    callbacks: CallbackRule | None = None
    aht_s: float = DEFAULT_HANDLE_TIME_S
    disposition_required: bool = False


@dataclass(frozen=True, slots=True)
class Heir:
    """Where the callers of a group go that is no longer there: into another group's line, or into a flow."""

    group: str | None = None
    flow: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole centre, as the engine sees it.

    `reasons`: what agents may choose for being not ready, by code. `missed_rings`: what follows when an
    agent does not take a call; a cause that is not in it has no consequences. `ageing` maps priority → points
    that a call of this priority gathers for a second of waiting; the most points go first, whatever the
    priority. Empty: a higher priority always goes first. `seed` is for choices at random. `removed`: groups
    that there have been, for callers who still wait for them and flows that still name them. An agent whose
    desktop has been gone for `desktop_grace_s` is not ready.
    """

    agents: Mapping[str, AgentProfile]
    groups: Mapping[str, GroupPolicy]
    reasons: Mapping[str, Reason] = field(default_factory=dict)
    direct_ring_timeout_s: float = 20.0
    unreachable_after_s: float = 3.0
    missed_rings: Mapping[OfferFailure, MissRule] = field(default_factory=lambda: DEFAULT_MISSED_RINGS)
    outside_ring_timeout_s: float = 60.0
    ageing: Mapping[int, float] = field(default_factory=dict)
    seed: int = 0
    removed: Mapping[str, Heir] = field(default_factory=dict)
    desktop_grace_s: float = DESKTOP_GRACE_S
    _by_extension: dict[str, AgentProfile] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def reason(self, code: str | None) -> Reason | None:
        """What an agent's code for being not ready means, the system's own ones included; None: unknown."""
        return {**SYSTEM_REASONS, **self.reasons}.get(code or "")

    def heir(self, group: str | None) -> str | None:
        """The group itself, or the one that has its callers now; None where there is neither."""
        if group is None or group in self.groups:
            return group
        heir = self.removed.get(group)
        return heir.group if heir is not None and heir.group in self.groups else None

    def heir_flow(self, group: str) -> str:
        """The flow that has the callers of a group that is gone; '' where none has."""
        heir = self.removed.get(group)
        return (heir.flow or "") if heir is not None else ""

    def rate(self, group: str, priority: int) -> float:
        """Points for a second of waiting: the class's rate times the group's weight."""
        return self.groups[group].weight * rate_of(self.ageing, priority)

    def agent_by_extension(self, extension: str) -> AgentProfile | None:
        """The agent whose extension this is, or None."""
        if not self._by_extension:  # with the first who asks: each call does
            for profile in self.agents.values():
                self._by_extension.setdefault(profile.extension, profile)
        return self._by_extension.get(extension)

    def owner_of(self, phone: str) -> AgentProfile | None:
        """The agent whose own phone this is, on the desk or in the browser; None: nobody's."""
        return self.agent_by_extension(phone.removeprefix(BROWSER_PREFIX))


def rate_of(ageing: Mapping[int, float], priority: int) -> float:
    """Of the nearest class that is not above the priority; of the lowest for one below all; 1 for none."""
    below = [known for known in ageing if known <= priority]
    return ageing[max(below) if below else min(ageing)] if ageing else 1.0


DOCTOR = "acd-doctor"
"""The endpoint of test calls: no phone, no trunk."""
