"""Masked values where they would be recorded: the machine refuses that, and the caller falls to `error`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from acd.ivr.expressions import Expression
from acd.ivr.flow import (
    Callback,
    Collect,
    CustomerLookup,
    Flow,
    FlowSet,
    HttpLookup,
    Language,
    Lookup,
    Message,
    Queue,
    Record,
    Set,
    Spoken,
    Step,
    Switch,
    Transfer,
    Voicemail,
)
from acd.settings.flows.sources import FlowSource
from acd.settings.flows.walk import place_of_name
from acd.settings.meaning.variables import set_by


def check_masked(sources: Mapping[str, FlowSource], flow_set: FlowSet) -> None:
    """Every variable that is certainly masked, where it goes into a record."""
    for name, flow in flow_set.flows.items():
        masked = _masked(flow)
        for step_id, step in flow.steps.items():
            told = {each for expression in _recorded(step) for each in expression.names & masked}
            match step:
                case Switch(value=value) | Language(language=value):
                    # A comparison is a truth, and tells no secret.
                    told = {value.source} & masked
            entry = sources[name].steps[step_id]
            for variable in sorted(told):
                entry.report(
                    place_of_name(entry.content, variable),
                    f"the variable '{variable}' is masked and would be recorded here; use it in conditions,"
                    " look-ups by HTTP and what say, menu, collect and hangup speak",
                )


def _masked(flow: Flow) -> set[str]:
    """Variables that nothing but masked input, a masked answer, or a plain copy of these, sets."""
    setters: dict[str, list[Step]] = {}
    for step in flow.steps.values():
        for variable in set_by(step):
            setters.setdefault(variable, []).append(step)
    masked = {
        variable for variable, steps in setters.items() if all(_masks(step, variable) for step in steps)
    }
    grew = True
    while grew:
        copies = {
            variable
            for variable, steps in setters.items()
            if variable not in masked
            and all(isinstance(step, Set) and step.values[variable].source in masked for step in steps)
        }
        masked |= copies
        grew = bool(copies)
    return masked


def _masks(step: Step, variable: str) -> bool:
    match step:
        case Collect(masked=masked):
            return masked
        case Lookup(source=HttpLookup(masked=variables)):
            return variable in variables
    return False


def _recorded(step: Step) -> Iterator[Expression]:
    """The expressions of a step whose values reach a record or a log."""
    match step:
        case Callback(number=value) | Transfer(target=value):
            yield value
        case Lookup(source=source, wait=wait):
            if isinstance(source, CustomerLookup):
                yield source.number
            yield from _spoken(wait)
        case Queue(prefer=prefer, news=news):
            if prefer is not None:
                yield prefer
            if news is not None:
                yield from _spoken(news.comfort)
        case Voicemail(message=message) | Record(message=message):
            yield from _spoken(message)


def _spoken(message: Message) -> Iterator[Expression]:
    for parts in message.parts.values():
        yield from (part.value for part in parts if isinstance(part, Spoken))
