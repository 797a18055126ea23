"""The live state in Redis, which belongs to the data that was there: a start would take it up again."""

from __future__ import annotations

import asyncio
from pathlib import Path

from acd.errors import SettingsError, StateError
from acd.settings.environment import Environment
from acd.settings.load import load_centre
from acd.settings.model import RedisSettings
from acd.settings.redis_in_use import redis_settings
from acd.state.redis_hash import RedisHash, RedisServer


class KeptInRedis:
    """`has_any`: there is some; None: that cannot be told, and `reason` says why."""

    def __init__(self, settings: RedisSettings, password: str) -> None:
        self._server = RedisServer(settings.address, settings.port, settings.database, password)
        self.key = f"{settings.prefix}:live"
        self.name = f"{self.key} in Redis ({settings.address}:{settings.port})"
        self.has_any: bool | None = None
        self.reason = ""

    def look(self) -> None:
        """Ask it."""
        try:
            self.has_any = asyncio.run(self._has_any())
        except StateError as error:
            self.reason = str(error)

    async def _has_any(self) -> bool:
        there = await RedisHash.connect(self._server, self.key)
        try:
            return bool(await there.read())
        finally:
            there.close()

    def put_aside(self, name: str) -> str:
        """With this name behind its own; the name in full. Raises StateError."""
        asyncio.run(self._put_aside(f"{self.key}:{name}"))
        return f"{self.key}:{name} in Redis"

    async def _put_aside(self, key: str) -> None:
        there = await RedisHash.connect(self._server, self.key)
        try:
            await there.put_aside(key)
        finally:
            there.close()


def kept_in_redis(env: Environment, config: Path, flows: Path) -> KeptInRedis | None:
    """As the configuration says that will hold here; None without Redis."""
    try:
        settings = redis_settings(load_centre(config, flows), env)
    except SettingsError:  # a configuration of another time, which `acd check` tells about
        settings = RedisSettings(env.redis_host) if env.redis_host is not None else None
    return None if settings is None else KeptInRedis(settings, env.redis_password)
