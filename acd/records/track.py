"""Where a caller has been: what each input means for the caller's place (`acd.records.way`).

A visit is opened by entering a group's line. Going over to Asterisk's fallback queue and back does not
leave the line: the caller waits on, so the visit is carried along. An agent whom that queue connects
answers the visit like any other; the stretch with that agent is talk.

Nothing raises: an input that makes no sense where the caller is, changes nothing.
"""

from __future__ import annotations

from acd.core.facts import CallKind, EndedBy, LeftBy
from acd.records.record import SegmentKind, SegmentOutcome, VisitOutcome
from acd.records.stretch import Handover, Stretch, Visit
from acd.records.way import Way

_HUNG_UP = {
    EndedBy.CALLER: SegmentOutcome.CALLER_HUNG_UP,
    EndedBy.AGENT: SegmentOutcome.AGENT_HUNG_UP,
    EndedBy.OUTSIDE: SegmentOutcome.OUTSIDE_HUNG_UP,
    EndedBy.SYSTEM: SegmentOutcome.SYSTEM_HUNG_UP,
    EndedBy.UNKNOWN: SegmentOutcome.UNKNOWN,
    EndedBy.NODE: SegmentOutcome.LOST,
}
_INSIDE = {SegmentKind.HOLD, SegmentKind.SURVEY, SegmentKind.VOICEMAIL, SegmentKind.TRANSFER}


