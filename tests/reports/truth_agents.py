"""The states of the agents of the days whose truth is known, and the hours for which they were planned."""

from __future__ import annotations

import random
from datetime import datetime

from acd.core.facts import AgentInterval
from acd.ivr.hours import Calendar
from tests.reports.truth import AGENTS, BERLIN, END, START, TEAMS, UNPAID, Truth

_STATES = ("ready", "ringing", "talking", "wrap_up", "not_ready")
_DAYS = (24, 25, 26)
_SHIFTS = {"night": (0, 4), "early": (6, 14), "late": (14, 22)}
"""Local hours of each day; the night in which the clocks go back has one more."""
PLANS = dict(zip(AGENTS, ("night", "early", "late", "early", "late", "night", "early"), strict=False))
"""The others have no plan."""


def calendars() -> dict[str, Calendar]:
    """As the configuration says them, by shift."""
    return {
        name: Calendar(name, BERLIN, weekly=dict.fromkeys(range(7), ((60 * begin, 60 * end),)))
        for name, (begin, end) in _SHIFTS.items()
    }


def draw_states(truth: Truth, chance: random.Random) -> None:
    """Of all agents, from half an hour before the days until half an hour after them."""
    for agent in AGENTS:
        planned = _planned(agent)
        for begin, end in planned:
            _in_hours(truth, "planned", begin, end, agent)
        _draw_states_of(truth, chance, agent, planned)


def _planned(agent: str) -> list[tuple[int, int]]:
    """In ms of Unix time."""
    if agent not in PLANS:
        return []
    begin, end = _SHIFTS[PLANS[agent]]
    return [(_moment(day, begin), _moment(day, end)) for day in _DAYS]


def _moment(day: int, hour: int) -> int:
    return round(datetime(2026, 10, day, hour, tzinfo=BERLIN).timestamp()) * 1000


def _draw_states_of(truth: Truth, chance: random.Random, agent: str, planned: list[tuple[int, int]]) -> None:
    at, end = (START - 1_800) * 1000, (END + 1_800) * 1000
    logs_in = True
    while at < end:
        until = at + chance.randrange(1_000, 2_400_000)
        state = "not_ready" if logs_in else chance.choice(_STATES)
        reason = chance.choice((UNPAID, "meeting", None)) if state == "not_ready" else None
        reason = "login" if logs_in else reason
        truth.states.append(AgentInterval(agent, state, reason, at / 1000, until / 1000))
        keys = {"reason": reason} if state == "not_ready" else {}
        for name in (state, "logged_in", *(["unpaid"] if reason == UNPAID else [])):
            _in_hours(truth, name, at, until, agent, **keys)
        if state == "not_ready" and START * 1000 <= at < END * 1000:
            truth.note("not_ready_stretches", at / 1000, agent=agent, team=TEAMS.get(agent), reason=reason)
        if agent in PLANS:
            _in_hours(truth, "logged_in_with_plan", at, until, agent)
        for begin, over in planned:
            _in_hours(truth, "in_plan", max(at, begin), min(until, over), agent)
        logs_in = chance.random() < 0.25
        at = until + (1_800_000 if logs_in else 0)


def _in_hours(truth: Truth, name: str, begin: int, end: int, agent: str, **keys: str | None) -> None:
    """What of [begin, end), ms of Unix time, lies in the days, hour by hour."""
    at, last = max(begin, START * 1000), min(end, END * 1000)
    while at < last:
        border = min(last, (at // 3_600_000 + 1) * 3_600_000)
        truth.note(name, at / 1000, border - at, agent=agent, team=TEAMS.get(agent), **keys)
        at = border
