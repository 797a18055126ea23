"""Limits of an agent's work: calls a day, and calls in a row before a rest. Pure, of one agent."""

from __future__ import annotations

import math

from acd.core.agents import WORK_STATES, Agent
from acd.core.work_rules import REASON_DAY_LIMIT, REASON_REST, WorkLimits


def calls_in_a_row(agent: Agent, limits: WorkLimits, now: float) -> int:
    """Customers' calls taken since the agent was last idle for the length of a rest."""
    rested = agent.state not in WORK_STATES and now - agent.idle_since >= limits.rest_s
    return 0 if rested else agent.calls_in_a_row


def against_ready(agent: Agent, limits: WorkLimits, now: float, day: str) -> str | None:
    """The reason with which an agent who wants calls is not ready; None: nothing is against it."""
    today = agent.calls_today if day in ("", agent.day) else 0
    if today >= _most(limits.max_calls_per_day):
        return REASON_DAY_LIMIT
    if calls_in_a_row(agent, limits, now) >= _most(limits.max_consecutive_calls):
        return REASON_REST
    return None


def _most(limit: int | None) -> float:
    return math.inf if limit is None else limit
