"""`sign_in:` of config/system.yml as it is used: second factors, limits of requests, single sign-on."""

from __future__ import annotations

from dataclasses import dataclass, field

from acd.settings.single_sign_on import OidcSettings


@dataclass(frozen=True)
class RequestLimits:
    """How much one may ask of one web process: requests a minute on the long run, and open WebSockets.

    `address_a_minute` is for who has not signed in; of signed-in people and of tokens each counts alone.
    """

    person_a_minute: int = 1200
    token_a_minute: int = 3000
    address_a_minute: int = 600
    sockets_of_address: int = 1000


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """`second_factor_for`: the roles that may not go on without one. `oidc`: single sign-on; None: none."""

    second_factor_for: frozenset[str] = frozenset()
    limits: RequestLimits = field(default_factory=RequestLimits)
    oidc: OidcSettings | None = None
