"""Segments and visits in the making: what `acd.records.track` works on."""

from __future__ import annotations

from dataclasses import dataclass

from acd.core.facts import LeftBy
from acd.records.record import SegmentKind, SegmentOutcome, VisitOutcome


@dataclass(slots=True, eq=False)
class Visit:
    """A `GroupVisit` in the making; times in engine seconds."""

    group: str
    queued_at: float
    outcome: VisitOutcome = VisitOutcome.WAITING
    wait_s: float = 0.0
    agent: str | None = None
    talk_s: float = 0.0
    hold_s: float = 0.0
    wrap_up_s: float = 0.0
    left_by: LeftBy | None = None


@dataclass(slots=True, eq=False)
class Stretch:
    """A `Segment` in the making; times in engine seconds."""

    kind: SegmentKind
    started: float
    group: str | None = None
    agent: str | None = None
    visit: Visit | None = None
    ended: float | None = None
    outcome: SegmentOutcome = SegmentOutcome.OPEN
    hold_s: float = 0.0
    held_since: float | None = None

    @property
    def in_line(self) -> bool:
        """Waiting, with us or in the fallback queue, which has not connected the caller yet."""
        unserved = self.kind is SegmentKind.FALLBACK and self.agent is None
        return self.kind is SegmentKind.WAITING or unserved

    def close(self, at: float, outcome: SegmentOutcome) -> None:
        """End it; a hold that still runs ends with it."""
        self.resume(at)
        self.ended = at
        self.outcome = outcome

    def resume(self, at: float) -> None:
        """End the hold, if there is one."""
        if self.held_since is not None:
            self.hold_s += at - self.held_since
            self.held_since = None
