"""`desktop: ice_servers` in config/system.yml."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from acd.settings.load import load_centre
from acd.settings.model import IceServer
from acd.settings.schema.ice import IceServerEntry

CHECKOUT = Path(__file__).parents[2]

STUN = "stun:stun.example:3478"
TURN = "turn:turn.example?transport=tcp"


def test_the_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TURN_PASSWORD", "s3cret")
    said = {"urls": [STUN, TURN, "turns:[2001:db8::1]:5349"], "username": "acd"}
    entry = IceServerEntry.model_validate({**said, "credential": {"env": "TURN_PASSWORD"}})
    assert (entry.credential, entry.urls[0]) == ("s3cret", STUN)
    assert IceServerEntry.model_validate({"urls": STUN}).urls == [STUN]


def test_they_are_in_the_centre_and_its_printed_form_keeps_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TURN_PASSWORD", "s3cret")
    config = tmp_path / "config"
    shutil.copytree(CHECKOUT / "config", config)
    with (config / "system.yml").open("a") as file:
        said = f"{{urls: '{TURN}', username: acd, credential: {{env: TURN_PASSWORD}}}}"
        file.write(f"desktop: {{ice_servers: [{said}]}}\n")
    centre = load_centre(config, CHECKOUT / "ivr_flows")
    assert centre.desktop.ice_servers == (IceServer((TURN,), "acd", "s3cret"),)
    assert "s3cret" not in repr(centre.desktop)


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"urls": []}, "1 to 5 addresses"),
        ({"urls": "https://stun.example"}, "an address such as stun:"),
        ({"urls": "stun:a b"}, "an address such as stun:"),
        ({"urls": "stun:a:65536"}, "a port from 1 to 65535"),
        ({"urls": [STUN, "turn:[2001:db8::1]:0"]}, "a port from 1 to 65535"),
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
