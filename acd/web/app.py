"""The web application: routes, and what holds for every answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiohttp import web

from acd.errors import OperatorError
from acd.web.openapi import document_route
from acd.web.refusal import Refusal, away
from acd.web.route import Route
from acd.web.services import Services
from acd.web.serving import handler_of

log = structlog.get_logger(__name__)

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
POLICY = "Content-Security-Policy"
TLS_FROM_NOW_ON = "max-age=31536000"
"""Told where we end TLS ourselves; a proxy that does so says it itself."""


def make_app(services: Services, routes: Sequence[Route]) -> web.Application:
    """An application of these routes, and of the document that describes them."""
    app = web.Application(middlewares=[_refusals], client_max_size=0)
    app.on_response_prepare.append(_secure)
    for route in (*routes, document_route(routes)):
        app.router.add_route(route.method, route.plain_path, handler_of(route, services))
    return app


async def _secure(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault(POLICY, API_POLICY)
    if request.secure:
        response.headers.setdefault("Strict-Transport-Security", TLS_FROM_NOW_ON)


@web.middleware
async def _refusals(request: web.Request, handler: Next) -> web.StreamResponse:
    """Every refusal in one shape; a fault of ours is logged and answered with 500, without its details."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return refusal.response()
    except web.HTTPMethodNotAllowed as error:
        allowed = {"Allow": error.headers["Allow"]}
        text = f"{error.method} is not possible here"
        return Refusal(405, "method-not-allowed", text, headers=allowed).response()
    except web.HTTPException as error:
        return Refusal(error.status, error.reason.lower().replace(" ", "-"), error.reason).response()
    except OperatorError as error:
        log.error("a request failed", method=request.method, path=request.path, reason=str(error))
        return away("unavailable", str(error)).response()
    except Exception:
        log.exception("a request failed", method=request.method, path=request.path)
        return Refusal(500, "internal", "the server could not do that; its log says why").response()
    finally:
        structlog.contextvars.unbind_contextvars("user")  # the next request here may be somebody else's
