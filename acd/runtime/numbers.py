"""Where a dialled number leads, and how the numbers of callers are read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from acd.core.ports import Ask
from acd.runtime.dial_plan import DialPlan
from acd.settings.centre_now import CentreView
from acd.settings.outside import NumberRoute
from acd.settings.phone_number import normalised, read_number

# What providers and telephones send in place of a number that its owner does not want to be known.
_HIDDEN = frozenset({"anonymous", "unavailable", "restricted", "private", "unknown", "asterisk"})


@dataclass(frozen=True, slots=True)
class ToAgent:
    """An agent's extension."""

    agent: str


@dataclass(frozen=True, slots=True)
class ToRoute:
    """A number of ours."""

    route: NumberRoute


@dataclass(frozen=True, slots=True)
class ToOutside:
    """A number that is not ours: E.164, or an emergency number."""

    number: str


Destination = ToAgent | ToRoute | ToOutside | None


class NumberBook:
    """Reads numbers by what the configuration says. `routes`: where numbers of ours lead at present."""

    def __init__(
        self,
        centre: CentreView,
        plan: DialPlan,
        routes: Callable[[], Mapping[str, NumberRoute]] | None = None,
    ) -> None:
        self._centre = centre
        self._routes = routes if routes is not None else lambda: centre.numbers
        self._plan = plan

    @property
    def _country(self) -> str | None:
        return self._centre.system.country

    def inside(self, number: str) -> ToAgent | ToRoute | None:
        """An agent or a number of ours, as it is dialled here; or kind:name, which no phone can dial."""
        kind, named, name = number.partition(":")
        if named:
            return self._named(kind, name)
        agent = self._centre.plan.agent_by_extension(number)
        if agent is not None:
            return ToAgent(agent.id)
        route = self._routes().get(number)
        if route is None:
            route = self._routes().get(normalised(number, self._country) or "")
        return ToRoute(route) if route is not None else None

    def _named(self, kind: str, name: str) -> ToAgent | ToRoute | None:
        """Where an agent sends somebody by name: agent:ben, group:sales, flow:main."""
        if kind == "agent":
            return ToAgent(name) if name in self._centre.plan.agents else None
        if kind == "group":
            return ToRoute(NumberRoute("", group=name)) if name in self._centre.plan.groups else None
        return ToRoute(NumberRoute("", flow=name)) if kind == "flow" else None

    def destination(self, number: str) -> Destination:
        """Where a number leads that an agent has dialled; None: nowhere."""
        found = self.inside(number)
        if found is not None:
            return found
        outside = self._plan.outside(number)
        if outside is None:
            return None
        # A number of ours that was dialled as from outside does not go round through the provider.
        return self.inside(outside) or ToOutside(outside)

    def dialed_by_caller(self, ask: Ask) -> str:
        """The number that a caller from outside dialled, in the form in which numbers.yml is kept."""
        if ask.sent_by is not None:
            return ask.dialed_number  # an agent dialled it, as one does here
        return self.dialed_over(ask.trunk, ask.dialed_number)

    def dialed_over(self, trunk_id: str | None, dialed: str) -> str:
        """The same, of a call through this trunk."""
        if dialed in self._routes() or self._is_extension(dialed):
            return dialed
        return self._read(trunk_id, dialed)

    def _is_extension(self, number: str) -> bool:
        return self._centre.plan.agent_by_extension(number) is not None

    def default_of(self, trunk_id: str | None) -> ToRoute | None:
        """Where a number leads that nobody configured, of calls through this trunk."""
        trunk = self._centre.trunks.get(trunk_id or "")
        return ToRoute(trunk.default) if trunk is not None and trunk.default is not None else None

    def caller(self, ask: Ask) -> str:
        """The caller's number: E.164 where it has one, '' if it is hidden."""
        return ask.caller_number if ask.phone is not None else self.caller_over(ask.trunk, ask.caller_number)

    def caller_over(self, trunk_id: str | None, number: str) -> str:
        """The same, of a call through this trunk."""
        return "" if number.lower() in _HIDDEN else self._read(trunk_id, number)

    def _read(self, trunk_id: str | None, number: str) -> str:
        trunk = self._centre.trunks.get(trunk_id or "")
        if trunk is None:
            return number
        return read_number(number, trunk.number_format, self._country) or number
