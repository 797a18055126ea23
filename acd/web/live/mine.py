"""What of the live picture is an agent's own: the topic `me`. Pure but for the index that it keeps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from acd.web.picture import Object

AGENT, CALL, MESSAGE, POP = "agent:", "call:", "message:", "pop:"
CENTRE = "centre"
_IN_HAND = ("call", "own_call", "wrap_up_call")
_SHOWN_WITH = ("call", "wrap_up_call")
_AT_WORK = ("ringing", "talking", "wrap_up")


class Shares:
    """Which calls which agents have a share in; told of every change."""

    def __init__(self) -> None:
        self._calls: defaultdict[str, set[str]] = defaultdict(set)
        self._agents: dict[str, frozenset[str]] = {}

    def change(self, changed: Mapping[str, Object], dropped: list[str]) -> set[str]:
        """Keep up; the agents for whom anything of this may matter."""
        touched: set[str] = set()
        for key in (*changed, *dropped):
            if key.startswith(CALL):
                touched |= self._set(
                    key, frozenset(agents_of(changed[key])) if key in changed else frozenset()
                )
            elif key.startswith(AGENT):
                touched.add(key.removeprefix(AGENT))
        return touched

    def calls(self, agent: str) -> set[str]:
        """The keys of the calls that name the agent."""
        return self._calls.get(agent, set())

    def _set(self, key: str, agents: frozenset[str]) -> frozenset[str]:
        before = self._agents.pop(key, frozenset())
        if agents:
            self._agents[key] = agents
        for agent in before - agents:
            self._calls[agent].discard(key)
            if not self._calls[agent]:
                del self._calls[agent]
        for agent in agents - before:
            self._calls[agent].add(key)
        return before | agents


def agents_of(call: Object) -> Iterator[str]:
    """The agents whom a call names: who has it, who talks in it, who still works on it."""
    named: list[Any] = [call.get("agent"), call.get("wrap_up_for"), call.get("kept_for")]
    named += [party.get("agent") for party in call.get("parties") or ()]
    yield from (agent for agent in named if isinstance(agent, str))


def view(agent: str | None, objects: Mapping[str, Object], shares: Shares) -> dict[str, Object]:
    """All that is the agent's own, by key; None: of somebody who is no agent."""
    mine: dict[str, Object] = {CENTRE: objects[CENTRE]} if CENTRE in objects else {}
    me = objects.get(f"{AGENT}{agent}") or {}
    if me:
        mine[f"{AGENT}{agent}"] = me
    keys = [f"{CALL}{me[name]}" for name in _IN_HAND if me.get(name)]
    if agent is not None:
        keys += sorted(shares.calls(agent))
    mine.update((key, objects[key]) for key in keys if key in objects)
    if me.get("state") in _AT_WORK:
        for call in dict.fromkeys(me[name] for name in _SHOWN_WITH if me.get(name)):
            mine[f"{POP}{call}"] = {"call": call}
    for key, value in objects.items():
        if key.startswith(MESSAGE) and is_for(value, agent, me.get("groups") or ()):
            mine[key] = value
    return mine


def is_for(message: Object, agent: str | None, groups: Any) -> bool:
    """Whether a message is for this agent."""
    to = message.get("to") or ()
    return "*" in to or agent in to or any(f"group:{group}" in to for group in groups)
