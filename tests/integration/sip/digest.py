"""Digest authentication (RFC 2617, MD5) as phones do it."""

from __future__ import annotations

import hashlib
import re
import secrets

from tests.integration.sip.message import SipMessage

_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^",\s]+))')


def authorization(response: SipMessage, method: str, uri: str, user: str, password: str) -> tuple[str, str]:
    """The header (name, value) that answers a 401 or 407; raises ValueError without an MD5 challenge."""
    is_proxy = response.status == 407
    for challenge in response.all("Proxy-Authenticate" if is_proxy else "WWW-Authenticate"):
        fields = {name: text or plain for name, text, plain in _FIELD.findall(challenge)}
        if fields.get("algorithm", "MD5").upper() == "MD5":
            name = "Proxy-Authorization" if is_proxy else "Authorization"
            return name, _answer(fields, method, uri, user, password)
    raise ValueError(f"no MD5 challenge in {response.start_line!r}")


def _answer(fields: dict[str, str], method: str, uri: str, user: str, password: str) -> str:
    realm, nonce = fields["realm"], fields["nonce"]
    secret = _md5(f"{user}:{realm}:{password}")
    asked = _md5(f"{method}:{uri}")
    parts = [f'username="{user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"', "algorithm=MD5"]
    if "auth" in fields.get("qop", ""):
        client_nonce = secrets.token_hex(8)
        proof = _md5(f"{secret}:{nonce}:00000001:{client_nonce}:auth:{asked}")
        parts += ["qop=auth", "nc=00000001", f'cnonce="{client_nonce}"']
    else:
        proof = _md5(f"{secret}:{nonce}:{asked}")
    if "opaque" in fields:
        parts.append(f'opaque="{fields["opaque"]}"')
    return "Digest " + ", ".join([*parts, f'response="{proof}"'])


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
