"""Days whose truth is known: what is counted of them in plain Python, while they are drawn.

Nothing of `acd.reports` is used: what reports say is held against the counts kept here. The days have the
night in which the clocks of Berlin go back. Calls are drawn in `tests.reports.truth_calls`, the states of
agents in `tests.reports.truth_agents`; the figures that these counts make are in `truth_figures`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

from acd.core.callback_facts import CallbackNote
from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval, CallbackOrder
from acd.records.corrections import Correction
from acd.records.record import CallRecord

BERLIN = ZoneInfo("Europe/Berlin")
SINCE = datetime(2026, 10, 24, tzinfo=BERLIN)
UNTIL = datetime(2026, 10, 27, tzinfo=BERLIN)
START = round(SINCE.timestamp())
END = round(UNTIL.timestamp())
HOURS = (END - START) // 3600  # 24 + 25 + 24
NOW = datetime.fromtimestamp(END + 3600, UTC)
"""When the reports are asked for: of the last calls nobody can say yet whether the customer calls again."""
FCR_DAYS = 0.5
GROUPS = {"sales": (20_000, 5_000), "support": (60_000, 10_000), "billing": (5_000, 1_500)}
"""Thresholds in ms: served within, short below."""
AGENTS = [f"agent{n}" for n in range(12)]
TEAMS = {agent: "north" if n < 5 else "south" for n, agent in enumerate(AGENTS[:10])}
"""The last two are in none."""
UNPAID = "lunch"


@cache
def _hour(number: int) -> str:
    return datetime.fromtimestamp(number * 3600, UTC).astimezone(BERLIN).strftime("%Y-%m-%d %H%z")


def hour_of(at: float) -> str:
    """The local hour with its offset: the one that comes twice is two."""
    return _hour(int(at // 3600))  # those of Berlin begin with those of UTC


@dataclass
class Count:
    """What is true of some calls and agents; times in ms."""

    waits: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))


@dataclass(frozen=True)
class Contacted:
    """Somebody called who would be known again, `at_ms` since START. `keys`: what the call counts under."""

    customer: str
    at_ms: int
    answered: bool
    keys: dict[str, str | None]


class Truth:
    """Counts by (what, key, hour): ('group', 'sales', ''), ('all', '', '2026-10-25 02+0200').

    The hour '' is the whole of the days, the key '' nobody. `stretches`: from when to when something went on,
    in ms since START, by what it was.
    """

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str, str], Count] = defaultdict(Count)
        self.records: list[CallRecord] = []
        self.states: list[AgentInterval] = []
        self.dispositions: list[Disposition] = []
        self.orders: list[CallbackOrder] = []
        self.news: list[CallbackNote] = []
        self.cancelled: list[str] = []  # ids of calls in which a callback was wanted
        self.corrections: list[Correction] = []
        self.contacts: list[Contacted] = []
        self.stretches: dict[str, list[tuple[int, int]]] = defaultdict(list)

    def at(self, at: float, **keys: str | None) -> list[Count]:
        """All counts that something of this moment is part of, each once."""
        named = [("all", ""), *((what, key or "") for what, key in keys.items())]
        return [self.counts[what, key, hour] for what, key in named for hour in ("", hour_of(at))]

    def note(self, name: str, at: float, amount: int = 1, /, **keys: str | None) -> None:
        """Something of this moment."""
        for count in self.at(at, **keys):
            count.numbers[name] += amount

    def count_contacts(self) -> None:
        """Of all calls that were drawn: after which of them the customer called again."""
        within_ms, now_ms = round(FCR_DAYS * 86_400_000), round((NOW.timestamp() - START) * 1000)
        calls: dict[str, list[int]] = defaultdict(list)
        for each in self.contacts:
            calls[each.customer].append(each.at_ms)
        for each in self.contacts:
            if not each.answered or each.at_ms + within_ms > now_ms:
                continue
            again = any(each.at_ms < later <= each.at_ms + within_ms for later in calls[each.customer])
            self.note("contacts", START + each.at_ms / 1000, **each.keys)
            self.note("contacts_resolved", START + each.at_ms / 1000, int(not again), **each.keys)

    def count_peaks(self) -> None:
        """Looked at in each moment in which something begins, and at the begin of each hour."""
        for name, stretches in self.stretches.items():
            for hour in range(HOURS):
                first, last = hour * 3_600_000, (hour + 1) * 3_600_000
                own = [(begin, end) for begin, end in stretches if begin < last and end > first]
                moments = [first, *(begin for begin, _ in own if begin >= first)]
                most = max(sum(begin <= moment < end for begin, end in own) for moment in moments)
                for count in self.at(START + hour * 3600):
                    count.numbers[name] = max(count.numbers[name], most)
