"""Which Redis server is used, if any: what system.yml and the environment say together."""

from __future__ import annotations

from dataclasses import replace

from acd.settings.environment import Environment
from acd.settings.model import Centre, RedisSettings


def redis_settings(centre: Centre, environment: Environment) -> RedisSettings | None:
    """The configured server, if any; ACD_REDIS_HOST says where it is, or that there is one."""
    if environment.redis_host is None:
        return centre.redis
    return replace(centre.redis or RedisSettings(), address=environment.redis_host)
