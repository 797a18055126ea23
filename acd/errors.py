"""Every exception this package raises on purpose.

    AcdError
    ├── OperatorError      somebody outside must act: a faulty file, a taken port, a missing program
    │   └── SettingsError  the configuration has problems; carries all of them
    ├── RequestRefused     an agent or supervisor asked for what the rules forbid now
    ├── IllegalTransition  a state machine got an input that its table does not allow: a bug of ours
    ├── TelephonyError     Asterisk refused an action, is away, or answered too late
    └── StateError         Redis refused a command, is away, or answered too late
        └── FencedOff      another controller has taken over, so nothing of ours is written any more

The command line prints an OperatorError or RequestRefused as one clear message without a
traceback; everything else is a bug and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence


class AcdError(Exception):
    """Base of all; never raised itself."""


class OperatorError(AcdError):
    """Something that the person who runs the system has to mend; the text says how."""


class SettingsError(OperatorError):
    """The configuration is faulty. `problems` holds one 'file:line: path: message' each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class RequestRefused(AcdError):
    """A request that cannot be granted in the present state; `code` is stable for programs."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class IllegalTransition(AcdError):
    """A state machine refused an input; nothing was changed."""

    def __init__(self, machine: str, key: str, state: str, input_: str) -> None:
        self.machine = machine
        self.key = key
        self.state = state
        self.input = input_
        super().__init__(f"{machine} {key!r}: input {input_} is illegal in state {state}")


class TelephonyError(AcdError):
    """Asterisk said no, is away, or did not answer in time."""


class StateError(AcdError):
    """Redis said no, is away, or did not answer in time."""


class FencedOff(StateError):
    """Another controller leads under a higher number: whatever this one writes is refused."""
