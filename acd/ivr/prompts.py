"""Everything that callers of a set of flows may come to hear, to be rendered before they call."""

from __future__ import annotations

from collections.abc import Iterator

from acd.ivr.flow import FlowSet, Message, Prompt, Spoken, SpokenKind, messages
from acd.ivr.spoken import vocabulary


def prompts_of(flow_set: FlowSet) -> list[Prompt]:
    """Each prompt once: those of the flows in their order, then the words that values need."""
    found: dict[Prompt, None] = {}
    spoken: dict[str, set[SpokenKind]] = {}
    for message in all_messages(flow_set):
        for language, parts in message.parts.items():
            for part in parts:
                if isinstance(part, Spoken):
                    spoken.setdefault(language, set()).add(part.kind)
                else:
                    found[part] = None
    for language, kinds in sorted(spoken.items()):
        found.update(dict.fromkeys(vocabulary(language, kinds)))
    return list(found)


def all_messages(flow_set: FlowSet) -> Iterator[Message]:
    """Every message of every step, and the announcements."""
    for flow in flow_set.flows.values():
        for step in flow.steps.values():
            yield from messages(step)
    yield from flow_set.announcements.values()
