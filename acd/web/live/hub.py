"""Brings changes of the live picture to the browsers that watch: one text for all who watch the same."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aiohttp import WSCloseCode

from acd.web.asker import Asker
from acd.web.link import Link
from acd.web.live.bounded import BoundedPicture, BoundedPictures
from acd.web.live.client import Client
from acd.web.live.mine import CENTRE, MESSAGE, Shares, view
from acd.web.live.topics import KINDS, ME, WALLBOARD, Topic, bound_of, key_of, parts_of, text_of
from acd.web.picture import Object, Picture

CHECK_EVERY_S = 2.0


class Hub:
    """`wallboard_watched` is called when the first begins to watch the figures."""

    def __init__(self, picture: Picture, link: Link) -> None:
        self._picture = picture
        self._link = link
        self._shares = Shares()
        self._bounded = BoundedPictures(picture)
        self._bounded_mine: set[str] = set()
        self._topics: dict[str, Topic] = {}
        self._clients: set[Client] = set()
        self.boot = secrets.token_hex(8)
        self.wallboard_watched: Callable[[], None] = lambda: None
        picture.listen(self._changed)
        link.on_link = self._link_changed

    @property
    def clients(self) -> int:
        """How many browsers there are."""
        return len(self._clients)

    def is_watched(self, topic: str) -> bool:
        """Whether anybody watches it."""
        return any(f"{topic}{bound}" in self._topics for bound in ("", *self._bounded.all()))

    def bounded_pictures(self) -> list[BoundedPicture]:
        """Those that are looked at by who has rights for some teams."""
        return list(self._bounded.all().values())

    # --- browsers come and go ----------------------------------------------------------------------
    def come(self, client: Client) -> None:
        """A browser is there: it is greeted, and its agent has a desktop open."""
        self._clients.add(client)
        asker = client.asker
        if asker.agent is not None:
            self._link.here(asker.agent)
        session = {"username": asker.name, "role": asker.role.value, "agent": asker.agent}
        hello = {"type": "hello", "now_s": self._link.now_s(), "boot": self.boot, "session": session}
        client.push(text_of(hello))
        client.push(self._link_text())

    def go(self, client: Client) -> None:
        """It has gone."""
        self._clients.discard(client)
        for key in client.topics:
            self._leave(client, key)
        client.topics.clear()
        if client.asker.agent is not None:
            self._link.gone(client.asker.agent)

    def watch(self, client: Client, topics: list[str]) -> None:
        """These and no others from now on; what is new is shown whole. Those that may not be are refused."""
        wanted = {}
        for topic in topics:
            key = key_of(topic, client.asker)
            if key is None:
                client.push(_refused(topic, "unknown-topic"))
            elif topic in KINDS and not client.asker.role.includes(KINDS[topic].role):
                client.push(_refused(topic, "role-missing"))
            else:
                wanted[key] = topic
        for key in client.topics - wanted.keys():
            self._leave(client, key)
        fresh = [key for key in wanted if key not in client.topics]
        client.topics = set(wanted)
        for key in fresh:
            self._topic(key, wanted[key], client.asker).add(client)

    def show(self, client: Client, topic: str) -> None:
        """A topic that it watches, whole, once more."""
        key = key_of(topic, client.asker)
        if key in client.topics:
            self._topics[key].show(client)

    def _topic(self, key: str, name: str, asker: Asker) -> Topic:
        if key not in self._topics:
            self._topics[key] = Topic(name, self._view(name, asker))
            if name == WALLBOARD:
                self.wallboard_watched()
        return self._topics[key]

    def _view(self, name: str, asker: Asker) -> dict[str, Object]:
        objects, bound = self._picture.objects, bound_of(asker)
        if asker.teams is not None:
            heard = partial(self._changed_kinds, bound)
            objects = self._bounded.of(bound, asker.teams, heard).objects
        if name == ME:
            if bound:
                self._bounded_mine.add(f"{ME} {asker.agent or ''}{bound}")
            return self._mine(asker.agent, bound)
        has = KINDS[name].has
        return {key: value for key, value in objects.items() if has(key)}

    def _mine(self, agent: str | None, bound: str) -> dict[str, Object]:
        """What is an agent's own is so whatever the rights over others; the centre is told within those."""
        found = view(agent, self._picture.objects, self._shares)
        if bound and CENTRE in found:
            found[CENTRE] = self._bounded.all()[bound].objects[CENTRE]
        return found

    def _leave(self, client: Client, key: str) -> None:
        topic = self._topics[key]
        topic.clients.discard(client)
        if not topic.clients:
            del self._topics[key]
            self._bounded_mine.discard(key)
            bound = parts_of(key)[1]
            if bound and not any(parts_of(other)[1] == bound for other in self._topics):
                self._bounded.drop(bound)

    # --- the picture changes -----------------------------------------------------------------------
    def _changed(self, changed: Mapping[str, Object], dropped: list[str]) -> None:
        touched = self._shares.change(changed, dropped)
        self._changed_kinds("", changed, dropped)
        everybody = any(key == CENTRE or key.startswith(MESSAGE) for key in (*changed, *dropped))
        mine = [key for key in self._topics if key.startswith(f"{ME} ")] if everybody else None
        touched_keys = [*(f"{ME} {agent}" for agent in touched), *self._bounded_mine]
        for key in mine if mine is not None else touched_keys:
            if (topic := self._topics.get(key)) is not None:
                self._changed_of(topic, key)

    def _changed_kinds(self, bound: str, changed: Mapping[str, Object], dropped: list[str]) -> None:
        """Of the whole picture (''), or of the one that these see whose rights are for some teams."""
        for name, kind in KINDS.items():
            if (topic := self._topics.get(f"{name}{bound}")) is not None:
                topic.change(
                    {key: value for key, value in changed.items() if kind.has(key)},
                    [key for key in dropped if kind.has(key)],
                )

    def _changed_of(self, topic: Topic, key: str) -> None:
        name, bound = parts_of(key)
        now = self._mine(name.removeprefix(f"{ME} ") or None, bound)
        had = topic.data
        topic.change(
            {key: value for key, value in now.items() if had.get(key) != value},
            [key for key in had if key not in now],
        )

    def _link_changed(self, _up: bool) -> None:
        text = self._link_text()
        for client in self._clients:
            client.push(text)

    def _link_text(self) -> str:
        return text_of({"type": "link", "controller": "up" if self._link.up else "away"})

    # --- whether all is well -----------------------------------------------------------------------
    async def run(self) -> None:
        """Until cancelled: end what does not keep up, or is silent."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            now = time.monotonic()
            for client in list(self._clients):
                client.check(now)

    def close(self) -> None:
        """The process ends; browsers come back to the next."""
        for client in list(self._clients):
            client.close(WSCloseCode.SERVICE_RESTART, "restart")


def _refused(topic: Any, why: str) -> str:
    return text_of({"type": "refused", "topic": str(topic)[:50], "error": why})
