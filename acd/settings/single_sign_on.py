"""`sign_in: oidc:` of config/system.yml as it is used: single sign-on with OpenID Connect."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

CALLBACK = "/sign-in/callback"
"""The page that the provider sends browsers back to."""
ROLES = ("agent", "supervisor", "admin")


class PasswordsFor(StrEnum):
    """Who may sign in with a password beside."""

    ALWAYS = "always"
    ADMINS = "admins"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class GroupRole:
    """What those in a group of the provider are here. `teams`: of a supervisor; None: all."""

    group: str
    role: str
    teams: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """What the groups of a person come to."""

    role: str
    teams: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The provider, how its people are ours, and what passwords are still for.

    `desktop_url` is where browsers reach the desktop, without a path. `domain`: of a claim that is an e-mail
    address of it, the part before the @ is the user name. `groups` empty: roles are given here. `mfa` are
    words of `amr`, `mfa_classes` values of `acr`, that say that a second factor was shown.
    """

    issuer: str
    client_id: str
    desktop_url: str
    label: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ("profile", "email")
    username_claim: str = "preferred_username"
    domain: str | None = None
    accept_unverified_email: bool = False
    groups_claim: str = "groups"
    groups: tuple[GroupRole, ...] = ()
    make_accounts: bool = False
    passwords: PasswordsFor = PasswordsFor.ALWAYS
    mfa: frozenset[str] = frozenset({"mfa"})
    mfa_classes: frozenset[str] = frozenset()

    @property
    def redirect_uri(self) -> str:
        """Never made of what a request says."""
        return self.desktop_url + CALLBACK

    @property
    def over_tls(self) -> bool:
        """Whether cookies are for TLS only."""
        return self.desktop_url.startswith("https:")

    def rights_of(self, groups: Collection[str]) -> Rights | None:
        """The highest role that one of the groups has; a supervisor has the teams of all of them together.
        None: none of the groups has any."""
        found = [each for each in self.groups if each.group in groups]
        if not found:
            return None
        role = max((each.role for each in found), key=ROLES.index)
        given = [each.teams for each in found if each.role == role == "supervisor"]
        if not given or None in given:
            return Rights(role)
        return Rights(role, tuple(dict.fromkeys(team for teams in given for team in teams or ())))


def is_safe_address(url: str) -> bool:
    """Whether it is an address that secrets and people may be sent to: by TLS, or on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not plain or not host or parts.username is not None or parts.fragment or len(url) > 1000:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host))


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
