"""`sign_in: oidc:` of system.yml: what is taken, what is refused in which words, what groups come to."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from acd.errors import SettingsError
from acd.settings.load import load_centre
from acd.settings.single_sign_on import GroupRole, OidcSettings, Rights, is_safe_address

CHECKOUT = Path(__file__).parents[2]
LEAST = {"issuer": "https://sso.example.com", "client_id": "acd", "desktop_url": "https://desk.example.com/"}
GROUPS = (
    GroupRole("desk", "agent"),
    GroupRole("north", "supervisor", ("north",)),
    GroupRole("south", "supervisor", ("south", "north")),
    GroupRole("all", "supervisor"),
    GroupRole("boss", "admin"),
)


def oidc_of(home: Path, **options: Any) -> OidcSettings:
    folder = home / "config"
    shutil.copytree(CHECKOUT / "config", folder)
    with (folder / "system.yml").open("a") as file:
        file.write("\n" + yaml.safe_dump({"sign_in": {"oidc": {**LEAST, **options}}}))
    found = load_centre(folder, CHECKOUT / "ivr_flows").sign_in.oidc
    assert found is not None
    return found


def test_the_least_that_has_to_be_said(tmp_path: Path) -> None:
    assert oidc_of(tmp_path, label="Example ID") == OidcSettings(
        "https://sso.example.com", "acd", "https://desk.example.com", {"en": "Example ID"}
    )


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    wrong = {
        "issuer": "http://sso.example.com",
        "desktop_url": "https://desk.example.com/desk",
        "label": {"fr": "Example ID"},
        "client_id": "two words",
        "passwords": "admin",
        "groups": [{"group": "x", "role": "boss"}],
        "domain": "@example.com",
    }
    with pytest.raises(SettingsError) as found:
        oidc_of(tmp_path, **wrong)
    told = "\n".join(found.value.problems)
    assert all(f"oidc > {name}" in told for name in wrong), told
    assert "it has to be https" in told


def test_teams_of_groups_are_those_of_the_centre(tmp_path: Path) -> None:
    groups = [{"group": "x", "role": "supervisor", "teams": ["nowhere"]}]
    with pytest.raises(SettingsError, match="nowhere"):
        oidc_of(tmp_path, groups=groups)


@pytest.mark.parametrize(
    ("groups", "rights"),
    [
        ((), None),
        (("others",), None),
        (("desk", "others"), Rights("agent")),
        (("north", "desk"), Rights("supervisor", ("north",))),
        (("north", "south"), Rights("supervisor", ("north", "south"))),
        (("north", "all"), Rights("supervisor")),
        (("north", "boss"), Rights("admin")),
    ],
)
def test_the_highest_role_counts_with_all_its_teams(groups: tuple[str, ...], rights: Rights | None) -> None:
    settings = OidcSettings("https://sso.example.com", "acd", "https://desk.example.com", groups=GROUPS)
    assert settings.rights_of(groups) == rights


def test_where_secrets_may_be_sent() -> None:
    for good in ("https://a.example/x?y=1", "http://127.0.0.1:8/", "http://[::1]/", "http://localhost/"):
        assert is_safe_address(good), good
    for bad in (
        "", "http://a.example/", "https://", "javascript:alert(1)", "//a.example/", "https://u@a.example/",
        "https://a.example/#x", "https://a b.example/", "https://a.example:x/", "http://127.0.0.1.example/",
        "https://a.example\\@b.example/", "https://ä.example/", "https://[/", "https://a/" + "x" * 1000,
    ):  # fmt: skip
        assert not is_safe_address(bad), bad
