"""A web process that is played: the built pages with an API and a feed whose world the caller moves by hand.

For looking at pages without a telephone system, and for tests of pages alone:

    python -m tests.web.fake_desktop [PORT]      then open 127.0.0.1:PORT, and /fake/ring, /fake/wrap-up, …
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from tests.web import fake_world

PAGES = Path(__file__).parents[2] / "acd/web/pages"
NONCE_PLACE = "__CSP_NONCE__"
FOREVER = "public, max-age=31536000, immutable"
Object = dict[str, Any]


class FakeDesktop:
    """`objects` is what the topic `me` shows; `orders` is what the pages have asked for, in order."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = fake_world.objects(time.time())
        self.tasks: list[Object] = fake_world.tasks(time.time())
        self.pop: Object = fake_world.pop(time.time())
        self.session: Object | None = None
        self.language = "en"
        self.theme = "light"
        self.must_change = False
        self.orders: list[tuple[str, Object]] = []
        self.drafts: dict[str, Object] = {}
        self.refuse: tuple[int, str] | None = None
        """What the next order is answered, instead of being carried out."""
        self.violations: list[Object] = []
        self.address = ""
        self._sockets: dict[web.WebSocketResponse, set[str]] = {}
        self._n = 1
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> None:
        app = web.Application()
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self.cut()
        if self._runner is not None:
            await self._runner.cleanup()

    # --- the world ---

    @property
    def me(self) -> Object:
        return self.objects["agent:anna"]

    async def show(self, *, drop: list[str] | None = None, **changed: Object) -> None:
        """Change objects (`agent__anna={…}`: those fields) and tell the pages."""
        changes: dict[str, Object] = {}
        for name, fields in changed.items():
            key = name.replace("__", ":")
            changes[key] = {**self.objects.get(key, {}), **fields}
        self.objects.update(changes)
        for key in drop or []:
            self.objects.pop(key, None)
        self._n += 1
        await self._send({"type": "change", "topic": "me", "n": self._n, "set": changes, "drop": drop or []})

    async def play(self, what: str) -> None:
        """One of the scenes of `fake_world`: ring, talk, hold, consult, conference, wrap-up, ready, …"""
        scene = fake_world.SCENES[what](time.time())
        await self.show(drop=scene.pop("drop", None), **scene)

    async def away(self, *, away: bool) -> None:
        """The controller is away, or back."""
        await self._send({"type": "link", "controller": "away" if away else "up"})

    async def cut(self) -> None:
        """All WebSockets break."""
        for socket in list(self._sockets):
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()

    async def _send(self, message: Object) -> None:
        for socket, topics in list(self._sockets.items()):
            if message.get("topic", "me") in topics and not socket.closed:
                with contextlib.suppress(ConnectionError):
                    await socket.send_str(json.dumps({**message, "now_s": time.time()}))

    # --- HTTP ---

    def _routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/session", self._who),
            web.post("/api/session", self._sign_in),
            web.patch("/api/session", self._taste),
            web.delete("/api/session", self._sign_out),
            web.post("/api/session/password", self._password),
            web.get("/api/live", self._live),
            web.get("/api/me/phone", self._answer(fake_world.PHONES)),
            web.get("/api/me/figures", self._answer(fake_world.FIGURES)),
            web.get("/api/me/pop/{call}", self._pop),
            web.get("/api/me/drafts", self._unsent),
            web.get("/api/me/draft/{call}", self._draft),
            web.delete("/api/me/draft/{call}", self._drop_draft),
            web.put("/api/me/draft/{call}", self._keep_draft),
            web.post("/api/me/{what:state|call|wrap-up}", self._order),
            web.get("/api/targets", self._answer(fake_world.TARGETS)),
            web.get("/api/customers", self._answer({"customers": fake_world.CANDIDATES})),
            web.get("/api/customers/fields", self._answer(fake_world.FIELDS)),
            web.post("/api/customers", self._new_customer),
            web.post("/api/customers/{id}/notes", self._order),
            web.get("/api/dispositions", self._answer(fake_world.DISPOSITIONS)),
            web.get("/api/inbox", self._inbox),
            web.post("/api/inbox/{kind}/{id}", self._task),
            web.get("/fake/{scene}", self._scene),
            web.get("/{path:.*}", self._page),
        ]

    def _answer(self, value: Any) -> Any:
        async def answer(request: web.Request) -> web.Response:
            return web.json_response(value)

        return answer

    async def _page(self, request: web.Request) -> web.StreamResponse:
        file = PAGES / request.match_info["path"]
        if file.is_file() and file.name != "index.html":
            return web.FileResponse(file, headers={"Cache-Control": FOREVER})
        nonce = secrets.token_urlsafe(16)
        text = (PAGES / "index.html").read_text(encoding="utf-8").replace(NONCE_PLACE, nonce)
        policy = (
            f"default-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; object-src 'none'"
        )
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})

    async def _who(self, request: web.Request) -> web.Response:
        if self.session is None:
            return _refused(401, "not-signed-in", "sign in first")
        return web.json_response(self._session())

    def _session(self) -> Object:
        return {
            **(self.session or {}),
            "language": self.language,
            "theme": self.theme,
            "must_change_password": self.must_change,
        }

    async def _sign_in(self, request: web.Request) -> web.Response:
        given = await request.json()
        if given["password"] != "right":
            return _refused(401, "wrong-credentials", "the user name or the password is wrong")
        self.session = {"username": given["username"], "role": "agent", "agent": "anna", "name": "Anna Weber"}
        return web.json_response(self._session())

    async def _taste(self, request: web.Request) -> web.Response:
        given = await request.json()
        self.language, self.theme = given.get("language", self.language), given.get("theme", self.theme)
        return web.json_response(self._session())

    async def _sign_out(self, request: web.Request) -> web.Response:
        self.session = None
        return web.Response(status=204)

    async def _password(self, request: web.Request) -> web.Response:
        self.must_change = False
        return web.json_response(self._session())

    async def _order(self, request: web.Request) -> web.Response:
        if self.refuse is not None:
            status, code = self.refuse
            self.refuse = None
            return _refused(status, code, "it was refused")
        given = await request.json()
        self.orders.append((request.path.removeprefix("/api/"), given))
        if request.path.endswith("/wrap-up"):
            self.drafts.pop(given["call"], None)
        return web.json_response({"ok": True})

    async def _new_customer(self, request: web.Request) -> web.Response:
        card = {**fake_world.CARD, **await request.json(), "id": "new"}
        self.orders.append(("customers", card))
        return web.json_response(card)

    async def _pop(self, request: web.Request) -> web.Response:
        return web.json_response({**self.pop, "call": {"id": request.match_info["call"]}})

    async def _draft(self, request: web.Request) -> web.Response:
        return web.json_response({"draft": self.drafts.get(request.match_info["call"])})

    async def _keep_draft(self, request: web.Request) -> web.Response:
        self.drafts[request.match_info["call"]] = (await request.json())["draft"]
        return web.json_response({})

    async def _drop_draft(self, request: web.Request) -> web.Response:
        self.drafts.pop(request.match_info["call"], None)
        return web.Response(status=204)

    async def _unsent(self, request: web.Request) -> web.Response:
        about = {"group": "sales", "name": "Katharina", "number": "+4930", "started_at": time.time() - 600}
        return web.json_response(
            {"drafts": [{"call": call, "draft": draft, **about} for call, draft in self.drafts.items()]}
        )

    async def _inbox(self, request: web.Request) -> web.Response:
        kind = request.query.get("kind")
        return web.json_response({"tasks": [task for task in self.tasks if kind in (None, task["kind"])]})

    async def _task(self, request: web.Request) -> web.Response:
        given = await request.json()
        task = next(one for one in self.tasks if one["id"] == request.match_info["id"])
        task["state"] = {"take": "assigned", "done": "done", "release": "released"}.get(
            given["do"], task["state"]
        )
        task["agent"] = None if task["state"] == "released" else "anna"
        self.orders.append((request.path.removeprefix("/api/"), given))
        return web.json_response(task)

    async def _scene(self, request: web.Request) -> web.Response:
        await self.play(request.match_info["scene"])
        return web.Response(text="done")

    # --- the feed ---

    async def _live(self, request: web.Request) -> web.StreamResponse:
        if self.session is None:
            return _refused(401, "not-signed-in", "sign in first")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        topics: set[str] = set()
        self._sockets[socket] = topics
        try:
            await socket.send_json({"type": "hello", "now_s": time.time(), "boot": "fake", "session": {}})
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._heard(socket, topics, json.loads(message.data))
        finally:
            del self._sockets[socket]
        return socket

    async def _heard(self, socket: web.WebSocketResponse, topics: set[str], order: Object) -> None:
        if order["do"] == "ping":
            await socket.send_json({"type": "pong", "now_s": time.time()})
        elif order["do"] == "watch":
            new = set(order["topics"]) - topics
            topics.clear()
            topics.update(order["topics"])
            for topic in new:
                data = {"me": self.objects, "inbox": {"inbox": {"changed_at": time.time()}}}.get(topic, {})
                await socket.send_json({"type": "all", "topic": topic, "n": self._n, "data": data})


def _refused(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": code, "message": message}, status=status)


async def _serve(port: int) -> None:
    fake = FakeDesktop()
    await fake.start(port)
    sys.stdout.write(
        f"{fake.address}  (any user name, password: right)  /fake/NAME: {', '.join(fake_world.SCENES)}\n"
    )
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]) if len(sys.argv) > 1 else 8090))
