"""How much one may ask of this process: requests a minute by account, token or address.

A bucket for each, of which there are so many at most: the one that was used longest ago gives way. Who has
signed in counts alone, so that nobody pays for a neighbour behind the same address; and once an address has
used up what strangers may ask, keys that were never seen to hold are not even looked for in the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import Counter, OrderedDict
from hashlib import sha256
from typing import Literal, TypeVar

from acd.accounts.attempts import network_of
from acd.errors import OperatorError
from acd.settings.sign_in import RequestLimits
from acd.web.asker import Asker
from acd.web.centre import CentreInUse
from acd.web.rate import Rate
from acd.web.refusal import Refusal

KEPT_MAX = 20_000
SETTINGS_EVERY_S = 5.0
AT_ONCE = 0.25
"""This share of a minute's requests may come at once."""
By = Literal["person", "token", "address", "sockets", "connections"]
Key = TypeVar("Key")
Value = TypeVar("Value")
KINDS: tuple[By, ...] = ("person", "token", "address", "sockets", "connections")


class Limits:
    """`refused` counts refusals by what they were for, since the start."""

    def __init__(self, settings: RequestLimits | None = None) -> None:
        self.settings = settings or RequestLimits()
        self.refused: Counter[str] = Counter()
        self._buckets: OrderedDict[tuple[By, str], Rate] = OrderedDict()
        self._holding: OrderedDict[bytes, None] = OrderedDict()

    async def run(self, centre: CentreInUse) -> None:
        """Until cancelled: as the configuration in use says."""
        while True:
            with contextlib.suppress(OperatorError):  # said by whoever needs more of it; these limits go on
                self.change((await centre.get()).sign_in.limits)
            await asyncio.sleep(SETTINGS_EVERY_S)

    def change(self, settings: RequestLimits) -> None:
        """From now on."""
        if settings != self.settings:
            self.settings = settings
            self._buckets.clear()

    def admit(self, address: str, key: str | None, now: float | None = None) -> None:
        """Before it is looked who asks. Raises Refusal, 429, for a stranger at an address that is used up."""
        if key is not None and _mark(key) in self._holding:
            return
        bucket = self._buckets.get(("address", network_of(address)))
        if bucket is not None and not bucket.has_room(now if now is not None else time.monotonic()):
            raise self._refusal("address")

    def count(self, asker: Asker, key: str | None, now: float | None = None) -> None:
        """One request of whoever asks. Raises Refusal, 429."""
        if not asker.known:
            self.count_stranger(asker.address, now)
            return
        if key is not None:
            self.remember(key)
        if asker.scopes is not None:
            self._count("token", asker.token or asker.name, now)
        else:
            self._count("person", asker.name, now)

    def remember(self, key: str) -> None:
        """This key holds: whoever has it is no stranger."""
        _keep(self._holding, _mark(key), None)

    def count_stranger(self, address: str, now: float | None = None) -> None:
        """One request of somebody who is not known. Raises Refusal, 429."""
        self._count("address", network_of(address), now)

    def count_socket(self, address: str, open_there: int) -> None:
        """One more WebSocket from an address that has so many. Raises Refusal, 429."""
        if open_there >= self.settings.sockets_of_address:
            self.refused["sockets"] += 1
            raise Refusal(429, "too-many-sockets", f"too many connections are open at {address}")

    def count_connection(self) -> None:
        """One too many: it was not let in, or a silent one has made room for it."""
        self.refused["connections"] += 1

    def _count(self, by: By, name: str, now: float | None) -> None:
        now = time.monotonic() if now is None else now
        bucket = self._buckets.pop((by, name), None) or self._new(by, now)
        _keep(self._buckets, (by, name), bucket)
        if not bucket.allows(now):
            raise self._refusal(by)

    def _new(self, by: By, now: float) -> Rate:
        a_minute = self._a_minute(by)
        return Rate(a_minute / 60, math.ceil(a_minute * AT_ONCE), now)

    def _a_minute(self, by: By) -> int:
        return int(getattr(self.settings, f"{by}_a_minute"))

    def _refusal(self, by: By) -> Refusal:
        self.refused[by] += 1
        wait_s = max(1, math.ceil(60 / self._a_minute(by)))
        text = f"more than {self._a_minute(by)} requests a minute; go on more slowly"
        return Refusal(429, "too-many-requests", text, headers={"Retry-After": str(wait_s)})


def _keep(kept: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > KEPT_MAX:
        kept.popitem(last=False)


def _mark(key: str) -> bytes:
    return sha256(key[:4096].encode("utf-8", "surrogatepass")).digest()[:16]
