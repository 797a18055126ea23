"""A file of the journal, played again by the engine of today: does it answer as it did then?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from acd.core import snapshot
from acd.core.agents import Agent
from acd.core.calls import Call
from acd.core.commands import Command
from acd.core.engine import Engine
from acd.errors import OperatorError
from acd.journal.engine import FORMAT, named
from acd.journal.forms import Unreadable, command_forms, event_of, snapshot_of

TOO_MANY_WAITS = "asks-for-more-expected-waits"
"""In the place of what an engine raised."""


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the file: what the engine was told `at` (engine seconds), and what came of it.

    `told` has one of `event`, `timer` and `restored`; `outcome` has `did` with commands, or `raised`.
    """

    line: int
    at: float
    told: dict[str, Any]
    outcome: dict[str, Any]
    waits: tuple[float, ...]


@dataclass(slots=True)
class Replay:
    """What came of playing; `version` wrote the file, times are engine seconds.

    `difference`: the first step that has another outcome now, and that outcome. `cut_off`: the last line is
    not whole, as after a sudden end. `engine` is as it was after the last step; `of_call` are the steps of
    the call that was asked for.
    """

    version: str
    began_at: float
    ended_at: float
    engine: Engine
    steps: int = 0
    events: int = 0
    commands: int = 0
    cut_off: bool = False
    difference: tuple[Step, dict[str, Any]] | None = None
    of_call: list[Step] = field(default_factory=list)


def replay(path: Path, *, until: float | None = None, call_id: str | None = None) -> Replay:
    """Play it to the end, or `until` a moment, or to the last step of a call; stops at the first difference.

    Where the first step is later than `until` none is played, and `began_at` is when that one would be.
    Raises OperatorError for a file that cannot be played, with the line, and for a call that is not in it.
    """
    lines = _lines(path)
    found = _begun(path, next(lines, None))
    last = None if call_id is None else _last_line_of(path, call_id)
    for number, value in lines:
        if value is None:
            found.cut_off = True
            break
        step = _step(path, number, value)
        if not found.steps:
            found.began_at = step.at
        if (until is not None and step.at > until) or (last is not None and number > last):
            break
        if not _agrees(path, found, step):
            break
        if call_id is not None and _names(value, call_id):
            found.of_call.append(step)
    return found


def _agrees(path: Path, found: Replay, step: Step) -> bool:
    """Play one step; whether its outcome is that of the file."""
    found.steps, found.ended_at = found.steps + 1, step.at
    found.events += "event" in step.told
    found.commands += len(step.outcome.get("did", ()))
    try:
        outcome = _play(found.engine, step)
    except Unreadable as error:
        raise _damaged(path, step.line, str(error)) from error
    if outcome == step.outcome:
        return True
    found.difference = (step, outcome)
    return False


def _play(engine: Engine, step: Step) -> dict[str, Any]:
    """Raises Unreadable for an event that is none."""
    engine.floor.estimate_wait_s = Told(step.waits)
    event = event_of(step.told["event"]) if "event" in step.told else None
    restored = kept_of(step.told["restored"]) if "restored" in step.told else None
    commands: list[Command]
    try:
        if event is not None:
            commands = engine.handle(event, step.at)
        elif restored is not None:
            commands = engine.restore(restored.agents, restored.calls, step.at, restored.lost)
        else:
            commands = engine.handle_timer(step.at)
    except _NotTold:
        return {"raised": TOO_MANY_WAITS}
    except Exception as error:
        return {"raised": named(error)}
    return {"did": orjson.loads(orjson.dumps(command_forms(commands)))}


class _NotTold(Exception):
    pass


class Told:
    """The expected waits of a step. Answers as the world outside of the engine did then."""

    def __init__(self, waits: tuple[float, ...]) -> None:
        self._waits = list(waits)

    def __call__(self, _call: Call) -> float:
        if not self._waits:
            raise _NotTold
        return self._waits.pop(0)


class Restored(NamedTuple):
    """What was kept over a restart; `lost`: see `Floor`."""

    agents: list[Agent]
    calls: list[Call]
    lost: list[Call]


def kept_of(value: Any) -> Restored:
    """What was kept over a restart, as a step has it; older ones have no lost calls. Raises Unreadable."""
    try:
        agents, calls, lost = value["agents"], value["calls"], value.get("lost", ())
        return Restored(
            [Agent.from_dict(a) for a in agents],
            [Call.from_dict(c) for c in calls],
            [Call.from_dict(c) for c in lost],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"agents and calls cannot be read: {error!r}") from error


def engine_at_begin(path: Path) -> Engine:
    """As it was when the file was begun. Raises OperatorError."""
    return _begun(path, next(_lines(path), None)).engine


def steps_of(path: Path) -> Iterator[Step]:
    """All whole ones. Raises OperatorError."""
    lines = _lines(path)
    next(lines, None)
    for number, value in lines:
        if value is not None:
            yield _step(path, number, value)


# --- the file -------------------------------------------------------------------------------------
def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """The number and the object of each line; None for a last line that is not whole.

    Raises OperatorError.
    """
    try:
        with path.open("rb") as file:
            line, number = file.readline(), 1
            while line:
                after = file.readline()
                value = _object(line)
                if value is None and after:
                    raise _damaged(path, number, "expected a JSON object")
                yield number, value
                line, number = after, number + 1
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from error


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _begun(path: Path, first: tuple[int, dict[str, Any] | None] | None) -> Replay:
    head = None if first is None else first[1]
    if head is None:
        raise _damaged(path, 1, "expected a snapshot; the controller ended before it was written")
    if head.get("journal") != FORMAT:
        raise _damaged(path, 1, f"expected the beginning of a journal of form {FORMAT}")
    try:
        state = snapshot_of(head.get("snapshot"))
        engine = snapshot.engine_of(state)
    except (Unreadable, KeyError, TypeError, ValueError) as error:
        raise _damaged(path, 1, f"the snapshot cannot be read: {error}") from error
    return Replay(str(head.get("acd")), state.now, state.now, engine)


def _step(path: Path, number: int, value: dict[str, Any]) -> Step:
    told = {kind: part for kind, part in value.items() if kind in ("event", "timer", "restored")}
    outcome = {kind: part for kind, part in value.items() if kind in ("did", "raised")}
    at, waits = value.get("at"), value.get("waits", [])
    if not isinstance(at, int | float) or len(told) != 1 or len(outcome) != 1 or not _are_waits(waits):
        raise _damaged(path, number, "expected a step: at, one of event, timer, restored, and did or raised")
    return Step(number, at, told, outcome, tuple(math.inf if w is None else float(w) for w in waits))


def _are_waits(value: object) -> bool:
    return isinstance(value, list) and all(w is None or isinstance(w, int | float) for w in value)


def _last_line_of(path: Path, call_id: str) -> int:
    numbers = [n for n, value in _lines(path) if n > 1 and value is not None and _names(value, call_id)]
    if not numbers:
        raise OperatorError(
            f"{path}: nothing is told of a call {call_id!r}; expected its whole id, or a time"
        )
    return numbers[-1]


def _names(value: object, call_id: str) -> bool:
    """Whether this text is somewhere in it."""
    if isinstance(value, dict):
        return any(_names(part, call_id) for part in value.values())
    if isinstance(value, list):
        return any(_names(part, call_id) for part in value)
    return value == call_id


def _damaged(path: Path, number: int, why: str) -> OperatorError:
    return OperatorError(f"{path}:{number}: the journal is damaged here: {why}")
