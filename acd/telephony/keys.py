"""The keys a caller has pressed and nobody has taken yet: type-ahead.

Two tell of keys. AMI (`DTMFEnd`) tells of every key, as long as it is there. AGI tells only of one
that ends a prompt or a wait, and drops what is pressed while it is idle (music, a look-up) or between
two commands. A key that both tell of must count once, and either may be the first to tell.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

KEPT_S = 30.0
"""A key that nobody wanted for so long was not meant for what comes."""
KEPT_MAX = 64
AMI_LATE_S = 1.0
"""So much later than AGI AMI may tell of a key."""
AGI_LATE_S = 3.0
"""So much later than AMI AGI may tell of a key: Asterisk hands on one key of a burst after the other, each of
which it lets last for 80 ms, with 45 between them (channel.c: AST_MIN_DTMF_DURATION, AST_MIN_DTMF_GAP)."""


@dataclass(slots=True)
class _Pressed:
    key: str
    at: float
    matched: bool = False  # both have told of it, or nobody else will


class KeyBuffer:
    """Keys in the order in which they were pressed, of one caller.

    `on_news()` is called for a key that only AMI has told of so far: if a prompt is playing that keys
    end, AGI should tell of it, too; if it does not, it was pressed when AGI was not listening.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._keys: deque[_Pressed] = deque(maxlen=KEPT_MAX)
        self._owed: deque[_Pressed] = deque(maxlen=KEPT_MAX)  # AGI told; AMI will
        self._taken: deque[_Pressed] = deque(maxlen=KEPT_MAX)  # AMI told and it was used; AGI may
        self._bell = asyncio.Event()
        self.on_news: Callable[[], None] = lambda: None

    def __bool__(self) -> bool:
        self._expire()
        return bool(self._keys)

    def heard_by_ami(self, key: str) -> None:
        """AMI's account of a key."""
        self._expire()
        for owed in self._owed:
            if owed.key == key:
                self._owed.remove(owed)
                return
        self._keys.append(_Pressed(key, self._clock()))
        self._bell.set()
        self.on_news()

    def heard_by_agi(self, key: str) -> bool:
        """AGI's account of a key: it ended a prompt or a wait. Whether there is a key to take: not where AMI
        has told of it, and it was taken, before: Asterisk hands on late what was pressed for less than 80 ms.
        """
        self._expire()
        now = self._clock()
        for told, is_there in ((self._keys, True), (self._taken, False)):
            for pressed in told:
                if pressed.key == key and not pressed.matched and now - pressed.at < AGI_LATE_S:
                    pressed.matched = True
                    return is_there
        self._owed.append(_Pressed(key, now))
        self._keys.append(_Pressed(key, now, matched=True))
        self._bell.set()
        return True

    def take(self) -> str | None:
        """The oldest key, if there is one."""
        self._expire()
        if not self._keys:
            return None
        pressed = self._keys.popleft()
        if not pressed.matched:
            self._taken.append(pressed)
        return pressed.key

    def drop(self, key: str) -> None:
        """This key has done what it was pressed for: it is not type-ahead."""
        self._expire()
        pressed = next((p for p in reversed(self._keys) if p.key == key), None)
        if pressed is not None:
            self._keys.remove(pressed)
            if not pressed.matched:
                self._taken.append(pressed)

    def clear(self) -> None:
        """Whatever was pressed until now was meant for something else."""
        while self.take() is not None:
            pass

    async def news(self, timeout_s: float | None) -> None:
        """Until there is a key, or `wake` is called, or the time is up."""
        self._bell.clear()
        if self:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await self._bell.wait()
        except TimeoutError:
            return

    def wake(self) -> None:
        """Those who wait for a key look around again."""
        self._bell.set()

    def _expire(self) -> None:
        now = self._clock()
        for told, limit_s in ((self._keys, KEPT_S), (self._owed, AMI_LATE_S), (self._taken, AGI_LATE_S)):
            while told and now - told[0].at > limit_s:
                told.popleft()
