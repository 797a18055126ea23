"""What supervisors ask for on the control socket: other agents' states, waiting calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from acd.core import events
from acd.core.agents import AgentState
from acd.errors import RequestRefused
from acd.runtime.control import BAD_REQUEST, Handler, Request, text_if_any, text_of
from acd.runtime.shell import Shell
from acd.runtime.status import agent_picture
from acd.settings.centre_now import CentreView

log = structlog.get_logger(__name__)

_STATES = ("ready", "not_ready", "logged_out")


class SupervisorDesk:
    """`by` names the person; what changes a call stands in its story, too."""

    def __init__(self, centre: CentreView, shell: Shell) -> None:
        self._centre = centre
        self._shell = shell

    def handlers(self) -> dict[str, Handler]:
        """By the word that the request begins with."""
        return {"agent-state": self._agent_state, "move": self._move, "priority": self._priority}

    def _agent_state(self, request: Request) -> Mapping[str, Any]:
        agent, state, by = (text_of(request, name) for name in ("target", "state", "by"))
        floor = self._shell.engine.floor
        if state not in _STATES:
            raise RequestRefused(BAD_REQUEST, f"'state' is one of {', '.join(_STATES)}")
        if state == "ready":
            self._shell.feed(events.AgentWentReady(agent, forced=True))
        elif state == "not_ready":
            reason = text_if_any(request, "reason") or next(iter(self._centre.plan.reasons), "")
            self._shell.feed(events.AgentWentNotReady(agent, reason))
        else:
            self._shell.feed(events.AgentLoggedOut(agent))
            here = floor.agents.get(agent)
            if here is not None and here.state is AgentState.WRAP_UP:  # it may last until it is ended
                self._shell.feed(events.WrapUpDone(agent, forced=True))
        log.info("an agent's state was changed by somebody else", agent=agent, state=state, by=by)
        if agent not in floor.agents:
            return {"agent": {"id": agent, "state": AgentState.LOGGED_OUT.value}}
        language = self._centre.system.language
        return {"agent": agent_picture(floor, agent, self._shell.clock(), language)}

    def _move(self, request: Request) -> Mapping[str, Any]:
        call, group, by = (text_of(request, name) for name in ("call", "group", "by"))
        self._shell.feed(events.CallMoved(call, group, by))
        log.info("a caller was moved", call=call, group=group, by=by)
        return {"call": call, "group": group}

    def _priority(self, request: Request) -> Mapping[str, Any]:
        call, by, priority = text_of(request, "call"), text_of(request, "by"), request.get("priority")
        if isinstance(priority, bool) or not isinstance(priority, int):
            raise RequestRefused(BAD_REQUEST, "the request needs 'priority', a whole number")
        self._shell.feed(events.CallPrioritised(call, priority, by))
        log.info("a caller's priority was changed", call=call, priority=priority, by=by)
        return {"call": call, "priority": priority}
