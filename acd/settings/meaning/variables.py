"""Variables that are used before they are set on some way, or that nothing sets at all.

For each variable: the steps that are reached from the start by ways on which nothing sets it. One of
these that uses it is a mistake, and the shortest such way is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from acd.ivr.expressions import Expression
from acd.ivr.flow import (
    Call,
    Collect,
    Flow,
    FlowSet,
    HttpLookup,
    Lookup,
    Record,
    Return,
    Set,
    Step,
    targets,
)
from acd.ivr.world import VISIBLE
from acd.settings.flows.sources import FlowSource
from acd.settings.flows.walk import place_of_name
from acd.settings.meaning.graph import reach, way_to
from acd.settings.problems import did_you_mean

MOST_VARIABLES = 200
_MOST_SHOWN = 8


def check_variables(sources: Mapping[str, FlowSource], flow_set: FlowSet) -> None:
    """Every variable of every flow, parameters and results of sub-flows included."""
    for name, flow in flow_set.flows.items():
        source = sources[name]
        given = _check_first_values(source, flow)
        known = given | {variable for step in flow.steps.values() for variable in set_by(step)}
        if len(known) > MOST_VARIABLES:
            message = f"the flow has {len(known)} variables; the limit is {MOST_VARIABLES}"
            source.document.report(("steps",), message)
            continue
        uses: dict[str, list[str]] = {}
        for step_id, step in flow.steps.items():
            for variable in sorted(_used_by(step)):
                if variable in known:
                    uses.setdefault(variable, []).append(step_id)
                else:
                    _report_unknown(source, step_id, variable, known)
        for variable, steps in uses.items():
            if variable not in given:
                _check_uses(source, flow, variable, steps)
    _check_results(sources, flow_set)


def _check_first_values(source: FlowSource, flow: Flow) -> set[str]:
    """`parameters` and `variables` may use what stands before them; the names that are set by them."""
    given: set[str] = set()
    for section, values in (("parameters", flow.parameters), ("variables", flow.variables)):
        for variable, value in values.items():
            for name in sorted(_own(value.names) - given) if value is not None else ():
                source.document.report((section, variable), _not_yet(name, given))
            given.add(variable)
    return given


def _not_yet(name: str, given: Iterable[str]) -> str:
    hint = did_you_mean(name, [*given, *VISIBLE], separator=";")
    return f"the variable '{name}' has no value here: only what stands before it can be used{hint}"


def _report_unknown(source: FlowSource, step: str, variable: str, known: Iterable[str]) -> None:
    entry = source.steps[step]
    hint = did_you_mean(variable, [*sorted(known), *VISIBLE], separator=";")
    tail = hint or f"; set it before, or quote it if it is a text: \"'{variable}'\""
    entry.report(
        place_of_name(entry.content, variable), f"nothing in this flow sets the variable '{variable}'{tail}"
    )


def _check_uses(source: FlowSource, flow: Flow, variable: str, steps: list[str]) -> None:
    came_from = _without(flow, variable)
    for step in steps:
        if step in came_from:
            way = way_to(step, came_from)
            entry = source.steps[step]
            entry.report(
                place_of_name(entry.content, variable),
                f"the variable '{variable}' may not be set yet: nothing sets it on the way {_shown(way)};"
                " give it a first value under `variables`",
            )


def _without(flow: Flow, variable: str) -> dict[str, str | None]:
    """The steps that can be reached while the variable is not set."""

    def ways(step_id: str) -> Iterator[str]:
        step = flow.steps[step_id]
        sets = variable in set_by(step)
        for arrow, to in targets(step):
            # Only the way that went well sets it.
            if not sets or (not isinstance(step, Set) and arrow != "next"):
                yield to

    return reach([flow.start] if flow.error is None else [flow.start, flow.error], ways)


def _check_results(sources: Mapping[str, FlowSource], flow_set: FlowSet) -> None:
    """What `into` of a `call` names must be set wherever the sub-flow returns."""
    for name, flow in flow_set.flows.items():
        for step_id, step in flow.steps.items():
            if not isinstance(step, Call) or step.flow not in flow_set.flows:
                continue
            entry, callee = sources[name].steps[step_id], flow_set.flows[step.flow]
            returns = [s for s, each in callee.steps.items() if isinstance(each, Return)]
            if step.results and not returns:
                entry.report(
                    ("call",), f"the flow '{step.flow}' never returns: it has no `return` step, so `into` and"
                    " `next` are in vain"
                )  # fmt: skip
                continue
            for result in step.results.values():
                message = _lacking(callee, result, returns)
                if message is not None:
                    variable = next(mine for mine, theirs in step.results.items() if theirs == result)
                    entry.report(("into", variable), message)


def _lacking(callee: Flow, result: str, returns: list[str]) -> str | None:
    given = {*callee.parameters, *callee.variables}
    known = given | {variable for step in callee.steps.values() for variable in set_by(step)}
    if result not in known:
        hint = did_you_mean(result, sorted(known), separator=";")
        return f"the flow '{callee.name}' has no variable '{result}' to return{hint}"
    if result in given:
        return None
    came_from = _without(callee, result)
    for step in returns:
        if step in came_from:
            return (
                f"the flow '{callee.name}' may return before '{result}' is set: nothing sets it on the way"
                f" {_shown(way_to(step, came_from))}; give it a first value under its `variables`"
            )
    return None


def set_by(step: Step) -> tuple[str, ...]:
    """The variables that a step sets."""
    match step:
        case Set(values=values):
            return tuple(values)
        case Collect(variable=variable) | Record(variable=variable):
            return (variable,)
        case Lookup(source=HttpLookup(values=values)) | Call(results=values):
            return tuple(values)
    return ()


def _used_by(step: Step) -> set[str]:
    """The variables that must be set when the step begins."""
    match step:
        case Set(values=values):
            used: set[str] = set()
            before: set[str] = set()
            for variable, value in values.items():
                used |= _own(value.names) - before
                before.add(variable)
            return used
        case Collect(message=message, invalid=invalid, no_input=no_input):
            after = _names(step.valid) | _names(step.confirm)
            return _names(message) | _names(invalid) | _names(no_input) | (after - {step.variable})
    return _names(step)


def _names(value: object) -> set[str]:
    """The own variables in all expressions of a part of a flow."""
    if isinstance(value, Expression):
        return _own(value.names)
    if isinstance(value, Mapping):
        return set().union(*(_names(item) for item in value.values()))
    if isinstance(value, tuple):
        return set().union(*(_names(item) for item in value))
    if is_dataclass(value):
        return set().union(*(_names(getattr(value, field.name)) for field in fields(value)))
    return set()


def _own(names: Iterable[str]) -> set[str]:
    return set(names) - VISIBLE.keys()


def _shown(way: list[str]) -> str:
    if len(way) > _MOST_SHOWN:
        way = [*way[: _MOST_SHOWN // 2], "…", *way[-_MOST_SHOWN // 2 :]]
    return " → ".join(way)
