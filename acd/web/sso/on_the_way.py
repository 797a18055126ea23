"""What the browser keeps while its user is at the provider: sealed, so that it can neither be read nor made.

Nothing of it is kept here, so that any web process can take up what another has begun.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from dataclasses import asdict, dataclass
from http.cookies import SimpleCookie

from acd.accounts.sealing import Sealer
from acd.errors import OperatorError
from acd.settings.single_sign_on import CALLBACK

LIFE_S = 600
"""For signing in there, with whatever that takes."""
LONGEST = 4096
_OWNER = "a sign-in on its way"
START = "/"
NEXT_MAX = 500


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """`state`, `nonce` and `verifier` are of this sign-in alone; `next` is a page of ours.

    `username`: who has come back from the provider, and still has to show our own second factor.
    """

    state: str
    nonce: str
    verifier: str
    next: str
    until: int
    username: str | None = None

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (PKCE, S256)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def begin(next_page: str, now: float | None = None) -> OnTheWay:
    """A new one. A `next_page` that is none of ours is the start page."""
    until = int(time.time() if now is None else now) + LIFE_S
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return OnTheWay(state, nonce, verifier, own_page(next_page), until)


def own_page(path: str) -> str:
    """The path, where it can lead nowhere but to a page of ours; else that of the start page."""
    plain = path.isascii() and path.isprintable() and not set(path) & set(" \\\"'<>`")
    if (
        not plain
        or len(path) > NEXT_MAX
        or not path.startswith("/")
        or path.startswith(("//", "/api/", CALLBACK))
    ):
        return START
    return path


def sealed(way: OnTheWay, sealer: Sealer) -> str:
    """As a cookie keeps it."""
    return sealer.seal(json.dumps(asdict(way)), _OWNER).replace("+", "-").replace("/", "_").replace("=", "~")


def opened(kept: str | None, sealer: Sealer, now: float | None = None) -> OnTheWay | None:
    """None: it is none of ours, or its time is over."""
    if not kept or len(kept) > LONGEST or not kept.isascii():
        return None
    try:
        text = sealer.open(kept.replace("-", "+").replace("_", "/").replace("~", "="), _OWNER)
    except OperatorError:
        return None
    way = OnTheWay(**json.loads(text))
    return way if (time.time() if now is None else now) < way.until else None


def cookie_name(*, over_tls: bool) -> str:
    """With the prefix by which browsers let no other host and no page without TLS set it."""
    return "__Host-acd_sso" if over_tls else "acd_sso"


def cookie_header(value: str, *, over_tls: bool) -> str:
    """For Set-Cookie; an empty value takes it away. Lax: it comes along when the provider sends the browser
    back."""
    cookie: SimpleCookie = SimpleCookie()
    name = cookie_name(over_tls=over_tls)
    cookie[name] = value
    morsel = cookie[name]
    morsel["path"], morsel["httponly"], morsel["samesite"] = "/", True, "Lax"
    morsel["max-age"] = LIFE_S if value else 0
    if over_tls:
        morsel["secure"] = True
    return morsel.OutputString()
