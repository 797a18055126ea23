"""What is asked for agents on the control socket: `acd agent …`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from acd.core import events
from acd.errors import RequestRefused
from acd.runtime.control import Handler, Request, text_if_any, text_of
from acd.runtime.shell import Shell
from acd.runtime.status import agent_picture
from acd.settings.centre_now import CentreView

SIMPLE: Mapping[str, Callable[[str], events.Event]] = {
    "logout": events.AgentLoggedOut,
    "ready": events.AgentWentReady,
    "revoke": events.PendingRevoked,
    "wrap-up": events.WrapUpWanted,
    "wrap-up-extend": events.WrapUpExtended,
    "wrap-up-done": events.WrapUpDone,
}


class AgentDesk:
    """Each request for an agent is answered with the agent as it is afterwards, or refused."""

    def __init__(self, centre: CentreView, shell: Shell) -> None:
        self._centre = centre
        self._shell = shell

    def handlers(self) -> dict[str, Handler]:
        """By the request's name."""
        simple: dict[str, Handler] = {do: self._simple(event) for do, event in SIMPLE.items()}
        return {"login": self._login, "not-ready": self._not_ready, "phones": self._phones, **simple}

    def _simple(self, event: Callable[[str], events.Event]) -> Handler:
        def handle(request: Request) -> Mapping[str, Any]:
            agent = text_of(request, "agent")
            return self._request(agent, event(agent))

        return handle

    def _login(self, request: Request) -> Mapping[str, Any]:
        agent = text_of(request, "agent")
        profile = self._centre.plan.agents.get(agent)
        phone = text_if_any(request, "phone") or (profile.extension if profile is not None else "")
        if profile is not None and phone not in self._centre.phones:
            known = ", ".join(self._centre.phones)
            raise RequestRefused("unknown-phone", f"there is no phone {phone!r}; phones: {known}")
        return self._request(agent, events.AgentLoggedIn(agent, phone))

    def _not_ready(self, request: Request) -> Mapping[str, Any]:
        agent = text_of(request, "agent")
        reason = text_if_any(request, "reason") or next(iter(self._centre.plan.reasons), "")
        return self._request(agent, events.AgentWentNotReady(agent, reason))

    def _phones(self, _request: Request) -> Mapping[str, Any]:
        """Those that calls can reach at this moment."""
        phones = self._shell.engine.floor.phones
        return {"registered": [phone for phone, seen in phones.items() if seen.reachable]}

    def _request(self, agent: str, event: events.Event) -> Mapping[str, Any]:
        floor, language = self._shell.engine.floor, self._centre.system.language
        known = agent in floor.agents
        before = agent_picture(floor, agent, self._shell.clock(), language) if known else {}
        self._shell.feed(event)
        if agent not in floor.agents:  # no longer in the configuration, and at home now
            gone = {
                "state": "logged_out",
                "phone": None,
                "pending": None,
                "next_state": None,
                "until_s": None,
            }
            return {"agent": {**before, **gone}}
        return {"agent": agent_picture(floor, agent, self._shell.clock(), language)}