class Track(Way):
    """One caller's way; `at` never decreases from call to call."""

    def __init__(self) -> None:
        super().__init__()
        self._is_callback = False
        self._step_at = 0.0  # when the last step of a flow was done

    def begin(self, kind: CallKind) -> None:
        """What kind of call it is."""
        self._is_callback = kind is CallKind.CALLBACK

    def listen(self, at: float) -> None:
        """A flow has the caller; going from flow to flow is one stretch."""
        if self.place is None or self.place.kind is not SegmentKind.IVR:
            self._enter(Stretch(SegmentKind.IVR, at))
        else:
            self.place.close_inner(at)
        self._step_at = at

    def wait(self, at: float, group: str | None, agent: str | None = None) -> None:
        """The caller waits, in a group's line or for one agent. Said twice, it is one wait."""
        place = self.place
        if place and place.kind is SegmentKind.WAITING and (place.group, place.agent) == (group, agent):
            return
        visit = self._open_visit()
        if visit is None or visit.group != group:
            visit = None if group is None else self._add_visit(Visit(group, at))
        self._enter(Stretch(SegmentKind.WAITING, at, group, agent, visit))

    def go_on(self, at: float) -> None:
        """A step of a flow is done; the flow has the caller again, if nobody else has."""
        if self.place is None or self.place.kind is SegmentKind.IVR:
            self.listen(at)

    def score(self, at: float) -> None:
        """A question of a survey was answered; the survey began when the step before it was done."""
        place = self.place
        if place is not None and place.kind is SegmentKind.IVR and place.inner is None:
            began = max(place.started, min(self._step_at, at))
            place.inner = self._add(Stretch(SegmentKind.SURVEY, began))

    def leave_message(self, at: float, duration_s: float, group: str | None) -> None:
        """A voicemail was recorded, which may be told a moment after the caller has hung up."""
        ivr = next((s for s in reversed(self.stretches) if s.kind is SegmentKind.IVR), None)
        if ivr is not None:
            end = at if ivr.ended is None else min(at, ivr.ended)
            message = self._add(Stretch(SegmentKind.VOICEMAIL, max(ivr.started, end - duration_s), group))
            message.close(end, SegmentOutcome.DONE)

    def leave_line(self, at: float, how: LeftBy) -> None:
        """Out of the line without an agent, and on in the flow."""
        visit = self._open_visit()
        if visit is not None:
            visit.left_by = how
            self.listen(at)

    def ring(self, at: float, agent: str) -> None:
        """An agent's phone is rung; ringing happens inside a wait."""
        if not self._is_in(SegmentKind.WAITING) and not self._is_in(SegmentKind.TALKING):
            fallback = self.place is not None and self.place.kind is SegmentKind.FALLBACK
            group = self.place.group if self.place and fallback else None
            self.wait(at, group, None if group else agent)
        self.stop_ring(at, agent, SegmentOutcome.WITHDRAWN)
        group = self.place.group if self.place else None
        self._rings[agent] = self._add(Stretch(SegmentKind.RINGING, at, group, agent))

    def stop_ring(self, at: float, agent: str, outcome: SegmentOutcome) -> None:
        """The agent's phone no longer rings; the wait goes on."""
        ring = self._rings.pop(agent, None)
        if ring:
            ring.close(at, outcome)

    def talk(self, at: float, agent: str) -> None:
        """The agent answered. A visit that waited is settled with this agent."""
        place = self.place
        if place and place.kind is SegmentKind.TALKING and place.agent == agent:
            return
        self.stop_ring(at, agent, SegmentOutcome.ANSWERED)
        visit = self._open_visit()
        answered = place is not None and place.in_line
        if place and place.kind is SegmentKind.FALLBACK and place.agent == agent:
            visit, answered = place.visit, True  # the fallback queue connected them, the talk goes on
        visit = self._lost_talk(agent) or visit
        self.leave(at, SegmentOutcome.ANSWERED if answered else SegmentOutcome.LEFT)
        self._start_talk(at, agent, visit)

    def hold(self, at: float) -> None:
        """The talk is on hold from now."""
        place = self.place
        if place and place.kind is SegmentKind.TALKING and place.inner is None:
            place.inner = self._add(Stretch(SegmentKind.HOLD, at, place.group, place.agent))

    def resume(self, at: float) -> None:
        """The hold is over."""
        if self.place and self.place.kind is SegmentKind.TALKING:
            self.place.close_inner(at)

    def leave_agent(self, at: float, agent: str, outcome: SegmentOutcome) -> None:
        """The talk with this agent is over; a late word about another agent is ignored."""
        if self.place and self.place.kind is SegmentKind.TALKING and self.place.agent == agent:
            self.leave(at, outcome)

    def transfer(self, at: float, agent: str, how: str, target: str) -> None:
        """The agent sent the caller elsewhere, and may have been seen to hang up a moment before."""
        self.leave_agent(at, agent, SegmentOutcome.TRANSFERRED)
        talk = self._last_talk.get(agent)
        if self.place is not None or talk is None or talk.ended is None:
            return
        if talk.outcome is SegmentOutcome.AGENT_HUNG_UP:
            talk.outcome = SegmentOutcome.TRANSFERRED
        if talk.outcome is SegmentOutcome.TRANSFERRED and self._sent is None:
            self._sent = self._add(Stretch(SegmentKind.TRANSFER, talk.ended, talk.group, agent))
            self._hand_over(Handover(talk.ended, agent, talk.group, how, target))

    def _hand_over(self, handover: Handover) -> None:
        self._handover = handover
        self.handovers.append(handover)

    def dial_out(self, at: float, agent: str) -> None:
        """An outside number is rung, on this agent's authority; of a callback that waits, the customer's."""
        if self._is_callback and self._is_in(SegmentKind.WAITING):
            group = self.place.group if self.place is not None else None
            self._dialled = self._add(Stretch(SegmentKind.DIALING_OUT, at, group))
            return
        self._enter(Stretch(SegmentKind.DIALING_OUT, at, agent=agent or None))

    def stop_dial_out(self, at: float, outcome: SegmentOutcome) -> None:
        """That came to nothing; the caller is in hand."""
        if self._dialled is not None:
            self._stop_dialled(at, outcome)
            return
        if self._is_in(SegmentKind.DIALING_OUT):
            self.leave(at, outcome)

    def talk_outside(self, at: float) -> None:
        """Somebody outside answered."""
        place = self.place
        if self._dialled is not None:
            self._stop_dialled(at, SegmentOutcome.ANSWERED)
            return
        if place is None or place.kind is not SegmentKind.DIALING_OUT:
            return
        self.leave(at, SegmentOutcome.ANSWERED)
        if self.answered is None:
            self.answered = at
        self._enter(Stretch(SegmentKind.OUTSIDE, at, agent=place.agent))

    def leave_outside(self, at: float) -> None:
        """The one outside hung up; the caller is in hand."""
        if self._is_in(SegmentKind.OUTSIDE):
            self.leave(at, SegmentOutcome.OUTSIDE_HUNG_UP)

    def fall_back(self, at: float, agent: str | None) -> None:
        """Asterisk's fallback queue has the caller, or has connected the caller with this agent."""
        place = self.place
        if place and place.kind is SegmentKind.FALLBACK and agent in (None, place.agent):
            return
        lost = self._lost_wait()
        visit = lost or self._open_visit() or self._lost_talk(agent)
        group = visit.group if visit else None
        if agent is None:
            if lost is not None:
                lost.outcome = VisitOutcome.WAITING  # its node was not dead: they wait on
            self._enter(Stretch(SegmentKind.FALLBACK, at, group, agent, visit))
            return
        in_line = place is not None and place.in_line
        self.leave(at, SegmentOutcome.ANSWERED if in_line else SegmentOutcome.LEFT)
        if lost is not None:
            lost.settle(at, VisitOutcome.ANSWERED)
        self._meet(at, agent, visit)
        self._enter(Stretch(SegmentKind.FALLBACK, at, group, agent, visit))

    def start_wrap_up(self, at: float, agent: str) -> None:
        """After-call work for the agent's last talk in this call."""
        if agent not in self._wrap_ups:
            talk = self._last_talk.get(agent)
            group, visit = (talk.group, talk.visit) if talk else (None, None)
            wrap_up = self._add(Stretch(SegmentKind.WRAP_UP, at, group, agent, visit))
            self._wrap_ups[agent] = wrap_up

    def end_wrap_up(self, at: float, agent: str) -> None:
        """The after-call work is done."""
        wrap_up = self._wrap_ups.pop(agent, None)
        if wrap_up:
            wrap_up.close(at, SegmentOutcome.DONE)
            if wrap_up.visit:
                wrap_up.visit.wrap_up_s += at - wrap_up.started

    def end(self, at: float, by: EndedBy) -> None:
        """The caller is gone.

        Whoever is gone while waiting has abandoned, unless we sent them away: a caller who vanished
        while the controller was down must not make the figures look better. In the fallback queue
        that holds as long as no agent there is known to have served them; an agent who ended the
        call of somebody in line is one of whom we know no more than that. Whose Asterisk node died has not
        abandoned: the wait was lost, and counts as one that was left, unless that node proves to have lived.
        """
        outcome, lost = _HUNG_UP[by], self._lost_wait()
        if self._is_in(SegmentKind.WAITING) or self._open_visit() is not None or lost is not None:
            sent_away = by in (EndedBy.SYSTEM, EndedBy.AGENT)
            outcome = SegmentOutcome.LEFT if sent_away else SegmentOutcome.ABANDONED
            if by is EndedBy.NODE:
                outcome = SegmentOutcome.LOST
        if outcome is SegmentOutcome.ABANDONED:
            self._mark_abandoned_rings(at)
            if lost is not None:
                lost.settle(at, VisitOutcome.ABANDONED)
        place = self.place
        if by is EndedBy.NODE and place is not None and (place.in_line or place.kind is SegmentKind.TALKING):
            self._lost = place
        self.leave(at, outcome)

    def take_over(self, at: float, agent: str, target: str, consult: Track) -> None:
        """Attended transfer: step into the place that the consultation has at `at`.

        What the consultation did before becomes `consult` stretches. The agent's time in a line
        is not the caller's: the caller's own visit starts now. With an agent whom the consultation has
        reached already it is a visit without a wait, which was never offered to the group.
        """
        self.leave(at, SegmentOutcome.TRANSFERRED)
        talk = self._last_talk.get(agent)
        self._hand_over(Handover(at, agent, talk.group if talk else None, "attended", target))
        place, rings = consult.place, tuple(consult._rings)
        kind = place.kind if place else None
        consult.leave(at, SegmentOutcome.TRANSFERRED)
        self._adopt(at, consult)
        if place is None:
            return
        if kind is SegmentKind.TALKING and place.agent is not None:
            self._start_talk(at, place.agent, self._taken_over(at, place))
        elif kind is SegmentKind.WAITING:
            self.wait(at, place.group, place.agent)
        elif kind is SegmentKind.IVR:
            self.listen(at)
        elif kind in (SegmentKind.DIALING_OUT, SegmentKind.OUTSIDE):
            self._enter(Stretch(kind, at, agent=place.agent))
        elif kind is SegmentKind.FALLBACK and place.agent is not None:
            visit = self._taken_over(at, place)
            self._meet(at, place.agent, visit)
            self._enter(Stretch(kind, at, place.group, place.agent, visit))
        elif kind is SegmentKind.FALLBACK:
            if place.group is not None:
                self.wait(at, place.group)
            self.fall_back(at, None)
        for agent in rings:
            self.ring(at, agent)

    def _taken_over(self, at: float, place: Stretch) -> Visit | None:
        """The visit of a caller whom an agent of the place's group takes over from a colleague."""
        if place.group is None:
            return None
        return self._add_visit(Visit(place.group, at, VisitOutcome.TRANSFERRED_IN))

    def _adopt(self, at: float, consult: Track) -> None:
        """Take the consultation's stretches; its after-call work stays after-call work."""
        for stretch in consult.stretches:
            if stretch.kind in _INSIDE:
                continue
            if stretch.kind is not SegmentKind.WRAP_UP:
                stretch.kind = SegmentKind.CONSULT
            self.stretches.append(stretch)
        for agent, wrap_up in consult._wrap_ups.items():
            self.end_wrap_up(at, agent)
            self._wrap_ups[agent] = wrap_up

    def _mark_abandoned_rings(self, at: float) -> None:
        """A ring that was called off in the moment when the caller hung up was abandoned."""
        for stretch in self.stretches:
            withdrawn = stretch.outcome is SegmentOutcome.WITHDRAWN and stretch.ended == at
            if stretch.kind is SegmentKind.RINGING and withdrawn:
                stretch.outcome = SegmentOutcome.ABANDONED
