"""The controller as it is, and an eye on it: how long each decision took.

`python -m bench.probe run` is `python -m acd run`. The lag of an offer is the time from the event that
allowed it to the moment when it has been written to Asterisk. The event's time is

- for news of the manager interface, Asterisk's own time stamp;
- for a reply or a question of a caller's channel, when its bytes could be read at the earliest: while the
  loop slept they came when it woke, while it worked when its turn began, so no waiting is left out;
- for a timer, when it was due.

ACD_BENCH_LAGS names the file for the lags, ACD_BENCH_PROFILE (optional) one for where the time went.
"""

from __future__ import annotations

import json
import os
import selectors
import time
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any

from acd.__main__ import main
from acd.core.commands import Offer
from acd.runtime.shell import Shell
from acd.telephony.agi import AgiSession
from acd.telephony.ami import Headers
from acd.telephony.switch import Switchboard
from acd.telephony.watch import Watch
from bench.sampling import Sampler

LAGS, PROFILE = "ACD_BENCH_LAGS", "ACD_BENCH_PROFILE"
SLEPT_S = 0.0002
"""A look for news that took longer has waited for them."""

_event_at: ContextVar[float] = ContextVar("event_at")
"""When the event happened that is being worked on, in Unix seconds; goes along with what comes of it."""
_lags: list[tuple[float, float]] = []


class _Selector(selectors.DefaultSelector):
    """Knows since when what it has just reported may have been there."""

    came_at = 0.0
    _turn_began = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As always."""
        looked = time.time()
        ready = super().select(timeout)
        now = time.time()
        _Selector.came_at = now if now - looked > SLEPT_S else self._turn_began
        self._turn_began = now
        return ready


def watch() -> None:
    """From here on every offer's lag is noted."""
    selectors.DefaultSelector = _Selector  # type: ignore[misc]
    _stamp_bytes()
    _stamp_events()
    offer = Switchboard.offer

    @wraps(offer)
    def noted(self: Switchboard, command: Offer) -> None:
        offer(self, command)
        if (at := _event_at.get(None)) is not None:
            now = time.time()
            _lags.append((now, (now - at) * 1000))

    Switchboard.offer = noted  # type: ignore[method-assign,assignment]


def _stamp_bytes() -> None:
    """What callers' channels say."""
    begin, hear, command, serve = AgiSession.__init__, AgiSession.hear, AgiSession.command, Switchboard.serve

    @wraps(begin)
    def begun(self: Any, *arguments: Any) -> None:
        self.came_at = _Selector.came_at
        begin(self, *arguments)

    @wraps(hear)
    def heard(self: Any, line: str) -> None:
        self.came_at = _Selector.came_at
        hear(self, line)

    @wraps(command)
    async def commanded(self: Any, line: str) -> tuple[int, str]:
        reply = await command(self, line)
        _event_at.set(self.came_at)
        return reply

    @wraps(serve)
    async def served(self: Any, session: Any) -> None:
        _event_at.set(session.came_at)
        await serve(self, session)

    AgiSession.__init__ = begun  # type: ignore[method-assign,assignment]
    AgiSession.hear = heard  # type: ignore[method-assign]
    AgiSession.command = commanded  # type: ignore[method-assign]
    Switchboard.serve = served  # type: ignore[method-assign]


def _stamp_events() -> None:
    """What the manager interface says, and timers."""
    on_event, fire = Watch.on_event, Shell._fire

    @wraps(on_event)
    def heard(self: Watch, event: Headers) -> None:
        _event_at.set(float(event.get("Timestamp") or _Selector.came_at))
        on_event(self, event)

    @wraps(fire)
    def fired(self: Shell, deadline: float) -> None:
        _event_at.set(time.time() - max(0.0, self.clock() - deadline))
        fire(self, deadline)

    Watch.on_event = heard  # type: ignore[method-assign]
    Shell._fire = fired  # type: ignore[method-assign]


def run() -> None:
    """Until the controller ends; then the files are written."""
    watch()
    sampler = Sampler()
    profile = os.environ.get(PROFILE)
    if profile is not None:
        sampler.start()
    try:
        main()
    finally:
        sampler.stop()
        if profile is not None:
            sampler.write(Path(profile))
        Path(os.environ[LAGS]).write_text(json.dumps(_lags), encoding="utf-8")


if __name__ == "__main__":
    run()
