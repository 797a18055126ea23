"""An external program as the customer directory: who has this number?

Whoever waits for the answer waits no longer than they can; the request goes on, and its answer is there for
the next who asks. A program that has failed several times is left alone for a while: then, and while it is
slow, what it said last is better than nothing, and everybody is told how it is.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from acd.ivr.talk import HttpRequest, LookupFailed, NotFound
from acd.lookups.breaker import Breaker
from acd.lookups.http import HttpLookups, at_path
from acd.settings.customer_settings import HttpDirectory

CACHE_MAX = 5_000
STALE_S = 3_600.0
"""So long what the program said last may stand in while it is away."""
LISTS = frozenset({"numbers", "emails", "tags"})
LIST_MAX = 50
CardData = Mapping[str, object]
"""What the program says of a customer, by names of a card; texts, numbers, and lists of texts."""


class Health(StrEnum):
    """How the directory is."""

    OK = "ok"
    SLOW = "slow"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Told:
    """`card` is None for a number that nobody has, and where nothing is known."""

    card: CardData | None
    health: Health = Health.OK


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    card: CardData | None


class Crm:
    """One external directory. `now` is monotonic."""

    def __init__(self, http: HttpLookups, now: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._now = now
        self._breaker = Breaker()
        self._directory: HttpDirectory | None = None
        self._cache: OrderedDict[str, _Kept] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Health]] = {}

    async def find(self, directory: HttpDirectory, number: str, wait_s: float | None = None) -> Told:
        """Who has this number, after `wait_s` at most (None: as long as the directory may take)."""
        if directory != self._directory:
            self._change_to(directory)
        kept = self._cache.get(number)
        if kept is not None and self._now() - kept.at <= directory.cache_s:
            return Told(kept.card)
        asking = self._asking
        task = asking.get(number)
        if task is None:
            if not self._breaker.lets(self._now()):
                return self._stale(number, Health.DOWN)
            task = asking[number] = asyncio.create_task(self._ask(directory, number, self._cache))
            task.add_done_callback(lambda _task: asking.pop(number, None))
        done, _ = await asyncio.wait({task}, timeout=wait_s)
        if not done:
            return self._stale(number, Health.SLOW)
        health = task.result()
        found = self._cache.get(number)
        return Told(found.card) if health is Health.OK and found else self._stale(number, health)

    def _change_to(self, directory: HttpDirectory) -> None:
        """What another program said, or how it was, says nothing."""
        self._directory = directory
        self._cache, self._asking, self._breaker = OrderedDict(), {}, Breaker()

    async def close(self) -> None:
        """No more questions."""
        for task in list(self._asking.values()):
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    def _stale(self, number: str, health: Health) -> Told:
        kept = self._cache.get(number)
        fresh = kept is not None and self._now() - kept.at <= STALE_S
        return Told(kept.card if kept is not None and fresh else None, health)

    async def _ask(self, directory: HttpDirectory, number: str, cache: OrderedDict[str, _Kept]) -> Health:
        breaker = self._breaker
        url = directory.url.replace("{number}", quote(number, safe=""))
        request = HttpRequest("GET", url, directory.headers, {}, directory.timeout_s, 1, {})
        found = await self._http.fetch(request, lambda answer: mapped(answer, directory.map))
        if isinstance(found, LookupFailed):
            breaker.failed(self._now())
            return Health.SLOW if found.reason.startswith("no answer within") else Health.DOWN
        breaker.went_well()
        cache[number] = _Kept(self._now(), None if isinstance(found, NotFound) else found)
        cache.move_to_end(number)
        while len(cache) > CACHE_MAX:
            cache.popitem(last=False)
        return Health.OK


def mapped(answer: object, names: Mapping[str, str]) -> CardData | NotFound | LookupFailed:
    """What the answer says, by names of a card. What it does not say is left out; without an id, an empty
    answer, list or null means that nobody is known."""
    said: dict[str, object] = {}
    for name, path in names.items():
        try:
            value = at_path(answer, path)
        except LookupError:
            continue
        if name in LISTS:
            said[name] = _texts(value)
        elif isinstance(value, (str, bool, int, float)):
            said[name] = value
    if said.get("id") in (None, ""):
        nobody = not answer or _is_nobody(answer, names["id"])
        return NotFound() if nobody else LookupFailed("the answer has no id where the configuration says")
    return said


def _is_nobody(answer: object, path: str) -> bool:
    """Whether the way to the id ends at an empty list, an empty object or null."""
    steps = path.split(".")
    for length in range(len(steps), -1, -1):
        try:
            found = at_path(answer, ".".join(steps[:length])) if length else answer
        except LookupError:
            continue
        return found in (None, "") or found == [] or found == {}
    return False


def _texts(value: object) -> tuple[str, ...]:
    every = value if isinstance(value, list) else [value]
    return tuple(
        str(each) for each in every[:LIST_MAX] if isinstance(each, (str, int)) and not isinstance(each, bool)
    )
