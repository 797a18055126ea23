"""`acd replay-journal`: whether the engine decides today as it did then, and how things stood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from acd.cli import context
from acd.core.calls import CallState
from acd.core.floor import Floor
from acd.errors import OperatorError
from acd.journal.forms import TAG
from acd.journal.replay import Replay, Step, replay
from acd.records.period import parse_time
from acd.records.story import printable

DIFFERENT = 2
"""The exit code when the engine answers otherwise than it did."""


def replay_journal(
    file: Annotated[Path, typer.Argument(help="one of journal/*.jsonl in ACD_HOME", metavar="FILE")],
    until: Annotated[
        str,
        typer.Option(
            metavar="CALL|TIME",
            help="stop there and show how things stood: a call's id (after the last that is told of it,"
            " and tell all of it), or '2026-11-22 10:00:15'",
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
) -> None:
    """Play a journal again: does the engine answer as it did? Stops at the first difference, with code 2."""
    tz = _timezone()
    moment = _moment(until, tz)
    found = replay(
        file,
        until=None if moment is None else moment.timestamp(),
        call_id=until if until and moment is None else None,
    )
    if moment is not None and not found.steps:
        began = datetime.fromtimestamp(found.began_at, UTC).astimezone(tz)
        raise OperatorError(
            f"--until {until!r} is before all that {file} tells:"
            f" it begins at {began:%Y-%m-%d %H:%M:%S} ({tz})"
        )
    if as_json:
        typer.echo(json.dumps(_told(found), ensure_ascii=False, indent=2))
    else:
        for line in _lines(found, tz, stood=bool(until)):
            context.console.print(printable(line), markup=False, soft_wrap=True)
    if found.difference is not None:
        raise typer.Exit(DIFFERENT)


def _moment(until: str, tz: ZoneInfo) -> datetime | None:
    """The time that is meant; None where it is a call's id. Ids have no colon, times of day do."""
    moment = parse_time(until, tz)
    if moment is None and ":" in until:
        raise OperatorError(
            f"--until {until!r} is not understood: expected a call's whole id, or a day and a time like"
            f" '2026-11-22 10:00:15' ({tz})"
        )
    return moment


def _timezone() -> ZoneInfo:
    """A journal can be played where its centre is not configured."""
    try:
        return context.timezone(context.environment())
    except OperatorError:
        return ZoneInfo("UTC")


def _lines(found: Replay, tz: ZoneInfo, *, stood: bool) -> Iterator[str]:
    for step in found.of_call:
        yield f"{_clock(step.at, tz)}  {_in_words(step.told)}"
        yield from (f"{'':14}→ {words}" for words in _outcome(step.outcome))
    began = datetime.fromtimestamp(found.began_at, UTC).astimezone(tz)
    deadlines = found.steps - found.events
    yield f"{began:%Y-%m-%d %H:%M:%S} to {_clock(found.ended_at, tz)} ({tz}), written by acd {found.version}"
    yield f"{found.events} events, {deadlines} deadlines and restarts, {found.commands} commands"
    if found.cut_off:
        yield "the last line is cut off, as after a sudden end; what is before it has been played"
    if stood:
        yield from _stood(found.engine.floor, found.ended_at)
    if found.difference is None:
        yield "the engine answers as it did"
        return
    step, got = found.difference
    yield f"line {step.line}, {_clock(step.at, tz)}: the engine answers differently"
    yield f"  told      {_in_words(step.told)}"
    for expected, now in _first_difference(step.outcome, got):
        yield f"  expected  {expected}"
        yield f"  got       {now}"


def _first_difference(expected: dict[str, Any], got: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The first of the commands that is another one, then and now."""
    before, after = list(_outcome(expected)), list(_outcome(got))
    common = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    at = min(len(before), len(after)) if common is None else common
    yield (
        before[at] if at < len(before) else "nothing more",
        after[at] if at < len(after) else "nothing more",
    )


def _outcome(outcome: dict[str, Any]) -> Iterator[str]:
    if "raised" in outcome:
        yield f"refused or failed: {outcome['raised']}"
    for command in outcome.get("did", ()):
        yield _kind_and_rest(command)


def _in_words(told: dict[str, Any]) -> str:
    if "timer" in told:
        return "a deadline"
    if "restored" in told:
        kept = told["restored"]
        lost = len(kept.get("lost", ()))  # older files have none
        more = f", and {lost} that were lost with their node" if lost else ""
        there = f"{len(kept['agents'])} agents and {len(kept['calls'])} calls"
        return f"begun anew with {there} that were kept{more}"
    return _kind_and_rest(told["event"])


def _kind_and_rest(form: dict[str, Any]) -> str:
    """`Offer call_id=c1 agent=anna …`, without what is empty."""
    rest = (
        f"{k}={json.dumps(v, ensure_ascii=False)}"
        for k, v in form.items()
        if k != TAG and v not in (None, "", [])
    )
    return " ".join((str(form.get(TAG)), *rest))


def _stood(floor: Floor, now: float) -> Iterator[str]:
    for agent in floor.agents.values():
        if agent.logged_in:
            reason = f" ({agent.reason})" if agent.reason else ""
            state = f"{agent.state.value}{reason} {now - agent.since:.1f} s"
            busy_with = agent.call_id or agent.wrap_up_call_id or agent.own_call_id or ""
            yield f"  agent {agent.id:<12} {state} {busy_with}".rstrip()
    for call in floor.calls.values():
        where = f" {call.group}" if call.group else ""
        with_agent = f" {call.agent}" if call.agent else ""
        if call.state is not CallState.ENDED:
            yield f"  call  {call.id:<12} {call.state.value}{where}{with_agent} {now - call.since:.1f} s"


def _told(found: Replay) -> dict[str, Any]:
    floor = found.engine.floor
    difference = None
    if found.difference is not None:
        step, got = found.difference
        difference = {"line": step.line, "at": step.at, **step.told, "expected": step.outcome, "got": got}
    return {
        "acd": found.version,
        "began_at": found.began_at,
        "ended_at": found.ended_at,
        "steps": found.steps,
        "events": found.events,
        "commands": found.commands,
        "cut_off": found.cut_off,
        "equal": found.difference is None,
        "difference": difference,
        "of_call": [_step(step) for step in found.of_call],
        "agents": [agent.to_dict() for agent in floor.agents.values()],
        "calls": [call.to_dict() for call in floor.calls.values()],
    }


def _step(step: Step) -> dict[str, Any]:
    return {"line": step.line, "at": step.at, **step.told, **step.outcome}


def _clock(at: float, tz: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, UTC).astimezone(tz):%H:%M:%S.%f}"[:-3]
