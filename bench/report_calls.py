"""Calls of a large centre as their facts tell them: menus, lines, rings, holds, transfers, all kinds of ends.

The same numbers always give the same calls.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from acd.core.disposition import Disposition
from acd.core.facts import (
    AgentLeft,
    Alerted,
    Answered,
    Arrived,
    CallKind,
    Customer,
    Disposed,
    Ended,
    EndedBy,
    Fact,
    FlowEntered,
    Held,
    LanguageChosen,
    LeftBy,
    LeftLine,
    Offered,
    OfferFailed,
    OfferFailure,
    Queued,
    RecordingStep,
    Resumed,
    Scored,
    SoundKept,
    SoundPurpose,
    StepTaken,
    TalkRecorded,
    Transferred,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)

GROUPS = tuple(f"group{n:02}" for n in range(1, 21))
AGENTS = tuple(f"agent{n:03}" for n in range(1, 201))
NUMBERS = ("8000", "8001", "8002", "8003", "8004")
FLOWS = ("main", "orders", "support")
SEGMENTS = ("", "standard", "silver", "gold")
LANGUAGES = ("en", "zh", "de")
CODES = ("sold", "question", "complaint", "wrong_number", "other")
_VERSION = "20261101-0800"
_BEFORE = (
    ("", "next", "hours"),
    ("hours", "open", "holiday"),
    ("holiday", "otherwise", "customer"),
    ("customer", "found", "open_orders"),
    ("open_orders", "success", "greeting"),
    ("greeting", "otherwise", "welcome"),
)


@dataclass(slots=True)
class _Teller:
    """Facts one after the other; `at` is when the last of them was."""

    dice: random.Random
    at: float
    facts: list[Fact]
    groups: Sequence[str]
    agents: Sequence[str]
    before: Sequence[tuple[str, str, str]]

    def wait(self, mean_s: float) -> float:
        """Let time pass, to the millisecond; the moment after it."""
        self.at = round(self.at + self.dice.expovariate(1 / mean_s), 3)
        return self.at


def call_facts(
    dice: random.Random,
    at: float,
    groups: Sequence[str] = GROUPS,
    agents: Sequence[str] = AGENTS,
    customers: int = 200_000,
    before: Sequence[tuple[str, str, str]] = _BEFORE,
) -> list[Fact]:
    """A call that begins at `at` (Unix time); its wrap-up is over. `before`: steps before the menu."""
    tell = _Teller(dice, at, [], groups, agents, before)
    customer = None
    if dice.random() < 0.5:
        number = dice.randrange(customers)
        customer = Customer(f"C{number:06}", f"Customer {number}", dice.choice(SEGMENTS))
    caller = f"+4930{dice.randrange(10_000_000):07}"
    tell.facts.append(
        Arrived(at, CallKind.INBOUND, caller, "", dice.choice(NUMBERS), customer, None, "provider")
    )
    flow = dice.choice(FLOWS)
    tell.facts.append(FlowEntered(at, flow, _VERSION))
    if not _menu(tell, flow):
        return tell.facts
    _line(tell, flow, dice.choice(groups), served=0)
    return tell.facts


def _menu(tell: _Teller, flow: str) -> bool:
    """False where the call ended in it."""
    for step, arrow, to in tell.before:
        tell.facts.append(StepTaken(tell.wait(0.1), flow, _VERSION, step, arrow, to))
    tell.facts.append(StepTaken(tell.wait(4), flow, _VERSION, "welcome", "next", "language"))
    tell.facts.append(LanguageChosen(tell.wait(3), tell.dice.choice(LANGUAGES)))
    tell.facts.append(StepTaken(tell.at, flow, _VERSION, "language", "choice 1", "menu"))
    if tell.dice.random() < 0.06:
        tell.facts.append(Ended(tell.wait(6), EndedBy.CALLER))
        return False
    choice = f"choice {tell.dice.randrange(1, 5)}"
    tell.facts.append(StepTaken(tell.wait(8), flow, _VERSION, "menu", choice, "line"))
    if tell.dice.random() < 0.08:
        tell.facts.append(StepTaken(tell.wait(20), flow, _VERSION, "line", "next", "bye"))
        tell.facts.append(Ended(tell.at, EndedBy.SYSTEM, "end of the flow"))
        return False
    return True


def _line(tell: _Teller, flow: str, group: str, served: int) -> None:
    dice = tell.dice
    tell.facts.append(Queued(tell.at, group, dice.randrange(0, 3) * 10))
    fate = dice.random()
    if fate < 0.08:
        tell.facts.append(Ended(tell.wait(40), EndedBy.CALLER))
        return
    if fate < 0.11:
        tell.facts.append(LeftLine(tell.wait(60), group, LeftBy.TIMEOUT))
        tell.facts.append(StepTaken(tell.at, flow, _VERSION, "line", "timeout", "message"))
        name = f"2026-11-01/{dice.randrange(10**9)}-1"
        tell.facts.append(Ended(tell.wait(25), EndedBy.CALLER))
        tell.facts.append(SoundKept(tell.at, name, 12.5, SoundPurpose.VOICEMAIL, group))
        return
    agent = _ring(tell)
    if dice.random() < 0.3:
        name = f"talks/{dice.randrange(10**9)}"
        tell.facts.append(TalkRecorded(tell.at, RecordingStep.STARTED, name))
    if dice.random() < 0.25:
        tell.facts.append(Held(tell.wait(60)))
        tell.facts.append(Resumed(tell.wait(30)))
    tell.wait(150)
    if served < 2 and dice.random() < 0.08:
        tell.facts.append(Transferred(tell.at, agent, "8002", "blind"))
        tell.facts.append(WrapUpStarted(tell.at, agent))
        _line(tell, flow, dice.choice(tell.groups), served + 1)
    elif dice.random() < 0.3:
        tell.facts.append(AgentLeft(tell.at, agent))
        tell.facts.append(WrapUpStarted(tell.at, agent))
        tell.facts.append(StepTaken(tell.at, flow, _VERSION, "line", "after", "survey"))
        for question in ("friendly", "solved"):
            tell.facts.append(Scored(tell.wait(6), f"{flow}/survey", question, dice.randrange(1, 6)))
        tell.facts.append(StepTaken(tell.at, flow, _VERSION, "survey", "next", "bye"))
        tell.facts.append(Ended(tell.at, EndedBy.SYSTEM, "end of the flow"))
    else:
        tell.facts.append(Ended(tell.at, EndedBy.CALLER if dice.random() < 0.6 else EndedBy.AGENT))
        tell.facts.append(WrapUpStarted(tell.at, agent))
    if dice.random() < 0.7:
        tell.facts.append(Disposed(tell.wait(10), agent, "sold", "Orders / Sold"))
    tell.facts.append(WrapUpEnded(tell.wait(15), agent, WrapUpEnd.AGENT))


def _ring(tell: _Teller) -> str:
    """The agent who answers in the end."""
    dice = tell.dice
    tell.wait(20)
    while True:
        agent = dice.choice(tell.agents)
        others = ", ".join(dice.sample(tell.agents, 2))
        reasons = (f"{agent}: idle longest, {dice.randrange(5, 900)} s", f"before {others}: idle less long")
        tell.facts.append(Offered(tell.at, agent, f"1{agent[-3:]}", reasons))
        tell.facts.append(Alerted(tell.wait(0.3), agent))
        if dice.random() >= 0.07:
            tell.facts.append(Answered(tell.wait(5), agent))
            return agent
        tell.facts.append(OfferFailed(tell.wait(18), agent, OfferFailure.NO_ANSWER))


def disposition(dice: random.Random, call_id: str, facts: Sequence[Fact]) -> Disposition | None:
    """What the last agent of the call recorded of it."""
    told = next((fact for fact in reversed(facts) if isinstance(fact, Disposed)), None)
    if told is None:
        return None
    group = next(fact.group for fact in reversed(facts) if isinstance(fact, Queued))
    code = dice.choice(CODES)
    return Disposition(call_id, told.agent, told.at, group, code, f"All / {code}", code == "complaint")


def until_the_end(facts: Sequence[Fact]) -> list[Fact]:
    """What is known of a call when it is written for the first time."""
    end = next(n for n, fact in enumerate(facts) if isinstance(fact, Ended))
    return list(facts[: end + 1])
