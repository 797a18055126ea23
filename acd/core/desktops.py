"""Agents whose desktop (the page in the browser) is gone do not stay available: a grace, then not ready.

Only those who have had one open since log-in: who works by the desk phone alone needs none.
"""

from __future__ import annotations

from acd.core import offers
from acd.core.agents import Agent, AgentInput, AgentState
from acd.core.floor import Floor
from acd.core.timers import Timer
from acd.core.work_rules import REASON_DESKTOP_GONE


def opened(floor: Floor, agent: Agent) -> None:
    """It is there, for the first time or again: what its absence did is undone."""
    was_missing = agent.desktop_missing
    agent.desktop, agent.desktop_missing = True, False
    _stop_grace(floor, agent)
    if was_missing and agent.back_to == REASON_DESKTOP_GONE:
        agent.back_to = None  # not ready for its absence alone when a direct call came
    if was_missing and agent.state is AgentState.NOT_READY and agent.reason == REASON_DESKTOP_GONE:
        floor.make_ready(agent)
        offers.dispatch_agent(floor, agent)
    else:
        floor.mark_agent(agent)


def closed(floor: Floor, agent: Agent) -> None:
    """The last one is gone; it may come back within the grace."""
    if not agent.desktop:
        return
    agent.desktop = False
    if agent.logged_in:
        agent.desktop_until = floor.now + floor.plan.desktop_grace_s
        floor.timers.set(Timer.DESKTOP, agent.id, agent.desktop_until)
    floor.mark_agent(agent)


def timer(floor: Floor, agent: Agent) -> None:
    """The grace is over: not ready, or not ready after the present work."""
    agent.desktop_until = None
    agent.desktop_missing = True
    if agent.state is AgentState.READY:
        floor.move_agent(agent, AgentInput.GO_NOT_READY, REASON_DESKTOP_GONE)
    else:
        floor.mark_agent(agent)


def restored(floor: Floor, agent: Agent) -> None:
    """After a restart nobody has said yet that it is there."""
    if agent.desktop:
        closed(floor, agent)
    elif agent.desktop_until is not None:
        floor.timers.set(Timer.DESKTOP, agent.id, agent.desktop_until)


def _stop_grace(floor: Floor, agent: Agent) -> None:
    agent.desktop_until = None
    floor.timers.clear(agent.id, Timer.DESKTOP)
