"""What is measured: who waits for whom. The same for both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

RING_TIMEOUT_S = 15
SHORT_RING_TIMEOUT_S = 1
SHARING = 4


class Kind(StrEnum):
    """DISPATCH: agents free up while callers wait. NO_ANSWER: the first phone is left ringing.

    BURST: many callers come at once to idle agents.
    """

    DISPATCH = "dispatch"
    NO_ANSWER = "no_answer"
    BURST = "burst"


@dataclass(frozen=True, slots=True)
class Line:
    """A waiting line: its last two digits, the phones that serve it, how many wait in it."""

    number: str
    phones: tuple[str, ...]
    waiting: int
    ring_timeout_s: int = RING_TIMEOUT_S

    @property
    def group(self) -> str:
        """The skill group's name on our side; with a prefix the queue's on the other."""
        return f"line{self.number}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`samples` is how many times are taken; for a burst it is how many bursts."""

    name: str
    title: str
    measured: str
    kind: Kind
    lines: tuple[Line, ...]
    samples: int

    @property
    def phones(self) -> tuple[str, ...]:
        """Every phone that takes part, once."""
        return tuple(dict.fromkeys(phone for line in self.lines for phone in line.phones))


PHONES = tuple(str(2001 + i) for i in range(50))
_FREE = "BYE answered → next INVITE at that phone"


def scenarios(samples: int = 1000, rings: int = 30, bursts: int = 20) -> Sequence[Scenario]:
    """S1, S2, S4, S7 and S9.

    S1 is measured in four places at the same time, each with its own agent and line: app_queue
    would need a quarter of an hour for it otherwise.
    """
    four = PHONES[:4]
    return (
        Scenario(
            "S1",
            "1 agent, 10 waiting",
            _FREE,
            Kind.DISPATCH,
            tuple(Line(f"1{i}", (phone,), 10) for i, phone in enumerate(four)),
            samples,
        ),
        Scenario(
            "S2", "10 agents, 50 waiting", _FREE, Kind.DISPATCH, (Line("20", PHONES[:10], 50),), samples
        ),
        Scenario(
            "S4",
            "4 lines share 4 agents, 10 waiting in each",
            _FREE,
            Kind.DISPATCH,
            tuple(Line(f"4{i}", four, 10) for i in range(SHARING)),
            samples,
        ),
        Scenario(
            "S7",
            "no answer, then the next idle agent",
            "CANCEL at the first phone → INVITE at the next",
            Kind.NO_ANSWER,
            (Line("70", PHONES[:3], 0, SHORT_RING_TIMEOUT_S),),
            rings,
        ),
        Scenario(
            "S9",
            "50 callers at once, 50 idle agents",
            "caller's INVITE → INVITE at the agent's phone",
            Kind.BURST,
            (Line("90", PHONES, 0),),
            bursts,
        ),
    )
