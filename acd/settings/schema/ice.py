"""config/system.yml, `desktop: ice_servers`: how browsers behind a NAT get their sound to Asterisk."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import model_validator

from acd.settings.schema.checking import Options, checked, expected, mistake, of_environment, text_of
from acd.settings.schema.values import Name

LONGEST_CREDENTIAL = 500
MOST_URLS = 5
HIGHEST_PORT = 65_535
# RFC 7064 (stun) and RFC 7065 (turn).
_URL = re.compile(
    r"(stuns?|turns?):([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([0-9]{1,5}))?(\?transport=(udp|tcp))?"
)


def _urls(value: object) -> list[str]:
    """One, or a list of them."""
    what = "an address such as stun:stun.example:3478 or turn:turn.example:3478?transport=tcp"
    texts = value if isinstance(value, list) else [value]
    if not 0 < len(texts) <= MOST_URLS:
        raise mistake(f"expected 1 to {MOST_URLS} addresses, got {len(texts)}")
    for text in texts:
        found = _URL.fullmatch(text_of(what, text))
        if found is None:
            raise expected(what, text)
        if found[3] is not None and not 1 <= int(found[3]) <= HIGHEST_PORT:
            raise expected(f"a port from 1 to {HIGHEST_PORT} in the address", text)
    return list(texts)


def _credential(value: object) -> str:
    what = "{env: NAME}: a password does not belong into the file, but into a variable of the environment"
    return of_environment(what, value, LONGEST_CREDENTIAL)


class IceServerEntry(Options):
    """A STUN or TURN server; `username` and `credential` are for TURN."""

    urls: Annotated[list[str], checked(_urls, type=["string", "array"])]
    """Its address, or several: stun:stun.example:3478, turn:turn.example:3478?transport=tcp."""
    username: Name | None = None
    """The user there."""
    credential: Annotated[str, checked(_credential, type="object")] | None = None
    """The password there: {env: NAME}, the variable of the environment that has it."""

    @model_validator(mode="after")
    def _is_complete(self) -> IceServerEntry:
        is_turn = any(url.startswith("turn") for url in self.urls)
        if is_turn and (self.username is None or self.credential is None):
            raise mistake("a TURN server needs 'username' and 'credential'")
        return self
