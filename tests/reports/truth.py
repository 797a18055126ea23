"""Days whose truth is known: calls are drawn, written as facts, and counted here in plain Python.

Nothing of `acd.reports` is used: what reports say is held against the counts kept here. The days have the
night in which the clocks of Berlin go back.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acd.core import facts
from acd.core.callback_facts import CallbackNews, CallbackNote, entry_id
from acd.core.disposition import Disposition
from acd.core.facts import (
    AgentInterval,
    CallbackOrder,
    CallKind,
    Customer,
    EndedBy,
    Fact,
    LeftBy,
    OfferFailure,
    SoundPurpose,
)
from acd.records.fold import fold
from acd.records.record import CallRecord

BERLIN = ZoneInfo("Europe/Berlin")
SINCE = datetime(2026, 10, 24, tzinfo=BERLIN)
UNTIL = datetime(2026, 10, 27, tzinfo=BERLIN)
START = round(SINCE.timestamp())
HOURS = round((UNTIL.timestamp() - SINCE.timestamp()) / 3600)  # 24 + 25 + 24
GROUPS = {"sales": (20_000, 5_000), "support": (60_000, 10_000), "billing": (5_000, 1_500)}
"""Thresholds in ms: served within, short below."""
AGENTS = [f"agent{n}" for n in range(12)]
UNPAID = "lunch"
ENDS = (
    "answered", "answered", "answered", "answered", "abandoned", "short", "left", "vanished", "dropped",
    "completed", "message", "blind", "attended", "fallback", "rona", "internal", "callback",
)  # fmt: skip


def hour_of(at: float) -> str:
    """The local hour with its offset: the one that comes twice is two."""
    return datetime.fromtimestamp(at, UTC).astimezone(BERLIN).strftime("%Y-%m-%d %H%z")


@dataclass
class Count:
    """What is true of some calls; times in ms."""

    waits: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    in_time: int = 0
    gone_in_time: int = 0
    short: int = 0
    talk: int = 0
    hold: int = 0
    wrap: int = 0
    numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class Truth:
    """Counts by (what, key): ('group', 'sales'), ('hour', '2026-10-25 02+0200'), ('all', '')."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Count] = defaultdict(Count)
        self.records: list[CallRecord] = []
        self.states: list[AgentInterval] = []
        self.dispositions: list[Disposition] = []
        self.orders: list[CallbackOrder] = []
        self.news: list[CallbackNote] = []

    def keys(self, at: float, **keys: str | None) -> list[Count]:
        named = [(what, key or "") for what, key in keys.items()]
        return [self.counts[key] for key in (("all", ""), ("hour", hour_of(at)), *named)]


class Draw:
    """One call in the making: facts, and what they count."""

    def __init__(self, truth: Truth, chance: random.Random, number: int) -> None:
        self.truth, self.chance, self.number = truth, chance, number
        self.ms = chance.randrange(3600_000 * HOURS - 3_000_000)
        self.first = self.at
        self.facts: list[Fact] = []
        self.dialed = chance.choice(("8000", "8001"))
        self.flow = chance.choice(("main", "info"))
        self.segment = chance.choice(("gold", ""))
        self.group = ""
        self.agent = ""

    @property
    def id(self) -> str:
        return f"c{self.number:06}"

    @property
    def at(self) -> float:
        return START + self.ms / 1000

    def pause(self, low: int, high: int) -> int:
        length = self.chance.randrange(low, high)
        self.ms += length
        return length

    def say(self, kind: type[Fact], *told: object) -> None:
        self.facts.append(kind(self.at, *told))

    def note(self, name: str, at: float | None = None, amount: int = 1, **keys: str | None) -> None:
        for count in self.truth.keys(self.at if at is None else at, **keys):
            count.numbers[name] += amount

    def of_call(self, name: str) -> None:
        self.note(name, self.first, number=self.dialed, flow=self.flow)

    def arrive(self, kind: CallKind = CallKind.INBOUND) -> None:
        customer = Customer(f"k{self.number}", "N", self.segment)
        self.say(facts.Arrived, kind, f"5{self.number:07}", "N", self.dialed, customer)
        if kind is CallKind.INBOUND:
            self.say(facts.FlowEntered, self.flow)
            self.of_call("calls")
            self.of_call("ivr_calls")
        self.pause(0, 5_000)

    def queue(self) -> float:
        self.group = self.chance.choice(list(GROUPS))
        self.say(facts.Queued, self.group)
        return self.at

    def ring(self, agent: str, low: int = 1_000, high: int = 20_000) -> tuple[float, int]:
        began = self.at
        self.say(facts.Offered, agent, "1001")
        return began, self.pause(low, high)

    def rang(self, began: float, agent: str, outcome: str) -> None:
        for name in ("rings", f"ring:{outcome}"):
            self.note(name, began, group=self.group, agent=agent)

    def visited(self, queued: float, outcome: str, wait: int, agent: str | None = None) -> list[Count]:
        level, short = GROUPS[self.group]
        keys = self.truth.keys(
            queued, group=self.group, agent=agent, number=self.dialed, flow=self.flow, segment=self.segment
        )
        for count in keys:
            count.waits[outcome].append(wait)
            if outcome == "answered":
                count.in_time += wait <= level
            elif outcome == "abandoned":
                count.gone_in_time += wait <= level
                count.short += wait < short
        return keys

    def talk(self, keys: list[Count]) -> None:
        talk, hold = self.pause(1_000, 200_000), 0
        if self.chance.random() < 0.3:
            self.say(facts.Held)
            hold = self.pause(1_000, 60_000)
            self.say(facts.Resumed)
            talk += self.pause(1, 50_000)
        for count in keys:
            count.talk += talk
            count.hold += hold

    def wrap(self, agent: str, keys: list[Count]) -> None:
        self.say(facts.WrapUpStarted, agent)
        length = self.pause(0, 40_000)
        self.say(facts.WrapUpEnded, agent)
        for count in keys:
            count.wrap += length

    def serve(self) -> list[Count]:
        """Into a line, rung and answered."""
        queued = self.queue()
        wait = self.pause(0, 40_000)
        self.agent = self.chance.choice(AGENTS)
        began, rang = self.ring(self.agent)
        self.say(facts.Answered, self.agent)
        self.rang(began, self.agent, "answered")
        return self.visited(queued, "answered", wait + rang, self.agent)

    def done(self, by: EndedBy = EndedBy.CALLER) -> None:
        self.say(facts.Ended, by)


