"""The journals of all controllers of a centre, as one: did ever two lead, did the engine's rules always hold?

Each controller writes a file whenever it begins to lead; so the files in the order of time are the terms of
the leaders. Times are engine seconds, of one machine's clock, or of clocks that agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from acd.core.agents import Agent
from acd.core.calls import Call, CallState
from acd.core.engine import Engine
from acd.errors import OperatorError
from acd.journal.forms import event_of
from acd.journal.replay import Step, Told, engine_at_begin, kept_of, replay, steps_of
from tests.core.bookkeeper import Bookkeeper, picture


@dataclass(frozen=True, slots=True)
class Term:
    """One file. `decided_from` and `decided_until`: the first and last step that led to a command."""

    leader: str
    file: Path
    decided_from: float | None
    decided_until: float | None


def terms(home: Path, names: Iterable[str]) -> list[Term]:
    """Of these controllers, in the order of their beginnings. Raises OperatorError: a file cannot be read."""
    found = []
    for name in names:
        for file in sorted((home / "controllers" / name / "journal").glob("*.jsonl")):
            decided = [step.at for step in steps_of(file) if step.outcome.get("did")]
            if not decided:
                found.append(Term(name, file, None, None))
            else:
                found.append(Term(name, file, decided[0], decided[-1]))
    return sorted(found, key=lambda term: term.file.name)


def two_leaders(found: Sequence[Term]) -> list[str]:
    """A sentence for each decision that an older leader took after a newer one's first."""
    out = []
    decided = [term for term in found if term.decided_from is not None and term.decided_until is not None]
    for older, newer in ((a, b) for n, a in enumerate(decided) for b in decided[n + 1 :]):
        assert older.decided_until is not None
        assert newer.decided_from is not None
        if older.decided_until > newer.decided_from and older.leader != newer.leader:
            late_s = older.decided_until - newer.decided_from
            out.append(
                f"{older.leader} decided {late_s:.3f} s after {newer.leader} had begun ({newer.file.name})"
            )
    return out


def broken_rules(file: Path) -> list[str]:
    """Plays a file: what the engine answers otherwise than then, and the first rule that does not hold."""
    try:
        played = replay(file)
    except OperatorError as error:
        return [str(error)]
    if played.difference is not None:
        return [f"{file.name}: line {played.difference[0].line} comes out otherwise now"]
    books = JournalBooks(engine_at_begin(file))
    for step in steps_of(file):
        try:
            books.step(step)
        except AssertionError as error:
            return [f"{file.name}: line {step.line}: {error}"]
    return []


LATE_S = 5.0
"""A busy process meets a deadline so late at most, and hears of something else before it does; so does one
that has taken up calls with one that passed while nobody led."""


class JournalBooks(Bookkeeper):
    """The books of an engine whose steps are on file."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.floor.plan, lambda _plan: engine)
        self.now = self.plan_since = self.taken_up_at = engine.floor.now

    def step(self, step: Step) -> None:
        """Do it again, and check all rules. Raises AssertionError: one does not hold."""
        self.engine.floor.estimate_wait_s = Told(step.waits)
        self.now = max(self.now, step.at)
        if "event" in step.told:
            self.feed(event_of(step.told["event"]))
        elif "restored" in step.told:
            self.taken_up_at = self.now
            self._restored(*kept_of(step.told["restored"]))
        else:
            self._timers(step.at)
        self.check()

    def check(self) -> None:
        """All rules; those about deadlines as of the first one that the process has not come to yet."""
        now, due = self.now, self.engine.next_deadline()
        if due is not None and due < now:
            late_s = now - max(due, self.taken_up_at)
            assert late_s <= LATE_S, f"a deadline of {now - due:.1f} s ago that did not fire"
            self.now = due
        try:
            super().check()
        finally:
            self.now = now

    def _restored(self, agents: Sequence[Agent], calls: Sequence[Call], lost: Sequence[Call]) -> None:
        """What was kept is where these books begin."""
        self.torn = True
        known = [*calls, *(call for call in lost if not call.finished)]
        self.live = {call.id for call in known}
        self.stored = {call.id: False for call in known if call.state is CallState.ENDED}
        self.interval_from = {agent.id: agent.since for agent in agents if agent.logged_in}
        self.busy_s = {agent.id: agent.busy_s for agent in agents}
        self.state_s = {agent.id: agent.since - (agent.login_at or 0.0) for agent in agents}
        self.mirror = picture(self.engine) | {f"agent:{agent.id}": agent.to_dict() for agent in agents}
        self.mirror |= {f"call:{call.id}": call.to_dict() for call in calls}
        self.mirror |= {f"lost:{call.id}": call.to_dict() for call in lost}
        commands = self.engine.restore(agents, calls, self.now, lost)
        self._take(commands, self._logged_out())
