"""What can be watched, by whom, and which keys of the live picture belong to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from acd.web.asker import Asker, Role
from acd.web.live.client import Client
from acd.web.live.mine import CALL, CENTRE, MESSAGE
from acd.web.picture import Object

ME = "me"
WALLBOARD = "wallboard"
GROUP, AGENT, FIGURES, INBOX = "group:", "agent:", "figures:", "inbox"


@dataclass(frozen=True, slots=True)
class Kind:
    """A topic that is the same for all who watch it. `role` is what watching takes."""

    role: Role
    has: Callable[[str], bool]


KINDS: Mapping[str, Kind] = {
    WALLBOARD: Kind(Role.SUPERVISOR, lambda key: key == CENTRE or key.startswith((GROUP, AGENT, FIGURES))),
    "groups": Kind(Role.AGENT, lambda key: key == CENTRE or key.startswith(GROUP)),
    "calls": Kind(Role.SUPERVISOR, lambda key: key.startswith(CALL)),
    "inbox": Kind(Role.AGENT, lambda key: key == INBOX),
    "messages": Kind(Role.SUPERVISOR, lambda key: key.startswith(MESSAGE)),
}


def key_of(topic: str, asker: Asker) -> str | None:
    """Under which key the hub keeps it: `me` is another for each agent, and all are so for each set of teams
    that somebody's rights are for. None: there is no such topic."""
    if topic == ME:
        return f"{ME} {asker.agent or ''}{bound_of(asker)}"
    return f"{topic}{bound_of(asker)}" if topic in KINDS else None


BOUND = "\n"
"""Between a topic and the teams: in no name of either."""


def bound_of(asker: Asker) -> str:
    """What stands behind the topics of who has rights for some teams; '' for all others."""
    return "" if asker.teams is None else BOUND + BOUND.join(sorted(asker.teams))


def parts_of(key: str) -> tuple[str, str]:
    """What a key of the hub is made of: the topic with the agent, and for whom it is bounded."""
    name, mark, teams = key.partition(BOUND)
    return name, f"{mark}{teams}"


@dataclass(slots=True)
class Topic:
    """A topic that somebody watches. `data` is what the watchers have, `n` counts what was sent."""

    name: str
    data: dict[str, Object]
    n: int = 0
    clients: set[Client] = field(default_factory=set)
    _whole: str | None = None

    def add(self, client: Client) -> None:
        """From now on it watches; it gets everything first."""
        self.clients.add(client)
        self.show(client)

    def show(self, client: Client) -> None:
        """Everything, to one; who comes at the same time, as after a restart, shares the text."""
        text = self._whole
        if text is None:
            text = text_of({"type": "all", "topic": self.name, "n": self.n, "data": self.data})
            self._whole = text if self.name in KINDS else None  # others have one agent's tabs for watchers
        client.push(text, picture=self.name)

    def change(self, changed: Mapping[str, Object], dropped: list[str]) -> None:
        """Tell all who watch, in one text that is made once."""
        if not changed and not dropped:
            return
        self.n += 1
        self._whole = None
        self.data.update(changed)
        for key in dropped:
            self.data.pop(key, None)
        told = {"type": "change", "topic": self.name, "n": self.n, "set": changed, "drop": dropped}
        text = text_of(told)
        for client in self.clients:
            client.push(text)


def text_of(told: Mapping[str, Any]) -> str:
    """As it is sent."""
    return orjson.dumps(told).decode()
