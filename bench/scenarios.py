"""What is measured: who waits for whom. The same for both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

RING_TIMEOUT_S = 15
SHORT_RING_TIMEOUT_S = 1
SHARING = 4
WRAP_UP_S = 3
NEWS_S, NEWS_EVERY_S = 8.0, 10
"""How long the announcement is, and how often a caller in line hears it; the first time after as much."""


class Kind(StrEnum):
    """DISPATCH: agents free up while callers wait. NO_ANSWER: the first phone is left ringing.

    BURST: many callers come at once to idle agents. BLOCKED: the head of the line may only be served by
    an agent who is busy; the next caller by another, who is idle.
    """

    DISPATCH = "dispatch"
    NO_ANSWER = "no_answer"
    BURST = "burst"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Line:
    """A waiting line: its last two digits, the phones that serve it, how many wait in it.

    `has_news`: who waits hears an announcement again and again. `autofill`: whether app_queue may serve
    several callers at once; ours always may. `joins`: its callers stand in the line of this number, but
    only `phones` may serve them: for app_queue a limit of penalty, for ours a skill.
    """

    number: str
    phones: tuple[str, ...]
    waiting: int
    ring_timeout_s: int = RING_TIMEOUT_S
    wrap_up_s: int = 0
    has_news: bool = False
    autofill: bool = True
    joins: str | None = None

    @property
    def group(self) -> str:
        """The skill group's name on our side; with a prefix the queue's on the other."""
        return f"line{self.number}"


@dataclass(frozen=True, slots=True)
class Target:
    """For our side: 99 of 100 times at most `p99_ms`, and none under `min_ms`."""

    p99_ms: float
    min_ms: float | None = None

    def __str__(self) -> str:
        return f"p99 ≤ {self.p99_ms:g}" + (f", min ≥ {self.min_ms:g}" if self.min_ms is not None else "")


@dataclass(frozen=True, slots=True)
class Scenario:
    """`samples` is how many times are taken; for a burst it is how many bursts.

    Nothing counts in the first `warm_up_s`, while callers have not waited as long as they will.
    """

    name: str
    title: str
    measured: str
    kind: Kind
    lines: tuple[Line, ...]
    samples: int
    target: Target | None = None
    warm_up_s: float = 0.0

    @property
    def phones(self) -> tuple[str, ...]:
        """Every phone that takes part, once."""
        return tuple(dict.fromkeys(phone for line in self.lines for phone in line.phones))


@dataclass(frozen=True, slots=True)
class Counts:
    """How many samples are taken, by what they cost: app_queue needs seconds for some of them."""

    dispatches: int = 1000  # S1 to S5
    rings: int = 30  # S7
    bursts: int = 20  # S9
    news: int = 150  # S6
    blocks: int = 10  # S8
    wrap_ups: int = 100  # S10


PHONES = tuple(str(2001 + i) for i in range(50))
_FREE = "BYE answered → next INVITE at that phone"
_JOIN = "caller's INVITE → INVITE at the agent's phone"
_AT_ONCE = Target(30.0)
EXACT = Target(WRAP_UP_S * 1000 + 20.0, WRAP_UP_S * 1000 - 20.0)


def scenarios(counts: Counts | None = None) -> Sequence[Scenario]:
    """S1 to S10.

    Where few agents are to be measured it is done in several places at the same time, each with its
    own agents and lines: app_queue would need a quarter of an hour for some otherwise.
    """
    take = counts or Counts()
    return (
        _dispatch("S1", "1 agent, 10 waiting", _alone("1", 10), take.dispatches),
        _dispatch("S2", "10 agents, 50 waiting", (Line("20", PHONES[:10], 50),), take.dispatches),
        _dispatch("S3", "2 lines share 2 agents, 10 waiting in each", _pairs(), take.dispatches),
        _dispatch(
            "S4",
            "4 lines share 4 agents, 10 waiting in each",
            tuple(Line(f"4{i}", PHONES[:4], 10) for i in range(SHARING)),
            take.dispatches,
        ),
        _dispatch(
            "S5",
            "as S2, app_queue at its default autofill=no",
            (Line("50", PHONES[:10], 50, autofill=False),),
            take.dispatches,
        ),
        replace(
            _dispatch("S6", f"1 agent, {NEWS_S:g} s of news every {NEWS_EVERY_S} s", _told(), take.news),
            warm_up_s=NEWS_EVERY_S,
        ),
        Scenario(
            "S7",
            "no answer, then the next idle agent",
            "CANCEL at the first phone → INVITE at the next",
            Kind.NO_ANSWER,
            (Line("70", PHONES[:3], 0, SHORT_RING_TIMEOUT_S),),
            take.rings,
            _AT_ONCE,
        ),
        Scenario(
            "S8",
            "the head waits for a busy agent, another is idle",
            "second " + _JOIN,
            Kind.BLOCKED,
            (Line("80", PHONES[:2], 0), Line("81", PHONES[:1], 0, joins="80")),
            take.blocks,
            Target(100.0),
        ),
        Scenario(
            "S9",
            "50 callers at once, 50 idle agents",
            _JOIN,
            Kind.BURST,
            (Line("90", PHONES, 0),),
            take.bursts,
        ),
        replace(
            _dispatch("S10", f"wrap-up of {WRAP_UP_S} s", _alone("0", 2, WRAP_UP_S), take.wrap_ups),
            target=EXACT,
        ),
    )


def _dispatch(name: str, title: str, lines: tuple[Line, ...], samples: int) -> Scenario:
    return Scenario(name, title, _FREE, Kind.DISPATCH, lines, samples, _AT_ONCE)


def _alone(digit: str, waiting: int, wrap_up_s: int = 0) -> tuple[Line, ...]:
    """Four places with one agent and one line each."""
    places = enumerate(PHONES[:4])
    return tuple(Line(f"{digit}{i}", (phone,), waiting, wrap_up_s=wrap_up_s) for i, phone in places)


def _pairs() -> tuple[Line, ...]:
    """Two places with two agents and two lines each."""
    return tuple(Line(f"3{i}", PHONES[i // 2 * 2 :][:2], 10) for i in range(4))


def _told() -> tuple[Line, ...]:
    """Three places. So many wait that who is at the head has heard news, or is hearing them."""
    return tuple(Line(f"6{i}", (phone,), 16, has_news=True) for i, phone in enumerate(PHONES[:3]))
