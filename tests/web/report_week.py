"""Calls and agents' states of a few days, folded as real ones are.

python -m tests.web.report_week [PORT]      the web process with them: sign in as susan, "correct horse 7"
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from acd.core.facts import AgentInterval, Fact
from acd.records.fold import fold
from acd.records.store import RecordStore
from tests.records.scenario import START, facts_of
from tests.web.desktop import desktop

AGENTS = {"sales": ("anna", "ben"), "support": ("ben", "chen")}
HOURS = range(8, 18)
RUSH = {9: 2, 10: 3, 11: 2, 14: 2, 15: 2}


def fill(store: RecordStore, until: datetime, days: int, calls_an_hour: int = 2) -> None:
    """The whole days before `until`, always the same."""
    chance = random.Random(23)
    records, states = [], []
    for day in (until - timedelta(days=back) for back in range(days, 0, -1)):
        for number, at in enumerate(_arrivals(day, chance, calls_an_hour)):
            facts = [_at(fact, at) for fact in facts_of(_story(chance))]
            records.append(fold(f"{at:%m%d}-{number:03}", facts))
        states += [state for agent in ("anna", "ben", "chen") for state in _states(agent, day, chance)]
    store.save_calls(records)
    store.save_intervals(states)


def _arrivals(day: datetime, chance: random.Random, calls_an_hour: int) -> Iterator[datetime]:
    for hour in HOURS:
        for _ in range(calls_an_hour * RUSH.get(hour, 1)):
            yield day.replace(hour=hour) + timedelta(seconds=chance.uniform(0, 3500))


def _story(chance: random.Random) -> str:
    """One call's facts, as `tests.records.scenario` reads them."""
    group = chance.choice([*AGENTS])
    agent = chance.choice(AGENTS[group])
    wait = round(chance.expovariate(1 / 18), 1)
    head = f"0 arrived +49301{chance.randrange(10**6):06} 8000\n0 flow main\n6 queued {group}\n"
    rings = 6 + wait
    if chance.random() < 0.12:
        return f"{head}{rings} ended caller"
    answered = rings + 4
    ends = answered + round(chance.uniform(40, 420))
    talk = f"{head}{rings} offered {agent}\n{answered} answered {agent}\n"
    if chance.random() < 0.3:
        talk += f"{answered + 10} held\n{answered + 25} resumed\n"
    return f"{talk}{ends} ended caller\n{ends} wrap {agent}\n{ends + 20} wrapped {agent}"


def _states(agent: str, day: datetime, chance: random.Random) -> Iterator[AgentInterval]:
    at = day.replace(hour=8).timestamp()
    for state, minutes in (
        ("ready", 200),
        ("talking", 60),
        ("not_ready", 35),
        ("ready", 150),
        ("wrap_up", 40),
    ):
        length = minutes * chance.uniform(50, 70)
        yield AgentInterval(agent, state, "lunch" if state == "not_ready" else None, at, at + length)
        at += length


def _at(fact: Fact, at: datetime) -> Fact:
    return replace(fact, at=fact.at - START + at.timestamp())


async def _serve(port: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        async with desktop(Path(home), http_port=port) as house:
            midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
            fill(house.store, midnight + timedelta(days=1), 15, 6)
            sys.stdout.write(f"{house.url}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
