"""`desktop: ice_servers` in config/system.yml."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from acd.settings.schema.ice import IceServerEntry

STUN = "stun:stun.example:3478"
TURN = "turn:turn.example?transport=tcp"


def test_the_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURN_PASSWORD", "s3cret")
    said = {"urls": [STUN, TURN, "turns:[2001:db8::1]:5349"], "username": "acd"}
    entry = IceServerEntry.model_validate({**said, "credential": {"env": "TURN_PASSWORD"}})
    assert (entry.credential, entry.urls[0]) == ("s3cret", STUN)
    assert IceServerEntry.model_validate({"urls": STUN}).urls == [STUN]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"urls": []}, "1 to 5 addresses"),
        ({"urls": "https://stun.example"}, "an address such as stun:"),
        ({"urls": "stun:a b"}, "an address such as stun:"),
        ({"urls": TURN}, "needs 'username' and 'credential'"),
        ({"urls": TURN, "username": "acd", "credential": "s3cret"}, "expected {env: NAME}"),
        ({"urls": TURN, "username": "acd", "credential": {"env": "ACD_NONE"}}, "no variable 'ACD_NONE'"),
    ],
)
def test_mistakes(said: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError) as faulty:
        IceServerEntry.model_validate(said)
    [error] = faulty.value.errors()
    assert says in error["msg"]
    assert "s3cret" not in error["msg"]
