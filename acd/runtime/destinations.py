"""Where agents send calls from the page: who may, whether there is somebody, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Collection

from acd.core.agents import Agent
from acd.core.floor import Floor
from acd.errors import RequestRefused
from acd.runtime.control import BAD_REQUEST
from acd.runtime.dial_plan import Denial, DialPlan
from acd.runtime.numbers import NumberBook, ToOutside
from acd.runtime.outside_guard import OutsideGuard
from acd.settings.centre_now import CentreView

KINDS = ("agent", "group", "number", "flow")


class Destinations:
    """`flows()`: those that there are now."""

    def __init__(
        self,
        centre: CentreView,
        floor: Floor,
        flows: Callable[[], Collection[str]],
        guard: OutsideGuard | None = None,
    ) -> None:
        self._centre = centre
        self._floor = floor
        self._flows = flows
        self._guard = guard
        self._plan = DialPlan(centre)
        self._numbers = NumberBook(centre, self._plan)

    def target(self, by: Agent, to: str, kind: str) -> str:
        """A number, or kind:name. Raises RequestRefused."""
        match kind:
            case "agent" | "number":
                return self.number(by, to, kind)
            case "group":
                return self._named(kind, to, self._centre.plan.groups)
            case "flow":
                return self._named(kind, to, self._flows())
        raise RequestRefused(BAD_REQUEST, f"'to_kind' is one of: {', '.join(KINDS)}")

    @staticmethod
    def _named(kind: str, name: str, known: Collection[str]) -> str:
        if name not in known:
            raise RequestRefused(f"unknown-{kind}", f"there is no {kind} {name!r}")
        return f"{kind}:{name}"

    def number(self, by: Agent, to: str, kind: str) -> str:
        """The number to dial for an agent or a number. Raises RequestRefused."""
        if kind == "agent":
            return self._extension(by, to)
        if ":" in to or (found := self._numbers.destination(to)) is None:
            raise RequestRefused("unknown-number", f"{to!r} is no number that can be dialled here")
        if isinstance(found, ToOutside):
            permit = self._plan.permit(by.id, found.number)
            if not isinstance(permit, Denial) and self._guard is not None:
                permit = self._guard.denial(by.id, found.number) or permit
            if isinstance(permit, Denial):
                raise RequestRefused(permit.value, f"{by.id} may not call {to}")
        return to

    def customer(self, by: Agent, number: str) -> None:
        """Whether this agent may call the number that a caller has left. Raises RequestRefused.

        A caller who claims to call from an emergency number is not called back there.
        """
        if not number:
            raise RequestRefused("no-number", "the caller's number is withheld")
        self.number(by, number, "number")
        dialing = self._centre.dialing
        if dialing is not None and self._plan.outside(number) in dialing.emergency:
            raise RequestRefused("unknown-number", f"{number} is no customer's number")

    def _extension(self, by: Agent, to: str) -> str:
        agent = self._floor.agents.get(to)
        if agent is None:
            raise RequestRefused("unknown-agent", f"there is no agent {to!r}")
        if agent is by:
            raise RequestRefused("own-phone", "that is the agent who asks")
        if not agent.logged_in:
            raise RequestRefused("agent-logged-out", f"{to} is not at work")
        return self._floor.profile(to).extension
