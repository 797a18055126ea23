"""Who is on the telephone."""

from __future__ import annotations

from dataclasses import dataclass

from acd.simulate.callers import Caller


@dataclass(slots=True)
class Line:
    """A caller, or the entry of one who is to be called back.

    `rings` counts the phones that have rung; `ringing` is the one that rings now. `there`: the customer is on
    the telephone; `dialled`: is being rung.
    """

    caller: Caller
    rings: int = 0
    ringing: str = ""
    agent: str = ""
    talks: bool = False
    there: bool = True
    dialled: bool = False


class Switchboard:
    """`lines` by call; no more than `most` customers can be on the telephone at once; None: any number."""

    def __init__(self, most: int | None) -> None:
        self.lines: dict[str, Line] = {}
        self._most = most

    @property
    def has_room(self) -> bool:
        """Whether a line outside is free."""
        if self._most is None or len(self.lines) < self._most:
            return True
        return sum(line.there or line.dialled for line in self.lines.values()) < self._most
