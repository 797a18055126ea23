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

    def settle(self, at: float, outcome: VisitOutcome) -> None:
        """The wait ends so."""
        self.wait_s, self.outcome = at - self.queued_at, outcome


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
    inner: Stretch | None = None  # what goes on inside: a hold in a talk, a survey in a flow

    @property
    def in_line(self) -> bool:
        """Waiting, with us or in the fallback queue, which has not connected the caller yet."""
        unserved = self.kind is SegmentKind.FALLBACK and self.agent is None
        return self.kind is SegmentKind.WAITING or unserved

    def close(self, at: float, outcome: SegmentOutcome) -> None:
        """End it; what goes on inside ends with it."""
        self.close_inner(at, outcome)
        self.ended = at
        self.outcome = outcome

    def close_inner(self, at: float, outcome: SegmentOutcome = SegmentOutcome.DONE) -> None:
        """End what goes on inside, if anything does."""
        inner, self.inner = self.inner, None
        if inner is not None:
            inner.close(at, outcome)
            if inner.kind is SegmentKind.HOLD:
                self.hold_s += at - inner.started


@dataclass(slots=True, eq=False)
class Handover:
    """A `Transfer` in the making; `at` in engine seconds."""

    at: float
    agent: str
    group: str | None
    how: str
    target: str
    to_group: str | None = None
    to_agent: str | None = None