def answered(d: Draw) -> None:
    d.arrive()
    keys = d.serve()
    d.of_call("calls_answered")
    d.talk(keys)
    d.done(d.chance.choice((EndedBy.CALLER, EndedBy.AGENT)))
    d.wrap(d.agent, keys)
    if d.chance.random() < 0.6:
        is_complaint = d.chance.random() < 0.2
        told = Disposition(d.id, d.agent, d.at, d.group, "code", "Code", is_complaint, {}, "", None)
        d.truth.dispositions.append(told)
        d.note("dispositions", group=d.group, agent=d.agent)
        d.note("complaints", amount=int(is_complaint), group=d.group, agent=d.agent)


def rona(d: Draw) -> None:
    d.arrive()
    queued, agent = d.queue(), d.chance.choice(AGENTS)
    began, wait = d.ring(agent)
    failure = d.chance.choice((OfferFailure.NO_ANSWER, OfferFailure.DECLINED, OfferFailure.BUSY))
    d.say(facts.OfferFailed, agent, failure)
    d.rang(began, agent, failure.value)
    wait += d.pause(0, 30_000)
    d.done()
    d.visited(queued, "abandoned", wait)


def gone(low: int, high: int, by: EndedBy) -> Callable[[Draw], None]:
    def draw(d: Draw) -> None:
        d.arrive()
        queued = d.queue()
        wait = d.pause(low, high)
        d.done(by)
        d.visited(queued, "abandoned", wait)

    return draw


def left(d: Draw) -> None:
    d.arrive()
    queued = d.queue()
    wait = d.pause(1_000, 90_000)
    d.say(facts.LeftLine, d.group, LeftBy.TIMEOUT)
    d.visited(queued, "left", wait)
    d.done(EndedBy.SYSTEM)


def in_menu(by: EndedBy, name: str) -> Callable[[Draw], None]:
    def draw(d: Draw) -> None:
        d.arrive()
        if d.chance.random() < 0.5:
            score = d.chance.randrange(1, 6)
            d.say(facts.Scored, "main/survey", "polite", score)
            d.note(f"score{score}")
            d.pause(0, 3_000)
        d.done(by)
        d.of_call("ivr_contained")
        d.of_call(name)

    return draw


def message(d: Draw) -> None:
    d.arrive()
    d.pause(5_000, 9_000)
    d.say(facts.SoundKept, f"m/{d.number}", 2.0, SoundPurpose.VOICEMAIL, "sales")
    d.done()


def blind(d: Draw) -> None:
    d.arrive()
    keys, first = d.serve(), d.agent
    d.of_call("calls_answered")
    d.talk(keys)
    d.say(facts.Transferred, first, "8002", "blind")
    d.note("transfers_blind", group=d.group, agent=first)
    keys = d.serve()
    d.talk(keys)
    d.done()
    d.wrap(d.agent, keys)


