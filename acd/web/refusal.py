"""What a request is refused with: one exception, one shape on the wire.

    {"error": CODE, "message": TEXT, "fields": {FIELD: TEXT, …}}

CODE is stable and for programs, TEXT is English and for people, `fields` (with 400 and 422) names what is
wrong in the request: `body.note`, `query.limit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import web

from acd.errors import AcdError


class Refusal(AcdError):
    """Raise it anywhere in a handler; `status` is that of HTTP."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.fields = fields
        self.headers = headers
        super().__init__(message)

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        told: dict[str, Any] = {"error": self.code, "message": str(self)}
        return told if self.fields is None else {**told, "fields": dict(self.fields)}

    def response(self) -> web.Response:
        """The answer."""
        body = orjson.dumps(self.as_json())
        return web.Response(
            status=self.status, body=body, content_type="application/json", headers=self.headers
        )


def wrong(fields: Mapping[str, str]) -> Refusal:
    """400: these fields are wrong, for these reasons."""
    said = "; ".join(f"{name}: {reason}" for name, reason in fields.items())
    return Refusal(400, "bad-request", f"the request is wrong: {said}", fields)


def not_found(what: str, name: object) -> Refusal:
    """404: there is no `what` of this name."""
    return Refusal(404, "not-found", f"there is no {what} {str(name)[:100]!r}")


def forbidden(message: str, code: str = "forbidden") -> Refusal:
    """403: it is known who asks, and that is not enough."""
    return Refusal(403, code, message)


def other_team() -> Refusal:
    """403: it is, if it is at all, of a team that the rights of whoever asks are not for."""
    return forbidden("that is of a team for which you have no rights", "other-team")


def away(code: str, message: str) -> Refusal:
    """503: a part that is needed cannot be reached at the moment; trying again later may help."""
    return Refusal(503, code, message, headers={"Retry-After": "2"})
