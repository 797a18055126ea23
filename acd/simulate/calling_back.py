"""Callers who are offered a callback, and those who wait for one: dials, no answers, talks.

When a callback's turn has come, how often it is tried and when it is given up decides the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from acd.core import callback_events, events, outside_events
from acd.core.callback_facts import CallbackNews
from acd.core.calls import Call, Channel
from acd.core.commands import CallBack, DialOut, LeaveLine, NoteCallback
from acd.core.facts import Answered
from acd.core.floor import Floor
from acd.core.outside_facts import FLOW
from acd.simulate.agenda import Agenda
from acd.simulate.callers import KNOWN_TO_DECLINE, Caller
from acd.simulate.chance import stream
from acd.simulate.scenario import CallbackHabits, Scenario
from acd.simulate.switchboard import Line, Switchboard
from acd.simulate.visits import CallbackOutcome, OfferedCallback

_TRUNK = "outside"
# One that is done is told by its call.
_OUTCOMES: Mapping[str, CallbackOutcome] = {
    CallbackNews.FAILED: CallbackOutcome.FAILED,
    CallbackNews.EXPIRED: CallbackOutcome.FAILED,
    CallbackNews.PUT_BACK: CallbackOutcome.BY_HAND,
}


class CallingBack:
    """`tell`: the engine; `talk(call_id)`: customer and agent begin to; `over(offer)`: its end is known."""

    def __init__(
        self,
        scenario: Scenario,
        floor: Floor,
        agenda: Agenda,
        board: Switchboard,
        tell: Callable[[events.Event], None],
        talk: Callable[[str], None],
        over: Callable[[OfferedCallback], None],
    ) -> None:
        self._scenario = scenario
        self._floor = floor
        self._agenda = agenda
        self._board = board
        self._tell = tell
        self._talk = talk
        self._over = over
        self._offers: dict[str, OfferedCallback] = {}  # by entry

    # --- the offer ----------------------------------------------------------------------------
    def declined(self, line: Line, command: LeaveLine) -> bool:
        """Whether the caller, who has just left the line, was offered a callback and goes back in line.

        Who wants one gets an entry in line, or is noted for people.
        """
        caller = line.caller
        habits = self._scenario.traffic[caller.group].callbacks
        if habits is None or (command.exit or command.how.value) not in habits.exits:
            return False
        if caller.likes_callbacks >= habits.accept:
            self._over(replace(self._offer_to(caller), outcome=CallbackOutcome.DECLINED))
            if caller.likes_callbacks == KNOWN_TO_DECLINE:
                return False
            line.caller = caller._replace(exits=caller.exits - habits.exits)  # nobody asks twice
            return True
        self.asked(caller)
        return False

    def _offer_to(self, caller: Caller) -> OfferedCallback:
        group = self._floor.calls[caller.id].group
        assert group is not None, caller.id
        return OfferedCallback(group, caller.segment, self._agenda.now)

    def asked(self, caller: Caller) -> None:
        """The caller, who has just left the line, wants to be called back."""
        offered = self._offer_to(caller)
        if self._floor.plan.groups[offered.group].callbacks is None:
            self._over(replace(offered, outcome=CallbackOutcome.BY_HAND))
            return
        entry = f"{caller.id}/callback"
        self._offers[entry] = offered
        self._board.lines[entry] = Line(caller, rings=1, there=False)
        number = caller.number or caller.id
        self._tell(callback_events.CallbackPlaced(entry, caller.id, offered.group, number, ""))

    # --- its turn -----------------------------------------------------------------------------
    def begin(self, command: CallBack) -> None:
        """The agent is there: the customer is dialled, if a line is free."""
        entry, number = command.call_id, command.number
        if not self._board.has_room:
            self._tell(callback_events.CallbackNotReached(entry, "no line is free", counts=False))
            return
        self._offers[entry].dials += 1
        self._board.lines[entry].dialled = True
        dialled = outside_events.OutsideDialed(
            entry, number, _TRUNK, FLOW, "", number, "", command.ring_timeout_s
        )
        self._tell(dialled)

    def dial(self, command: DialOut) -> None:
        """The customer's phone rings."""
        entry = command.call_id
        dial = (entry, self._offers[entry].dials)
        traffic = self._scenario.traffic[self._board.lines[entry].caller.group]
        habits = traffic.callbacks or CallbackHabits()
        self._tell(outside_events.OutsideAlerting(entry))
        chance = stream(self._scenario.seed, "dial", entry, str(dial[1]))
        is_there, answer_s = chance.random() < habits.reached, habits.answer.draw(chance)
        if is_there and answer_s < command.ring_timeout_s:
            self._agenda.after(answer_s, self._reached, dial)
        else:
            self._agenda.after(command.ring_timeout_s, self._not_reached, dial)

    def _dialled(self, dial: tuple[str, int]) -> Line | None:
        """The line on which this dial still goes on; it ends now."""
        line = self._board.lines.get(dial[0])
        if line is None or not line.dialled or self._offers[dial[0]].dials != dial[1]:
            return None
        line.dialled = False
        return line

    def _reached(self, dial: tuple[str, int]) -> None:
        line = self._dialled(dial)
        if line is None:
            return
        line.there = True
        has_agent = self._floor.calls[dial[0]].channel is Channel.AGENT
        self._tell(callback_events.CallbackReached(dial[0]))
        self._tell(outside_events.OutsideAnswered(dial[0]))
        if has_agent:
            self._talk(dial[0])

    def _not_reached(self, dial: tuple[str, int]) -> None:
        if self._dialled(dial) is not None:
            self._tell(callback_events.CallbackNotReached(dial[0], "no answer"))

    def cancel(self, entry: str) -> None:
        """The engine wants the dial ended."""
        self._not_reached((entry, self._offers[entry].dials))

    # --- the end ------------------------------------------------------------------------------
    def note(self, command: NoteCallback) -> None:
        """What has become of a callback."""
        note = command.note
        outcome = _OUTCOMES.get(note.news)
        if outcome is not None:
            self._offers[note.callback].outcome = outcome
            self._board.lines.pop(note.callback, None)

    def account(self, call: Call) -> None:
        """Of an entry nothing more is to come."""
        offered = self._offers.pop(call.id)
        answered = next((fact.at for fact in call.facts if isinstance(fact, Answered)), None)
        if answered is not None:
            offered.outcome, offered.wait_s = CallbackOutcome.DONE, answered - offered.offered_at
        self._over(offered)
