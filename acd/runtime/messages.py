"""Short messages of supervisors to agents: in the live feed for a quarter of an hour."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from typing import Any

from acd.errors import RequestRefused
from acd.runtime.control import BAD_REQUEST, Handler, Request, text_of

KEPT_S = 900.0
MOST = 200
TEXT_MAX = 500
LOOK_AGAIN_S = 15.0
EVERYBODY = "*"
GROUP = "group:"

Keep = Callable[[str, Mapping[str, Any] | None], None]


class Messages:
    """`keep` puts one into the feed, or takes it away. Of too many the oldest goes first."""

    def __init__(
        self,
        keep: Keep,
        clock: Callable[[], float],
        agents: Callable[[], Collection[str]],
        groups: Callable[[], Collection[str]],
    ) -> None:
        self._keep = keep
        self._clock = clock
        self._agents = agents
        self._groups = groups
        self._sent: OrderedDict[str, float] = OrderedDict()
        self._last = 0

    def handlers(self) -> dict[str, Handler]:
        """By the word that the request begins with."""
        return {"message": self._send}

    def _send(self, request: Request) -> Mapping[str, Any]:
        text = text_of(request, "text").strip()
        if not 0 < len(text) <= TEXT_MAX:
            raise RequestRefused("bad-message", f"a message has 1 to {TEXT_MAX} characters")
        now = self._clock()
        self._last += 1
        name = f"{int(now)}-{self._last}"
        message = {
            "id": name,
            "at": now,
            "from": text_of(request, "by"),
            "to": self._addressed(request.get("to")),
            "text": text,
            "urgent": request.get("urgent") is True,
        }
        self._sent[name] = now
        self._keep(f"message:{name}", message)
        self.expire()
        return {"message": message}

    def _addressed(self, to: object) -> list[str]:
        if not isinstance(to, list) or not to or not all(isinstance(one, str) for one in to):
            raise RequestRefused(BAD_REQUEST, "'to' is a list of agents' ids, or ['*'], or ['group:ID']")
        known = {EVERYBODY, *self._agents(), *(GROUP + group for group in self._groups())}
        unknown = [one for one in to if one not in known]
        if unknown:
            raise RequestRefused("unknown-agent", f"there is nobody of the name {unknown[0]!r} to write to")
        return list(dict.fromkeys(to))

    def expire(self) -> None:
        """Those whose time is over, and the oldest of too many, are no longer shown."""
        limit = self._clock() - KEPT_S
        while self._sent:
            name, at = next(iter(self._sent.items()))
            if at > limit and len(self._sent) <= MOST:
                return
            del self._sent[name]
            self._keep(f"message:{name}", None)

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(LOOK_AGAIN_S)
            self.expire()
