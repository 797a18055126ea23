"""config/system.yml, `sign_in:`: what is asked of those who use the desktop and the API."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from acd.settings.schema.checking import Options, one_of, whole
from acd.settings.schema.single_sign_on import OidcSection
from acd.settings.sign_in import RequestLimits, SignInSettings

_ROLES = ("agent", "supervisor", "admin")


class LimitsSection(Options):
    """Requests a minute, each a tenth of it at once; more are refused for a moment (429)."""

    person_a_minute: Annotated[int, whole(60, 1_000_000)] = RequestLimits.person_a_minute
    """Of one account."""
    token_a_minute: Annotated[int, whole(60, 1_000_000)] = RequestLimits.token_a_minute
    """Of one token."""
    address_a_minute: Annotated[int, whole(60, 1_000_000)] = RequestLimits.address_a_minute
    """Of one address, by those who have not signed in."""
    sockets_of_address: Annotated[int, whole(10, 100_000)] = RequestLimits.sockets_of_address
    """Open WebSockets: two for each page."""


class SignInSection(Options):
    """`second_factor_for`: roles that must have a second factor; left out, it is each one's own choice."""

    second_factor_for: list[Annotated[str, one_of(*_ROLES)]] = Field(default_factory=list, max_length=3)
    limits: LimitsSection = Field(default_factory=LimitsSection)
    oidc: OidcSection | None = None
    """Single sign-on; left out: passwords only."""

    def settings(self) -> SignInSettings:
        """As the web process uses them."""
        limits = RequestLimits(**self.limits.model_dump())
        oidc = None if self.oidc is None else self.oidc.settings()
        return SignInSettings(frozenset(self.second_factor_for), limits, oidc)
