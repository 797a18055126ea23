"""What a step can do while it runs: see, evaluate, set, say. One Walk lasts from command to command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import TypeAlias

from acd.ivr.expressions import Expression, ExpressionError
from acd.ivr.flow import Flow, FlowSet, Message, Part, Prompt, Spoken
from acd.ivr.position import Frame, Origin, Position, Progress
from acd.ivr.spoken import Unspeakable, say
from acd.ivr.talk import FlowCommand
from acd.ivr.values import MASK, Unfit, Value, as_text, fit, size
from acd.ivr.world import VISIBLE, World

LARGEST_VARIABLES_BYTES = 64 * 1024
DEEPEST_CALL = 20
LONGEST_DETAIL = 200


# --- what a step answers ----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Leave:
    """The step is over; on to `to` of the same flow."""

    arrow: str
    to: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Enter:
    """Into another flow: on top of this one, or, `for_good`, instead of all that run."""

    flow: str
    variables: Mapping[str, Value]
    masked: Mapping[str, Origin]
    for_good: bool = False


@dataclass(frozen=True, slots=True)
class Back:
    """The sub-flow is over."""


@dataclass(frozen=True, slots=True)
class Over:
    """The call is over."""

    detail: str = ""


Answer: TypeAlias = FlowCommand | Leave | Enter | Back | Over


class LostValue(ExpressionError):
    """What is needed was a secret, and has been forgotten."""


class Walk:
    """The state that the steps work on. `position` is always complete: it can be kept at any time."""

    def __init__(self, flows: FlowSet, world: World, position: Position) -> None:
        self.flows = flows
        self.world = world
        self.position = position

    @property
    def flow(self) -> Flow:
        """The flow that runs."""
        return self.flows.flows[self.position.flow]

    @property
    def language(self) -> str:
        """What the caller hears: their choice where the flow has it."""
        chosen, languages = self.position.language, self.flow.languages
        return chosen if chosen is not None and chosen in languages else languages[0]

    @property
    def customer(self) -> Mapping[str, Value] | None:
        """The one a look-up has found, else the one the call came with."""
        return self.position.customer if self.position.customer is not None else self.world.customer

    @property
    def progress(self) -> Progress:
        """How far the step is."""
        return self.position.progress

    @progress.setter
    def progress(self, progress: Progress) -> None:
        self.position = replace(self.position, progress=progress)

    # --- values -------------------------------------------------------------------------------
    def evaluate(self, expression: Expression, extra: Mapping[str, Value] | None = None) -> Value:
        """Its value now; `extra` are variables that are not set yet. Raises ExpressionError, or LostValue."""
        scope: dict[str, object] = {**self.position.frame.variables, **(extra or {})}
        for name in expression.names & VISIBLE.keys():
            scope[name] = self.world.view(
                name,
                customer=self.customer,
                language=self.language,
                announcements=self.flows.announcements,
            )
        try:
            return expression.evaluate(scope)
        except ExpressionError as error:
            if expression.names & self.position.frame.lost:
                raise LostValue(f"{expression.source}: a masked value was forgotten") from error
            raise

    def text(self, expression: Expression) -> str:
        """Its value as text. Raises ExpressionError."""
        return as_text(self.evaluate(expression))

    def open_text(self, expression: Expression) -> str:
        """As `text`, where it goes into records and logs: a secret is an error."""
        value = self.evaluate(expression)
        if self.origin(expression, value) is not None:
            raise ExpressionError(f"{expression.source}: a masked value cannot be used here")
        return as_text(value)

    def origin(self, expression: Expression, value: Value) -> Origin | None:
        """Where the secret in a value came from; None if there is none. A truth tells no secret."""
        if value is None or isinstance(value, bool):
            return None
        masked = self.position.frame.masked
        return next((masked[name] for name in masked if name in expression.names), None)

    def shown(self, expression: Expression, value: Value) -> str:
        """The value as a trace may show it."""
        return MASK if self.origin(expression, value) is not None else as_text(value)

    def shown_variables(self, names: Iterable[str]) -> dict[str, Value]:
        """Some variables of the running flow, as a trace may show them."""
        shown = self.position.frame.shown()
        return {name: shown[name] for name in names}

    def assign(self, values: Mapping[str, Value], masked: Mapping[str, Origin] | None = None) -> None:
        """Set variables of the running flow. Raises ExpressionError when they become too many or large."""
        frame = self.position.frame
        try:
            variables = {**frame.variables, **{name: fit(value) for name, value in values.items()}}
        except Unfit as error:
            raise ExpressionError(str(error)) from None
        others = sum(_size(other.variables) for other in self.position.frames[:-1])
        if others + _size(variables) > LARGEST_VARIABLES_BYTES:
            raise ExpressionError(f"the variables take more than {LARGEST_VARIABLES_BYTES // 1024} kB")
        new = masked or {}
        # One that is set again keeps its turn: what it was keyed for comes after it.
        still = {name: origin for name, origin in frame.masked.items() if name not in values or name in new}
        lost = frame.lost - values.keys()
        frame = replace(frame, variables=variables, masked={**still, **new}, lost=lost)
        self.position = self.position.with_frame(frame)

    def lose(self, names: Set[str]) -> None:
        """Variables of the running flow whose secret is forgotten."""
        frame = self.position.frame
        variables = {name: value for name, value in frame.variables.items() if name not in names}
        masked = {name: origin for name, origin in frame.masked.items() if name not in names}
        self.position = self.position.with_frame(
            replace(frame, variables=variables, masked=masked, lost=frame.lost | names)
        )

    def here(self) -> Origin:
        """The present step, as where a secret comes from."""
        return len(self.position.frames) - 1, self.position.step

    # --- prompts ------------------------------------------------------------------------------
    def hear(self, *messages: Message, extra: Mapping[str, Value] | None = None) -> tuple[Prompt, ...]:
        """The messages in the caller's language, values put into words. Raises ExpressionError."""
        heard: list[Prompt] = []
        for message in messages:
            for part in self._parts(message):
                heard += self._spoken(part, extra) if isinstance(part, Spoken) else (part,)
        return tuple(heard)

    def speaks_masked(self, *messages: Message) -> bool:
        """Whether what is heard would tell a secret."""
        masked = self.position.frame.masked.keys()
        parts = (part for message in messages for part in self._parts(message))
        return any(isinstance(part, Spoken) and part.value.names & masked for part in parts)

    def hear_openly(self, message: Message) -> tuple[Prompt, ...]:
        """As `hear`, where what is said may be logged: a secret is an error."""
        if self.speaks_masked(message):
            raise ExpressionError("a masked value can be said only by say, menu, collect and hangup")
        return self.hear(message)

    def _parts(self, message: Message) -> tuple[Part, ...]:
        parts = message.parts.get(self.language)
        return parts if parts is not None else next(iter(message.parts.values()), ())

    def _spoken(self, part: Spoken, extra: Mapping[str, Value] | None) -> tuple[Prompt, ...]:
        value = self.evaluate(part.value, extra)
        try:
            return say(part.kind, value, self.language, part.currency, now=self.world.local_now)
        except Unspeakable as error:
            raise ExpressionError(f"{part.value.source}: {error}") from None

    # --- entering a flow ----------------------------------------------------------------------
    def open_flow(self) -> None:
        """Give a flow that begins its parameters and variables. Raises ExpressionError."""
        flow, given = self.flow, self.position.frame.variables
        for name, default in flow.parameters.items():
            if name in given:
                continue
            if default is None:
                raise ExpressionError(f"the parameter '{name}' was not given")
            self._set(name, default)
        for name, expression in flow.variables.items():
            self._set(name, expression)

    def _set(self, name: str, expression: Expression) -> Value:
        value = self.evaluate(expression)
        origin = self.origin(expression, value)
        self.assign({name: value}, None if origin is None else {name: origin})
        return value

    def set(self, name: str, expression: Expression) -> str:
        """Set a variable to what an expression is now; what a trace may show of it."""
        return self.shown(expression, self._set(name, expression))

    def arguments(self, given: Mapping[str, Expression]) -> tuple[dict[str, Value], dict[str, Origin]]:
        """Values and secrets for a sub-flow."""
        values = {name: self.evaluate(expression) for name, expression in given.items()}
        origins = {name: self.origin(expression, values[name]) for name, expression in given.items()}
        return values, {name: origin for name, origin in origins.items() if origin is not None}


def _size(variables: Mapping[str, Value]) -> int:
    return sum(size(name) + size(value) for name, value in variables.items())


def entered(position: Position, enter: Enter) -> Position:
    """The position with the other flow on top, not yet begun."""
    below = () if enter.for_good else position.frames
    frame = Frame(enter.flow, "", enter.variables, enter.masked)
    return replace(position, frames=(*below, frame), progress=Progress())
