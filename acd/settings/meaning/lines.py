"""Lines that flows put callers into, held against the rules of the groups: who serves, who leaves how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from acd.core.requirement import Requirement
from acd.ivr.flow import FlowSet, Queue
from acd.settings.assemble_routing import ring_of
from acd.settings.files import Files
from acd.settings.flows.sources import Entry, FlowSource
from acd.settings.meaning.graph import reach
from acd.settings.problems import did_you_mean
from acd.settings.schema.groups import GroupEntry, GroupsFile
from acd.settings.schema.steps import StepEntry


def check_lines(files: Files, sources: Mapping[str, FlowSource], flow_set: FlowSet) -> None:
    """Every `queue` step. Of groups that could not be read whole nothing is said: that is the problem.

    Names in them that refer to nothing hide neither steps nor policies; but whom they leave nobody for
    would only be an echo, and so after mistakes in the agents.
    """
    groups, agents = files.groups.content, files.agents.content
    if groups is None or not files.groups.is_whole:
        return
    steps = list(_queue_steps(sources, flow_set, groups))
    for entry, step in steps:
        has_errors = files.groups.document.has_errors or files.agents.document.has_errors
        if agents is not None and not has_errors:
            _check_served(entry, step, groups, [agent.skills for agent in agents.agents.values()])
        _check_ways_out(entry, step, groups)
    if len(sources) == len(files.flows):  # of a flow with mistakes nobody knows which exits it has
        _check_policies(files, [step for _, step in steps], groups)


def _queue_steps(
    sources: Mapping[str, FlowSource], flow_set: FlowSet, groups: GroupsFile
) -> Iterator[tuple[Entry[StepEntry], Queue]]:
    for name, flow in flow_set.flows.items():
        for step_id, step in flow.steps.items():
            if isinstance(step, Queue) and step.group in groups.groups:
                yield sources[name].steps[step_id], step


def _check_served(
    entry: Entry[StepEntry], step: Queue, groups: GroupsFile, staff: Iterable[Mapping[str, int]]
) -> None:
    wanted = [step.requirement] if step.alone else _rings(step, groups)
    if step.requirement.text and not any(r.admits(skills) for r in wanted for skills in staff):
        beside = "" if step.alone else f" and serves the group '{step.group}'"
        entry.report(("queue", "requires"), f"no agent has {step.requirement}{beside}")


def _rings(step: Queue, groups: GroupsFile) -> list[Requirement]:
    """What the agents of each ring must know for this step."""
    group = groups.groups[step.group]
    wanted = [Requirement.all_of((group.requires, step.requirement))]
    for ring in (ring_of(group, entry, groups) for entry in group.rings):
        own = () if ring.drops_call_requirement else (step.requirement,)
        wanted.append(Requirement.all_of((ring.requirement, *own)))
    return wanted


def _check_ways_out(entry: Entry[StepEntry], step: Queue, groups: GroupsFile) -> None:
    group = groups.groups[step.group]
    if group.max_waiting is not None and step.full is None:
        entry.report(
            ("queue",),
            f"the group '{step.group}' lets {group.max_waiting} wait (max_waiting), and the next one waits"
            " all the same: add `full`, the step that follows then",
            warning=True,
        )
    for option, needed, given in (
        ("full", "max_waiting", group.max_waiting is not None),
        ("closed", "hours", group.hours is not None),
    ):
        if getattr(step, option) is not None and not given:
            message = f"the group '{step.group}' has no `{needed}`: nobody ever leaves the line by `{option}`"
            entry.report(("queue", option), message, warning=True)
    named = {name for after in _moves(step.group, groups) for name in _exits(groups.groups[after])}
    for name in step.exits:
        if name not in named:
            hint = did_you_mean(name, sorted(named), separator=";")
            message = f"no policy of the group '{step.group}' has `leave: {name}`{hint}"
            entry.report(("queue", "exits", name), message, warning=True)


def _check_policies(files: Files, steps: Iterable[Queue], groups: GroupsFile) -> None:
    """A `leave` by a name that no caller in the line has does nothing."""
    offered: dict[str, set[str]] = {}
    for step in steps:
        for line in _moves(step.group, groups):
            offered.setdefault(line, set()).update(step.exits)
    for group_id, group in groups.groups.items():
        for index, policy in enumerate(group.policy):
            for number, operation in enumerate(policy.do):
                name = operation.leave
                if isinstance(name, str) and name not in offered.get(group_id, ()):
                    place = ("groups", group_id, "policy", index, "do", number, "leave")
                    hint = did_you_mean(name, sorted(offered.get(group_id, ())), separator=";")
                    message = f"no flow that queues callers for this group has an exit '{name}'{hint}"
                    files.groups.document.report(place, message, warning=True)


def _exits(group: GroupEntry) -> Iterator[str]:
    for policy in group.policy:
        yield from (op.leave for op in policy.do if isinstance(op.leave, str))


def _moves(group: str, groups: GroupsFile) -> list[str]:
    """The group, and those into which policies may move a caller from there."""

    def ways(name: str) -> Iterator[str]:
        for policy in groups.groups[name].policy:
            yield from (op.group for op in policy.do if op.group in groups.groups)

    return list(reach([group], ways))
