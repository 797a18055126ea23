"""Steps that put the caller into somebody's hands, or note what is to be done."""

from __future__ import annotations

from collections.abc import Iterator

from acd.settings.problems import Place
from acd.settings.schema.handover import CallbackOptions, QueueOptions, TransferTarget, VoicemailOptions
from acd.settings.schema.step_options import StepOptions
from acd.settings.schema.values import Id


class QueueStep(StepOptions):
    """Puts the caller into the waiting line of a skill group."""

    queue: QueueOptions

    def ways(self) -> Iterator[tuple[Place, str]]:
        """The ways out of the line."""
        for key, target in self.queue.keys.items():
            yield ("queue", "keys", key), target
        for exit_, target in self.queue.exits.items():
            yield ("queue", "exits", exit_), target
        for name in ("timeout", "no_agents", "full", "closed", "after"):
            target = getattr(self.queue, name)
            if target is not None:
                yield ("queue", name), target


class CallbackStep(StepOptions):
    """Notes that the caller wants to be called back."""

    callback: CallbackOptions
    next: Id
    """The step when it is noted."""
    failure: Id = ""
    """The step when the number cannot be called, or has an open callback already."""


class VoicemailStep(StepOptions):
    """Records a message for a skill group."""

    voicemail: VoicemailOptions
    next: Id
    """The step that follows."""


class TransferStep(StepOptions):
    """Rings somebody for the caller."""

    transfer: TransferTarget
    """Whom to ring."""

    def ways(self) -> Iterator[tuple[Place, str]]:
        """What follows when nobody answers, and when they have hung up."""
        if self.transfer.failure:
            yield ("transfer", "failure"), self.transfer.failure
        if self.transfer.after is not None:
            yield ("transfer", "after"), self.transfer.after
