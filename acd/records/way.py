"""In and out of places: the working state of the fold, and the only ways to change the caller's place.

* The caller is in one place at a time (IVR, waiting, talking, outside, fallback) or in hand (`place`
  None, for the moment between two places; after a blind transfer that moment is a stretch of its own).
* A visit is settled by leaving the waiting place; the talk that follows an answer adds its times to it.
"""

from __future__ import annotations

from acd.records.record import SegmentKind, SegmentOutcome, VisitOutcome
from acd.records.stretch import Handover, Stretch, Visit

_VISIT_OUTCOMES = {
    SegmentOutcome.ANSWERED: VisitOutcome.ANSWERED,
    SegmentOutcome.ABANDONED: VisitOutcome.ABANDONED,
}
_WITH_SOMEBODY = {SegmentKind.WAITING, SegmentKind.TALKING, SegmentKind.FALLBACK}
_RINGS_STOPPED = {SegmentOutcome.ABANDONED, SegmentOutcome.TRANSFERRED}


class Way:
    """Where a caller is and was; `at` never decreases from call to call."""

    def __init__(self) -> None:
        self.stretches: list[Stretch] = []
        self.visits: list[Visit] = []
        self.handovers: list[Handover] = []
        self.place: Stretch | None = None
        self.answered: float | None = None
        self._dialled: Stretch | None = None  # a callback's customer, who is dialled while the entry waits
        self._rings: dict[str, Stretch] = {}
        self._wrap_ups: dict[str, Stretch] = {}
        self._last_talk: dict[str, Stretch] = {}
        self._lost: Stretch | None = None  # a talk or wait that ended with its node, which may go on
        self._sent: Stretch | None = None  # a blind transfer on its way
        self._handover: Handover | None = None  # the last transfer, until it is known where it led

    def leave(self, at: float, outcome: SegmentOutcome) -> None:
        """Leave the place, whatever it is, and settle the visit's times. The caller is in hand."""
        self._leave(at, outcome, carried=None)

    def _leave(self, at: float, outcome: SegmentOutcome, carried: Visit | None) -> None:
        for ring in self._rings.values():
            ring.close(at, outcome if outcome in _RINGS_STOPPED else SegmentOutcome.WITHDRAWN)
        self._rings.clear()
        if self._dialled is not None:
            self._stop_dialled(at, SegmentOutcome.WITHDRAWN)
        if self._sent is not None:
            self._sent.close(at, outcome)
            self._sent = None
        place, self.place = self.place, None
        if place is None:
            return
        place.close(at, outcome)
        visit = place.visit
        if visit is None or visit is carried:
            return
        if place.in_line:
            visit.settle(at, _VISIT_OUTCOMES.get(outcome, VisitOutcome.LEFT))
        else:
            visit.talk_s += at - place.started - place.hold_s
            visit.hold_s += place.hold_s

    def _stop_dialled(self, at: float, outcome: SegmentOutcome) -> None:
        assert self._dialled is not None
        self._dialled.close(at, outcome)
        self._dialled = None

    def _start_talk(self, at: float, agent: str, visit: Visit | None) -> None:
        self._meet(at, agent, visit)
        group = visit.group if visit else None
        self._last_talk[agent] = self._enter(Stretch(SegmentKind.TALKING, at, group, agent, visit))

    def _meet(self, at: float, agent: str, visit: Visit | None) -> None:
        """An agent and the caller are together."""
        if visit:
            visit.agent = agent
        if self.answered is None:
            self.answered = at

    def _open_visit(self) -> Visit | None:
        """The line that the caller stands in, also while the fallback queue has them."""
        return self.place.visit if self.place and self.place.in_line else None

    def _lost_wait(self) -> Visit | None:
        """The wait that was lost with its node, where the caller has been nowhere since."""
        lost = self._lost
        return lost.visit if lost is not None and lost.in_line and self.place is None else None

    def _lost_talk(self, agent: str | None) -> Visit | None:
        """Where this agent's talk was lost with its node, which was not dead: what they talk on in."""
        lost = self._lost
        is_theirs = agent is not None and lost is not None and lost.agent == agent and self.place is None
        return lost.visit if lost is not None and is_theirs else None

    def _add_visit(self, visit: Visit) -> Visit:
        self.visits.append(visit)
        return visit

    def _is_in(self, kind: SegmentKind) -> bool:
        return self.place is not None and self.place.kind is kind

    def _enter(self, stretch: Stretch) -> Stretch:
        self._leave(stretch.started, SegmentOutcome.LEFT, carried=stretch.visit)
        if self._handover is not None:
            if stretch.kind in _WITH_SOMEBODY:
                self._handover.to_group, self._handover.to_agent = stretch.group, stretch.agent
            self._handover = None
        self._lost = None  # whatever follows is something else
        self.place = self._add(stretch)
        return stretch

    def _add(self, stretch: Stretch) -> Stretch:
        self.stretches.append(stretch)
        return stretch
