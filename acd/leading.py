"""What a controller that leads has over the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from acd.gate import Gate
from acd.runtime.control import Handler
from acd.runtime.control_server import ControlServer

Health = Callable[[], Mapping[str, Any]]


class HandingOver(Protocol):
    """What a leader does when another one is to take its place; see `acd.app.Controller`."""

    async def let_go(self) -> None:
        """Decide nothing any more, let Redis have all that was decided, and answer no caller."""

    async def end(self) -> None:
        """Close what the next leader goes on with, and what may be lost; nothing is said to Asterisk."""


@dataclass(frozen=True, slots=True)
class Leading:
    """`fence` is its number among all that have led. It listens for commands already, at `control`.

    `others_live` are the folders with the live state of the other controllers, one of whom led before, as
    far as this machine sees them. `handlers` answer what is asked of a leader as such. `show` is given what
    the health page, which is open already, is to show from now on: its facts, and the metrics. `hand_over`
    is given the code with which the process is to end; false where nobody takes over. While `kept` lasts the
    lead is not lost because the loop is busy.
    """

    name: str
    fence: int
    gate: Gate
    control: ControlServer
    others_live: tuple[Path, ...]
    handlers: Mapping[str, Handler]
    show: Callable[[Health, Callable[[], bytes]], None]
    hand_over: Callable[[HandingOver, int], Awaitable[bool]]
    kept: Callable[[], AbstractContextManager[None]] = nullcontext
