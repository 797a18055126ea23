"""Any history: the identities hold, and every report says what plain loops over the raw rows say."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from acd.core.callback_facts import CallbackNews, CallbackNote, entry_id
from acd.core.disposition import Disposition
from acd.core.facts import AgentInterval, Arrived, CallbackOrder, CallbackWanted, Customer, Fact, Transferred
from acd.ivr.hours import Calendar
from acd.records.corrections import Correction, Field
from acd.records.fold import fold, utc
from acd.records.period import Period
from acd.records.store import RecordStore
from acd.reports.asked import Asked, By, Grain
from acd.reports.catalogue import REPORTS, breakdowns
from acd.reports.known import Known
from acd.reports.kpis import KPIS, SERVICE_LEVEL
from acd.reports.run import run_report
from acd.reports.table import Figure, Line
from tests.records.scenario import START, facts_of
from tests.records.test_fold import FACTS, SCENARIOS
from tests.reports.centre import BERLIN, KNOWN
from tests.reports.naive import Centre, Naive
from tests.reports.truth_figures import differing, expected

PERIOD = Period(utc(START) - timedelta(hours=2), utc(START) + timedelta(hours=10))
NOW = utc(START) + timedelta(hours=12)
STATES = ("ready", "ringing", "talking", "wrap_up", "not_ready")
HOURS = ((9 * 60, 12 * 60), (13 * 60, 15 * 60))
"""Minutes of each day for which Anna is planned."""
CUSTOMERS = (None, Customer("k1", "N", "gold"), Customer("k2", "N", ""))


@dataclass(frozen=True)
class Drawn:
    """A call: its facts, by how much later they are, which number was dialled by whom."""

    told: tuple[Fact, ...]
    later_s: int
    dialed: str
    customer: Customer | None
    excluded: tuple[str, ...]
    complaint: tuple[str, ...]

    def facts(self) -> tuple[Fact, ...]:
        return tuple(self._head(fact) for fact in _later(self.told, self.later_s))

    def _head(self, fact: Fact) -> Fact:
        if not isinstance(fact, Arrived):
            return fact
        number = "" if self.customer is None else fact.caller_number
        return replace(fact, dialed_number=self.dialed, customer=self.customer, caller_number=number)


def _later(told: Sequence[Fact], by_s: int) -> Iterator[Fact]:
    for fact in told:
        moved = replace(fact, at=fact.at + by_s)
        yield (
            replace(moved, consult=tuple(_later(moved.consult, by_s)))
            if isinstance(moved, Transferred)
            else moved
        )


GOES_ON = """
    0  arrived 5550100 8000
    0  flow main
    4  step main/menu choice_1 line
    4  queued sales
    6  offered anna
    9  answered anna
    30 left anna
    30 wrap anna
    31 step main/line after survey
    35 scored friendly 4
    37 ended caller
    50 wrapped anna"""
TOLD = [tuple(facts_of(story)) for story in (GOES_ON, *(story for story, _, _ in SCENARIOS.values()))]
"""Calls as they happen; what else is drawn makes no sense in any order."""
WORDS = st.lists(st.sampled_from(["yes", "no"]), max_size=2).map(tuple)
CALLS = st.lists(
    st.builds(
        Drawn,
        FACTS.filter(bool) | st.sampled_from(TOLD),
        st.integers(-20, 60).map(lambda part: 450 * part),
        st.sampled_from(["8000", "8001"]),
        st.sampled_from(CUSTOMERS),
        st.just(()) | WORDS,
        st.just(()) | WORDS,
    ),
    max_size=6,
)
DAYS = st.lists(
    st.tuples(st.sampled_from(("anna", "ben")), st.sampled_from(STATES), st.integers(1, 10_000_000)),
    max_size=20,
)
SAID = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(["anna", "ben"]),
        st.integers(0, 4_000),
        st.sampled_from(["sales", "support", None]),
        st.sampled_from(["sold", "lost", ""]),
        st.booleans(),
    ),
    max_size=8,
)
NEWS = st.lists(st.none() | st.sampled_from(CallbackNews), min_size=3, max_size=12)


def stretches(drawn: list[tuple[str, str, int]]) -> list[AgentInterval]:
    """One after the other, from an hour and a half before the period until now."""
    at = dict.fromkeys(("anna", "ben"), START - 12_600.0)
    found = []
    for agent, state, length_ms in drawn:
        until = round(at[agent] + length_ms / 1000, 3)
        reason = ("lunch", None)[length_ms % 2] if state == "not_ready" else None
        found.append(AgentInterval(agent, state, reason, at[agent], until))
        at[agent] = until
    return [each for each in found if each.until <= NOW.timestamp()]


@settings(max_examples=50 if os.environ.get("ACD_TEST_ALL") else 5)
@given(CALLS, DAYS, SAID, NEWS, st.sampled_from([0.05, 0.3]))
def test_any_history(
    sqlite_template: Path,
    calls: list[Drawn],
    drawn: list[tuple[str, str, int]],
    said: list[tuple[int, str, int, str | None, str, bool]],
    news: list[CallbackNews | None],
    fcr_days: float,
) -> None:
    told = {f"c{number}": call.facts() for number, call in enumerate(calls)}
    with TemporaryDirectory() as folder:
        shutil.copyfile(sqlite_template, f"{folder}/a.db")
        with RecordStore(f"sqlite:///{folder}/a.db") as store:
            store.save_calls([fold(id, facts) for id, facts in told.items()])
            store.save_intervals(stretches(drawn))
            write_what_came_of_it(store, told, said, news)
            for id, call in zip(told, calls, strict=True):
                for field, values in ((Field.EXCLUDED, call.excluded), (Field.COMPLAINT, call.complaint)):
                    counts = field is Field.EXCLUDED or any(o.code for o in store.dispositions([id]))
                    for value in values if counts else ():
                        store.correct(Correction(id, NOW, "sue", field, value, "so"))
            check(store, told, fcr_days)


def write_what_came_of_it(
    store: RecordStore,
    told: dict[str, tuple[Fact, ...]],
    said: list[tuple[int, str, int, str | None, str, bool]],
    news: list[CallbackNews | None],
) -> None:
    """Dispositions of the calls that there are, and the callbacks that were wanted in them."""
    ids = list(told)
    store.save_dispositions(
        [
            Disposition(ids[number], agent, START + after_s, group, code, code, complaint)
            for number, agent, after_s, group, code, complaint in said
            if number < len(ids)
        ]
    )
    orders = [
        CallbackOrder(id, fact.at, fact.group, f"{fact.number}{id}{fact.at}", fact.language)
        for id, facts in told.items()
        for fact in facts
        if isinstance(fact, CallbackWanted)
    ]
    store.add_callbacks(orders)
    store.note_callbacks(
        [
            CallbackNote(entry_id(order.call_id, order.at), order.at + 60, each)
            for order, each in zip(orders, news, strict=False)
            if each is not None
        ]
    )


def centre_of(known: Known) -> Centre:
    days = (date(2025, 11, day) for day in (21, 22, 23))
    plan = [
        tuple(datetime.combine(day, time(minute // 60), BERLIN) for minute in span)
        for day in days
        for span in HOURS
    ]
    return Centre(
        levels={id: (group.service_level_s, group.short_abandon_s) for id, group in known.groups.items()},
        teams={id: agent.team for id, agent in known.agents.items()},
        unpaid=frozenset({"lunch"}),
        plans={"anna": [(begin, end) for begin, end in plan]},
        fcr_days=known.fcr_days,
        now=NOW,
    )


def questions() -> Iterator[Asked]:
    """Each report as it is, and every figure by all that it can be broken down by."""
    for report in REPORTS.values():
        yield Asked(report.id, PERIOD, BERLIN, Grain.WHOLE, report.by[0])
    for by in By:
        reports = [report.id for report in REPORTS.values() if by in report.by]
        if reports:
            ids = tuple(id for id in KPIS if by in breakdowns(id))
            yield Asked(reports[0], PERIOD, BERLIN, Grain.HOUR, by, kpis=ids)


def check(store: RecordStore, told: dict[str, tuple[Fact, ...]], fcr_days: float) -> None:
    calendar = Calendar("day", BERLIN, weekly=dict.fromkeys(range(7), HOURS))
    anna = replace(KNOWN.agents["anna"], hours=calendar)
    known = replace(KNOWN, agents={**KNOWN.agents, "anna": anna}, fcr_days=fcr_days)
    naive = Naive(store.engine, centre_of(known), told)

    @cache
    def figures(by: By, key: str, since: datetime, until: datetime) -> dict[str, Figure]:
        return expected(naive.count(by.value, key, since.astimezone(UTC), until.astimezone(UTC)))

    def wrong(line: Line, by: By) -> dict[str, tuple[Figure, Figure]]:
        wanted = figures(by, line.key or "", line.at or PERIOD.since, line.until or PERIOD.until)
        wanted = {**wanted, SERVICE_LEVEL: wanted["service_level_offered_minus_short"]}
        return differing(line.values, wanted, line.values)

    for asked in questions():
        table = run_report(store.engine, known, asked, NOW)
        assert [one for one in table.checks if not one.ok] == [], asked
        assert wrong(table.total, By.ALL) == {}, asked
        for line in table.lines:
            assert wrong(line, asked.by) == {}, (asked.report, asked.by, line.key, line.at)
        hours = {line.at for line in table.lines}
        assert len(table.lines) == len({line.key for line in table.lines}) * len(hours)
