"""The controller's own `GET /health`: 200 while calls are being routed, 503 with the reason otherwise.

And `GET /metrics`, for Prometheus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

KEPT_S = 75.0
"""So long a connection may say nothing, or half a request: longer than Prometheus waits between two."""


async def start_health_page(
    host: str, port: int, health: Callable[[], Mapping[str, Any]], metrics: Callable[[], bytes]
) -> web.AppRunner:
    """Serve `health()`, whose key 'ok' decides the status, and `metrics()`.

    Raises OSError when the port is taken.
    """

    async def answer(_request: web.Request) -> web.Response:
        facts = health()
        return web.json_response(dict(facts), status=200 if facts["ok"] else 503)

    async def tell(_request: web.Request) -> web.Response:
        return web.Response(body=metrics(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/metrics", tell)
    app.router.add_get("/health", answer)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=KEPT_S)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
