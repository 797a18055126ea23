"""The lease in Redis: which of several controllers leads, for how long, and under which fencing number.

Two keys: `PREFIX:leader` is "NAME FENCE" and ends by itself unless it is renewed; `PREFIX:fence` is the
highest number that any leader has had, and stays. Whatever a leader writes to Redis goes with its number
(`redis_hash`), and is refused once a higher one has been given. Each step below is one script, so that
nobody comes in between; for why a number is needed beside a time limit see Kleppmann, "How to do
distributed locking" (2016).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from acd.errors import StateError
from acd.state.redis_hash import RedisServer, open_connection, within_limit

ANSWER_WITHIN_S = 0.6
"""A leader must hear in time that Redis is away, so that it can ask the others."""

_LOOK = """
return {redis.call('GET', KEYS[1]) or '', redis.call('PTTL', KEYS[1]), redis.call('GET', KEYS[2]) or '0'}
"""

# ARGV: name, milliseconds, the least number, the holder that may be replaced ('' for none), and how many
# milliseconds it had left at most: with more it has renewed since somebody looked.
_TAKE = """
local held = redis.call('GET', KEYS[1])
if held and (held ~= ARGV[4] or redis.call('PTTL', KEYS[1]) > tonumber(ARGV[5])) then return held end
local fence = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), tonumber(ARGV[3])) + 1
redis.call('SET', KEYS[2], string.format('%.0f', fence))
local token = ARGV[1] .. ' ' .. string.format('%.0f', fence)
redis.call('SET', KEYS[1], token, 'PX', ARGV[2])
return token
"""

# ARGV: token, milliseconds, number. A Redis that came back empty gets the lease and the number again.
_RENEW = """
if tonumber(redis.call('GET', KEYS[2]) or '0') > tonumber(ARGV[3]) then
  return redis.call('GET', KEYS[1]) or 'somebody'
end
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[3])
return ARGV[1]
"""

_ANY_TIME = str(2**53)
_GIVE_UP = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@dataclass(frozen=True, slots=True)
class Holder:
    """A controller that leads, or has led, and its number; `left_s`: for how long yet, unless it renews."""

    name: str
    fence: int
    left_s: float = math.inf

    @property
    def token(self) -> str:
        """As it stands in Redis."""
        return f"{self.name} {self.fence}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look shows: who holds the lease, if anybody, and the highest number ever given."""

    holder: Holder | None
    fence: int


class Lease:
    """One controller's view of it. Every method raises StateError where Redis does not answer in time."""

    def __init__(self, server: RedisServer, prefix: str, name: str) -> None:
        self._server = server
        self._keys = [f"{prefix}:leader", f"{prefix}:fence"]
        self._name = name
        self._connection: Any = None
        self._scripts: dict[str, Any] = {}

    async def look(self) -> Seen:
        """Who has it now."""
        token, left_ms, fence = await self._run(_LOOK)
        return Seen(_holder(str(token), int(left_ms) / 1000.0), int(fence))

    async def take(self, for_s: float, least: int, instead_of: Holder | None = None) -> Holder:
        """Have it, where nobody has, or only `instead_of`; the holder afterwards, who may be another.

        The number is greater than any before, and than `least`. `instead_of` as it was looked at: one that
        has renewed meanwhile lives.
        """
        replaced, left_s = ("", 0.0) if instead_of is None else (instead_of.token, instead_of.left_s)
        left_ms = str(math.ceil(left_s * 1000)) if math.isfinite(left_s) else _ANY_TIME
        return _named(await self._run(_TAKE, self._name, _ms(for_s), str(least), replaced, left_ms))

    async def renew(self, mine: Holder, for_s: float) -> Holder:
        """Have it for so long from now; the holder afterwards, who may be another."""
        return _named(await self._run(_RENEW, mine.token, _ms(for_s), str(mine.fence)))

    async def hand_over(self, mine: Holder, to: str, for_s: float) -> Holder:
        """Let another controller have it in one step; the holder afterwards."""
        return _named(await self._run(_TAKE, to, _ms(for_s), str(mine.fence), mine.token, _ANY_TIME))

    async def give_up(self, mine: Holder) -> None:
        """Nobody has it, unless somebody else does already."""
        await self._run(_GIVE_UP, mine.token)

    def close(self) -> None:
        """End the connection; the next use makes a new one."""
        connection, self._connection, self._scripts = self._connection, None, {}
        if connection is not None and connection.transport is not None:
            connection.transport.abort()

    async def _run(self, script: str, *arguments: str) -> Any:
        """One limit for all of it: connecting, finding the master, and the answer."""
        try:
            return await within_limit(self._answer(script, arguments), ANSWER_WITHIN_S)
        except BaseException:  # cancelled, too: an answer that comes late must not pass for the next one's
            self.close()
            raise

    async def _answer(self, script: str, arguments: Sequence[str]) -> Any:
        if self._connection is None:
            self._connection = await open_connection(self._server, ANSWER_WITHIN_S)
        if script not in self._scripts:
            made = self._connection.register_script(script)
            self._scripts[script] = await within_limit(made, ANSWER_WITHIN_S)
        known = self._scripts[script]
        reply = await within_limit(known.run(keys=self._keys, args=list(arguments)), ANSWER_WITHIN_S)
        return await within_limit(reply.return_value(), ANSWER_WITHIN_S)


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))


def _holder(token: str, left_s: float) -> Holder | None:
    name, _, fence = token.partition(" ")
    return Holder(name, int(fence), left_s) if name and fence.isdecimal() else None


def _named(token: object) -> Holder:
    holder = _holder(str(token), math.inf)
    if holder is None:
        raise StateError(f"the lease in Redis is held by {str(token)[:50]!r}, which is no controller")
    return holder
