"""A provider of OpenID Connect that the tests play: on loopback, with real keys, and as strict as a real one.

`person` is who sits at it; `forge` may change a token before it is given away.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote, urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "acd", "a secret: of/the+client"


@cache
def rsa_key(name: str) -> RSAKey:
    """One for each name; to make one takes a tenth of a second."""
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


@cache
def ec_key(name: str) -> ECKey:
    """The same of another kind."""
    return ECKey.generate_key("P-256", {"kid": name, "use": "sig"})


def signed(claims: dict[str, Any], key: Any, algorithm: str = "RS256", **header: Any) -> str:
    """A token."""
    told = {"alg": algorithm, "kid": key.kid, **header}
    return jwt.encode(told, claims, key, algorithms=[algorithm])


@dataclass
class FakeProvider:
    """Keys it signs with and publishes, who signs in there, and what it was asked."""

    issuer: str = ""
    key: Any = field(default_factory=lambda: rsa_key("one"))
    published: list[Any] = field(default_factory=lambda: [rsa_key("one")])
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "s-1", "preferred_username": "susan"})
    forge: Callable[[dict[str, Any]], str] | None = None
    by_hand: bool = False
    refuses: tuple[str, str] | None = None
    away: bool = False
    asked: list[str] = field(default_factory=list)
    described: dict[str, Any] = field(default_factory=dict)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/realm/.well-known/openid-configuration", self._describe),
            web.get("/realm/keys", self._keys),
            web.get("/realm/authorize", self._authorize),
            web.get("/realm/allow", self._allow),
            web.post("/realm/token", self._token),
            web.get("/realm/out", self._out),
        ]

    async def _describe(self, request: web.Request) -> web.Response:
        self.asked.append("description")
        if self.away:
            return web.Response(status=502, text="<h1>bad gateway</h1>", content_type="text/html")
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/out",
        }
        return web.json_response({**told, **self.described})

    async def _keys(self, request: web.Request) -> web.Response:
        self.asked.append("keys")
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.published]})

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        asked = dict(request.query)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        self.asked.append("authorize")
        back = urlencode(asked)
        if self.by_hand:
            page = f"<!doctype html><title>Example ID</title><a href='allow?{back}'>Yes, it is me</a>"
            return web.Response(text=page.replace("&", "&amp;"), content_type="text/html")
        return await self._allow(request)

    async def _allow(self, request: web.Request) -> web.StreamResponse:
        asked = dict(request.query)
        told = {"state": asked["state"]}
        if self.refuses is not None:
            told |= dict(zip(("error", "error_description"), self.refuses, strict=True))
        else:
            code = secrets.token_urlsafe(16)
            self._codes[code] = asked
            told["code"] = code
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(told)}")

    async def _token(self, request: web.Request) -> web.Response:
        self.asked.append("token")
        form = await request.post()
        kind, _, pair = request.headers.get("Authorization", "").partition(" ")
        given = base64.b64decode(pair).decode().split(":")
        if kind != "Basic" or [unquote(part) for part in given] != [CLIENT, SECRET]:
            return web.json_response({"error": "invalid_client"}, status=401)
        asked = self._codes.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or challenge != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
        ):
            fault = {"error": "invalid_grant", "error_description": "<b>no\nsuch</b> code"}
            return web.json_response(fault, status=400)
        claims = self.claims(asked["nonce"])
        token = signed(claims, self.key) if self.forge is None else self.forge(claims)
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": token})

    async def _out(self, request: web.Request) -> web.Response:
        self.asked.append("out")
        return web.Response(text="You are signed out of Example ID.")

    def claims(self, nonce: str) -> dict[str, Any]:
        """As they ought to be."""
        now = int(time.time())
        told = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        return {**told, **self.person}


@asynccontextmanager
async def fake_provider() -> AsyncIterator[FakeProvider]:
    """At a port of its own."""
    provider = FakeProvider()
    app = web.Application()
    app.add_routes(provider.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}/realm"
    try:
        yield provider
    finally:
        await runner.cleanup()
