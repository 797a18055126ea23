"""The controller's own `GET /health`: 200 while calls are being routed, 503 with the reason otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web


async def start_health_page(host: str, port: int, health: Callable[[], Mapping[str, Any]]) -> web.AppRunner:
    """Serve `health()`; its key 'ok' decides the status. Raises OSError when the port is taken."""

    async def answer(_request: web.Request) -> web.Response:
        facts = health()
        return web.json_response(dict(facts), status=200 if facts["ok"] else 503)

    app = web.Application()
    app.router.add_get("/health", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
