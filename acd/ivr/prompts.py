"""Everything that callers of a set of flows may come to hear, to be rendered before they call."""

from __future__ import annotations

from collections.abc import Iterator

from acd.ivr.flow import FlowSet, Message, Prompt, SoundFile, Speech, messages


def prompts_of(flow_set: FlowSet) -> list[Prompt]:
    """Each prompt once, in the order of the flows."""
    found = dict.fromkeys(
        part
        for message in all_messages(flow_set)
        for parts in message.parts.values()
        for part in parts
        if isinstance(part, Speech | SoundFile)
    )
    return list(found)


def all_messages(flow_set: FlowSet) -> Iterator[Message]:
    """Every message of every step, and the announcements."""
    for flow in flow_set.flows.values():
        for step in flow.steps.values():
            yield from messages(step)
    yield from flow_set.announcements.values()
