"""Steps that the caller never notices: `hours`, `set`, `if`, `switch`, `language`, `recording`."""

from __future__ import annotations

from dataclasses import replace

from acd.ivr.flow import Hours, If, Language, Recording, Set, Switch
from acd.ivr.hours import CalendarState
from acd.ivr.walk import Answer, Leave, Walk


def begin_hours(walk: Walk, step: Hours) -> Answer:
    """By the calendar."""
    state = walk.flows.calendars[step.calendar].state(walk.world.now)
    ways = {
        CalendarState.OPEN: step.open,
        CalendarState.CLOSED: step.closed,
        CalendarState.HOLIDAY: step.holiday,
    }
    return Leave(state.value, ways[state])


def begin_set(walk: Walk, step: Set) -> Answer:
    """One after the other: a later one sees those before."""
    shown = [f"{name} = {walk.set(name, expression)}" for name, expression in step.values.items()]
    return Leave("next", step.next, ", ".join(shown))


def begin_if(walk: Walk, step: If) -> Answer:
    """What counts as true is Jinja2's: 0, an empty text and none do not."""
    if walk.evaluate(step.condition):
        return Leave("then", step.then)
    return Leave("else", step.otherwise)


def begin_switch(walk: Walk, step: Switch) -> Answer:
    """By the value as text; which way a secret takes would tell it."""
    case = walk.open_text(step.value)
    if case in step.cases:
        return Leave(f"case {case}", step.cases[case])
    return Leave("default", step.default, case)


def begin_language(walk: Walk, step: Language) -> Answer:
    """One that the flow does not have changes nothing."""
    language = walk.open_text(step.language)
    if language not in walk.flow.languages:
        return Leave("next", step.next, "not changed")
    walk.position = replace(walk.position, language=language)
    return Leave("next", step.next, language)


def begin_recording(walk: Walk, step: Recording) -> Answer:
    """The caller's last word counts."""
    walk.position = replace(walk.position, agreed=step.agreed)
    return Leave("next", step.next, "agreed" if step.agreed else "declined")
