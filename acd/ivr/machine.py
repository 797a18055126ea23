"""One caller in one flow, pure: what happened in, what to do next out.

    machine = Machine(flow)
    commands = machine.begin()            # [Play(...)]
    commands = machine.handle(Played())   # [Listen(...)]
    commands = machine.handle(Key("1"))   # [JoinQueue("sales", 0)]

A machine does one thing at a time: it answers exactly one command and waits for its outcome, until
it answers JoinQueue or End, after which the caller is out of the flow. `position` says all there is
to know of the caller's place, so that another process can go on from it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

from acd.ivr.flow import Flow, HangUp, Menu, Prompt, Queue, Say


# --- what happened ----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Played:
    """The prompts have been heard."""


@dataclass(frozen=True, slots=True)
class Key:
    """The caller pressed a key."""

    key: str


@dataclass(frozen=True, slots=True)
class NoKey:
    """The time was up."""


Outcome: TypeAlias = Played | Key | NoKey


# --- what to do -------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Play:
    """Let the caller hear these; answer with Played."""

    prompts: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class Listen:
    """Play prompts that any key interrupts, then wait; answer with Key or NoKey."""

    prompts: tuple[Prompt, ...]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class JoinQueue:
    """The caller leaves the flow for a waiting line."""

    group: str
    priority: int


@dataclass(frozen=True, slots=True)
class End:
    """The call is over."""


FlowCommand: TypeAlias = Play | Listen | JoinQueue | End


@dataclass(frozen=True, slots=True)
class Position:
    """Where a caller is: the flow, the step, and in a menu how many rounds have failed and why."""

    flow: str
    step: str
    failed_rounds: int = 0
    last_key_invalid: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return asdict(self)


class Machine:
    """Walks one caller through a flow."""

    def __init__(self, flow: Flow, position: Position | None = None) -> None:
        self.flow = flow
        known = position is not None and position.flow == flow.name and position.step in flow.steps
        self.position = position if known and position is not None else Position(flow.name, flow.start)

    def begin(self) -> FlowCommand:
        """Start the step of the present position, from its beginning."""
        match self.flow.steps[self.position.step]:
            case Say(prompts=prompts):
                return Play(prompts)
            case Menu() as menu:
                return self._ask(menu)
            case Queue(group=group, priority=priority):
                return JoinQueue(group, priority)
            case HangUp(prompts=prompts):
                return Play(prompts) if prompts else End()

    def handle(self, outcome: Outcome) -> FlowCommand:
        """Go on after the outcome of the last command."""
        step = self.flow.steps[self.position.step]
        match step, outcome:
            case Say(next=next_step), _:
                return self._go(next_step)
            case Menu() as menu, Key(key) if key in menu.choices:
                return self._go(menu.choices[key])
            case Menu() as menu, _:
                return self._retry(menu, invalid=isinstance(outcome, Key))
            case _:
                return End()

    def _go(self, step: str) -> FlowCommand:
        self.position = Position(self.flow.name, step)
        return self.begin()

    def _retry(self, menu: Menu, *, invalid: bool) -> FlowCommand:
        failed = self.position.failed_rounds + 1
        if failed >= menu.tries:
            return self._go(menu.failure)
        self.position = replace(self.position, failed_rounds=failed, last_key_invalid=invalid)
        return self._ask(menu)

    def _ask(self, menu: Menu) -> Listen:
        remark: tuple[Prompt, ...] = ()
        if self.position.failed_rounds > 0:
            remark = menu.invalid if self.position.last_key_invalid else menu.no_input
        return Listen(remark + menu.prompts, menu.timeout_s)
