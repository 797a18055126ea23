"""Where a caller is: all that another process needs to go on from there.

The position that is kept (`to_dict`) holds no masked value. While one is set, it points back to the
step where the value was keyed or found: after a crash the caller, or the other system, is asked for it
once more. Only who is in other
hands meanwhile, in a line or with an agent, or whose look-up must not be asked twice, stays where they
are, and the value is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from acd.ivr.values import MASK, Value

Origin: TypeAlias = tuple[int, str]
"""Where a masked value was keyed or found: depth in the stack of flows, and the step."""
NOT_AGAIN: Origin = (-1, "")
"""Of a value that cannot be asked for once more."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One flow of the stack. `step` is '' before it has begun. `masked` says where each secret came from.

    `lost`: variables whose secret was forgotten, and that nothing has set since.
    """

    flow: str
    step: str = ""
    variables: Mapping[str, Value] = field(default_factory=dict, repr=False)
    masked: Mapping[str, Origin] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()

    def shown(self) -> dict[str, Value]:
        """The variables as people may see them."""
        return {name: MASK if name in self.masked else value for name, value in self.variables.items()}


AWAY = "away"
"""The phase of a step that has put the caller in other hands."""
ASKED = "asked"
"""The phase of a look-up that must not be asked twice."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the caller is inside of one step.

    `failed` counts the rounds without a usable answer, `remark` says what was wrong with the last one
    (`invalid`, `no_input`); `entered` waits to be confirmed, and is `masked` if it is a secret; `item`
    is a survey's question; `priority` is what the caller stands in line with.
    """

    phase: str = ""
    failed: int = 0
    remark: str = ""
    item: int = 0
    entered: str = field(default="", repr=False)
    masked: bool = False
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Position:
    """A caller's place. The last of `frames` is the flow that runs; those before it have called it.

    `language` is None until the caller has chosen one; `customer` None until a look-up has found one;
    `agreed`: whether the caller may be recorded, None until they have said so.
    """

    version: str
    frames: tuple[Frame, ...]
    progress: Progress = field(default_factory=Progress)
    language: str | None = None
    customer: Mapping[str, Value] | None = None
    agreed: bool | None = None
    over: bool = False

    @staticmethod
    def at_start(flow: str, version: str) -> Position:
        """Of a caller who is about to enter a flow."""
        return Position(version, (Frame(flow),))

    @property
    def frame(self) -> Frame:
        """The flow that runs."""
        return self.frames[-1]

    @property
    def flow(self) -> str:
        """Name of the flow that runs."""
        return self.frame.flow

    @property
    def step(self) -> str:
        """Name of the step; '' before the flow has begun."""
        return self.frame.step

    def with_frame(self, frame: Frame) -> Position:
        """The same with another state of the running flow."""
        return replace(self, frames=(*self.frames[:-1], frame))

    def kept(self) -> Position:
        """What may be kept: without masked values, back at the step where the first of them was keyed."""
        secrets = [origin for frame in self.frames for origin in frame.masked.values()]
        origins = [origin for origin in secrets if origin != NOT_AGAIN]
        position = self if not self.progress.masked else replace(self, progress=Progress())
        if origins and self.progress.phase not in (AWAY, ASKED):
            depth = min(depth for depth, _ in origins)
            step = next(step for found, step in origins if found == depth)
            back = replace(self.frames[depth], step=step)
            position = replace(self, frames=(*self.frames[:depth], back), progress=Progress())
        return position.without_secrets()

    def without_secrets(self) -> Position:
        """The same place, every masked value forgotten."""
        return replace(self, frames=tuple(_without_masked(frame) for frame in self.frames))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form of `kept`."""
        kept = self.kept()
        return {
            "version": kept.version,
            "frames": [
                {
                    "flow": frame.flow,
                    "step": frame.step,
                    "variables": dict(frame.variables),
                    "lost": sorted(frame.lost),
                }
                for frame in kept.frames
            ],
            "progress": {
                "phase": kept.progress.phase,
                "failed": kept.progress.failed,
                "remark": kept.progress.remark,
                "item": kept.progress.item,
                "entered": kept.progress.entered,
                "priority": kept.progress.priority,
            },
            "language": kept.language,
            "customer": None if kept.customer is None else dict(kept.customer),
            "agreed": kept.agreed,
            "over": kept.over,
        }

    @staticmethod
    def from_dict(kept: Mapping[str, Any]) -> Position:
        """From `to_dict`. Raises KeyError or TypeError for something else."""
        frames = tuple(
            Frame(f["flow"], f["step"], dict(f["variables"]), lost=frozenset(f.get("lost", ())))
            for f in kept["frames"]
        )
        if not frames:
            raise KeyError("frames")
        return Position(
            version=kept["version"],
            frames=frames,
            progress=Progress(**kept["progress"]),
            language=kept["language"],
            customer=None if kept["customer"] is None else dict(kept["customer"]),
            agreed=kept.get("agreed"),
            over=kept["over"],
        )


def _without_masked(frame: Frame) -> Frame:
    variables = {name: value for name, value in frame.variables.items() if name not in frame.masked}
    return replace(frame, variables=variables, masked={}, lost=frame.lost | frame.masked.keys())
