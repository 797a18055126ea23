"""Steps that lead elsewhere: `goto`, `call`, `return`."""

from __future__ import annotations

from dataclasses import replace

from acd.ivr.expressions import ExpressionError
from acd.ivr.flow import Call, Goto, Return
from acd.ivr.position import Origin, Progress
from acd.ivr.values import as_text
from acd.ivr.walk import DEEPEST_CALL, Answer, Back, Enter, Leave, Over, Walk


def begin_goto(_: Walk, step: Goto) -> Answer:
    """A step of this flow, or another flow for good."""
    if step.flow is not None:
        return Enter(step.flow, {}, {}, for_good=True)
    assert step.step is not None
    return Leave("next", step.step)


def begin_call(walk: Walk, step: Call) -> Answer:
    """The sub-flow on top of this one."""
    if len(walk.position.frames) >= DEEPEST_CALL:
        raise ExpressionError(f"more than {DEEPEST_CALL} flows in each other")
    values, masked = walk.arguments(step.arguments)
    return Enter(step.flow, values, masked)


def begin_return(walk: Walk, _: Return) -> Answer:
    """To whoever called; at the top the call ends."""
    return Back() if len(walk.position.frames) > 1 else Over()


def come_back(walk: Walk, step: Call) -> Leave:
    """The sub-flow has returned and is still on top: take its results and leave the `call` step.

    A secret among them came, for the flow that gets it, from this step.
    """
    below, over = walk.position.frames[:-1], walk.position.frame
    lost = {name for name, inner in step.results.items() if inner in over.lost}
    results = {name: over.variables.get(inner) for name, inner in step.results.items() if name not in lost}
    walk.position = replace(walk.position, frames=below, progress=Progress())
    masked = {
        name: _origin_below(over.masked[inner], walk)
        for name, inner in step.results.items()
        if inner in over.masked
    }
    walk.assign(results, masked)
    walk.lose(lost)
    shown = [f"{name} = {as_text(value)}" for name, value in walk.shown_variables(results).items()]
    return Leave("next", step.next, ", ".join(shown))


def _origin_below(origin: Origin, walk: Walk) -> Origin:
    return origin if origin[0] < len(walk.position.frames) else walk.here()
