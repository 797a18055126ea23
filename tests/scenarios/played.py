"""Plays a recorded day line by line: everything is checked at every step, and what was decided is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from acd.core.commands import Command, StoreCall, StoreInterval
from acd.core.engine import Engine
from acd.core.plan import Plan
from tests.core.scenario import Player, parsed, show
from tests.scenarios.centres import plan_from
from tests.scenarios.watch import Watch


class Watched(Player):
    """A player who is watched. `told`: the commands so far, records and intervals included."""

    def __init__(self, plan: Plan, make_engine: Callable[[Plan], Engine] = Engine) -> None:
        super().__init__(plan, lenient=True, make_engine=make_engine)
        self._watch = Watch(self.books)
        self.told: list[str] = []

    def do(self, what: str) -> list[Command]:
        """Raises RequestRefused, and AssertionError when something does not hold."""
        if what == "timer":
            return super().do(what)
        before = self._watch.before()
        done = super().do(what)
        self._watch.after(before, done)
        self._keep(done)
        return done

    def meet_deadline(self) -> list[Command]:
        """The same, of a deadline."""
        before = self._watch.before()
        done = super().meet_deadline()
        self.books.check()
        self._watch.after(before, done)
        self._keep(done)
        return done

    def _keep(self, done: Sequence[Command]) -> None:
        for command in done:
            match command:
                case StoreCall(call):
                    self.told.append(f"{call.id} {call.facts}")
                case StoreInterval(interval):
                    self.told.append(str(interval))
                case _ if text := show(command):
                    self.told.append(f"{self.books.now} {text}")


def play(text: str) -> list[str]:
    """A centre, and what happens there; see `record.py`. Raises AssertionError with the line at fault."""
    centre, _, rest = text.partition("\n==")
    told: list[str] = []
    for steps in parsed(f"=={rest}").values():
        player = Watched(plan_from(centre))
        player.play(steps)
        told += player.told
    return told


def read(path: Path) -> str:
    """The text of a recorded day."""
    return path.read_text(encoding="utf-8")
