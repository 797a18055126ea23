"""Steps that only talk: `say`, `announce`, `hangup`."""

from __future__ import annotations

from acd.ivr.flow import Announce, HangUp, Message, Say
from acd.ivr.talk import Done, Outcome, Play
from acd.ivr.walk import Answer, Leave, Over, Walk


def begin_say(walk: Walk, step: Say) -> Answer:
    """The message, unless there is nothing in it."""
    return _play(walk, step.message, interrupt=step.interrupt) or Leave("next", step.next)


def handle_say(_: Walk, step: Say, outcome: Outcome) -> Answer | None:
    """Heard."""
    return Leave("next", step.next) if isinstance(outcome, Done) else None


def begin_announce(walk: Walk, step: Announce) -> Answer:
    """The announcement if it is switched on now."""
    message = walk.flows.announcements.get(step.name, Message())
    if step.name not in walk.world.announcements:
        return Leave("next", step.next, "off")
    return _play(walk, message) or Leave("next", step.next, "empty")


def handle_announce(_: Walk, step: Announce, outcome: Outcome) -> Answer | None:
    """Heard."""
    return Leave("next", step.next, "on") if isinstance(outcome, Done) else None


def begin_hangup(walk: Walk, step: HangUp) -> Answer:
    """The goodbye, if there is one."""
    return _play(walk, step.message) or Over()


def handle_hangup(_: Walk, __: HangUp, ___: Outcome) -> Answer:
    """Whatever has come of the goodbye, it is one."""
    return Over()


def _play(walk: Walk, message: Message, *, interrupt: bool = False) -> Play | None:
    prompts = walk.hear(message)
    return Play(prompts, interrupt, walk.speaks_masked(message)) if prompts else None
