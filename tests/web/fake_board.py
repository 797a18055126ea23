"""The played web process for supervisors and admins: a floor that moves, and the API behind their pages.

python -m tests.web.fake_board [PORT [AGENTS GROUPS CHANGES_PER_S]]      then open 127.0.0.1:PORT
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from acd.core.service_level import ServiceLevelFormula
from acd.web.report_question import Question, asked
from tests.web import board_world, report_answers
from tests.web.board_world import BoardWorld
from tests.web.fake_desktop import FakeDesktop, Object

ADMIN: Object = {"username": "admin", "role": "admin", "agent": None, "name": "Maria Lopez"}


class FakeBoard(FakeDesktop):
    """Somebody with the role of an admin is signed in. `orders` has what the pages have asked for."""

    def __init__(self, agents: int = 24, groups: int = 8) -> None:
        super().__init__()
        self.session = ADMIN
        self.world = BoardWorld(time.time(), agents, groups)
        self.objects = {"centre": self.world.wallboard["centre"]}
        self.answers = board_world.answers(time.time())
        self.cards: dict[str, Object] = {card["id"]: card for card in self.answers["cards"]}
        self.listening = "none"
        """How far the phone is at which somebody listens."""
        self._sent = {"wallboard": 1, "calls": 1}

    async def move(self) -> None:
        """One thing happens on the floor."""
        for topic, (changed, gone) in self.world.step(time.time()).items():
            await self.tell(topic, changed, gone)

    async def tell(self, topic: str, changed: dict[str, Object], gone: list[str]) -> None:
        """This is so from now on, and pages that watch the topic are told."""
        objects = self.world.wallboard if topic == "wallboard" else self.world.calls
        objects.update(changed)
        for key in gone:
            objects.pop(key, None)
        if changed or gone:
            self._sent[topic] += 1
            await self._send(
                {"type": "change", "topic": topic, "n": self._sent[topic], "set": changed, "drop": gone}
            )

    async def run(self, changes_per_s: float) -> None:
        """The floor moves, until cancelled."""
        while True:
            await asyncio.sleep(1 / changes_per_s)
            await self.move()

    def _routes(self) -> list[web.RouteDef]:
        shown = {
            "/api/calls": "calls",
            "/api/config": "config",
            "/api/flows": "flows",
            "/api/versions": "versions",
            "/api/accounts": "accounts",
            "/api/tokens": "tokens",
            "/api/teams": "teams",
            "/api/webhooks": "webhooks",
            "/api/webhooks/{id}/deliveries": "deliveries",
            "/api/audit": "audit",
            "/api/customers/fields": "fields",
            "/api/customers/{id}/contacts": "contacts",
        }
        key = "acd_tRcFj0w9Q3mB7vXk"
        password = {"password": "correct-horse-battery"}
        return [
            *(web.get(path, self._shown(name)) for path, name in shown.items()),
            web.get("/api/calls/{id}/why", self._told(lambda _: {"why": self.answers["why"]})),
            web.get("/api/calls/{id}", self._told(lambda _: self.answers["story"])),
            web.get(
                "/api/reports/intervals",
                self._told(lambda _: {"intervals": board_world.intervals(time.time())}),
            ),
            web.get(
                "/api/reports",
                self._told(lambda request: report_answers.catalogue(request.query["language"])),
            ),
            web.get("/api/reports/{name}", self._report),
            web.get("/api/reports/{name}/calls", self._told(lambda _: self._behind())),
            web.get("/api/reports/{name}/file", self._file),
            web.get("/api/flows/{id}/picture", self._picture),
            web.get("/api/customers", self._told(self._found)),
            web.get("/api/customers/{id}", self._told(lambda request: self.cards[request.match_info["id"]])),
            web.post("/api/calls/{id}/{do:move|priority}", self._order),
            web.post("/api/agents/{id}/state", self._order),
            web.get("/api/spy", self._told(lambda _: {"state": self.listening})),
            web.post("/api/{do:spy|messages|announcements}", self._order),
            web.post("/api/accounts", self._made(lambda given: {"account": given, **password})),
            web.patch("/api/accounts/{id}", self._made(lambda given: given)),
            web.post("/api/accounts/{id}/password", self._made(lambda _: password)),
            web.post("/api/tokens", self._made(lambda given: {"token": given, "key": key})),
            web.post("/api/customers/import", self._import),
            web.patch("/api/customers/{id}", self._change_card),
            web.post("/api/customers/{id}/merge", self._merge),
            web.post("/api/customers/{id}/notes", self._note),
            *super()._routes(),
        ]

    def _shown(self, name: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        return self._told(lambda _: self.answers[name])

    def _told(self, value: Callable[[web.Request], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            return web.json_response(value(request))

        return answer

    def _made(self, value: Callable[[Object], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            given = await request.json()
            self.orders.append((request.path.removeprefix("/api/"), given))
            return web.json_response(value(given), status=201)

        return answer

    async def _report(self, request: web.Request) -> web.Response:
        lists = {"group", "agent", "team", "number", "flow", "segment"}
        given = {n: request.query.getall(n) if n in lists else request.query[n] for n in request.query}
        question = Question.model_validate(given)
        zone, name = ZoneInfo("Europe/Berlin"), request.match_info["name"]
        found = asked(name, question, zone, datetime.now(UTC), ServiceLevelFormula.OFFERED_MINUS_SHORT)
        return web.json_response(report_answers.table(found, question.language))

    def _behind(self) -> Object:
        return {"calls": self.answers["calls"], "after": None}

    async def _file(self, request: web.Request) -> web.Response:
        name = f"{request.match_info['name']}.{request.query['format']}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=b"figures", headers=headers)

    async def _picture(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.answers["picture"], content_type="image/svg+xml")

    def _found(self, request: web.Request) -> Object:
        sought = request.query.get("q", "").lower()
        found = [c for c in self.cards.values() if sought in json.dumps(c, ensure_ascii=False).lower()]
        return {"customers": found, "after": None, "partial": False}

    async def _import(self, request: web.Request) -> web.Response:
        self.orders.append(("customers/import", {"type": request.content_type, "text": await request.text()}))
        return web.json_response(self.answers["imported"])

    async def _change_card(self, request: web.Request) -> web.Response:
        given = await request.json()
        card = self.cards[request.match_info["id"]]
        self.orders.append((request.path.removeprefix("/api/"), given))
        if given.pop("version") != card["version"]:
            return web.json_response(
                {"error": "version-conflict", "message": "somebody else has changed it"}, status=409
            )
        fields = {**card["fields"], **given.pop("fields", {})}
        card |= {
            **given,
            "fields": {k: v for k, v in fields.items() if v is not None},
            "version": card["version"] + 1,
        }
        return web.json_response(card)

    async def _note(self, request: web.Request) -> web.Response:
        card = self.cards[request.match_info["id"]]
        note = {"at": time.time(), "by": "admin", "text": (await request.json())["text"]}
        card |= {"notes": [note, *card["notes"]], "version": card["version"] + 1}
        return web.json_response(card, status=201)

    async def _merge(self, request: web.Request) -> web.Response:
        other = self.cards.pop((await request.json())["other"])
        card = self.cards[request.match_info["id"]]
        card |= {"numbers": [*card["numbers"], *other["numbers"]], "version": card["version"] + 1}
        return web.json_response(card)

    async def _heard(self, socket: web.WebSocketResponse, topics: set[str], order: Object) -> None:
        new = set(order.get("topics", ())) - topics
        await super()._heard(
            socket, topics, {**order, "topics": [t for t in order.get("topics", ()) if t not in self._sent]}
        )
        topics.update(order.get("topics", ()))
        for topic in new & self._sent.keys():
            data = self.world.wallboard if topic == "wallboard" else self.world.calls
            await socket.send_json({"type": "all", "topic": topic, "n": self._sent[topic], "data": data})


async def _serve(port: int, agents: int, groups: int, changes_per_s: float) -> None:
    fake = FakeBoard(agents, groups)
    await fake.start(port)
    sys.stdout.write(f"{fake.address}\n")
    await fake.run(changes_per_s)


if __name__ == "__main__":
    usual = ["8091", "24", "8", "2"]
    port, agents, groups, rate = sys.argv[1:] + usual[len(sys.argv) - 1 :]
    asyncio.run(_serve(int(port), int(agents), int(groups), float(rate)))
