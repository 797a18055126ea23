"""The provider as its discovery document describes it, its keys, and the exchange of a code for a token."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import structlog

from acd.settings.single_sign_on import OidcSettings, is_safe_address
from acd.web.sso.fetching import ProviderAway, fetch_json
from acd.web.sso.id_token import Expected, UnknownKey, Untrusted, verified

log = structlog.get_logger(__name__)

DESCRIPTION_S = 3600.0
KEYS_S = 3600.0
"""So long what it publishes is used before it is read again."""
AGAIN_S = 60.0
"""For a key that is not known they are read at most so often."""
FAILED_S = 5.0
"""After a failure nobody asks for so long."""


class ProviderRefused(Untrusted):
    """The provider gives no token for the code; the text is its own, cleaned."""


@dataclass(frozen=True, slots=True)
class Description:
    """Of the discovery document. `sign_out`: where its own sessions end; None: it does not say."""

    authorization: str
    token: str
    keys: str
    sign_out: str | None
    secret_in_body: bool


class Provider:
    """One provider for the life of one configuration; `now` is monotonic."""

    def __init__(
        self, settings: OidcSettings, secret: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self._secret = secret
        self._now = now
        self._description: tuple[float, Description] | None = None
        self._keys: tuple[float, list[Mapping[str, Any]]] | None = None
        self._failed: tuple[float, str] | None = None
        self._reading = asyncio.Lock()

    async def description(self) -> Description:
        """Raises ProviderAway."""
        async with self._reading:
            kept = self._description
            if kept is not None and self._now() - kept[0] < DESCRIPTION_S:
                return kept[1]
            if self._failed is not None and self._now() - self._failed[0] < FAILED_S:
                raise ProviderAway(self._failed[1])
            try:
                found = await self._read()
            except ProviderAway as error:
                self._failed = self._now(), str(error)
                raise
            self._description = self._now(), found
            return found

    def sign_out_address(self) -> str | None:
        """Where the provider signs people out, as far as that is known by now."""
        place = None if self._description is None else self._description[1].sign_out
        if place is None:
            return None
        asked = {
            "client_id": self.settings.client_id,
            "post_logout_redirect_uri": self.settings.desktop_url + "/",
        }
        return with_query(place, asked)

    async def authorization_address(self, state: str, nonce: str, challenge: str) -> str:
        """Where the browser is to go. Raises ProviderAway."""
        place = (await self.description()).authorization
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.settings.redirect_uri,
            "scope": " ".join(dict.fromkeys(("openid", *self.settings.scopes))),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return with_query(place, asked)

    async def claims_of(self, code: str, verifier: str, nonce: str) -> dict[str, Any]:
        """Of the token that the code is exchanged for. Raises ProviderAway, Untrusted."""
        description = await self.description()
        token = await self._exchange(description, code, verifier)
        expected = Expected(self.settings.issuer, self.settings.client_id, nonce, int(time.time()))
        try:
            return verified(token, await self._published(description, KEYS_S), expected)
        except UnknownKey:  # it has begun to sign with another one
            return verified(token, await self._published(description, AGAIN_S), expected)

    async def _read(self) -> Description:
        place = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        status, told = await fetch_json(place)
        if status != 200:
            raise ProviderAway(f"{place}: status {status}")
        if told.get("issuer") != self.settings.issuer:
            raise ProviderAway(f"{place}: it calls itself another issuer than the configuration does")
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        sign_out = told.get("end_session_endpoint")
        return Description(
            _address(told, "authorization_endpoint"),
            _address(told, "token_endpoint"),
            _address(told, "jwks_uri"),
            sign_out if isinstance(sign_out, str) and is_safe_address(sign_out) else None,
            isinstance(methods, list)
            and "client_secret_basic" not in methods
            and "client_secret_post" in methods,
        )

    async def _published(self, description: Description, fresh_s: float) -> list[Mapping[str, Any]]:
        async with self._reading:
            if self._keys is not None and self._now() - self._keys[0] < fresh_s:
                return self._keys[1]
            status, told = await fetch_json(description.keys)
            keys = told.get("keys")
            if status != 200 or not isinstance(keys, list):
                raise ProviderAway(f"{description.keys}: status {status}, and no keys")
            self._keys = self._now(), keys
            return keys

    async def _exchange(self, description: Description, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        if self._secret and not description.secret_in_body:
            pair = f"{quote(self.settings.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form["client_id"] = self.settings.client_id
            if self._secret:
                form["client_secret"] = self._secret
        status, told = await fetch_json(description.token, form, headers)
        token = told.get("id_token")
        if status == 200 and isinstance(token, str):
            return token
        if 400 <= status < 500:
            said = cleaned(told.get("error"), told.get("error_description"))
            raise ProviderRefused(said or f"status {status}")
        raise ProviderAway(f"{description.token}: status {status}, and no ID token")


def cleaned(*said: object) -> str:
    """What a provider says, for people: one line, not long."""
    words = " – ".join(text for text in said if isinstance(text, str) and text)
    return "".join(c if c.isprintable() else " " for c in words)[:200].strip()


def with_query(place: str, asked: Mapping[str, str]) -> str:
    """The address with these parameters behind those that it may have."""
    return f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}"


def _address(told: Mapping[str, Any], name: str) -> str:
    found = told.get(name)
    if not isinstance(found, str) or not is_safe_address(found):
        raise ProviderAway(f"the provider's {name} is missing, or not https")
    return found
