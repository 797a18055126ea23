"""A journal in memory, which begins a new file again and again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from acd.core.plan import Plan
from acd.journal.engine import JournaledEngine


class Pages:
    """Implements `acd.journal.engine.Journal`; a page has so many lines. `abandoned`: why one ended."""

    def __init__(self, lines_max: int) -> None:
        self.pages: list[list[bytes]] = []
        self.abandoned: list[str] = []
        self.is_open = True
        self._lines_max = lines_max

    def is_due(self, now: float) -> bool:
        return not self.pages or len(self.pages[-1]) >= self._lines_max

    def begin(self, now: float, first: Callable[[], bytes]) -> None:
        self.pages.append([first()])

    def add(self, line: bytes) -> None:
        self.pages[-1].append(line)

    def abandon(self, reason: str) -> None:
        self.abandoned.append(reason)

    def engine(self, plan: Plan) -> JournaledEngine:
        """As a controller that has just started makes it; the last one's page is over."""
        if self.pages:
            self.pages[-1] += [b""] * self._lines_max
        engine = JournaledEngine(plan, self)
        engine.ask_for_waits(lambda call: 40.0 * (call.joined % 5))  # nobody else would know this
        return engine

    def written(self, folder: Path) -> list[Path]:
        """Each page in a file."""
        paths = []
        for number, page in enumerate(self.pages):
            paths.append(folder / f"{number}.jsonl")
            paths[-1].write_bytes(b"".join(page))
        return paths
