"""Which channel is the leg of which call, looked up either way."""

from __future__ import annotations

from collections import UserDict


class LegBook(UserDict[str, str]):
    """Call → channel of its leg, and back: hundreds talk while one hangs up."""

    def __init__(self) -> None:
        self._call_of: dict[str, str] = {}
        super().__init__()

    def __setitem__(self, call_id: str, leg: str) -> None:
        self.pop(call_id, None)
        self._call_of[leg] = call_id
        super().__setitem__(call_id, leg)

    def __delitem__(self, call_id: str) -> None:
        leg = self.data.pop(call_id)
        if self._call_of.get(leg) == call_id:
            del self._call_of[leg]

    def call(self, leg: str) -> str | None:
        """The call whose leg this is."""
        return self._call_of.get(leg)
