"""Whether a request comes from our own pages: what keeps other sites' pages from acting in a user's name.

A browser says with `Origin` which page a changing request or a WebSocket comes from, and no page can forge
it. Ours are those of the host that the request was sent to. The scheme is not compared: behind a proxy that
ends TLS we do not see it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import hdrs, web

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def is_ours(request: web.Request) -> bool:
    """Whether `Origin` is there and names the host of this request."""
    origin, host = request.headers.getall(hdrs.ORIGIN, []), request.headers.get(hdrs.HOST)
    if (
        len(origin) != 1
        or host is None
        or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
    ):
        return False
    try:
        parts = urlsplit(origin[0])
        default = _DEFAULT_PORTS.get(parts.scheme)
        asked = urlsplit(f"//{host}")
        if parts.path or parts.query or parts.fragment or parts.username is not None or default is None:
            return False
        mine = (asked.hostname, asked.port or default)
        return parts.hostname is not None and (parts.hostname, parts.port or default) == mine
    except ValueError:
        return False


def is_foreign(request: web.Request) -> bool:
    """Whether a browser says that it comes from a page that is not ours."""
    return hdrs.ORIGIN in request.headers and not is_ours(request)
