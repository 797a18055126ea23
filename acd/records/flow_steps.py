"""A caller's way through flows, step by step, out of the facts of the call. Pure.

Besides the arrows of the flow itself there are three by which a step is left that the flow does not know:
`answered` (an agent took the caller from the step's line), `hung up`, and `ended` (somebody else ended
the call there). Only the caller's own way counts: what an agent keyed in a consultation is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acd.core.facts import (
    Answered,
    Ended,
    EndedBy,
    Fact,
    FellBack,
    FlowEntered,
    StepTaken,
    Transferred,
)
from acd.core.losses import without_false_losses

ANSWERED, HUNG_UP, ENDED = "answered", "hung up", "ended"
AFTER = "after"
"""The arrow of the flow by which a caller goes on when the agent has left."""
_WHY = {EndedBy.UNKNOWN: "while the controller was away", EndedBy.NODE: "its Asterisk node died"}
_INTO = ("call ", "goto ")  # arrows that lead to the start of another flow


@dataclass(frozen=True, slots=True)
class StepLeft:
    """One step behind the caller; `at` in engine seconds. `step` '' is the start of the flow."""

    at: float
    flow: str
    version: str
    step: str
    arrow: str
    to: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Here:
    """Where in a flow the caller is; `step` '' is the start of the flow."""

    flow: str
    version: str
    step: str


def steps_left(facts: Sequence[Fact]) -> list[StepLeft]:
    """The steps in the order in which they were left."""
    return _walk(facts)[0]


def _walk(facts: Sequence[Fact]) -> tuple[list[StepLeft], Here | None, bool]:
    """The steps, where the caller is after them, and whether an agent has answered there."""
    left: list[StepLeft] = []
    here: Here | None = None
    answered = False
    for fact in without_false_losses(facts):
        match fact:
            case FlowEntered(_, flow, version):
                here, answered = Here(flow, version, ""), False
            case StepTaken():
                left.append(
                    StepLeft(fact.at, fact.flow, fact.version, fact.step, fact.arrow, fact.to, fact.detail)
                )
                here, answered = _next(fact), False
            case Transferred():
                _, here, answered = _walk(fact.consult)
            case Answered(agent=str(agent)) | FellBack(agent=str(agent)) if here and not answered:
                answered = True
                left.append(_leave(here, fact.at, ANSWERED, agent))
            case Ended(by=by) if here is not None:
                if not answered:
                    arrow = HUNG_UP if by is EndedBy.CALLER else ENDED
                    left.append(_leave(here, fact.at, arrow, _WHY.get(by) or fact.reason))
                here = None
    return left, here, answered


def _leave(here: Here, at: float, arrow: str, detail: str) -> StepLeft:
    return StepLeft(at, here.flow, here.version, here.step, arrow, "", detail)


def _next(fact: StepTaken) -> Here | None:
    if fact.to:
        return Here(fact.flow, fact.version, fact.to)
    for into in _INTO:
        if fact.arrow.startswith(into):
            return Here(fact.arrow.removeprefix(into), fact.version, "")
    return None
