"""Single sign-on as the configuration in use has it: the provider, and the key that seals cookies."""

from __future__ import annotations

import asyncio

from acd.accounts.sealing import Sealer
from acd.background import Background
from acd.settings.environment import Environment
from acd.settings.secrets import load_or_create_key
from acd.settings.single_sign_on import OidcSettings
from acd.web.centre import CentreInUse
from acd.web.guesses import Guesses
from acd.web.refusal import Refusal
from acd.web.sso.fetching import ProviderAway
from acd.web.sso.provider import Description, Provider

AT_ONCE = 8


class SignOnDesk:
    """One of a web process. `turns`: so many ask the provider at the same time."""

    def __init__(self, environment: Environment, centre: CentreInUse) -> None:
        self._environment = environment
        self._centre = centre
        self._provider: Provider | None = None
        self._sealer: Sealer | None = None
        self.turns = Guesses(AT_ONCE)
        self._looking: asyncio.Task[Description] | None = None
        self._background = Background("the provider of single sign-on is away", (ProviderAway,))

    async def settings(self) -> OidcSettings | None:
        """None: there is no single sign-on. Raises OperatorError where nobody knows."""
        return (await self._centre.get()).sign_in.oidc

    async def provider(self) -> Provider:
        """Raises Refusal, 404, where there is none."""
        settings = await self.settings()
        if settings is None:
            raise Refusal(404, "sso-off", "there is no single sign-on here")
        if self._provider is None or self._provider.settings != settings:
            self._provider = Provider(settings, self._environment.oidc_client_secret)
        return self._provider

    def look_ahead(self, provider: Provider) -> None:
        """Have it described by when somebody asks; nobody waits."""
        if self._looking is None or self._looking.done():
            self._looking = self._background.begin(provider.description())

    async def close(self) -> None:
        """Nothing of that goes on."""
        await self._background.stop()

    def sealer(self) -> Sealer:
        """In a thread. Raises OperatorError where secrets.yml cannot be used."""
        if self._sealer is None:
            key = load_or_create_key(self._environment.secrets_file, "single_sign_on")
            self._sealer = Sealer(key, "single sign-on")
        return self._sealer
