"""config/system.yml, `sign_in: oidc:`: single sign-on with OpenID Connect (docs/sign-in.md)."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from acd.settings.schema.checking import Options, checked, expected, mistake, one_of, pattern, text_of
from acd.settings.schema.values import Id, YesNo
from acd.settings.single_sign_on import (
    ROLES,
    GroupRole,
    OidcSettings,
    PasswordsFor,
    is_safe_address,
)


def _issuer(value: object) -> str:
    what = "an issuer such as https://sso.example.com/realms/bank"
    text = text_of(what, value)
    if not is_safe_address(text) or urlsplit(text).query:
        raise expected(what, value, "; it has to be https, but on this machine")
    return text


def _desktop_url(value: object) -> str:
    what = "the address of the desktop, such as https://desk.example.com"
    text = text_of(what, value).rstrip("/")
    if not is_safe_address(text) or urlsplit(text).query or urlsplit(text).path:
        raise expected(what, value, "; without a path, and https but on this machine")
    return text


def _label(value: object) -> dict[str, str]:
    what = "a text, or one for each language: {en: …, zh_CN: …}"
    given = value if isinstance(value, dict) else {"en": value}
    if not given or set(given) - {"en", "zh_CN"}:
        raise expected(what, value)
    texts = {str(language): text_of(what, text) for language, text in given.items()}
    if not all(1 <= len(text.strip()) <= 60 and text.isprintable() for text in texts.values()):
        raise mistake("expected a label of 1 to 60 characters")
    return texts


_Claim = Annotated[str, pattern("a claim's name such as email", r"[A-Za-z0-9_.:/-]{1,100}")]
_Scope = Annotated[str, pattern("a scope such as profile", r"[A-Za-z0-9_.:/-]{1,100}")]
_Domain = Annotated[str, pattern("a domain such as example.com", r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?")]
_Word = Annotated[str, pattern("a word without blanks", r"[!-~]{1,200}")]


class GroupEntry(Options):
    """What those in a group of the provider are here."""

    group: Annotated[str, pattern("the group as the provider writes it", r"[^\x00-\x1f\x7f]{1,200}")]
    role: Annotated[str, one_of(*ROLES)]
    teams: list[Id] | None = None
    """Of a supervisor; left out: all."""


class SecondFactorClaims(Options):
    """By which words the provider says that a second factor was shown."""

    amr: list[_Word] = Field(default_factory=lambda: ["mfa"], max_length=20)
    acr: list[_Word] = Field(default_factory=list, max_length=20)


class OidcSection(Options):
    """A provider of identities. The client's secret is in ACD_OIDC_CLIENT_SECRET."""

    issuer: Annotated[str, checked(_issuer, type="string", format="uri")]
    client_id: Annotated[str, pattern("a client's id without blanks", r"[!-~]{1,200}")]
    desktop_url: Annotated[str, checked(_desktop_url, type="string", format="uri")]
    """Where browsers reach the desktop; the provider sends them back to /sign-in/callback there."""
    label: Annotated[dict[str, str], checked(_label, type=["string", "object"])] = Field(default_factory=dict)
    """Of the button."""
    scopes: list[_Scope] = Field(default_factory=lambda: ["profile", "email"], max_length=20)
    """Asked for beside openid."""
    username_claim: _Claim = "preferred_username"
    domain: _Domain | None = None
    """Of an e-mail address of this domain, what is before the @ is the user name."""
    accept_unverified_email: YesNo = False
    """Also take an e-mail address of which the provider does not say that it has verified it."""
    groups_claim: _Claim = "groups"
    groups: list[GroupEntry] = Field(default_factory=list, max_length=200)
    """Left out: roles and teams are given here."""
    make_accounts: YesNo = False
    """At the first sign-in; else an admin makes them."""
    passwords: Annotated[str, one_of(*PasswordsFor)] = PasswordsFor.ALWAYS
    """Who may sign in with a password beside."""
    second_factor: SecondFactorClaims = Field(default_factory=SecondFactorClaims)

    def settings(self) -> OidcSettings:
        """As the web process uses them."""
        return OidcSettings(
            issuer=self.issuer,
            client_id=self.client_id,
            desktop_url=self.desktop_url,
            label=self.label,
            scopes=tuple(self.scopes),
            username_claim=self.username_claim,
            domain=self.domain,
            accept_unverified_email=self.accept_unverified_email,
            groups_claim=self.groups_claim,
            groups=tuple(
                GroupRole(each.group, each.role, None if each.teams is None else tuple(each.teams))
                for each in self.groups
            ),
            make_accounts=self.make_accounts,
            passwords=PasswordsFor(self.passwords),
            mfa=frozenset(self.second_factor.amr),
            mfa_classes=frozenset(self.second_factor.acr),
        )