def attended(d: Draw) -> None:
    d.arrive()
    keys, first, group = d.serve(), d.agent, d.group
    d.of_call("calls_answered")
    d.talk(keys)
    other = d.chance.choice([agent for agent in AGENTS if agent != first])
    consult = (
        facts.Arrived(d.at, CallKind.INTERNAL, "1001", "", "1002", None, first),
        facts.Directed(d.at, other),
        facts.Answered(d.at, other),
    )
    d.facts.append(facts.Transferred(d.at, first, f"x{d.number}", "attended", consult))
    d.note("transfers_attended", group=group, agent=first)
    d.pause(1_000, 60_000)
    d.done()


def fallback(d: Draw) -> None:
    d.arrive()
    queued = d.queue()
    wait = d.pause(0, 20_000)
    d.say(facts.FellBack)
    wait += d.pause(0, 20_000)
    d.agent = d.chance.choice(AGENTS)
    d.say(facts.FellBack, d.agent)
    keys = d.visited(queued, "answered", wait, d.agent)
    d.of_call("calls_answered")
    talk = d.pause(1_000, 90_000)
    for count in keys:
        count.talk += talk
    d.done()


def internal(d: Draw) -> None:
    d.arrive(CallKind.INTERNAL)
    d.say(facts.Queued, "sales")
    d.pause(1_000, 5_000)
    d.done()


def callback(d: Draw) -> None:
    left(d)
    d.facts.insert(-1, facts.CallbackWanted(d.at, d.group, f"77{d.number}", "en"))
    d.truth.orders.append(CallbackOrder(d.id, d.at, d.group, f"77{d.number}", "en"))
    news = d.chance.choice((CallbackNews.DONE, CallbackNews.FAILED, CallbackNews.EXPIRED, None))
    if news is not None:
        d.truth.news.append(CallbackNote(entry_id(d.id, d.at), d.at + 60, news))
    d.note("callbacks", group=d.group)
    d.note(f"callbacks_{'open' if news is None else 'done' if news == 'done' else 'failed'}", group=d.group)


KINDS: dict[str, Callable[[Draw], None]] = {
    "answered": answered, "abandoned": gone(10_000, 90_000, EndedBy.CALLER), "rona": rona,
    "short": gone(0, 4_000, EndedBy.CALLER), "vanished": gone(0, 60_000, EndedBy.UNKNOWN), "left": left,
    "dropped": in_menu(EndedBy.CALLER, "ivr_dropped"), "completed": in_menu(EndedBy.SYSTEM, "ivr_completed"),
    "message": message, "blind": blind, "attended": attended, "fallback": fallback, "internal": internal,
    "callback": callback,
}  # fmt: skip


def draw_truth(calls: int, seed: int = 1) -> Truth:
    """So many calls, and the states of the agents."""
    chance, truth = random.Random(seed), Truth()
    for number in range(calls):
        drawn = Draw(truth, chance, number)
        KINDS[chance.choice(ENDS)](drawn)
        truth.records.append(fold(drawn.id, drawn.facts))
    for agent in AGENTS:
        _draw_states(truth, chance, agent)
    return truth


def _draw_states(truth: Truth, chance: random.Random, agent: str) -> None:
    at, end = (START - 1_800) * 1000, round(UNTIL.timestamp() + 1_800) * 1000
    names = ("ready", "ringing", "talking", "wrap_up", "not_ready")
    while at < end:
        until = at + chance.randrange(1_000, 1_200_000)
        state = chance.choice(names)
        reason = chance.choice((UNPAID, "meeting")) if state == "not_ready" else None
        truth.states.append(AgentInterval(agent, state, reason, at / 1000, until / 1000))
        _count_state(truth, agent, state, reason, at, until)
        at = until + chance.choice((0, 0, 0, 900_000))  # logged out in between


def _count_state(truth: Truth, agent: str, state: str, reason: str | None, begin: int, end: int) -> None:
    """Hour by hour: those of Berlin begin with those of UTC. Times in ms."""
    first, last = START * 1000, round(UNTIL.timestamp()) * 1000
    if first <= begin < last and state == "not_ready":
        for count in truth.keys(begin / 1000, agent=agent):
            count.numbers["not_ready_stretches"] += 1
    at = max(begin, first)
    while at < min(end, last):
        border = min(end, (at // 3_600_000 + 1) * 3_600_000, last)
        for count in truth.keys(at / 1000, agent=agent):
            count.numbers[state] += border - at
            count.numbers["logged_in"] += border - at
            count.numbers["unpaid"] += (border - at) if reason == UNPAID else 0
        at = border
