"""What a controller does to itself in a drill, when an operator asks for it (`acd drill`)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from acd.errors import RequestRefused, TelephonyError
from acd.loss import DATABASE, LONGEST_S, REDIS, Loss
from acd.runtime.control import BAD_REQUEST, FAILED, Handler, Request, text_of

log = structlog.get_logger(__name__)

ANSWERED_WITHIN_S = 0.2
STOPS = {"now": "core stop now", "gracefully": "core stop gracefully"}
"""Not `core restart`: with Asterisk 22 the program that it becomes again was seen not to come up."""
LOSSES: dict[str, Loss] = {"redis": REDIS, "database": DATABASE}


class DrillDesk:
    """`say` has the console of an Asterisk do something, by node; '' is the one where there are no nodes.

    Each raises what `acd.telephony.fence.say` does. `look_at_database` has it tried at once, since where
    nothing happens nobody would notice that it is away.
    """

    def __init__(
        self, say: Mapping[str, Callable[[str], Awaitable[Any]]], look_at_database: Callable[[], None]
    ) -> None:
        self._say = say
        self._look_at_database = look_at_database

    def handlers(self) -> dict[str, Handler]:
        """By the word that the request begins with; each needs `who`, for the log."""
        return {
            "drill-crash": self._crash,
            "drill-freeze": self._freeze,
            "drill-loss": self._loss,
            "drill-asterisk": self._asterisk,
        }

    def _crash(self, request: Request) -> Mapping[str, Any]:
        """kill -9 of this very process, as soon as the answer is out."""
        self._begins("controller-crash", request)
        asyncio.get_running_loop().call_later(ANSWERED_WITHIN_S, os.kill, os.getpid(), signal.SIGKILL)
        return {"pid": os.getpid()}

    def _freeze(self, request: Request) -> Mapping[str, Any]:
        """SIGSTOP of this very process; a little program of its own wakes it up."""
        for_s = _seconds(request)
        self._begins("standby-takeover", request)
        wake = f"sleep {for_s + ANSWERED_WITHIN_S:.1f}; kill -CONT {os.getpid()}"
        subprocess.Popen(["/bin/sh", "-c", wake], start_new_session=True, close_fds=True)
        asyncio.get_running_loop().call_later(ANSWERED_WITHIN_S, os.kill, os.getpid(), signal.SIGSTOP)
        return {"pid": os.getpid(), "for_s": for_s}

    def _loss(self, request: Request) -> Mapping[str, Any]:
        """Connections to Redis, or to the database, fail for a while."""
        loss = LOSSES.get(text_of(request, "what"))
        if loss is None:
            raise RequestRefused(BAD_REQUEST, f"'what' is one of: {', '.join(LOSSES)}")
        for_s = _seconds(request)
        self._begins(f"loss of {loss.what}", request)
        lasts_s = loss.begin(for_s)
        if loss is DATABASE:
            self._look_at_database()
        return {"for_s": lasts_s}

    async def _asterisk(self, request: Request) -> Mapping[str, Any]:
        """Asterisk ends, now or when its last call has; its keeper starts it again. `node`: of several."""
        command = STOPS.get(text_of(request, "how"))
        if command is None:
            raise RequestRefused(BAD_REQUEST, f"'how' is one of: {', '.join(STOPS)}")
        node = text_of(request, "node") if "node" in request else ""
        if node not in self._say:
            names = ", ".join(sorted(name for name in self._say if name))
            told = f"'node' is one of: {names}" if names else "there is one Asterisk only: name no 'node'"
            raise RequestRefused(BAD_REQUEST, told)
        self._begins("asterisk-restart", request, node=node)
        try:
            await self._say[node](command)
        except (TelephonyError, OSError, TimeoutError) as error:
            raise RequestRefused(FAILED, f"Asterisk's console cannot be asked: {error}") from error
        return {"said": command}

    def _begins(self, name: str, request: Request, **about: str) -> None:
        log.warning("a drill begins", drill=name, who=text_of(request, "who"), **about)


def _seconds(request: Request) -> float:
    for_s = request.get("for_s")
    if isinstance(for_s, bool) or not isinstance(for_s, int | float) or not 0 < for_s <= LONGEST_S:
        raise RequestRefused(BAD_REQUEST, f"'for_s' is a number of seconds, at most {LONGEST_S:g}")
    return float(for_s)
