"""One live call in full, on the control socket: what an agent sees of it, and who got it and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from acd.core.callback_facts import AgentReserved
from acd.core.calls import Call
from acd.core.facts import (
    Answered,
    Fact,
    FlowEntered,
    LanguageChosen,
    Offered,
    Queued,
    StepTaken,
    Transferred,
)
from acd.core.floor import Floor
from acd.errors import RequestRefused
from acd.ivr import flow as kinds
from acd.ivr.flow import FlowSet
from acd.ivr.values import Value
from acd.runtime.control import UNKNOWN_CALL, Handler, Request, text_if_any, text_of
from acd.runtime.disposition_desk import NO_CODES, tree_object
from acd.runtime.world import customer_values
from acd.settings.centre_now import CentreView

LINES_MAX = 500


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the rest comes from.

    `shown`: the feed's object of a call; `in_words`: a fact as a sentence; `decided`: what was decided of a
    call and why, as plain values; `flows`: those of a version; `collected`: the variables of the caller's
    flows, masked ones hidden.
    """

    shown: Callable[[Call], Mapping[str, Any]]
    in_words: Callable[[Fact], str]
    decided: Callable[[Call], list[dict[str, Any]]]
    flows: Callable[[str], FlowSet | None]
    collected: Callable[[str], Mapping[str, Value]]


class CallDetail:
    """`handlers` are for the control socket."""

    def __init__(
        self, centre: CentreView, floor: Floor, clock: Callable[[], float], sources: Sources
    ) -> None:
        self._centre = centre
        self._floor = floor
        self._clock = clock
        self._sources = sources

    def handlers(self) -> dict[str, Handler]:
        """By the word that the request begins with."""
        return {"call": self._detail, "why-agent": self._why_agent}

    def _detail(self, request: Request) -> Mapping[str, Any]:
        """`agent`: for whom the greeting is, where it is not the call's own."""
        call = self._called(text_of(request, "call"))
        agent = text_if_any(request, "agent") or call.agent or ""
        told, group = _with_consults(call.facts), call.group or ""
        return {
            "call": self._sources.shown(call),
            "facts": [{"at": f.at, "text": self._sources.in_words(f)} for f in told[-LINES_MAX:]],
            "path": _path(told)[-LINES_MAX:],
            "collected": dict(self._sources.collected(call.id)),
            "lookups": self._lookups(told)[-LINES_MAX:],
            "waited_s": self._waited_s(call, told),
            "transfers": [
                {"from": f.agent, "to": f.target, "at": f.at, "how": f.how} for f in _transfers(told)
            ],
            "reason": _reasons(told, agent),
            "greeting": self._greeting(call, agent),
            "dispositions": tree_object(self._centre.dispositions.get(group, NO_CODES)),
        }

    def _why_agent(self, request: Request) -> Mapping[str, Any]:
        """Who got it, with the reasons for it and for the others' not getting it; all decisions in order."""
        call = self._called(text_of(request, "call"))
        told = _with_consults(call.facts)
        offer = next((f for f in reversed(told) if isinstance(f, Offered | AgentReserved)), None)
        return {
            "call": call.id,
            "agent": None if offer is None else offer.agent,
            "reasons": [] if offer is None else list(offer.reasons),
            "decisions": self._sources.decided(call),
        }

    def _called(self, call_id: str) -> Call:
        call = self._floor.calls.get(call_id)
        if call is None:
            raise RequestRefused(UNKNOWN_CALL, f"no call {call_id!r} goes on; it may be on record by now")
        return call

    def _waited_s(self, call: Call, told: list[Fact]) -> float:
        """In line so far, up to the answer."""
        if call.waiting_since is None:
            return 0.0
        since = call.waiting_since
        met = (f.at for f in told if f.at >= since and isinstance(f, Answered))
        return max(0.0, next(met, self._clock()) - since)

    def _lookups(self, told: list[Fact]) -> list[dict[str, Any]]:
        return [
            {"at": f.at, "flow": f.flow, "step": f.step, "result": f.arrow, "detail": f.detail}
            for f in told
            if isinstance(f, StepTaken) and self._is_lookup(f)
        ]

    def _is_lookup(self, taken: StepTaken) -> bool:
        flows = self._sources.flows(taken.version)
        flow = flows.flows.get(taken.flow) if flows is not None else None
        return flow is not None and isinstance(flow.steps.get(taken.step), kinds.Lookup)

    def _greeting(self, call: Call, agent_id: str) -> str:
        """In the language that the caller has chosen, else the customer's, else the centre's."""
        texts = self._centre.greetings.get(call.group or "", {})
        language = next((f.language for f in reversed(call.facts) if isinstance(f, LanguageChosen)), "") or (
            call.customer.language if call.customer is not None else ""
        )
        wanted = (language, language.partition("_")[0], "", self._centre.system.language, "en")
        text = next((texts[one] for one in wanted if one in texts), next(iter(texts.values()), None))
        if text is None:
            return ""
        profile = self._floor.profile(agent_id) if agent_id in self._floor.agents else None
        policy = self._floor.group(call.group or "")
        scope: dict[str, object] = {
            "agent": {
                "name": profile.name if profile else "",
                "extension": profile.extension if profile else "",
            },
            "caller": {"number": call.caller_number, "name": call.caller_name},
            "call": {"dialed_number": call.dialed_number},
            "customer": None if call.customer is None else customer_values(call.customer),
            "group": {"id": call.group or "", "name": policy.name if policy is not None else ""},
            "centre": {"name": self._centre.system.name},
        }
        return text.render(scope)


def _with_consults(told: list[Fact]) -> list[Fact]:
    """Those of consultations before their transfers."""
    every: list[Fact] = []
    for fact in told:
        if isinstance(fact, Transferred):
            every += _with_consults(list(fact.consult))
        every.append(fact)
    return every


def _path(told: list[Fact]) -> list[dict[str, Any]]:
    """The caller's way: flows entered, steps, lines."""
    path: list[dict[str, Any]] = []
    for fact in told:
        if isinstance(fact, FlowEntered):
            path.append({"at": fact.at, "flow": fact.flow, "step": "", "arrow": "", "detail": ""})
        elif isinstance(fact, StepTaken):
            step = {"flow": fact.flow, "step": fact.step, "arrow": fact.arrow, "detail": fact.detail}
            path.append({"at": fact.at, **step})
        elif isinstance(fact, Queued):
            path.append({"at": fact.at, "flow": "", "step": "", "arrow": "queue", "detail": fact.group})
    return path


def _transfers(told: list[Fact]) -> list[Transferred]:
    return [fact for fact in told if isinstance(fact, Transferred)]


def _reasons(told: list[Fact], agent: str) -> list[str]:
    """Why this agent was chosen, the last time."""
    offers = [f for f in told if isinstance(f, Offered | AgentReserved) and agent in ("", f.agent)]
    return list(offers[-1].reasons) if offers else []
