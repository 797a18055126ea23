"""What expressions see of the outside: groups, announcements, the caller; and languages by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from acd.ivr.expressions import Expression, ExpressionError
from acd.ivr.flow import FlowSet, Language
from acd.ivr.world import GROUP_FIELDS, VISIBLE
from acd.settings.flows.sources import FlowSource
from acd.settings.flows.walk import leaves
from acd.settings.problems import did_you_mean, undefined


def check_sights(
    sources: Mapping[str, FlowSource], flow_set: FlowSet, groups: Collection[str] | None
) -> None:
    """Every dotted name in every expression; `groups` is None if they could not be read."""
    for name, flow in flow_set.flows.items():
        for step_id, step in flow.steps.items():
            entry = sources[name].steps[step_id]
            for place, value in leaves(entry.content):
                if isinstance(value, Expression):
                    for message in _faults(value, groups, flow_set.announcements):
                        entry.report(place, message)
            if isinstance(step, Language):
                language = _constant(step.language)
                if language is not None and language not in flow.languages:
                    message = f"the flow has no language '{language}'; its languages are "
                    entry.report(("language",), message + ", ".join(flow.languages))


def _faults(
    expression: Expression, groups: Collection[str] | None, announcements: Collection[str]
) -> Iterator[str]:
    for path in sorted(expression.paths):
        root, *rest = path.split(".")
        if root not in VISIBLE or not rest:
            continue
        known = VISIBLE[root]
        if root == "queue" and groups is not None and rest[0] not in groups:
            yield undefined("group", rest[0], groups)
        elif root == "queue" and rest[1:] and rest[1] not in GROUP_FIELDS:
            yield _no_such(f"queue.{rest[0]}", rest[1], sorted(GROUP_FIELDS))
        elif root == "announcement" and rest[0] not in announcements:
            yield undefined("announcement", rest[0], announcements, " in announcements.yml")
        elif known is not None and rest[0] not in known:
            yield _no_such(root, rest[0], sorted(known))


def _no_such(what: str, name: str, known: list[str]) -> str:
    hint = did_you_mean(name, known, separator=";")
    return f"{what} has no '{name}'{hint or '; it has ' + ', '.join(known)}"


def _constant(expression: Expression) -> str | None:
    """The text that the expression always is, if it is one."""
    if expression.names:
        return None
    try:
        return str(expression.evaluate({}))
    except ExpressionError:
        return None
