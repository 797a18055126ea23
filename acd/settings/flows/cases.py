"""Test cases of flows, from their YAML."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from acd.ivr.cases import Case, Expected
from acd.ivr.talk import GroupView
from acd.settings.document import Document
from acd.settings.files import Files
from acd.settings.problems import did_you_mean
from acd.settings.schema.flow_tests import FlowTest

NOBODY = "nobody"


def build_cases(files: Files, timezone: str) -> dict[str, list[Case]]:
    """The test cases of every flow that could be read, by the flow's name, in the order of the file."""
    zone, agents = ZoneInfo(timezone), _extensions(files)
    return {
        stem: [
            _case(stem, test, f"{flow.document.file}:{flow.document.line_of(('tests', index))}", zone, agents)
            for index, test in enumerate(flow.content.tests)
        ]
        for stem, flow in files.flows.items()
        if flow.content is not None
    }


def _extensions(files: Files) -> dict[str, str]:
    """By agent's id."""
    content = files.agents.content
    return {} if content is None else {name: agent.extension for name, agent in content.agents.items()}


def _names_of(agent: str | None, extensions: Mapping[str, str]) -> tuple[str, ...]:
    """Every name of an agent who is named by id or extension, that one first."""
    if agent is None:
        return ()
    if agent == NOBODY:
        return ("",)
    same = [name for pair in extensions.items() if agent in pair for name in pair]
    return (agent, *(name for name in same if name != agent))


def _case(flow: str, test: FlowTest, place: str, zone: ZoneInfo, extensions: Mapping[str, str]) -> Case:
    expect = test.expect
    return Case(
        name=test.name,
        flow=flow,
        at=test.at.replace(tzinfo=zone),
        place=place,
        caller=test.caller,
        dialed=test.dialed,
        customer=test.customer,
        groups={name: GroupView(**state.model_dump()) for name, state in test.groups.items()},
        announcements=frozenset(test.announcements),
        arguments=test.arguments,
        keys=test.keys,
        outcomes=test.outcomes,
        expected=Expected(
            heard=expect.heard,
            not_heard=expect.not_heard,
            variables=expect.variables,
            ends=expect.ends,
            language=expect.language,
            steps=expect.steps,
            priority=expect.priority,
            scores=expect.scores,
            requires=expect.requires,
            prefer=_names_of(expect.prefer, extensions),
        ),
    )


def check_cases(files: Files) -> None:
    """Notes test cases that name a step, a group or an announcement that does not exist."""
    steps = {stem: set(_names(flow.document)) for stem, flow in files.flows.items()}
    for piece in files.pieces.values():
        for names in steps.values():
            names |= set(_names(piece.document))
    everywhere = {name for names in steps.values() for name in names}
    everywhere |= {f"{stem}/{name}" for stem, names in steps.items() for name in names}
    groups = files.groups.document.names("groups")
    extensions = _extensions(files)
    for flow in files.flows.values():
        if flow.content is None:
            continue
        for index, test in enumerate(flow.content.tests):
            for step in test.outcomes:
                if step not in everywhere:
                    hint = did_you_mean(step, sorted(everywhere), separator=";")
                    message = f"no step '{step}' in any flow{hint}"
                    flow.document.report(("tests", index, "outcomes", step), message)
            agent = test.expect.prefer
            known = {NOBODY, *extensions, *extensions.values()}
            if extensions and agent is not None and agent not in known:
                place = ("tests", index, "expect", "prefer")
                flow.document.report_undefined(place, "agent", agent, extensions)
            for group in test.groups:
                if groups is not None and group not in groups:
                    place = ("tests", index, "groups", group)
                    flow.document.report_undefined(place, "group", group, groups)


def _names(document: Document) -> list[str]:
    return list(document.names("steps") or ())
