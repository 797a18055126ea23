"""From what the provider says of a person to an account of ours. In a thread: it uses the database."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from acd.accounts.links import Links, Person
from acd.accounts.store import Account, AccountStore
from acd.errors import RequestRefused
from acd.settings.single_sign_on import OidcSettings, Rights

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
GROUPS_MAX = 5000


@dataclass(slots=True)
class Entered:
    """`done` are words of the audit log with what they are about: what signing in has changed."""

    account: Account
    done: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)


def person_of(claims: Mapping[str, Any], settings: OidcSettings) -> Person:
    """Raises RequestRefused for somebody who cannot be known by the claim that is configured."""
    name = claims.get(settings.username_claim)
    if not isinstance(name, str) or not 1 <= len(name) <= 200 or not name.isprintable():
        text = f"the provider does not say who you are here: the claim {settings.username_claim} is missing"
        raise RequestRefused("sso-no-name", text)
    # Whoever may write any address into a profile would be whom they like.
    is_address = settings.username_claim == "email"
    if is_address and claims.get("email_verified") is not True and not settings.accept_unverified_email:
        raise RequestRefused("sso-unverified-email", "the provider has not verified the e-mail address")
    return Person(settings.issuer, str(claims["sub"]), name.casefold())


def username_of(person: Person, settings: OidcSettings) -> str | None:
    """The user name that the name stands for; None: for none."""
    local, at, domain = person.name.rpartition("@")
    name = person.name
    if at:
        if settings.domain is None or domain != settings.domain:
            return None
        name = local
    return name if _USERNAME.fullmatch(name) else None


def groups_of(claims: Mapping[str, Any], settings: OidcSettings) -> Collection[str]:
    """Those of the claim; what is no list of texts has none."""
    found = claims.get(settings.groups_claim)
    if isinstance(found, str):
        found = [found]
    return {g for g in found[:GROUPS_MAX] if isinstance(g, str)} if isinstance(found, list) else set()


def has_shown_second_factor(claims: Mapping[str, Any], settings: OidcSettings) -> bool:
    """Whether the provider says so, by one of the words that are configured."""
    amr, acr = claims.get("amr"), claims.get("acr")
    ways = {word for word in amr if isinstance(word, str)} if isinstance(amr, list) else set()
    return bool(ways & settings.mfa) or (isinstance(acr, str) and acr in settings.mfa_classes)


def enter(
    accounts: AccountStore,
    links: Links,
    settings: OidcSettings,
    claims: Mapping[str, Any],
    agents: Collection[str],
) -> Entered:
    """The account of whoever the claims are of, with the rights that its groups come to by now.

    Raises RequestRefused where nobody may come in with them.
    """
    person = person_of(claims, settings)
    rights: Rights | None = None
    if settings.groups:
        rights = settings.rights_of(groups_of(claims, settings))
        if rights is None:
            raise RequestRefused("sso-no-group", "none of your groups at the provider may use the desktop")
    candidate = username_of(person, settings)
    owned = links.account_of(person, candidate)
    done: list[tuple[str, Mapping[str, Any]]] = []
    if owned is None:
        if not settings.make_accounts or candidate is None or accounts.account(candidate) is not None:
            raise _no_account()
        role = "agent" if rights is None else rights.role
        _make(accounts, candidate, role, rights, agents)
        links.link(candidate, person.name)
        owned = links.account_of(person, None)
        assert owned is not None
        done.append(("account-created", {"role": role, "by": "single sign-on"}))
    if owned.is_new:
        done.append(("account-linked", {"name": person.name}))
    account = accounts.account(owned.username)
    if account is None or account.disabled:
        raise _no_account()
    if rights is not None:
        account = _with_rights(accounts, account, rights, done)
    return Entered(account, done)


def _make(
    accounts: AccountStore, username: str, role: str, rights: Rights | None, agents: Collection[str]
) -> None:
    """Its password is one that nobody can have: no hash is like that."""
    teams = None if rights is None else rights.teams
    agent = username if username in agents else None
    accounts.add(username, role, f"!{secrets.token_hex(16)}", agent, teams, must_change=False)


def _with_rights(
    accounts: AccountStore, account: Account, rights: Rights, done: list[tuple[str, Mapping[str, Any]]]
) -> Account:
    values: dict[str, Any] = {}
    if rights.role != account.role:
        values["role"] = rights.role
    if rights.role == "supervisor" and rights.teams != account.teams:
        values["teams"] = None if rights.teams is None else list(rights.teams)
    if not values:
        return account
    done.append(("account-changed", {**values, "by": "single sign-on"}))
    return accounts.change(account.username, **values)


def _no_account() -> RequestRefused:
    return RequestRefused("sso-no-account", "there is no account for you here, or it is disabled")
