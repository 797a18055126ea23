"""Sub-flows: arguments that they declare and get, and flows that call themselves."""

from __future__ import annotations

from collections.abc import Mapping

from acd.ivr.flow import Call, FlowSet
from acd.settings.flows.sources import Entry, FlowSource
from acd.settings.meaning.graph import reach, way_to
from acd.settings.problems import did_you_mean
from acd.settings.schema.steps import StepEntry


def check_calls(sources: Mapping[str, FlowSource], flow_set: FlowSet) -> None:
    """Every `call` of every flow."""
    called = {
        name: [step.flow for step in flow.steps.values() if isinstance(step, Call)]
        for name, flow in flow_set.flows.items()
    }
    for name, flow in flow_set.flows.items():
        for step_id, step in flow.steps.items():
            if not isinstance(step, Call) or step.flow not in flow_set.flows:
                continue
            entry = sources[name].steps[step_id]
            _check_arguments(entry, step, flow_set)
            came_from = reach([step.flow], lambda each: called.get(each, ()))
            if name in came_from:
                way = " → ".join([name, *way_to(name, came_from)])
                entry.report(
                    ("call",), f"the flow calls itself: {way}; callers would go ever deeper, use `goto`"
                )


def _check_arguments(entry: Entry[StepEntry], step: Call, flow_set: FlowSet) -> None:
    parameters = flow_set.flows[step.flow].parameters
    for argument in step.arguments:
        if argument not in parameters:
            hint = did_you_mean(argument, parameters, separator=";")
            entry.report(
                ("with", argument),
                f"the flow '{step.flow}' has no parameter '{argument}'{hint or '; declare it there'}",
            )
    for parameter, default in parameters.items():
        if default is None and parameter not in step.arguments:
            entry.report(
                ("call",), f"the flow '{step.flow}' must be given '{parameter}'; add it under `with`"
            )
