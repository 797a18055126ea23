"""A connection to PostgreSQL that gives up in time, and takes every text.

The driver waits for an answer for as long as the connection stands, also when the server is stopped or its
machine hangs: then a thread of ours would wait for ever. And PostgreSQL refuses texts with a zero character,
which a hostile phone may send as its name: that must not cost the record.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, Self

import psycopg
from psycopg.abc import RV, Buffer, PQGen
from psycopg.types.string import StrDumperUnknown
from psycopg.waiting import Ready, Wait

_WAKE_S = 0.1
_ZERO, _INSTEAD = "\x00", "\ufffd"


class LimitedConnection(psycopg.Connection[Any]):
    """`answer_limit_s`: after so long without a word from the server it is closed; OperationalError."""

    answer_limit_s: float | None = None

    @classmethod
    def connect_limited(cls, answer_limit_s: float, *arguments: Any, **options: Any) -> Self:
        """Raises psycopg's errors."""
        made = cls.connect(*arguments, **options)
        made.answer_limit_s = answer_limit_s
        made.adapters.register_dumper(str, _AnyText)
        return made

    def wait(self, gen: PQGen[RV], interval: float = _WAKE_S, timeout: float | None = None) -> RV:
        """See psycopg."""
        if self.answer_limit_s is None:
            return super().wait(gen, interval, timeout)
        return super().wait(self._limited(gen, self.answer_limit_s), interval, timeout)

    def _limited(self, gen: PQGen[RV], limit_s: float) -> Generator[Wait, Ready | int, RV]:
        """The same; the driver wakes it now and then though there is nothing to read."""
        heard_at = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    heard_at = time.monotonic()
                elif time.monotonic() - heard_at >= limit_s:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"no answer within {limit_s:g} s")
                wanted = gen.send(ready)
        except StopIteration as end:
            found: RV = end.value
            return found


class _AnyText(StrDumperUnknown):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj.replace(_ZERO, _INSTEAD))
