"""Whose group and agent is meant by the names of another system."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST_ID = 80
_CHANNEL_NUMBER = re.compile(r"-[0-9a-f]{6,}$")


@dataclass(slots=True)
class Names:
    """Finds ids of ours: by the mapping, by being one, by name or extension; others are kept as they are.

    `groups`: our ids to names; `agents`: our ids to (name, extension). `met_queues` and `met_agents`: what
    there was, and what it became.
    """

    groups: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    queue_map: Mapping[str, str] = field(default_factory=dict)
    agent_map: Mapping[str, str] = field(default_factory=dict)
    met_queues: dict[str, str] = field(default_factory=dict)
    met_agents: dict[str, str] = field(default_factory=dict)

    def group(self, queue: str) -> str:
        """The id of the group."""
        if queue not in self.met_queues:
            self.met_queues[queue] = self.queue_map.get(queue) or self._group(queue)
        return self.met_queues[queue]

    def agent(self, name: str) -> str:
        """The id of the agent: of `SIP/100`, `Local/100@agents/n`, `Agent/100`, `Anna Weber`."""
        if name not in self.met_agents:
            self.met_agents[name] = self.agent_map.get(name) or self._agent(name)
        return self.met_agents[name]

    def _group(self, queue: str) -> str:
        if queue in self.groups:
            return queue
        plain = queue.casefold()
        found = [g for g, name in self.groups.items() if plain in (g.casefold(), name.casefold())]
        return found[0] if len(found) == 1 else plain_id(queue)

    def _agent(self, name: str) -> str:
        if name in self.agents:
            return name
        for plain in dict.fromkeys((name.casefold(), phone_of(name).casefold())):
            found = [
                agent
                for agent, (known_as, extension) in self.agents.items()
                if plain in (agent.casefold(), known_as.casefold(), extension)
            ]
            if len(found) == 1:
                return found[0]
        return plain_id(name)


def phone_of(name: str) -> str:
    """`100` of `PJSIP/100-0000a1b2`, `Local/100@agents/n` and `100`."""
    after = name.partition("/")[2] or name
    return _CHANNEL_NUMBER.sub("", after.partition("@")[0].partition("/")[0])


def plain_id(name: str) -> str:
    """The name as it is, without what could not be shown."""
    return "".join(c for c in name[:LONGEST_ID] if c.isprintable()).strip() or "unknown"
