"""`acd try`: walk through a flow in the terminal, without a telephone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from acd.cli import context
from acd.cli.played_outcomes import Unclear, outcome_of, question
from acd.errors import OperatorError
from acd.ivr.flow import KEYS
from acd.ivr.machine import Machine, World
from acd.ivr.position import Position
from acd.ivr.script import QUIET_GROUP
from acd.ivr.talk import (
    CustomerRequest,
    Done,
    FlowCommand,
    Found,
    KeepScore,
    Keys,
    Listen,
    Look,
    Outcome,
    Play,
)
from acd.ivr.trial import ERROR, Ending, heard_text, prompts_heard, run, take_keys
from acd.ivr.values import MASK, Value, as_text
from acd.parts import find_customer
from acd.runtime.world import customer_values
from acd.settings.model import Centre
from acd.settings.problems import not_among

HELP = "type keys of the phone and Enter; Enter alone: no key; v: variables; hangup: end; ?: this help"
COMMENT = "# "
KEYPAD = frozenset(KEYS)

ReadLine = Callable[[str], str | None]
FindCustomer = Callable[[str], Mapping[str, Value] | None]


class Player:
    """Plays the caller and the world: asks for each outcome, and shows what is heard."""

    def __init__(self, machine: Machine, read: ReadLine, find: FindCustomer, *, echo: bool) -> None:
        self._machine = machine
        self._read = read
        self._find = find
        self._echo = echo
        self._ahead = ""

    def answer(self, command: FlowCommand) -> Outcome | None:
        """What comes of a command."""
        text = heard_text(prompts_heard(command))
        if text:
            typer.echo(f"  {text}")
        match command:
            case Play():
                return Done()
            case KeepScore(question=asked, score=score):
                typer.echo(f"  (kept: {asked} = {score})")
                return Done()
            case Listen():
                return self._listen(command)
            case Look(request=CustomerRequest(number=number)) if (found := self._find(number)) is not None:
                typer.echo(f"  (customer {as_text(found.get('name'))})")
                return Found(found)
        return self._ask(command)

    def _listen(self, listen: Listen) -> Outcome | None:
        while not self._ahead:
            typed = self._line(f"{self._machine.position.step}> ", masked=listen.masked)
            if typed is None or typed == "hangup":
                return None
            if set(typed) <= KEYPAD:
                self._ahead = typed
                break
            typer.echo(f"  {HELP}")
        keys, self._ahead = take_keys(listen, self._ahead)
        return Keys(keys)

    def _ask(self, command: FlowCommand) -> Outcome | None:
        typer.echo(f"  ({question(command)})")
        while True:
            typed = self._line(f"{self._machine.position.step}: ")
            try:
                return outcome_of(command, typed or "")
            except Unclear as error:
                typer.echo(f"  {error}")
                if typed is None:
                    return None

    def _line(self, prompt: str, *, masked: bool = False) -> str | None:
        """One line; `v` shows the variables and asks again."""
        while True:
            typed = self._read(prompt)
            if typed is None:
                return None
            typed = typed.strip()
            if self._echo:
                is_secret = masked and typed and set(typed) <= KEYPAD
                typer.echo(f"{prompt}{MASK if is_secret else typed}")
            if typed != "v":
                return typed
            for name, value in self._machine.variables.items():
                typer.echo(f"  {name} = {as_text(value)}")


def try_flow(
    flow: Annotated[str, typer.Argument(help="the flow's name")],
    caller: Annotated[str, typer.Option(help="the caller's number")] = "",
    name: Annotated[str, typer.Option(help="the caller's name as the phone sends it")] = "",
    dialed: Annotated[str, typer.Option(help="the number that was dialled")] = "",
    at: Annotated[str, typer.Option(help="when, in the centre's time: '2026-12-25 10:00'; else now")] = "",
    announcement: Annotated[list[str], typer.Option(help="an announcement that is on")] = [],  # noqa: B006
    script: Annotated[str, typer.Option(help="a file with one line for each question; - reads a pipe")] = "",
) -> None:
    """Walk through a flow in the terminal: see what is heard, key, and see where it leads."""
    env = context.environment()
    centre = context.centre(env)
    flows = centre.flow_set
    if flow not in flows.flows:
        raise OperatorError(not_among("flow", flow, flows.flows))
    for one in announcement:
        if one not in flows.announcements:
            raise OperatorError(not_among("announcement", one, flows.announcements))
    zone = ZoneInfo(centre.system.timezone)
    find = _finder(centre)
    world = World(
        now=_moment(at, zone),
        caller={"number": caller, "name": name},
        call={"id": "try", "dialed_number": dialed, "started_at": _moment(at, zone).isoformat()},
        customer=find(caller),
        groups=dict.fromkeys(centre.plan.groups, QUIET_GROUP),
        announcements=frozenset(announcement),
        timezone=zone,
    )
    machine = Machine(flows, Position.at_start(flow, flows.version))
    player = Player(machine, _reader(script), find, echo=bool(script))
    if not script:
        typer.echo(f"({HELP})")
    ending = run(machine, world, player.answer)
    for line in _told(ending):
        typer.echo(line)


def _told(ending: Ending) -> Iterator[str]:
    """How it ended, and the way that was taken."""
    yield f"ends: {ending.end}" + (f" ({ending.reason})" if ending.reason else "")
    if ending.end == ERROR:
        yield "a caller would go to the fallback group; mend the last step of this way, and try again:"
    yield "way:"
    for taken in ending.trace:
        detail = f" ({taken.detail})" if taken.detail else ""
        yield f"  {taken.flow}/{taken.step} – {taken.arrow}{detail}" + (f" → {taken.to}" if taken.to else "")
    step = "/".join(ending.last_step)
    if not ending.trace or (ending.trace[-1].flow, ending.trace[-1].step) != ending.last_step:
        yield f"  {step}"


def _moment(at: str, zone: ZoneInfo) -> datetime:
    if not at:
        return datetime.now(UTC).astimezone(zone)
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise OperatorError(f"--at: a time such as '2026-12-25 10:00' is expected, got {at!r}") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _finder(centre: Centre) -> FindCustomer:
    directory = find_customer(centre)

    def find(number: str) -> Mapping[str, Value] | None:
        customer = directory(number)
        return None if customer is None else customer_values(customer)

    return find


def _reader(script: str) -> ReadLine:
    """Lines from the keyboard, from a pipe, or from a file."""
    if not script:
        return _keyboard
    if script == "-":
        return _lines(sys.stdin)
    try:
        text = Path(script).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"--script: cannot read {script}: {error}") from None
    return _lines(text.splitlines())


def _keyboard(prompt: str) -> str | None:
    try:
        return input(prompt)
    except EOFError:
        return None


def _lines(lines: Iterable[str]) -> ReadLine:
    """A line that begins with '# ' is a remark."""
    left = (line.rstrip("\n") for line in lines if not line.startswith(COMMENT))
    return lambda _: next(left, None)
