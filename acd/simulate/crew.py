"""When agents come, pause and go: from the shifts of a scenario."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from acd.simulate.chance import stream
from acd.simulate.scenario import DAY_S, Duty, Scenario, Shift, Turn

Span = tuple[float, float]


def duties(scenario: Scenario, agents: Sequence[str]) -> list[Duty]:
    """What everybody does, by time; at the same moment in the order of `agents`."""
    if scenario.duties is not None:
        return sorted(scenario.duties, key=lambda duty: duty.at)
    days = _days(scenario, agents)
    found = [duty for agent in agents for duty in _of_agent(scenario, agent, days)]
    return sorted(found, key=lambda duty: duty.at)


def _days(scenario: Scenario, agents: Sequence[str]) -> dict[str, list[tuple[Span, list[Span]]]]:
    """agent → (there, breaks) of each shift, in seconds of the virtual clock."""
    shifts = [Shift(agents)] if scenario.shifts is None else scenario.shifts
    days = range(-1, math.ceil((scenario.opens_s + scenario.length_s) / DAY_S) + 1)
    there: dict[str, list[tuple[Span, list[Span]]]] = {agent: [] for agent in agents}
    for number, shift in enumerate(shifts):
        chance = stream(scenario.seed, "absence", str(number))
        for day in days:
            midnight = day * DAY_S - scenario.opens_s
            away = chance.sample(list(shift.agents), round(scenario.habits.shrinkage * len(shift.agents)))
            breaks = [(midnight + begin, midnight + end) for begin, end in shift.breaks]
            for agent in shift.agents:
                if agent not in away:
                    there[agent].append(((midnight + shift.begin_s, midnight + shift.end_s), breaks))
    return there


def _of_agent(
    scenario: Scenario, agent: str, days: dict[str, list[tuple[Span, list[Span]]]]
) -> Iterator[Duty]:
    for come, go in joined(span for span, _ in days[agent]):
        if go > 0 and come < scenario.length_s:
            yield Duty(max(come, 0.0), agent, Turn.COME)
            yield Duty(go, agent, Turn.GO)
    for begin, end in joined(pause for _, breaks in days[agent] for pause in breaks):
        if end > 0:  # one that goes on at 0, too
            yield Duty(max(begin, 0.0), agent, Turn.PAUSE)
            yield Duty(end, agent, Turn.RETURN)


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same time in spans that neither touch nor overlap, by time."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found
