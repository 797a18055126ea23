"""The desktop's pages as the build left them in `acd/web/pages/`: index.html, and files it names by hash."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web

from acd.web.refusal import not_found

FOLDER = Path(__file__).with_name("pages")
NONCE = "__CSP_NONCE__"
"""Stands in index.html where the nonce of this answer is put: styles that carry it are ours."""
ASSETS = "assets/"
WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
"""Of the files: a worker is under the policy that its own script came with, and keeps the live connection."""
_FOREVER = "public, max-age=31536000, immutable"
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>acd</title>
<h1>The pages are not built yet</h1>
<p>Run <code>script/bootstrap</code> in the checkout, then load this page again.
The API is at <code>/api/openapi.json</code>.</p>
</html>
"""


def policy(nonce: str) -> str:
    """The Content-Security-Policy of a page: nothing from elsewhere, no script or style within it."""
    return "; ".join(
        (
            "default-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "media-src 'self' blob:",
            "worker-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class Pages:
    """Serves the files of a folder; any other path is the desktop's own, which index.html takes care of."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler of all that nothing else answers."""
        name = request.path.lstrip("/")
        if name.startswith("api/"):
            raise not_found("page", request.path)
        file = self._file(name)
        if file is not None and file.name != "index.html":
            kept = _FOREVER if name.startswith(ASSETS) else "no-cache"
            headers = {hdrs.CACHE_CONTROL: kept, "Content-Security-Policy": WORKER_POLICY}
            return web.FileResponse(file, headers=headers)
        if name.startswith(ASSETS):
            raise not_found("file", request.path)
        return self._index()

    def _file(self, name: str) -> Path | None:
        """A file below the folder, wherever the name tries to lead."""
        if not name or not name.isprintable():
            return None
        try:
            path = (self._folder / name).resolve()
            return path if path.is_relative_to(self._folder.resolve()) and path.is_file() else None
        except (OSError, ValueError):
            return None

    def _index(self) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        headers: dict[str, Any] = {
            "Content-Security-Policy": policy(nonce),
            "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
            hdrs.CACHE_CONTROL: "no-store",
        }
        try:
            text = (self._folder / "index.html").read_text(encoding="utf-8")
        except FileNotFoundError:
            return web.Response(text=_NOT_BUILT, status=503, content_type="text/html", headers=headers)
        return web.Response(text=text.replace(NONCE, nonce), content_type="text/html", headers=headers)
